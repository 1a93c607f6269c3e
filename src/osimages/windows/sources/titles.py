"""Reads the titles that Microsoft gives to the pages of updates: day, KB, builds, and what they say of the kind.

    July 14, 2026—KB5101650 (OS Builds 26200.8875 and 26100.8875)
    September 14, 2026—KB5129194 (OS Build 28000.2956) Out-of-band

Microsoft types them by hand, so that dashes, spaces, a second year, "K5003646" for a KB and "OS Builds OS" occur.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date

import msgspec

from osimages.windows.builds import Build
from osimages.windows.merge.claims import Title, UpdateClaim

EXPECTED = '"July 14, 2026—KB5101650 (OS Build 26200.8875)"'
# A title of 300 characters names more builds than any release has had; what is longer is no title.
_LONGEST = 300
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_DAY = re.compile(rf"\s*({'|'.join(_MONTHS)})\s+(\d{{1,2}})\s*,\s*(\d{{4}})(?!\d)", re.IGNORECASE)
_KB = re.compile(r"\bKB?\s?(\d{6,8})(?!\d)", re.IGNORECASE)
_BUILD = re.compile(r"(?<![\d.])(\d{5})\.(\d{1,6})(?![\d.]*\d)")
_OF_OTHERS = re.compile(r"\bmobile\b|\bholographic\b|\bhololens\b", re.IGNORECASE)
_SIGNS = (
    (re.compile(r"\bhotpatch\b", re.IGNORECASE), Title.HOTPATCH),
    (re.compile(r"\bout[- ]of[- ]band\b", re.IGNORECASE), Title.OUT_OF_BAND),
    (re.compile(r"\bpreview\b", re.IGNORECASE), Title.PREVIEW),
)
_EXPIRED = re.compile(r"\bexpired\b", re.IGNORECASE)


class UnreadableError(ValueError):
    """A title of another form; the text says what is missing from it."""


class OutOfScopeError(ValueError):
    """A title of an update that is not for Windows on PCs."""


class ReadTitle(msgspec.Struct, frozen=True):
    """What a title says."""

    day: date
    kb: str | None
    builds: tuple[Build, ...]
    title: Title
    is_expired: bool

    def claims(self, listed_under: str = "") -> tuple[UpdateClaim, ...]:
        """Return a claim for each build."""
        seen: Counter[int] = Counter()
        found = []
        for build in self.builds:
            found.append(
                UpdateClaim(
                    build,
                    self.kb,
                    self.day,
                    title=self.title,
                    is_expired=self.is_expired,
                    listed_under=listed_under,
                    position=seen[build.build],
                )
            )
            seen[build.build] += 1
        return tuple(found)


def read_title(text: str) -> ReadTitle:
    """Read a title.

    Raises UnreadableError where day or builds are missing, OutOfScopeError for updates of phones and HoloLens.
    """
    plain = " ".join(text[: _LONGEST + 1].split())
    if len(plain) > _LONGEST:
        raise UnreadableError("it is too long for a title")
    if _OF_OTHERS.search(plain):
        raise OutOfScopeError("not for PCs")
    day = _day(plain)
    kb = _KB.search(plain)
    builds = tuple(dict.fromkeys(Build(10, 0, int(each[1]), int(each[2])) for each in _BUILD.finditer(plain)))
    if not builds:
        raise UnreadableError("it names no build such as 26200.8875")
    signs = [kind for sign, kind in _SIGNS if sign.search(plain)]
    title = signs[0] if signs else Title.PLAIN
    if Title.HOTPATCH in signs and Title.OUT_OF_BAND in signs:
        title = Title.HOTPATCH_OUT_OF_BAND
    return ReadTitle(day, f"KB{kb[1]}" if kb else None, builds, title, bool(_EXPIRED.search(plain)))


def _day(text: str) -> date:
    found = _DAY.match(text)
    if found is None:
        raise UnreadableError("it does not begin with a day such as July 14, 2026")
    try:
        return date(int(found[3]), _MONTHS.index(found[1].lower()) + 1, int(found[2]))
    except ValueError:
        raise UnreadableError(f"there is no {found[0].strip()}") from None
