"""Runs servers on one core and wrk on another, and reads what wrk measured."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_LATENCY = re.compile(r"^\s*(50|99)%\s+([\d.]+)(us|ms|s)$", re.MULTILINE)
_RATE = re.compile(r"^Requests/sec:\s+([\d.]+)$", re.MULTILINE)
_ERRORS = re.compile(r"(Non-2xx or 3xx responses|Socket errors):.*")
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
SERVER_CORE, CLIENT_CORE = 0, 1


@dataclass(frozen=True)
class Measured:
    """Requests a second, and latencies in milliseconds."""

    rate: float
    p50: float
    p99: float


def wrk(url: str, script: str, seconds: int, connections: int) -> Measured:
    """One run of wrk with a Lua script. Raises SystemExit when a reply was an error."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "script.lua")
        file.write_text(script, encoding="utf-8")
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(file), url]
        output = subprocess.run(pinned(CLIENT_CORE, command), capture_output=True, text=True, check=True).stdout
    if (wrong := _ERRORS.search(output)) is not None:
        sys.exit(f"{url}: {wrong[0]}\n{output}")
    latencies = {percent: float(number) * _MILLISECONDS[unit] for percent, number, unit in _LATENCY.findall(output)}
    rate = _RATE.search(output)
    assert rate is not None, output
    return Measured(float(rate[1]), latencies["50"], latencies["99"])


def pinned(core: int, command: list[str]) -> list[str]:
    """The command, kept on one core where the system can do that."""
    return ["taskset", "-c", str(core), *command] if shutil.which("taskset") else command


@contextmanager
def kept_on(core: int) -> Iterator[None]:
    """Keeps this process on one core, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def serving(command: list[str], ready: str, **variables: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server on the server core, from its ready line on: its address, and its process."""
    process = subprocess.Popen(
        pinned(SERVER_CORE, command), stdout=subprocess.PIPE, text=True, env={**os.environ, **variables}
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line.startswith(ready):
            sys.exit(f"{' '.join(command)} said {line!r}")
        yield line.removeprefix(ready).strip(), process
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def memory_megabytes(process: subprocess.Popen[str]) -> float:
    """What a process and its children hold (proportional set size: shared pages counted once). Linux only."""
    total = 0
    pending = [process.pid]
    while pending:
        pid = pending.pop()
        for task in Path(f"/proc/{pid}/task").iterdir():
            pending.extend(int(child) for child in (task / "children").read_text().split())
        match = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        assert match is not None
        total += int(match[1])
    return total / 1024
