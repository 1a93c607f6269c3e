"""The table of requirements is complete, every row that holds is tested, and the page is in step."""

from __future__ import annotations

from pathlib import Path

from tests.conformance.table import PAGE, marked, page, requirements

ROWS = requirements()


def test_every_requirement_that_holds_is_tested() -> None:
    tests = marked()
    assert set(tests) <= {row.id for row in ROWS}
    assert [row.id for row in ROWS if row.status == "holds" and row.id not in tests] == []
    assert [row.id for row in ROWS if row.status != "holds" and not row.reason] == []
    assert [row.id for row in ROWS if row.status == "differs" and row.id not in tests] == []


def test_the_table_has_every_requirement_of_its_sources(shared: Path) -> None:
    found = []
    for name in ("conformance-4.01.tsv", "graph-rules.tsv"):
        lines = (shared / "reference" / "odata" / name).read_text(encoding="utf-8").splitlines()[1:]
        found += [line.partition("\t")[0] for line in lines if line]
    assert [row.id for row in ROWS] == found


def test_the_page_is_in_step() -> None:
    """`python -m tests.conformance.write` runs the tests and writes the page anew."""
    assert PAGE.read_text(encoding="utf-8") == page(ROWS, marked())
