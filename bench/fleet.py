"""How long it takes to check a fleet of 100,000 devices, and to publish to many tenants."""

from __future__ import annotations

import asyncio
import csv
import os
import re
import subprocess
import sys
import time
import uuid
from datetime import date
from pathlib import Path

from tests.support.fleet_export import graph_pages, intune_csv
from tests.support.graph import TOKEN, graph_stand_in

from osimages.graph.clock import Clock
from osimages.graph.current_catalogue import CurrentCatalogue, catalogue_in
from osimages.graph.migrations import MIGRATIONS
from osimages.graph.model import GRAPH
from osimages.graph.publisher import Publisher
from osimages.graph.tables import IMAGES
from osimages.graph.tenant_storage import Tenant, add_tenant
from osimages.odata.sql.sqlite.database import SqliteDatabase
from osimages.odata.sql.sqlite.file import migrate
from osimages.odata.sql.transaction_script import Script
from osimages.windows.facts import bundled

_DEVICES = 100_000
_TENANTS = 1_000
_PATCH_TUESDAYS = (date(2026, 9, 20), date(2026, 10, 20))
# The command itself, and on Linux the most memory that it had, which only the process knows.
_RUN = """
import pathlib, sys
from osimages.cli import main
try:
    main()
finally:
    status = pathlib.Path("/proc/self/status")
    print(status.read_text() if status.exists() else "", file=sys.stderr)
"""


def fleet_facts(folder: Path) -> dict[str, str]:
    """What there is to say of both, by name."""
    folder.mkdir()
    return {
        f"check of {_DEVICES:,} devices": _checked(folder),
        f"check of {_DEVICES:,} devices on pages of JSON": _checked_from_pages(folder),
        f"check of {_DEVICES:,} devices of Graph": _checked_from_graph(folder),
        "publishing": asyncio.run(_published(folder)),
    }


def _checked(folder: Path) -> str:
    file = folder / "devices.csv"
    file.write_text(intune_csv(_DEVICES), encoding="utf-8", newline="")
    started = time.perf_counter()
    with file.open(encoding="utf-8", newline="") as text:
        rows = sum(1 for _ in csv.reader(text))
    bare = time.perf_counter() - started
    assert rows == _DEVICES + 1
    taken, memory = _run(folder, "--csv", str(file))
    megabytes = file.stat().st_size / 1e6
    return f"{taken:.2f} s, {taken / bare:.1f} times reading the {megabytes:.0f} MB as CSV alone{memory}"


def _checked_from_pages(folder: Path) -> str:
    file = folder / "devices.json"
    file.write_text(graph_pages(_DEVICES), encoding="utf-8")
    taken, memory = _run(folder, "--json-file", str(file))
    return f"{taken:.2f} s for {file.stat().st_size / 1e6:.0f} MB{memory}"


def _checked_from_graph(folder: Path) -> str:
    """Measure a check of devices in pages; the stand-in on the same machine takes the larger part of the time."""
    with graph_stand_in(_DEVICES) as stand_in:
        taken, memory = _run(folder, "--graph", "--graph-url", stand_in.url)
        assert stand_in.requests == _DEVICES // stand_in.page_size
    return f"{taken:.2f} s{memory}"


def _run(folder: Path, *arguments: str) -> tuple[float, str]:
    """Return the seconds and the memory that a check takes."""
    command = [sys.executable, "-c", _RUN, "check", *arguments, "--json", "--data-dir", str(folder / "none")]
    started = time.perf_counter()
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"OSIMAGES_GRAPH_TOKEN": TOKEN}
    )
    taken = time.perf_counter() - started
    kilobytes = re.search(r"VmHWM:\s+(\d+)", done.stderr)
    return taken, f"; {int(kilobytes[1]) / 1024:.0f} MB of memory" if kilobytes else ""


async def _published(folder: Path) -> str:
    path = folder / "osimages.db"
    migrate(path, MIGRATIONS)
    database = SqliteDatabase(path)
    await catalogue_in(database)
    await database.change(_tenants())
    rates = []
    for day in _PATCH_TUESDAYS:
        current = CurrentCatalogue(bundled(), Clock(day), 2)
        publisher = Publisher(database, database.store(GRAPH, IMAGES), current, "bench")
        started = time.perf_counter()
        done = await publisher.round()
        assert done is not None
        assert done.tenants == _TENANTS
        rates.append(_TENANTS / (time.perf_counter() - started))
    await database.close()
    return f"{rates[0]:,.0f} new tenants a second, a new Patch Tuesday to {rates[1]:,.0f} tenants a second"


def _tenants() -> Script[None]:
    for _ in range(_TENANTS):
        name = str(uuid.uuid4())
        yield from add_tenant(Tenant(name, name, True, "supported"))
