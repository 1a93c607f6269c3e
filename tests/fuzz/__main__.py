"""Sends random requests to a server of its own, and reports what is wrong with the answers and with the server.

A request follows from its seed alone: `--seed N --count 1` repeats it. Reported are answers with a status of 500 and
more (but for 501 and 503), empty answers, lost connections, requests during which the event loop was held for more than
50 ms of CPU time, the latency of a bystander, and the server's memory at each quarter of the run.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench.beating import HEARTBEAT

from tests.fuzz import Client, Report, fuzz
from tests.fuzz.requests import Request
from tests.support.server import Server, running

MOST_BLOCK_MILLISECONDS = 50.0
# Between two readings of the heartbeat. A block is known by the seeds of so many requests.
_PART = 100
_QUARTERS = 4


class _Watch:
    """Reads from inside of the server how long its event loop was held."""

    def __init__(self, server: Server) -> None:
        self._client = Client(server.url, "none")
        self.longest = 0.0
        self.read()

    def read(self) -> float:
        """Return the longest block since the last call, in milliseconds of CPU time."""
        _, body = self._client.send(Request("GET", HEARTBEAT, {}, None))
        found: float = json.loads(body)["cpu_ms"]
        return found


def _fuzz_quarter(server: Server, seeds: range, watch: _Watch, report: Report) -> None:
    for start in range(seeds.start, seeds.stop, _PART):
        part = range(start, min(start + _PART, seeds.stop))
        fuzz(server, part, report)
        block = watch.read()
        watch.longest = max(watch.longest, block)
        if block > MOST_BLOCK_MILLISECONDS:
            report.problems.append(f"seeds {part.start} to {part.stop - 1}: the event loop was held for {block:.0f} ms")


def _memory(server: Server) -> int:
    """Bytes of memory of the server's processes, 0 where the system does not tell."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            facts = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue
        if server.process.pid in (int(facts["Pid"]), int(facts["PPid"])) and "VmRSS" in facts:
            total += int(facts["VmRSS"].split()[0]) * 1024
    return total


def _bystander(url: str, done: threading.Event, seconds: list[float]) -> None:
    client = Client(url, "none")
    while not done.wait(0.01):
        started = time.perf_counter()
        client.send(Request("GET", "/-/health", {}, None))
        seconds.append(time.perf_counter() - started)
    client.close()


def main() -> int:
    """Fuzz a server of its own; the exit code is 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="Requests to send (2000).")
    parser.add_argument("--seed", type=int, default=0, help="Seed of the first request (0).")
    given = parser.parse_args()
    end = given.seed + given.count
    bounds = [given.seed + given.count * each // _QUARTERS for each in range(_QUARTERS)] + [end]
    report, memory = Report(), list[str]()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), "--http", module="bench.beating") as server:
        fuzz(server, range(-200, 0))  # caches are full and modules loaded
        before, done, seconds = _memory(server), threading.Event(), list[float]()
        watching = threading.Thread(target=_bystander, args=(server.url, done, seconds))
        watching.start()
        watch = _Watch(server)
        for start, stop in itertools.pairwise(bounds):
            _fuzz_quarter(server, range(start, stop), watch, report)
            memory.append(f"{(_memory(server) - before) / 1024 / 1024:+.0f}")
        done.set()
        watching.join()
        is_alive = server.process.poll() is None
    sys.stdout.write("\n".join([*report.problems, f"statuses: {dict(sorted(report.statuses.items()))}", ""]))
    sys.stdout.write(f"event loop: held for {watch.longest:.0f} ms at most; memory: {', '.join(memory)} MB\n")
    seconds.sort()
    if seconds:
        worst, p99 = seconds[-1] * 1000, seconds[int(len(seconds) * 0.99)] * 1000
        sys.stdout.write(f"bystander: p99 {p99:.0f} ms, worst {worst:.0f} ms\n")
    return 1 if report.problems or not is_alive else 0


if __name__ == "__main__":
    sys.exit(main())
