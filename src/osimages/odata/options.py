"""From a raw query string to query options: trees and numbers, as yet without meaning.

Names are matched without regard to case and with or without `$`, as on Graph's beta endpoint
(https://learn.microsoft.com/graph/query-parameters); unknown names with `$` are refused, others are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from osimages.odata.encoding import decoded
from osimages.odata.errors import ODataSyntaxError
from osimages.odata.parser import Bounds, parse_expression, parse_orderby
from osimages.odata.tree import Expression, OrderItem

# Those that a client may write without `$`; the names of the others are too common in other uses.
_SHORT = ("filter", "select", "orderby", "top", "skip", "count", "skiptoken", "expand", "search", "format", "apply")
_ALWAYS_PREFIXED = ("compute", "deltatoken", "id", "index", "levels", "schemaversion")
_KNOWN = {f"${name}": name for name in (*_SHORT, *_ALWAYS_PREFIXED)} | {name: name for name in _SHORT}
_MOST_OPTIONS = 100
_LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """What a query string asks for; None or empty where it says nothing.

    `unsupported` holds the text of options that are known but read by nobody here, under their names without `$`.
    """

    filter: Expression | None = None
    select: tuple[str, ...] | None = None
    orderby: tuple[OrderItem, ...] = ()
    top: int | None = None
    skip: int | None = None
    count: bool | None = None
    skiptoken: str | None = None
    format: str | None = None
    unsupported: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, Expression] = field(default_factory=dict)
    given: frozenset[str] = frozenset()


class OptionError(Exception):
    """An option that cannot be read: its name with `$`, and why."""

    def __init__(self, option: str, reason: str) -> None:
        self.option = option
        self.reason = reason
        super().__init__(f"{option}: {reason}")


NO_OPTIONS = QueryOptions()


def parse_options(query: str, bounds: Bounds = Bounds()) -> QueryOptions:  # noqa: B008 (Bounds is frozen)
    """The options of a raw query string. Raises OptionError, or ODataLimitError for what is too much."""
    if not query:
        return NO_OPTIONS
    texts, aliases = _pairs(query)
    values: dict[str, object] = {}
    unsupported: dict[str, str] = {}
    for name, text in texts.items():
        reader = _READERS.get(name)
        if reader is None:
            unsupported[name] = text
        else:
            values[name] = _read(name, reader, text, bounds)
    trees = {name: _read(name, parse_expression, text, bounds) for name, text in aliases.items()}
    return QueryOptions(**values, unsupported=unsupported, aliases=trees, given=frozenset(texts))  # type: ignore[arg-type]


def pairs(query: str) -> list[tuple[str, str]]:
    """Decoded names and values of a raw query string, in order. Raises OptionError."""
    found = []
    for part in query.split("&"):
        raw_name, _, raw_value = part.partition("=")
        name = _decoded(raw_name, raw_name[:64])
        found.append((name, _decoded(raw_value, name)))
    if len(found) > _MOST_OPTIONS:
        raise OptionError("query", f"more than {_MOST_OPTIONS} options")
    return found


def system_name(name: str) -> str | None:
    """The name without `$` of a system query option, in lower case; None for any other name."""
    return _KNOWN.get(name.lower())


def _pairs(query: str) -> tuple[dict[str, str], dict[str, str]]:
    texts: dict[str, str] = {}
    aliases: dict[str, str] = {}
    for name, value in pairs(query):
        known = system_name(name)
        if known is None and name.startswith("$"):
            raise OptionError(name[:64], "there is no such option")
        if known is None and not name.startswith("@"):
            continue
        place, key = (aliases, name) if known is None else (texts, known)
        if key in place:
            raise OptionError(f"${known}" if known else name[:64], "it is given more than once")
        place[key] = value
    return texts, aliases


def _decoded(text: str, option: str) -> str:
    try:
        return decoded(text.replace("+", " "))
    except ODataSyntaxError as error:
        raise OptionError(option, str(error)) from None


def _read(name: str, reader: object, text: str, bounds: Bounds) -> object:
    assert callable(reader)
    try:
        return reader(text, bounds)
    except ODataSyntaxError as error:
        raise OptionError(name[:64] if name.startswith("@") else f"${name}", str(error)) from None


def _number(text: str, _: Bounds) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ODataSyntaxError("Expected a number without sign", 0, text)
    if len(text) > _LONGEST_NUMBER:
        raise ODataSyntaxError(f"Expected a number of at most {_LONGEST_NUMBER} digits", 0, text)
    return int(text)


def _boolean(text: str, _: Bounds) -> bool:
    if text.lower() not in ("true", "false"):
        raise ODataSyntaxError("Expected 'true' or 'false'", 0, text)
    return text.lower() == "true"


def _names(text: str, _: Bounds) -> tuple[str, ...]:
    """The items of $select as they are written; nested options are told from commas by their parentheses."""
    items, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            items.append(text[start:position].strip())
            start = position + 1
    items.append(text[start:].strip())
    if not all(items) or depth != 0:
        raise ODataSyntaxError("Expected names of properties, separated by commas", 0, text)
    return tuple(items)


def _text(text: str, _: Bounds) -> str:
    return text


_READERS = {
    "filter": parse_expression,
    "select": _names,
    "orderby": parse_orderby,
    "top": _number,
    "skip": _number,
    "count": _boolean,
    "skiptoken": _text,
    "format": _text,
}
