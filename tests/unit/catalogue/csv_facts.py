"""The fact files beside the checkout, where they are present, as plain rows."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

FACTS = Path(__file__).parents[4] / "shared" / "data"
needs_facts = pytest.mark.skipif(not (FACTS / "updates.csv").exists(), reason="the fact files are not here")


def rows(name: str) -> list[dict[str, str]]:
    """All rows of releases, editions, updates or disagreements."""
    with (FACTS / f"{name}.csv").open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def disagreements() -> list[dict[str, str]]:
    """All rows of the list of disagreements."""
    return rows("disagreements")
