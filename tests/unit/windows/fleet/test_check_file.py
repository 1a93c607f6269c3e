"""A whole export checked from Python."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from osimages.windows.fleet.columns import ColumnsError, Named
from osimages.windows.fleet.device_export import check_file
from osimages.windows.fleet.rows import ExportError
from tests.support.fleet_export import graph_json, intune_csv

DAY = date(2026, 11, 5)


def test_csv_and_json_give_the_same_totals(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(intune_csv(1000), encoding="utf-16", newline="")
    (tmp_path / "a.json").write_text(graph_json(1000), encoding="utf-8")
    from_csv, from_json = (check_file(tmp_path / name, today=DAY) for name in ("a.csv", "a.json"))
    assert from_csv.summary() == from_json.summary()
    assert from_csv.summary().devices > 900


def test_columns_and_edition_may_be_given(tmp_path: Path) -> None:
    file = tmp_path / "fleet.csv"
    file.write_text("stand;a;gesehen\n26100.9974;b;20.11.2026\n26100.9974;c;1.10.2026\nx;y;z\n", encoding="utf-8")
    with pytest.raises(ColumnsError, match=r"There is no column 'Build' \(--build-column\)"):
        check_file(file, named=Named(build="Build"))
    named = Named(build="Stand", last_seen="gesehen")
    found = check_file(str(file), named=named, seen_within=10, edition="Enterprise", today=DAY).summary()
    assert (found.rows_read, found.devices, found.good, found.skipped) == (3, 2, 1, {"notSeenSince": 1})


def test_what_is_no_export(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("nonsense", encoding="utf-8")
    with pytest.raises(ExportError):
        check_file(tmp_path / "a.jsonl")
    with pytest.raises(FileNotFoundError):
        check_file(tmp_path / "none.csv")
