"""Programmes of Extended Security Updates in texts, and how long they last."""

from __future__ import annotations

from datetime import date

import pytest

from osimages.windows.checks.esu import EsuChoice, UnknownEsuError, esu_choice, esu_end, last_esu_end
from osimages.windows.facts import EsuProgram, SupportGroup, bundled
from osimages.windows.support import support_groups

COMMERCIAL, CONSUMER = EsuProgram.COMMERCIAL, EsuProgram.CONSUMER


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("commercial", EsuChoice(COMMERCIAL)),
        ("Consumer ESU", EsuChoice(CONSUMER)),
        ("yes", EsuChoice(COMMERCIAL)),
        ("TRUE", EsuChoice(COMMERCIAL)),
        ("ESU", EsuChoice(COMMERCIAL)),
        ("Year 2", EsuChoice(COMMERCIAL, 2)),
        ("commercial, year 1", EsuChoice(COMMERCIAL, 1)),
        ("Enrolled in ESU", EsuChoice(COMMERCIAL)),
        ("Not enrolled", None),
        ("no commercial ESU", None),
        ("no", None),
        ("False", None),
        ("", None),
        (" none ", None),
    ],
)
def test_choices(text: str, choice: EsuChoice | None) -> None:
    assert esu_choice(text) == choice


@pytest.mark.parametrize(
    "texts",
    [
        "Tak|はい|是|да|так|예|evet|igen|sì|sí|Ja|Oui|ano|On|✓",
        "Aktiv|Activated|Assigned|Covered|Purchased|Registered|Lizenziert|Windows10ESU|ESU-licensed|ESU_Year2",
    ],
)
def test_yes_in_many_words(texts: str) -> None:
    assert all(esu_choice(text) is not None for text in texts.split("|"))


@pytest.mark.parametrize(
    "texts",
    [
        "Nie|いいえ|否|нет|ні|아니요|hayır|nem|não|Nej|Ei|Off|Null",
        "Eligible|Eligible for ESU|Not eligible|non-ESU|Inactive|inaktiv|Unlicensed|Pending|Revoked|Cancelled",
        "Not Activated|NotEnrolled|ESU required|ESU expired|keine ESU|sans ESU",
    ],
)
def test_no_in_many_words(texts: str) -> None:
    """A device that may enrol is not enrolled."""
    assert all(esu_choice(text) is None for text in texts.split("|"))


def test_yes_means_the_usual_programme() -> None:
    assert esu_choice("yes", CONSUMER) == EsuChoice(CONSUMER)


def test_other_texts_are_named() -> None:
    with pytest.raises(UnknownEsuError, match="'gold' names no Extended Security Updates: commercial, consumer or no"):
        esu_choice("gold")


def _group(release: str, servicing: str) -> SupportGroup:
    catalogue = bundled()
    found = next(each for each in catalogue.every_release if each.id == release)
    return next(each for each in support_groups(found) if each.servicing == servicing)


def test_ends_by_programme_and_year() -> None:
    group = _group("Windows 10 22H2", "Home/Pro")
    assert esu_end(group, EsuChoice(COMMERCIAL)) == date(2028, 10, 10)
    assert esu_end(group, EsuChoice(COMMERCIAL, 1)) == date(2026, 10, 13)
    assert esu_end(group, EsuChoice(COMMERCIAL, 9)) == date(2028, 10, 10)
    assert esu_end(group, EsuChoice(CONSUMER)) == date(2027, 10, 12)
    assert esu_end(group, None) is None
    assert last_esu_end(group) == date(2028, 10, 10)
    enterprise = _group("Windows 10 22H2", "Enterprise/Education")
    assert esu_end(enterprise, EsuChoice(CONSUMER)) is None
    assert last_esu_end(_group("Windows 10 22H2", "Team (Surface Hub)")) is None
