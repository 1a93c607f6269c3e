"""Microsoft's labels, and the kind of an update by the strongest thing that is known of it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.windows.facts import Kind
from osimages.windows.merge.claims import Title
from osimages.windows.merge.kinds import Evidence, Label, Neighbours, b_of_another_day, decide, neighbours, read_label

TUESDAY = date(2026, 9, 8)
NOBODY = Neighbours({}, {})


def evidence(
    day: date | None = TUESDAY,
    label: str = "",
    titles: tuple[Title, ...] = (),
    kb: str | None = "KB1",
    product: str = "Windows 10",
    *,
    is_hotpatch: bool = False,
    is_in_msrc: bool = False,
    is_in_table: bool = False,
) -> Evidence:
    """What is known of an update."""
    return Evidence(product, kb, day, read_label(label), frozenset(titles), is_hotpatch, is_in_msrc, is_in_table)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-09 B", "2026-09 B"),
        ("2026.09 B", "2026-09 B"),
        (" 2026-09  OOB ", "2026-09 OOB"),
        ("2026-09 B (ESU)", "2026-09 B"),
        ("", None),
        ("B", None),
        ("2026-13 B", None),
        ("2026-00 B", None),
        ("2026-09 F", None),
        ("2026-09 Bad", None),
    ],
)
def test_labels(text: str, expected: str | None) -> None:
    found = read_label(text)
    assert (str(found) if found else None) == expected


@given(st.text(max_size=20))
def test_any_text_is_a_label_or_none(text: str) -> None:
    assert isinstance(read_label(text), Label | None)


@pytest.mark.parametrize(
    ("given", "kind", "basis"),
    [
        (evidence(label="2026-09 D"), Kind.PREVIEW, "ms-label"),
        (evidence(date(2026, 9, 3), "2026-09 B"), Kind.B, "ms-label"),
        (evidence(label="2026-09 OOB", titles=(Title.PLAIN,)), Kind.OUT_OF_BAND, "ms-label"),
        (evidence(titles=(Title.PREVIEW,)), Kind.PREVIEW, "title"),
        (evidence(titles=(Title.PLAIN,)), Kind.B, "second Tuesday, no Preview/Out-of-band in title"),
        (evidence(), Kind.B, "second Tuesday"),
        (evidence(date(2026, 9, 9)), Kind.UNLABELLED, "not second Tuesday, no label in title"),
        (evidence(None), Kind.UNKNOWN, "no date in any source"),
        (evidence(date(2017, 2, 14)), Kind.UNLABELLED, "not second Tuesday, no label in title"),
        (evidence(label="2026-09 B", is_hotpatch=True), Kind.HOTPATCH, "title"),
        (evidence(titles=(Title.HOTPATCH_OUT_OF_BAND,)), Kind.HOTPATCH_OUT_OF_BAND, "title"),
        (evidence(titles=(Title.OUT_OF_BAND,), is_hotpatch=True), Kind.HOTPATCH_OUT_OF_BAND, "title"),
        (evidence(kb=None, is_in_table=True), Kind.GENERAL_AVAILABILITY, "no KB in release table"),
        (evidence(date(2026, 9, 29), "2026-09 A"), Kind.GENERAL_AVAILABILITY, "ms-label A (week of release)"),
        (
            evidence(label="2026-10 A", titles=(Title.PLAIN,)),
            Kind.B,
            "second Tuesday (KB page); release table lists the same build as A on GA day",
        ),
    ],
)
def test_what_an_update_is(given: Evidence, kind: Kind, basis: str) -> None:
    found = decide(given, NOBODY)
    assert (found.kind, found.basis) == (kind, basis)
    assert (found.year is not None) == (kind is Kind.B)


def test_a_label_is_lent_to_the_same_kb_and_to_the_same_day_of_windows_10() -> None:
    others = neighbours([evidence(date(2018, 9, 20), "2018-09 D", kb="KB1")])
    same_kb, same_day = evidence(date(2018, 9, 20), kb="KB1"), evidence(date(2018, 9, 20), kb="KB2")
    assert decide(same_kb, others).basis == "ms-label of sibling build, same KB"
    assert decide(same_day, others).basis == "ms-label of another Windows 10 version, same day"
    other_product = evidence(date(2018, 9, 20), kb="KB2", product="Windows 11")
    assert decide(other_product, others).kind is Kind.UNLABELLED


def test_labels_that_differ_on_a_day_are_lent_to_nobody() -> None:
    day = date(2018, 9, 20)
    others = neighbours([evidence(day, "2018-09 D", kb="KB1"), evidence(day, "2018-09 OOB", kb="KB2")])
    assert decide(evidence(day, kb="KB3"), others).kind is Kind.UNLABELLED


def test_the_b_release_of_january_2018_came_early_and_is_no_second_one() -> None:
    early = date(2018, 1, 3)
    others = neighbours([evidence(early, "2018-01 B", kb="KB1")])
    given = evidence(early, kb="KB2")
    decided = decide(given, others)
    assert decided.kind is Kind.UNLABELLED
    assert b_of_another_day(given, decided, others, []).month == 1
    assert b_of_another_day(given, decided, others, [(2018, 1)]) == decided


def test_a_b_release_on_the_wednesday_needs_the_security_guide_and_a_month_without_one() -> None:
    wednesday = date(2025, 4, 9)
    listed, unlisted = evidence(wednesday, is_in_msrc=True), evidence(wednesday)
    assert b_of_another_day(listed, decide(listed, NOBODY), NOBODY, []).kind is Kind.B
    assert b_of_another_day(listed, decide(listed, NOBODY), NOBODY, [(2025, 4)]).kind is Kind.UNLABELLED
    assert b_of_another_day(unlisted, decide(unlisted, NOBODY), NOBODY, []).kind is Kind.UNLABELLED
