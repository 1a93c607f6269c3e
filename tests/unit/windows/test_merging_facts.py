"""The rules of merging give the compiled facts again, from nothing but what each source says of each of them."""

from __future__ import annotations

import json

import pytest

from osimages.windows.facts import Kind, bundled
from osimages.windows.merge.disagreements import Disagreement
from osimages.windows.merge.merging import merge
from tests.unit.windows.csv_claims import merged
from tests.unit.windows.csv_facts import BY_HAND, FACTS, disagreements, needs_facts, rows, servers
from tests.unit.windows.test_facts import KINDS

# KBs that were given to images of general availability later; the lists of the fact files do not have them.
OTHER_DAYS = (
    ("KB5018410", "one KB, different dates by version"),
    ("KB5129195", "one KB, different dates by version"),
)


def test_without_sources_the_facts_stay_as_they_are() -> None:
    assert merge(bundled(), []).catalogue == bundled()


def test_without_sources_nothing_is_rejected() -> None:
    assert merge(bundled(), []).rejected == ()


@needs_facts
def test_every_update_is_decided_as_in_the_fact_files() -> None:
    found = {(each.build.short, each.kb or ""): each for r in merged().catalogue.releases for each in r.updates}
    assert found.keys() == {(row["build_short"], row["kb"]) for row in rows("updates")}
    names = [each.name for each in merged().catalogue.sources]
    for row in rows("updates"):
        if row["type_basis"] in BY_HAND:
            continue
        update = found[row["build_short"], row["kb"]]
        assert update.kind is KINDS[row["servicing_type"]], row
        assert str(update.release_date or "") == row["release_date"], row
        assert update.is_canonical_b == (row["canonical_b"] == "yes"), row
        assert update.scope == row["scope"], row
        assert (update.is_in_msrc, update.is_expired) == (row["in_msrc"] == "yes", row["expired"] == "yes"), row
        assert {names[number] for number in update.sources} == set(row["sources"].split(";")), row
        if update.kind is Kind.B:
            assert (update.year, update.month) == (int(row["release_year"]), int(row["release_month"])), row
            assert update.label == row["ms_update_type"] or not row["ms_update_type"], row


@needs_facts
def test_every_release_and_edition_is_as_in_the_fact_files() -> None:
    catalogue = merged().catalogue
    assert [
        (
            each.id,
            each.product,
            each.version,
            str(each.os_build),
            str(each.general_availability),
            ";".join(each.architectures),
        )
        for each in catalogue.releases
    ] == [
        (row["id"], row["product"], row["version"], row["os_build_major"], row["ga_date"], row["architectures"])
        for row in rows("releases")
    ]
    assert {
        (release.id, each.edition_type, str(each.support_end_date), each.servicing, each.note)
        for release in catalogue.releases
        for each in release.editions
    } == {
        (row["id"], row["editionType"], row["supportEndDate"], row["servicing_group"], row["note"])
        for row in rows("editions")
    }


@pytest.mark.parametrize(
    "row",
    disagreements() if FACTS.exists() else [],
    ids=lambda row: f"{row['subject']}: {row['field']}",
)
def test_every_disagreement_is_found_and_resolved(row: dict[str, str]) -> None:
    found = {(each.subject, each.field): each for each in merged().disagreements}
    disagreement = found[row["subject"], row["field"]]
    assert disagreement.chosen == row["chosen"]
    assert disagreement.why
    _same_values(disagreement, row["values"])


def _same_values(found: Disagreement, text: str) -> None:
    """Who says what is the same, where the file lists that and not a sentence."""
    if not text.startswith(("{", "[")):
        return
    said = json.loads(text)
    if isinstance(said, list):
        assert set(found.values) == set(said)
    elif found.field in ("date", "one build, two KBs"):
        assert {value: set(names) for value, names in found.values.items()} == {k: set(v) for k, v in said.items()}
    elif found.field == "one KB, different dates by version":
        assert {build: names[0] for build, names in found.values.items()} == said
    else:
        assert {build.partition(".")[2] for build in found.values} == set(said)


@needs_facts
def test_the_shipped_facts_come_with_every_disagreement() -> None:
    listed = {(row["subject"], row["field"]): row["chosen"] for row in [*disagreements(), *servers("disagreements")]}
    listed |= dict.fromkeys(OTHER_DAYS, "kept per version")
    assert {(each.subject, each.field): each.chosen for each in merge(bundled(), []).disagreements} == listed


@needs_facts
def test_there_are_no_other_disagreements() -> None:
    listed = {*OTHER_DAYS, *((row["subject"], row["field"]) for row in rows("disagreements"))}
    assert {(each.subject, each.field) for each in merged().disagreements} == listed
