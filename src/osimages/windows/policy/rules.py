"""The rule of a policy: how many Patch Tuesdays a device may be behind, after how many days, and on which releases."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import msgspec

from osimages.windows.calendar import patch_tuesdays
from osimages.windows.checks.answers import Family
from osimages.windows.checks.editions import named_edition
from osimages.windows.facts import Catalogue
from osimages.windows.images import newest_day
from osimages.windows.release_history import UnknownReleaseError, find_release
from osimages.windows.servicing import Servicing

HIGHEST_LEVEL = 2
MOST_GRACE_DAYS = 365
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_NEWEST = re.compile(r"newest(?:[\s:=-]*([0-9]{1,2}|[a-z]+))?")
_ALL = ("", "all", "supported")
_MOST_NAMES = 100


class RuleError(ValueError):
    """A rule that makes no sense; `parameter` is the part of it that is wrong, in the spelling of the options."""

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(reason)
        self.parameter = parameter
        self.reason = reason


class Highest(StrEnum):
    """The upper end of the range of a release."""

    FAMILY = "family"  # x.y.z.65535: every later build of the release, previews and out-of-band updates included
    KNOWN = "known"  # the newest build that the facts know on the day


class PolicyRule(msgspec.Struct, frozen=True, kw_only=True):
    """The rule of a policy on a day in Pacific Time. Raises RuleError for a level or grace out of range.

    A Patch Tuesday counts from `grace_days` days after it. `level` is how many of those that count a device may be
    behind: 0, 1 or 2. `releases` are ids of releases; with none of them, every supported release counts, or the
    `newest` ones. With `editions`, a release is left out once these have ended. `include_esu` accepts releases that get
    Extended Security Updates (ESU) only; `servers` adds Windows Server.
    """

    day: date
    level: int = 0
    grace_days: int = 0
    releases: tuple[str, ...] = ()
    newest: int | None = None
    editions: tuple[Servicing, ...] = ()
    include_esu: bool = False
    servers: bool = False
    highest: Highest = Highest.FAMILY

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not 0 <= self.level <= HIGHEST_LEVEL:
            raise RuleError("level", f"the level is the number of Patch Tuesdays behind, 0 to 2, not {self.level}")
        if not 0 <= self.grace_days <= MOST_GRACE_DAYS:
            raise RuleError("grace-days", f"the grace is 0 to {MOST_GRACE_DAYS} days, not {self.grace_days}")

    @property
    def required(self) -> date | None:
        """Return the Patch Tuesday whose fixes a device must have; None where the calendar begins."""
        counted = patch_tuesdays(self.level + 1, newest_day(self.day, self.grace_days))
        return counted[-1] if len(counted) > self.level else None


def rule_of(facts: Catalogue, day: date, given: Mapping[str, str]) -> PolicyRule:
    """Return the rule that texts name, by the names of the options: level, grace-days, releases, editions...

    Raises RuleError, which names the option.
    """
    for name in given:
        if name not in _OPTIONS:
            raise RuleError(name[:64], f"there is no parameter '{name[:64]}'; there are {', '.join(_OPTIONS)}")
    releases, newest = releases_of(facts, given.get("releases", ""), servers=_flag(given, "servers"))
    return PolicyRule(
        day=day,
        level=_number(given, "level"),
        grace_days=_number(given, "grace-days"),
        releases=releases,
        newest=newest,
        editions=editions_of(given.get("editions", "")),
        include_esu=_flag(given, "include-esu"),
        servers=_flag(given, "servers"),
        highest=_highest(given.get("highest", Highest.FAMILY)),
    )


_OPTIONS = ("level", "grace-days", "releases", "editions", "include-esu", "servers", "highest")


def releases_of(facts: Catalogue, text: str, *, servers: bool = False) -> tuple[tuple[str, ...], int | None]:
    """Return the ids of the releases that a text lists, or the number of newest ones: "all", "24H2,25H2", "Windows 11",
    "newest two". Raises RuleError.
    """
    plain = " ".join(text.split()).casefold()
    if plain in _ALL:
        return (), None
    if (found := _NEWEST.fullmatch(plain)) is not None:
        number = _NUMBERS.get(found[1] or "one") or (int(found[1]) if (found[1] or "").isdecimal() else 0)
        if number < 1:
            raise RuleError("releases", f"'{text[:64]}' names no number of releases: write 'newest two' or 'newest 2'")
        return (), number
    names = _names("releases", text)
    if len(names) > _MOST_NAMES:
        raise RuleError("releases", f"{len(names)} releases are listed; at most {_MOST_NAMES} can be")
    ids = (name for each in names for name in _releases(facts, each, servers=servers))
    return tuple(dict.fromkeys(ids)), None


def editions_of(text: str) -> tuple[Servicing, ...]:
    """Return the groups of editions that a text lists: "Pro,Enterprise". Raises RuleError."""
    found: dict[Servicing, None] = {}
    for name in _names("editions", text):
        edition = named_edition(name)
        if edition is None:
            raise RuleError("editions", f"'{name[:64]}' is no edition: write Pro, Enterprise or EnterpriseS, say")
        if edition.servicing is None or edition.family is not Family.CLIENT:
            raise RuleError("editions", f"'{name[:64]}' is no edition of a PC; servers are added by 'servers'")
        found[edition.servicing] = None
    return tuple(found)


def _names(parameter: str, text: str) -> list[str]:
    """Return the names of a list. Raises RuleError for commas alone, which would mean all of them."""
    names = [each.strip() for each in text.split(",") if each.strip()]
    if text.strip() and not names:
        raise RuleError(parameter, f"'{text[:64]}' names none; leave '{parameter}' out for all")
    return names


def _releases(facts: Catalogue, name: str, *, servers: bool) -> tuple[str, ...]:
    """Return the release that a text names, or those of a product: "24H2", "Windows 11"."""
    product = " ".join(name.split()).casefold()
    of_product = tuple(each.id for each in facts.releases if each.product.casefold() == product)
    return of_product or (_release(facts, name, servers=servers),)


def _release(facts: Catalogue, name: str, *, servers: bool) -> str:
    try:
        found = find_release(facts, name[:128])
    except UnknownReleaseError as error:
        raise RuleError("releases", str(error)) from None
    if found in facts.others:
        raise RuleError("releases", f"{found.id} is no Windows for PCs or servers: no policy is made for it")
    if found in facts.servers and not servers:
        raise RuleError("releases", f"{found.id} is a server: add 'servers' to the rule")
    return found.id


def _number(given: Mapping[str, str], name: str) -> int:
    text = given.get(name, "0").strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 4):
        raise RuleError(name, f"'{text[:64]}' is no number of {'Patch Tuesdays' if name == 'level' else 'days'}")
    return int(text)


def _flag(given: Mapping[str, str], name: str) -> bool:
    text = given.get(name, "false").strip().casefold()
    if text not in ("true", "false", "1", "0", ""):
        raise RuleError(name, f"'{text[:64]}' is neither true nor false")
    return text in ("true", "1", "")  # also `?servers`


def _highest(text: str) -> Highest:
    try:
        return Highest(text.strip().casefold())
    except ValueError:
        raise RuleError("highest", f"'{text[:64]}' is neither family nor known") from None
