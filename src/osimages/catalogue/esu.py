"""Reads which Extended Security Updates (ESU) a device has."""

from __future__ import annotations

import re
from datetime import date

import msgspec

from osimages.catalogue.editions import fold
from osimages.catalogue.facts import Esu, EsuProgram, SupportGroup

_NO = ("", "no", "none", "false", "0", "n", "nein", "non", "-", "not enrolled", "notenrolled", "disabled", "n/a")
_YES = ("yes", "true", "1", "y", "x", "ja", "oui", "si", "esu", "enrolled", "enabled", "active", "licensed", "eligible")
_DENYING = frozenset(("not", "no", "none", "without", "disabled", "expired", "nicht", "keine", "pas"))
_AFFIRMING = frozenset(("esu", "enrolled", "enabled", "active", "licensed", "extended", "yes"))
_YEAR = re.compile(r"\b(?:year|y|jahr|annee)\W*([1-9])\b")


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
    words = set(re.findall(r"\w+", plain))
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
