"""From a raw query string to query options: trees and numbers, as yet without meaning.

Names are matched without regard to case and with or without `$`, as OData 4.01 asks for;
unknown names with `$` are refused, others are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from itertools import accumulate

from osimages.odata.text.parser import (
    parse_apply,
    parse_compute,
    parse_expand,
    parse_expression,
    parse_orderby,
    parse_search,
    parse_select,
)
from osimages.odata.text.percent_encoding import decoded
from osimages.odata.text.query_tree import NO_OPTIONS, QueryOptions
from osimages.odata.text.syntax_errors import ODataSyntaxError
from osimages.odata.text.text_limits import BOUNDS, Bounds

# Those that a client may write without `$`; the names of the others are too common in other uses.
_SHORT = (
    "filter",
    "select",
    "orderby",
    "top",
    "skip",
    "count",
    "skiptoken",
    "expand",
    "search",
    "format",
    "apply",
    "compute",
)
_ALWAYS_PREFIXED = ("deltatoken", "id", "index", "levels", "schemaversion")
_KNOWN = {f"${name}": name for name in (*_SHORT, *_ALWAYS_PREFIXED)} | {name: name for name in _SHORT}
_ALIAS = re.compile(r"@[^\W\d]\w{0,127}\Z")
_SCHEMA_VERSION = re.compile(r"(?:\*|[A-Za-z0-9._~-]+)\Z")
_SEMICOLON = re.compile("%3b", re.IGNORECASE)
_MOST_OPTIONS = 100
_LONGEST_NUMBER = 18


class OptionError(Exception):
    """An option that cannot be read: its name with `$`, why, and where in its decoded value, if it is there."""

    def __init__(self, option: str, reason: str, position: int | None = None) -> None:
        self.option = option
        self.reason = reason
        self.position = position
        super().__init__(f"{option}: {reason}")


def parse_options(query: str, bounds: Bounds = BOUNDS, *, trimmed: bool = False) -> QueryOptions:
    """The options of a raw query string. `trimmed` takes values without the white space around them.

    Raises OptionError, or ODataLimitError for what is too much.
    """
    if not query:
        return NO_OPTIONS
    texts, aliases, custom = _sorted_pairs(query)
    if trimmed:
        texts, aliases = ({name: text.strip(" \t") for name, text in each.items()} for each in (texts, aliases))
    encoded = _encoded_semicolons(query, trimmed) if "%3b" in query.lower() else {}
    values = {name: _read(f"${name}", _reader(name, encoded), text, bounds) for name, text in texts.items()}
    trees = {name: _read(name, parse_expression, text, bounds) for name, text in aliases.items()}
    return QueryOptions(**values, aliases=trees, custom=custom, given=frozenset(texts))  # type: ignore[arg-type]


def pairs(query: str) -> list[tuple[str, str]]:
    """Decoded names and values of a raw query string, in order. Raises OptionError."""
    if query.count("&") >= _MOST_OPTIONS:
        raise OptionError("query", f"more than {_MOST_OPTIONS} options")
    found = []
    for part in query.split("&"):
        raw_name, _, raw_value = part.partition("=")
        name = _decoded(raw_name, raw_name[:64])
        found.append((name, _decoded(raw_value, name)))
    return found


def option_name(part: str) -> str | None:
    """Return the `system_name` of one option as it stands in a raw query string. Raises OptionError."""
    raw_name = part.partition("=")[0]
    return system_name(_decoded(raw_name, raw_name[:64]))


def system_name(name: str) -> str | None:
    """The name without `$` of a system query option, in lower case; None for any other name."""
    return _KNOWN.get(name.lower())


def _sorted_pairs(query: str) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """System query options, parameter aliases, and custom options, of which the first of a name counts."""
    texts: dict[str, str] = {}
    aliases: dict[str, str] = {}
    custom: dict[str, str] = {}
    for name, value in pairs(query):
        known = system_name(name)
        if known is None and not name.startswith(("$", "@")):
            custom.setdefault(name, value)
            continue
        if known is None and name.startswith("$"):
            raise OptionError(name[:64], "there is no such option")
        if known is None and not _ALIAS.match(name):
            raise OptionError(name[:64], "the name of a parameter alias has only letters, digits and '_'")
        place, key = (aliases, name) if known is None else (texts, known)
        if key in place:
            raise OptionError(f"${known}" if known else name[:64], "it is given more than once")
        place[key] = value
    return texts, aliases, custom


def _decoded(text: str, option: str) -> str:
    try:
        return decoded(text.replace("+", " "))
    except ODataSyntaxError as error:
        raise OptionError(option, str(error)) from None


def _encoded_semicolons(query: str, trimmed: bool) -> dict[str, frozenset[int]]:
    """Where the values of options that can hold a search have semicolons that were percent-encoded."""
    found: dict[str, frozenset[int]] = {}
    for part in query.split("&"):
        raw_name, _, raw = part.partition("=")
        name = system_name(_decoded(raw_name, raw_name[:64]))
        pieces = [_decoded(each, raw_name[:64]) for each in _SEMICOLON.split(raw)]
        if name is not None and name in _SEARCHABLE and len(pieces) > 1:
            start = len(pieces[0]) - len(pieces[0].lstrip(" \t")) if trimmed else 0
            ends = accumulate(len(each) + 1 for each in pieces[:-1])
            found[name] = frozenset(end - 1 - start for end in ends)
    return found


def _reader(name: str, encoded: Mapping[str, frozenset[int]]) -> Callable[[str, Bounds], object]:
    if name not in encoded:
        return _READERS[name]
    return lambda text, bounds: _SEARCHABLE[name](text, bounds, encoded[name])


def _read(name: str, reader: Callable[[str, Bounds], object], text: str, bounds: Bounds) -> object:
    try:
        return reader(text, bounds)
    except ODataSyntaxError as error:
        raise OptionError(name[:64], str(error), error.position) from None


def _number(text: str, _: Bounds) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ODataSyntaxError("Expected a number without sign", 0, text)
    if len(text) > _LONGEST_NUMBER:
        raise ODataSyntaxError(f"Expected a number of at most {_LONGEST_NUMBER} digits", 0, text)
    return int(text)


def _index(text: str, bounds: Bounds) -> int:
    return -_number(text[1:], bounds) if text.startswith("-") else _number(text, bounds)


def _boolean(text: str, _: Bounds) -> bool:
    if text.lower() not in ("true", "false"):
        raise ODataSyntaxError("Expected 'true' or 'false'", 0, text)
    return text.lower() == "true"


def _schema_version(text: str, _: Bounds) -> str:
    if not _SCHEMA_VERSION.match(text):
        raise ODataSyntaxError("Expected a version of the schema, or '*'", 0, text)
    return text


def _levels(text: str, _: Bounds) -> int:
    raise ODataSyntaxError("It stands within '$expand=name(...)' only", 0, text)


def _text(text: str, _: Bounds) -> str:
    return text


def _token(text: str, _: Bounds) -> str:
    if not text:
        raise ODataSyntaxError("Expected a token", 0, text)
    return text


_SEARCHABLE: Mapping[str, Callable[[str, Bounds, Set[int]], object]] = {
    "filter": parse_expression,
    "search": parse_search,
    "apply": parse_apply,
    "select": parse_select,
    "expand": parse_expand,
}
_READERS: Mapping[str, Callable[[str, Bounds], object]] = {
    "filter": parse_expression,
    "search": parse_search,
    "compute": parse_compute,
    "apply": parse_apply,
    "select": parse_select,
    "expand": parse_expand,
    "orderby": parse_orderby,
    "top": _number,
    "skip": _number,
    "count": _boolean,
    "index": _index,
    "levels": _levels,
    "format": _text,
    "id": _token,
    "schemaversion": _schema_version,
    "skiptoken": _token,
    "deltatoken": _token,
}
