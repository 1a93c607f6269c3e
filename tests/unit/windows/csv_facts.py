"""The fact files beside the checkout, where they are present, as plain rows, with the later corrections applied."""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from pathlib import Path

import pytest

FACTS = Path(__file__).parents[4] / "shared" / "data"
LATER = FACTS / "2026-11-29"
needs_facts = pytest.mark.skipif(not (LATER / "updates.csv").exists(), reason="the fact files are not here")

# Kinds that were decided by hand, on grounds that no source states.
BY_HAND = ("GA day image; revision of the October 2022 B", "KB of the same revision on 26200/26100")


def read_rows(file: Path) -> list[dict[str, str]]:
    """All rows of a file."""
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


@lru_cache(8)
def _rows(name: str) -> tuple[dict[str, str], ...]:
    found = read_rows(FACTS / f"{name}.csv")
    return tuple(_corrected(found) if name == "updates" else found)


def rows(name: str) -> list[dict[str, str]]:
    """All rows of releases, editions, updates or disagreements of client releases; of updates, those with a build."""
    return list(_rows(name))


def _corrected(updates: list[dict[str, str]]) -> list[dict[str, str]]:
    by_build = {(row["build_short"], row["kb"]): row for row in updates}
    for gap in read_rows(LATER / "client-gaps.csv"):
        if not gap["build_short"]:
            continue
        found = [key for key in by_build if key[0] == gap["build_short"]]
        assert len(found) == (gap["action"] != "add"), gap
        before = by_build.pop(found[0]) if found else None
        if gap["id"].startswith("Windows Server"):
            continue
        gap["sources"] = re.sub(r"\(.*?\)", "", gap["sources"])
        if before is not None and gap["action"] == "confirm":
            gap["sources"] = ";".join({*before["sources"].split(";"), *gap["sources"].split(";")})
        if gap["servicing_type"] == "B":
            gap["canonical_b"] = "yes"
        by_build[gap["build_short"], gap["kb"]] = gap
    return list(by_build.values())


def servers(name: str) -> list[dict[str, str]]:
    """All rows of releases, editions or updates of Windows Server."""
    return read_rows(LATER / f"{name}.csv")


def disagreements() -> list[dict[str, str]]:
    """All rows of the list of disagreements of client releases."""
    return rows("disagreements")
