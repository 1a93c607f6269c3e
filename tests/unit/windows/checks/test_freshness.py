"""The sentence about the freshness of the facts."""

from __future__ import annotations

from datetime import date

from osimages.windows.checks.checker import Checker
from osimages.windows.checks.freshness import freshness, month
from osimages.windows.facts import bundled


def test_the_sentence_of_fresh_facts() -> None:
    today = date(2026, 11, 29)
    found = freshness(bundled(), today, 2, [Checker(bundled(), today).check("26200.9974", "Pro")])
    assert not found.is_stale
    assert found.sentence == (
        "On 2026-11-29, by facts complete to 2026-09-30; newest Patch Tuesday known: November 2026."
    )


def test_stale_facts_name_the_releases() -> None:
    today = date(2027, 1, 20)
    checker = Checker(bundled(), today)
    answers = [checker.check("26200.9974", "Pro"), checker.check("26100.9711", "Pro")]
    found = freshness(bundled(), today, 2, answers)
    assert (found.is_stale, found.stale_releases) == (True, ("Windows 11 25H2",))
    assert found.unknown_patch_tuesdays == (date(2026, 12, 8), date(2027, 1, 12))
    assert found.sentence.endswith(
        "Builds of 2 Patch Tuesdays since December 2026 are not known for Windows 11 25H2: "
        "run osimages catalogue update."
    )


def test_months_in_words() -> None:
    assert (month(date(2026, 11, 10)), month(None)) == ("November 2026", "none")
