"""Reads which Extended Security Updates (ESU) a device has."""

from __future__ import annotations

import re
from datetime import date

import msgspec

from osimages.windows.checks.editions import fold
from osimages.windows.facts import Esu, EsuProgram, SupportGroup

# Yes and no in the languages of Windows, folded; "eligible" is one who may enrol, and has not.
_NO_WORDS = """
    no none false 0 n - n/a na null off nein non nao nee nej nei ei nie ne nem nu hayır нет не ні нема 否 不 不是 没有
    沒有 いいえ なし 아니요 아니오 없음 οχι لا לא ไม่ khong tidak
"""
_YES_WORDS = """
    yes true 1 y x on ok ja oui si sim tak ano igen da да так evet kylla joo 是 有 はい あり 예 네 있음
    ναι نعم כן ใช่ co ya ✓ ✔
"""
_DENYING_WORDS = """
    not no non none without disabled expired inactive ineligible eligible unlicensed unenrolled unassigned notenrolled
    notlicensed noteligible notactivated pending declined cancelled canceled revoked required needed nicht keine kein
    ohne abgelaufen inaktiv pas sans expire sin bez ikke inte
"""
_AFFIRMING_WORDS = """
    esu enrolled enabled active activated licensed license assigned registered covered purchased bought subscribed
    extended yes aktiv aktiviert lizenziert actif active activo attivo ativo actief aktywny aktywne aktivni
"""
_YEAR = re.compile(r"(?<![a-z])(?:year|y|yr|jahr|annee|ano|anno)\W*([1-9])\b")
_WORD = re.compile(r"[^\W\d_]+")


def _folded(words: str) -> frozenset[str]:
    return frozenset(map(fold, words.split()))


_NO, _YES = _folded(_NO_WORDS) | {""}, _folded(_YES_WORDS)
_DENYING, _AFFIRMING = _folded(_DENYING_WORDS), _folded(_AFFIRMING_WORDS)


class EsuChoice(msgspec.Struct, frozen=True):
    """The programme that a device is in, and the last year that was bought (1 is the first); None is every year."""

    program: EsuProgram
    year: int | None = None


class UnknownEsuError(ValueError):
    """A text that names no programme of ESU."""


def esu_choice(text: str, usual: EsuProgram = EsuProgram.COMMERCIAL) -> EsuChoice | None:
    """Read "commercial", "consumer", "yes" (which means `usual`), "commercial, year 2" or "no", which is None.

    Raises UnknownEsuError.
    """
    plain = fold(text.strip())
    if plain in _NO:
        return None
    found = _YEAR.search(plain)
    year = int(found[1]) if found else None
    words = set(_WORD.findall(plain))
    if words & _DENYING:
        return None
    for program in EsuProgram:
        if program.value in plain:
            return EsuChoice(program, year)
    if plain in _YES or year is not None or words & _AFFIRMING:
        return EsuChoice(usual, year)
    raise UnknownEsuError(f"'{text.strip()[:64]}' names no Extended Security Updates: commercial, consumer or no")


def esu_end(group: SupportGroup, choice: EsuChoice | None) -> date | None:
    """Return the last day of a group of editions with ESU, or None where it can have none of that programme."""
    offered = offered_esu(group, choice)
    if offered is None or choice is None:
        return None
    year = len(offered.ends) if choice.year is None else min(choice.year, len(offered.ends))
    return offered.ends[year - 1]


def offered_esu(group: SupportGroup, choice: EsuChoice | None) -> Esu | None:
    """Return the programme of a choice, where it is sold for a group."""
    return next((each for each in group.esu if choice is not None and each.program is choice.program), None)


def last_esu_end(group: SupportGroup) -> date | None:
    """Return the last day of all ESU of a group, or None where there are none."""
    return max((end for each in group.esu for end in each.ends), default=None)
