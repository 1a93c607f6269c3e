"""Measures what each abuse costs the server and others: `make bench ARGS=--abuse`.

Four connections send one kind of request as fast as it is answered, while a client of another tenant reads an image by
its key a hundred times a second. Each abuse has a server of its own, so that memory is not that of another.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlsplit

from bench.abuses import IMAGES, LARGE, Abuse, abuses
from bench.beating import HEARTBEAT
from bench.data import fill, images
from bench.load import CLIENT_CORE, kept_on, memory_megabytes, pinned, serving
from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_TENANT
from osimages.entra.emulator.signing_keys import SigningKeys
from osimages.entra.emulator.token_signing import mint

MOST_BLOCK_MILLISECONDS = MOST_P99_MILLISECONDS = 50.0
MOST_MEGABYTES = 64.0
COUNT, LARGE_COUNT = 30_000, 40
_CONNECTIONS = 4
_READ_EVERY_SECONDS = 0.01
_LONGEST_WAIT_SECONDS = 20
_MEMORY_EVERY_READS = 20
_BYSTANDER = "5b1e0d0c-2f57-4d0e-8f0a-0c7b5d3e9a11"
_REQUESTS = re.compile(r"(\d+) requests in")
_REJECTED = re.compile(r"Non-2xx or 3xx responses: (\d+)")
_READY = "Listening on "


@dataclass(frozen=True)
class Cost:
    """What an abuse cost while it lasted. Times in milliseconds, memory in megabytes over that of the idle server."""

    name: str
    requests: int
    rejected: int
    bytes_sent: int
    cpu_seconds: float
    block_cpu: float
    block_wall: float
    p50: float
    p99: float
    memory: float

    @property
    def cpu_each(self) -> float:
        """CPU time for each request, in milliseconds."""
        return self.cpu_seconds * 1000 / max(1, self.requests)

    @property
    def is_bearable(self) -> bool:
        """Whether all targets are met. Of the block, the CPU time counts, which other processes do not lengthen."""
        return (
            self.block_cpu <= MOST_BLOCK_MILLISECONDS
            and self.p99 <= MOST_P99_MILLISECONDS
            and self.memory <= MOST_MEGABYTES
        )


def measure_abuses(seconds: int, only: str, count: int = COUNT) -> Iterator[Cost]:
    """Measure each abuse whose name contains `only`, and no abuse at all first."""
    with tempfile.TemporaryDirectory(prefix="osimages-abuse-") as folder, kept_on(CLIENT_CORE):
        data_dir = Path(folder)
        keys = SigningKeys.load_or_create(data_dir)
        fill(data_dir, count, {f"{LARGE} {each:02}": 100 for each in range(LARGE_COUNT)})
        tokens = {each: _token(keys, each) for each in (True, False)}
        bystander = _token(keys, False, _BYSTANDER)
        wanted = [None, *(each for each in abuses() if only.lower() in each.name.lower())]
        for each in wanted:
            yield _measured(data_dir, each, tokens, bystander, seconds)


def print_costs(costs: Iterable[Cost]) -> bool:
    """Print a line for each abuse once it is measured. Return whether all targets are met."""
    are_bearable = True
    print(f"{'':42} requests rejected   kB sent  CPU s ms/req block ms  (wall)  p50 ms  p99 ms     MB")
    for each in costs:
        figures = (
            f"{each.requests:9,}{each.rejected:9,}{each.bytes_sent / 1000:10,.0f}{each.cpu_seconds:7.1f}"
            f"{each.cpu_each:7.1f}{each.block_cpu:9.1f}{each.block_wall:8.1f}{each.p50:8.1f}{each.p99:8.1f}{each.memory:7.0f}"
        )
        are_bearable &= each.is_bearable
        print(f"{each.name:42}{figures}  {'met' if each.is_bearable else 'MISSED'}", flush=True)
    targets = f"block and p99 at most {MOST_BLOCK_MILLISECONDS:g} ms, memory at most {MOST_MEGABYTES:g} MB over idle"
    print(f"Targets: {targets}. `block` is CPU time of the event loop in one go, `(wall)` the time that passed.")
    return are_bearable


def _measured(data_dir: Path, abuse: Abuse | None, tokens: dict[bool, str], bystander: str, seconds: int) -> Cost:
    command = [sys.executable, "-m", "bench.beating", "serve", "--http", "--empty", "--port", "0"]
    settings = {} if abuse is None else {f"OSIMAGES_{name.upper()}": value for name, value in abuse.settings.items()}
    with serving([*command, "--data-dir", str(data_dir)], _READY, **settings) as (url, process):
        reader = _Reader(url, bystander)
        reader.read(20)
        idle = memory_megabytes(process)
        reader.heartbeat()
        attack = None if abuse is None else _attack(url, abuse, tokens[abuse.is_powerless], seconds)
        latencies, peak, end = list[float](), idle, time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                latencies += reader.read(_MEMORY_EVERY_READS)
                peak = max(peak, memory_megabytes(process))
            beats = reader.heartbeat()
        except TimeoutError:
            latencies, beats = [math.inf] * 2, dict.fromkeys(("cpu_seconds", "cpu_ms", "wall_ms"), math.inf)
    output = "" if attack is None else attack.communicate()[0]
    name, size = ("nothing", 0) if abuse is None else (abuse.name, abuse.bytes_sent)
    requests, rejected = (int(found[1]) if (found := each.search(output)) else 0 for each in (_REQUESTS, _REJECTED))
    sent = (requests + (_CONNECTIONS if abuse else 0)) * size
    centiles = statistics.quantiles(latencies, n=100)
    return Cost(
        name,
        requests,
        rejected,
        sent,
        beats["cpu_seconds"],
        beats["cpu_ms"],
        beats["wall_ms"],
        centiles[49],
        centiles[98],
        peak - idle,
    )


class _Reader:
    """A client that reads one image by its key again and again, over one connection."""

    def __init__(self, url: str, token: str) -> None:
        address = urlsplit(url)
        assert address.hostname is not None
        self._connection = HTTPConnection(address.hostname, address.port, timeout=_LONGEST_WAIT_SECONDS)
        self._headers = {"Authorization": f"Bearer {token}"}
        key, properties = next(images(1))
        self._path = f"{IMAGES}/{quote(key)}"
        body = json.dumps({"id": key, **properties})
        self._send("POST", IMAGES, body, {"Content-Type": "application/json"}, (201, 409))

    def read(self, times: int) -> list[float]:
        """Return the milliseconds that each read took."""
        found = []
        for _ in range(times):
            started = time.monotonic()
            self._send("GET", self._path)
            found.append((time.monotonic() - started) * 1000)
            time.sleep(_READ_EVERY_SECONDS)
        return found

    def heartbeat(self) -> dict[str, float]:
        """Return what the server measured since the last call."""
        found: dict[str, float] = json.loads(self._send("GET", HEARTBEAT))
        return found

    def _send(
        self,
        method: str,
        path: str,
        body: str | None = None,
        headers: dict[str, str] | None = None,
        statuses: tuple[int, ...] = (200,),
    ) -> bytes:
        self._connection.request(method, path, body, self._headers | (headers or {}))
        reply = self._connection.getresponse()
        content = reply.read()
        if reply.status not in statuses:
            sys.exit(f"{method} {path}: {reply.status} {content[:500]!r}")
        return content


def _attack(url: str, abuse: Abuse, token: str, seconds: int) -> subprocess.Popen[str]:
    """Start wrk with a request, or the client that reads no answer. The script of wrk is read before this returns."""
    headers = abuse.headers if abuse.is_anonymous else {**abuse.headers, "Authorization": f"Bearer {token}"}
    if abuse.is_unread:
        lines = [f"{abuse.method} {abuse.path} HTTP/1.1", "Host: localhost"]
        request = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""])
        command = [sys.executable, "-m", "bench.unread", url, str(seconds), request]
        return subprocess.Popen(pinned(CLIENT_CORE, command), stdout=subprocess.PIPE, text=True)
    lines = [f"wrk.headers[{_lua(name)}] = {_lua(value)}" for name, value in headers.items()]
    body = _lua(abuse.body) if abuse.body else "nil"
    script = "\n".join(
        [
            *lines,
            # Only now the name of the host is among the headers.
            "init = function()",
            f"  sent = wrk.format({_lua(abuse.method)}, {_lua(abuse.path)}, nil, {body})",
            "end",
            "request = function() return sent end",
        ]
    )
    with tempfile.NamedTemporaryFile("w", suffix=".lua", delete=False) as file:
        file.write(script)
    command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "--timeout", "60s", "-s", file.name, url]
    return subprocess.Popen(pinned(CLIENT_CORE, command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _lua(text: str | bytes) -> str:
    """A text as a literal of Lua."""
    raw = text.encode() if isinstance(text, str) else text
    return '"' + "".join(chr(each) if 32 <= each < 127 and each not in b'"\\' else f"\\{each:03}" for each in raw) + '"'


def _token(keys: SigningKeys, is_powerless: bool, tenant: str = DEFAULT_TENANT) -> str:
    permissions = () if is_powerless else ("DeviceManagementConfiguration.ReadWrite.All",)
    return mint(
        keys,
        tenant=tenant,
        application=DEFAULT_APPLICATION,
        permissions=permissions,
        user=False,
        expires_in=36_000,
        now=datetime.now(UTC),
    )


def need_wrk() -> None:
    """End with a message where wrk is missing."""
    if shutil.which("wrk") is None:
        sys.exit("The benchmark needs wrk: install it (Debian: apt-get install wrk; macOS: brew install wrk).")
