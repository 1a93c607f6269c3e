"""Measures the service against a constant answer of the same bytes, and prints ratios: `make bench`."""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import httpx

from bench.abuse import measure_abuses, need_wrk, print_costs
from bench.constant import REPLIES, UNCHANGED
from bench.data import fill, images, single_transactions
from bench.fleet import fleet_facts
from bench.language import language_facts
from bench.load import SERVER_CORE, Measured, kept_on, memory_megabytes, serving, wrk
from bench.tokens import CACHED_TARGET_MICROSECONDS, NEW_TARGET_MICROSECONDS, token_costs
from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_TENANT
from osimages.entra.emulator.signing_keys import FILE_NAME, SigningKeys
from osimages.entra.emulator.token_signing import mint

IMAGES = "/beta/deviceManagement/managedDeviceWindowsOSImages"
FILTER = "supportedEditions/any(e:e/editionType eq 'enterprise' and e/supportEndDate ge 2026-11-23)"
READY = "Listening on "
SMALL, LARGE = 10_000, 100_000
_BARE_TRANSACTIONS = 1500
BATCHED = 20


@dataclass(frozen=True)
class Line:
    """One row of the result: what was measured, and the ratio that its target is about."""

    name: str
    measured: Measured
    ratio: float | None = None
    of: str = ""
    target: str = ""
    met: bool | None = None


def main() -> None:
    """Runs everything and prints a table, or JSON."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--seconds", type=int, default=4, help="length of one run of wrk")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--abuse", action="store_true", help="what abuses cost others, instead of all else")
    parser.add_argument("--only", default="", help="only abuses with that in their name")
    options = parser.parse_args()
    need_wrk()
    if options.abuse:
        _measure_abuses(options.seconds, options.only, options.json)
        return
    with tempfile.TemporaryDirectory(prefix="osimages-bench-") as folder, ExitStack() as stack:
        bench = Bench(Path(folder), options.seconds, options.rounds, options.connections, stack)
        lines, facts = bench.run()
    if options.json:
        print(json.dumps({"facts": facts, "lines": [asdict(line) for line in lines]}, indent=2))
    else:
        _print(lines, facts)
    if any(line.met is False for line in lines):
        sys.exit(1)


def _measure_abuses(seconds: int, only: str, as_json: bool) -> None:
    costs = measure_abuses(seconds, only)
    if as_json:
        found = list(costs)
        print(json.dumps([asdict(each) for each in found], indent=2))
        are_bearable = all(each.is_bearable for each in found)
    else:
        are_bearable = print_costs(costs)
    if not are_bearable:
        sys.exit(1)


class Bench:
    """All measurements of one run."""

    def __init__(self, folder: Path, seconds: int, rounds: int, connections: int, stack: ExitStack) -> None:
        self._folder = folder
        self._seconds = seconds
        self._rounds = rounds
        self._connections = connections
        self._stack = stack

    def run(self) -> tuple[list[Line], dict[str, str]]:
        """The lines of the table, and facts beside it."""
        facts = {"first start to first 200": f"{_first_start(self._folder / 'first'):.2f} s"}
        facts |= language_facts()
        facts |= fleet_facts(self._folder / "fleet")
        costs, checks = _token_facts(self._folder / "tokens")
        facts |= costs
        small, large = self._server(SMALL), self._server(LARGE)
        facts |= {"idle memory, all processes": f"{large.memory:.0f} MB"}
        constant = self._constant(small)
        scripts = {name: getattr(small, name) for name in ("key", "list", "filter", "varied")}
        lines = []
        for name, script in scripts.items():
            label = {"key": "key read", "list": "list of 20", "filter": "any() list of 20"}.get(
                name, "any() list, every date different"
            )
            one, many, bare = self._compare((small.url, large.url, constant.url), script)
            lines += [
                Line(f"{label}, constant", bare),
                _against(f"{label}, {SMALL:,} images", one, bare, name),
                Line(
                    f"{label}, {LARGE:,} images",
                    many,
                    one.rate / many.rate,
                    f"cost of {SMALL:,}",
                    "at most 1.30",
                    one.rate / many.rate <= 1.3 if name in ("key", "filter") else None,
                ),
            ]
        lines += self._unchanged(small, constant)
        return [*lines, *checks, self._batch(small), *self._posts(small, constant)], facts

    def _unchanged(self, small: Target, constant: Target) -> list[Line]:
        """Lists that the client has already: 304."""
        one, bare = self._compare((small.url, constant.url), small.unchanged)
        ratio = one.rate / bare.rate
        return [
            Line("list unchanged (304), constant", bare),
            Line("list unchanged (304)", one, ratio, "constant", "at least 0.60", ratio >= 0.6),
        ]

    def _batch(self, small: Target) -> Line:
        """Reads by key in batches of twenty against reads by key alone, both counted in reads."""
        alone, together = (self._compare((small.url,), script)[0] for script in (small.key, small.batch))
        reads = Measured(together.rate * BATCHED, together.p50, together.p99)
        ratio = reads.rate / alone.rate
        return Line("key reads in batches of 20", reads, ratio, "key reads alone", "at least 2.50", ratio >= 2.5)

    def _posts(self, small: Target, constant: Target) -> list[Line]:
        bare_rate = self._bare_rate()
        bare = Measured(bare_rate, 1000 / bare_rate, 1000 / bare_rate)
        one, empty = self._compare((small.url, constant.url), small.post)
        single = wrk(small.url, small.post, self._seconds, 1)
        ratio = one.rate / bare_rate
        return [
            Line("single-image transactions, bare apsw", bare),
            Line("POST, constant", empty),
            Line(f"POST, {self._connections} connections", one, ratio, "bare apsw", "at least 0.45", ratio >= 0.45),
            Line("POST, 1 connection", single, single.rate / bare_rate, "bare apsw"),
        ]

    def _compare(self, urls: Sequence[str], script: str) -> list[Measured]:
        """The same load on each, in turns, so that whatever else the machine does falls on all alike."""
        runs: dict[str, list[Measured]] = {url: [] for url in urls}
        for url in urls:
            wrk(url, script, 1, self._connections)
        for _ in range(self._rounds):
            for url in urls:
                runs[url].append(wrk(url, script, self._seconds, self._connections))
        return [_median(runs[url]) for url in urls]

    def _server(self, count: int) -> Target:
        data_dir = self._folder / str(count)
        data_dir.mkdir()
        # One key for all servers, so that one token, and with it one script, goes for all.
        SigningKeys.load_or_create(self._folder)
        shutil.copy(self._folder / FILE_NAME, data_dir)
        fill(data_dir, count)
        command = [sys.executable, "-m", "osimages", "serve", "--http", "--empty", "--port", "0"]
        # The journal is the emulator's alone: a server that many use, with tokens of Entra ID, has none.
        url, process = self._stack.enter_context(
            serving([*command, "--data-dir", str(data_dir)], READY, OSIMAGES_JOURNAL_REQUESTS="0")
        )
        return Target(url, _token(data_dir), memory_megabytes(process), count)

    def _constant(self, recorded: Target) -> Target:
        """A server that answers what the recorded one answered."""
        headers = {"Authorization": f"Bearer {recorded.token}", "Accept-Encoding": "identity"}
        with httpx.Client(base_url=recorded.url, headers=headers) as client:
            replies = {
                "key": client.get(f"{IMAGES}/Windows%20000042"),
                "list": client.get(f"{IMAGES}?$top=20"),
                "unchanged": client.get(f"{IMAGES}?{UNCHANGED}", headers={"If-None-Match": recorded.list_tag}),
                "post": client.post(IMAGES, json=_body()),
            }
        file = self._folder / "replies.json"
        added_by_server = ("date", "server")
        said = {
            name: {
                "status": reply.status_code,
                "headers": [(key, value) for key, value in reply.headers.items() if key not in added_by_server],
                "body": reply.text,
            }
            for name, reply in replies.items()
        }
        file.write_text(json.dumps(said), encoding="utf-8")
        command = [sys.executable, "-m", "bench.constant"]
        url, _ = self._stack.enter_context(serving(command, READY, **{REPLIES: str(file)}))
        return Target(url, recorded.token, 0, recorded.count)

    def _bare_rate(self) -> float:
        """Transactions a second, on the core that the servers run on."""
        rates = []
        folder = self._folder / "bare"
        folder.mkdir()
        fill(folder, SMALL)
        with kept_on(SERVER_CORE):
            for _ in range(self._rounds):
                writing = single_transactions(folder, _BARE_TRANSACTIONS)
                next(writing)
                started = time.perf_counter()
                written = sum(1 for _ in writing)
                rates.append(written / (time.perf_counter() - started))
        return statistics.median(rates)


@dataclass(frozen=True)
class Target:
    """A server with so many images, and the loads that are put on it as Lua scripts of wrk."""

    url: str
    token: str
    memory: float
    count: int

    @property
    def key(self) -> str:
        """Reads images by random keys."""
        return self._script(
            f"local n = math.random(0, {SMALL - 1}); "
            f'return wrk.format("GET", string.format("{IMAGES}/Windows%%20%06d", n))'
        )

    @property
    def batch(self) -> str:
        """Reads twenty images by random keys with each request."""
        item = f'{{"id":"%d","method":"GET","url":"{IMAGES.removeprefix("/beta")}/Windows%%20%06d"}}'
        return self._script(
            f"local items = {{}}; for n = 1, {BATCHED} do "
            f"items[n] = string.format('{item}', n, math.random(0, {SMALL - 1})) end; "
            "return wrk.format('POST', '/beta/$batch', nil, '{\"requests\":[' .. table.concat(items, ',') .. ']}')",
            "wrk.headers['Content-Type'] = 'application/json'\n",
        )

    @property
    def list(self) -> str:
        """The first twenty."""
        return self._script(f'return wrk.format("GET", "{IMAGES}?$top=20")')

    @property
    def list_tag(self) -> str:
        """The ETag of the list that the benchmark repeats."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.get(f"{self.url}{IMAGES}?{UNCHANGED}", headers=headers).headers["etag"]

    @property
    def unchanged(self) -> str:
        """The first twenty, which the client has already."""
        head = f"wrk.headers['If-None-Match'] = '{self.list_tag}'\n"
        return self._script(f'return wrk.format("GET", "{IMAGES}?{UNCHANGED}")', head)

    @property
    def filter(self) -> str:
        """The first twenty whose enterprise edition is in support on a day."""
        return self._script(f'return wrk.format("GET", "{IMAGES}?$top=20&$filter={quote(FILTER)}")')

    @property
    def varied(self) -> str:
        """The same with another day each time, so that no text of a query comes twice for a long while."""
        text = quote(FILTER).replace("%", "%%").replace("2026-11-23", "%04d-%02d-%02d")
        return self._script(
            "local y, m, d = math.random(2018, 2029), math.random(1, 12), math.random(1, 28); "
            f'return wrk.format("GET", string.format("{IMAGES}?$top=20&$filter={text}&n=%d", y, m, d, '
            "math.random(1, 1000000)))"
        )

    @property
    def post(self) -> str:
        """Creates an image under a new GUID."""
        body = json.dumps(_body()).replace("\\", "\\\\").replace("'", "\\'")
        return self._script(
            f"return wrk.format('POST', '{IMAGES}', nil, '{body}')",
            "wrk.headers['Content-Type'] = 'application/json'\n",
        )

    def _script(self, request: str, head: str = "") -> str:
        authorise = f"wrk.headers['Authorization'] = 'Bearer {self.token}'\n"
        return f"{authorise}{head}request = function() {request} end\n"


def _token_facts(folder: Path) -> tuple[dict[str, str], list[Line]]:
    """What the check of a token costs, and whether that is within its targets; ratios to them, as all else."""
    costs = token_costs(folder)
    targets = (CACHED_TARGET_MICROSECONDS, NEW_TARGET_MICROSECONDS)
    names = ("check of a token seen before", "check of a new token")
    facts = {name: f"{cost:.1f} us, at most {most:g}" for name, cost, most in zip(names, costs, targets, strict=True)}
    lines = [
        Line(
            name,
            Measured(1e6 / cost, cost / 1000, cost / 1000),
            cost / most,
            f"{most:g} us",
            "at most 1.00",
            cost <= most,
        )
        for name, cost, most in zip(names, costs, targets, strict=True)
    ]
    return facts, lines


def _against(label: str, one: Measured, bare: Measured, name: str) -> Line:
    ratio = one.rate / bare.rate
    target, met = {
        "key": ("at least 0.52", ratio >= 0.52),
        "filter": ("at least 0.22", ratio >= 0.22),
    }.get(name, ("", None))
    return Line(label, one, ratio, "constant", target, met)


def _body() -> dict[str, object]:
    return next(islice(images(1), 1))[1]


def _median(runs: list[Measured]) -> Measured:
    return Measured(*(statistics.median(getattr(run, name) for run in runs) for name in ("rate", "p50", "p99")))


def _token(data_dir: Path) -> str:
    return mint(
        SigningKeys.load_or_create(data_dir),
        tenant=DEFAULT_TENANT,
        application=DEFAULT_APPLICATION,
        permissions=("DeviceManagementConfiguration.ReadWrite.All",),
        user=False,
        expires_in=36_000,
        now=datetime.now(UTC),
    )


def _first_start(data_dir: Path) -> float:
    """Seconds from the start on an empty directory to the first 200 of a list, over HTTPS, with the catalogue in it."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "osimages", "serve", "--port", "0", "--data-dir", str(data_dir)]
    with serving(command, READY) as (url, _):
        headers = {"Authorization": f"Bearer {_token(data_dir)}"}
        ca = str(data_dir / "ca.pem")
        reply = subprocess.run(
            ["curl", "-sf", "--cacert", ca, "-H", f"Authorization: {headers['Authorization']}", url + IMAGES],
            capture_output=True,
            check=True,
        )
        taken = time.perf_counter() - started
        assert len(json.loads(reply.stdout)["value"]) > 3
    return taken


def _print(lines: list[Line], facts: dict[str, str]) -> None:
    for name, value in facts.items():
        print(f"{name}: {value}")
    print(f"\n{'':52}{'requests/s':>11}{'p50 ms':>9}{'p99 ms':>9}{'ratio':>8}  of / target")
    for line in lines:
        ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
        told = line.of + (f" / {line.target}: {'met' if line.met else 'MISSED'}" if line.met is not None else "")
        row = f"{line.measured.rate:11,.0f}{line.measured.p50:9.2f}{line.measured.p99:9.2f}{ratio:>8}"
        print(f"{line.name:52}{row}  {told}")


if __name__ == "__main__":
    main()
