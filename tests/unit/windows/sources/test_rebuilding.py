"""The files that the facts were compiled from, read by the importers and merged, give the same facts.

Not all sources of the facts are among these files. Where that makes a difference, `rebuilding_differences.csv` has a
row with the reason; a row that is no longer true, and a difference without a row, fail.
"""

from __future__ import annotations

import csv
from pathlib import Path

from osimages.windows.facts import Update
from osimages.windows.merge.kinds import OWN_LABELS
from tests.unit.windows.csv_facts import FACTS, needs_facts, read_rows, rows
from tests.unit.windows.sources.raw_facts import rebuilt
from tests.unit.windows.test_facts import KINDS

pytestmark = needs_facts
DIFFERENCES = Path(__file__).parent / "rebuilding_differences.csv"
COLUMNS = ("build", "kb", "field", "rebuilt", "compiled", "reason")
INPUTS = {
    "DataForGeeks-2026-06",
    "cve5-2026-11",
    "ms-release-health-2026-09",
    "ms-update-history-2026-09",
    "msrc-wesng",
}
# Why a fact is another one without the sources that are not among the files.
NO_LABEL = "Microsoft's label is in a state of its table that is not among the files"
NO_BUILD = "the files have the KB alone; its build comes from a source that is not among them"
NO_RIVAL = "the build that was chosen is labelled, or more often named, in sources that are not among the files"
NO_NEIGHBOUR = "the label of another version or build is in a table that is not among the files"


def decided() -> dict[tuple[str, str], Update]:
    """Every update that the files give."""
    return {(each.build.short, each.kb or ""): each for r in rebuilt().catalogue.releases for each in r.updates}


def compiled() -> dict[tuple[str, str], dict[str, str]]:
    """Every row of the fact file that one of the files has a part in."""
    given = read_rows(FACTS / "updates.csv")  # without the later corrections, which are from other sources
    return {(row["build_short"], row["kb"]): row for row in given if INPUTS & set(row["sources"].split(";"))}


def differences() -> list[tuple[str, ...]]:
    """Each difference with the reason that it must have."""
    found: list[tuple[str, ...]] = []
    expected = compiled()
    for (build, kb), update in sorted(decided().items()):
        row = expected[build, kb]
        for field, here, there in (
            ("kind", update.kind.value, KINDS[row["servicing_type"]].value),
            ("release_date", str(update.release_date or ""), row["release_date"]),
            ("canonical_b", str(update.is_canonical_b), str(row["canonical_b"] == "yes")),
            ("scope", update.scope, row["scope"]),
            ("in_msrc", str(update.is_in_msrc), str(row["in_msrc"] == "yes")),
            ("expired", str(update.is_expired), str(row["expired"] == "yes")),
        ):
            if here != there:
                found.append((build, kb, field, here, there, reason(row, field)))
    for build, kb in sorted(expected.keys() - decided().keys()):
        found.append((build, kb, "build", "", build, NO_BUILD))
    return found


def reason(row: dict[str, str], field: str) -> str:
    """Why a fact may differ, which follows from where the fact file has it from; nothing else is a reason."""
    sources = set(row["sources"].split(";"))
    has_table = any(each.startswith("ms-release-health") and each not in INPUTS for each in sources)
    if field == "kind" and row["type_basis"] in OWN_LABELS and has_table:
        return NO_LABEL
    if field == "kind" and row["type_basis"].startswith("ms-label of"):
        return NO_NEIGHBOUR
    if field == "canonical_b":
        return NO_LABEL if has_table and row["canonical_b"] == "yes" else NO_RIVAL
    return ""


def test_each_difference_is_explained() -> None:
    with DIFFERENCES.open(encoding="utf-8", newline="") as text:
        explained = [tuple(row[name] for name in COLUMNS) for row in csv.DictReader(text)]
    assert explained == differences()
    assert all(row[-1] for row in explained)


def test_nothing_is_made_up() -> None:
    assert decided().keys() <= compiled().keys()


def test_what_needs_a_source_that_is_not_there_is_known_to_it() -> None:
    absent = [compiled()[build, kb] for build, kb, field, *_ in differences() if field == "build"]
    assert all(set(row["sources"].split(";")) == {"msrc-wesng", "vuls-2026-07"} for row in absent)


def test_releases_and_editions_are_the_same() -> None:
    catalogue = rebuilt().catalogue
    assert [
        (each.id, each.os_build, str(each.general_availability), list(each.architectures))
        for each in catalogue.releases
    ] == [
        (row["id"], int(row["os_build_major"]), row["ga_date"], row["architectures"].split(";"))
        for row in rows("releases")
    ]
    # That 1511 got updates for longer stands in none of the files.
    notes = {row["note"] for row in rows("editions") if row["id"] == "Windows 10 1511"}
    assert {
        (release.id, each.edition_type, str(each.support_end_date), each.servicing, each.note)
        for release in catalogue.releases
        for each in release.editions
    } == {
        (
            *(row[name] for name in ("id", "editionType", "supportEndDate", "servicing_group")),
            "" if row["note"] in notes else row["note"],
        )
        for row in rows("editions")
    }


def test_what_is_rejected_is_no_client_build_or_a_misprint() -> None:
    reasons = {each.why for each in rebuilt().rejected if not each.is_misprint}
    assert reasons == {
        "its build is not that of a known client release of Windows",
        "a revision of Windows Server, not of the client release of that build",
    }
    assert {each.what for each in rebuilt().rejected if each.is_misprint} == {
        "22621.7582 KB5122880 of 2026-09-08",
        "19045.7720 KB5122878 of 2026-09-08",
        "19044.7720 KB5122878 of 2026-09-08",
    }
