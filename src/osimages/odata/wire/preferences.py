"""What a client would like, as its `Prefer` headers say it.

Sources: RFC 7240; OData Protocol, section 8.2.8
https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part1-protocol.html#sec_HeaderPrefer
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

import msgspec

from osimages.odata.wire.header_fields import split_quoted

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"  # noqa: S105 (RFC 9110, section 5.6.2: no secret)
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
# A preference, or one of its parameters; the value may be absent.
_PAIR = re.compile(rf"\s*+({_TOKEN})\s*+(?:=\s*+({_TOKEN}|{_QUOTED})\s*+)?", re.DOTALL)
_LONGEST_NUMBER = 9


class Preferences(msgspec.Struct, frozen=True):
    """What is understood of a `Prefer` header; None or false where it says nothing.

    `returned` is `minimal` or `representation`. `page_size_name` is how the client spells that preference: with a
    prefix, as in OData 4.0, or without.
    """

    returned: str | None = None
    page_size: int | None = None
    page_size_name: str = ""
    unknown_members: bool = False
    continue_on_error: bool | None = None
    create_if_missing: bool = False


NO_PREFERENCES = Preferences()


def preferences(header: str | None) -> Preferences:
    """The preferences of a header; unknown ones and senseless values are passed over (RFC 7240, section 2)."""
    if not header:
        return NO_PREFERENCES
    given: dict[str, str] = {}
    names: dict[str, str] = {}
    for name, value, _ in _each(header):
        known = name.removeprefix("odata.")
        # Of a preference that comes more than once, only the first counts (RFC 7240, section 2).
        if known not in given:
            given[known], names[known] = _unquoted(value), name
    size = _size(given.get("maxpagesize", ""))
    returned = given.get("return", "").lower()
    return Preferences(
        returned=returned if returned in ("minimal", "representation") else None,
        page_size=size,
        page_size_name=names["maxpagesize"] if size is not None else "",
        unknown_members="include-unknown-enum-members" in given,
        continue_on_error=_boolean(given.get("continue-on-error")),
        create_if_missing=_boolean(given.get("create-if-missing")) is True,
    )


def without_preferences(header: str, names: Set[str]) -> str:
    """Return a `Prefer` header without the preferences of those names, which stand for both spellings of OData's."""
    return ", ".join(text for name, _, text in _each(header) if name.removeprefix("odata.") not in names)


def _each(header: str) -> Iterator[tuple[str, str, str]]:
    """Yield name (in lower case), value and whole text of each preference that can be read."""
    for text in split_quoted(header, ","):
        pairs = [_PAIR.fullmatch(each) for each in split_quoted(text, ";")]
        if pairs[0] is not None and all(pairs):
            yield pairs[0][1].lower(), pairs[0][2] or "", text.strip()


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _size(text: str) -> int | None:
    if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_NUMBER:
        return None
    return int(text) or None


def _boolean(text: str | None) -> bool | None:
    """A preference without a value is one that is wanted."""
    return None if text is None else {"": True, "true": True, "false": False}.get(text.lower())
