"""Reads the path of a resource by the grammar: names, keys, functions and what starts with `$`; knows no model.

Grammar: https://docs.oasis-open.org/odata/odata/v4.01/os/abnf/odata-abnf-construction-rules.txt, part 1
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from osimages.odata.text.context_url import Context, parse_context
from osimages.odata.text.expression_parser import ExpressionReader
from osimages.odata.text.options_parser import pairs, parse_options, system_name
from osimages.odata.text.percent_encoding import decoded
from osimages.odata.text.query_tree import QueryOptions
from osimages.odata.text.syntax_errors import ODataLimitError, ODataSyntaxError
from osimages.odata.text.text_limits import BOUNDS, Bounds
from osimages.odata.text.tree import Alias, Argument, EnumLiteral, Literal, LiteralKind, Name

_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
# A filter in a path holds slashes of its own; quotes hide parentheses, in both spellings.
_FILTER = re.compile(r"\$filter(?:\(|%28)")
_IN_FILTER = re.compile(
    r"(?P<quoted>(?:'|%27)(?:(?!'|%27)[^/])*+(?:'|%27))|(?P<opening>\(|%28)|(?P<closing>\)|%29)", re.IGNORECASE
)
_WHOLE = ("$batch", "$metadata")
_LAST = ("$count", "$ref", "$value", "$query")
_LONGEST_NAME = 128


class Segment(msgspec.Struct, frozen=True):
    """A part of a path, decoded.

    `name` is a name, a qualified name, a word that starts with `$`, or a key or an index as it stands in the path.
    `arguments` are those in parentheses: a key, the parameters of a function, the condition of `$filter`, the sets of
    `$crossjoin`. A function that gives a collection can have a `key` after them.
    """

    name: str
    arguments: tuple[Argument, ...] | None
    key: tuple[Argument, ...] | None
    position: int


class Url(msgspec.Struct, frozen=True):
    """What follows the root of a service in a URL; `context` is the fragment after `$metadata`."""

    path: tuple[Segment, ...]
    options: QueryOptions
    context: Context | None


def parse_path(path: str, bounds: Bounds = BOUNDS) -> tuple[Segment, ...]:
    """The segments of a raw path below the root of a service, without its query. Repeated slashes count as one.

    Raises ODataSyntaxError with a position in the raw path, or ODataLimitError.
    """
    found: list[Segment] = []
    for position, part in path_parts(path):
        if len(found) == bounds.nodes:
            raise ODataLimitError("The number of segments", bounds.nodes, "max_filter_nodes")
        is_decoded = False
        try:
            text = decoded(part)
            is_decoded = text != part
            found.append(_segment(text, position, found[-1] if found else None, bounds))
        except ODataSyntaxError as error:
            # Where a segment was decoded, a position in it is none in the raw path: the segment's own has to do.
            raise ODataSyntaxError(error.message, position + (0 if is_decoded else error.position), path) from None
    return tuple(found)


def parse_url(url: str, bounds: Bounds = BOUNDS) -> Url:
    """A raw URL below the root of a service: path, query options, context. Raises ODataSyntaxError,
    ODataLimitError, or OptionError.
    """
    rest, has_fragment, fragment = url.partition("#")
    raw_path, _, query = rest.partition("?")
    path = parse_path(raw_path, bounds)
    options = parse_options(query, bounds)
    _check_options(path, options, query, url)
    if has_fragment and not (path and path[0].name == "$metadata"):
        raise ODataSyntaxError("A fragment stands after '$metadata' only", len(rest), url)
    return Url(path, options, parse_context(f"#{decoded(fragment)}", bounds) if has_fragment else None)


def _check_options(path: tuple[Segment, ...], options: QueryOptions, query: str, url: str) -> None:
    """What does not name a resource of the service takes few options."""
    first = path[0].name if path else ""
    allowed = {"$batch": {"format"}, "$metadata": {"format"}, "$entity": {"format"} | _identifier(options, len(path))}
    refused = options.given - allowed.get(first, options.given)
    position = url.find("?") + 1
    for part in query.split("&") if refused else ():
        [(name, _)] = pairs(part)
        if system_name(name) in refused:
            raise ODataSyntaxError(f"'{name}' cannot be asked of '{first}'", position, url)
        position += len(part) + 1
    if first == "$entity" and not _entity_id(options):
        raise ODataSyntaxError("'$entity' needs '$id'", len(url.partition("?")[0]), url)


def _identifier(options: QueryOptions, segments: int) -> set[str]:
    return {"id"} if segments == 1 else {"id", "select", "expand"}


def _entity_id(options: QueryOptions) -> str | None:
    return options.id or next((text for name, text in options.custom.items() if name.lower() == "id"), None)


def path_parts(path: str) -> Iterator[tuple[int, str]]:
    """Where each raw segment starts, and its text."""
    position = 0
    while position < len(path):
        end = _end_of_filter(path, position) or path.find("/", position)
        end = len(path) if end < 0 else end
        if end > position:
            yield position, path[position:end]
        position = end + 1


def _end_of_filter(path: str, position: int) -> int | None:
    start = _FILTER.match(path, position)
    if start is None:
        return None
    depth = 1
    for match in _IN_FILTER.finditer(path, start.end()):
        depth += (match.lastgroup == "opening") - (match.lastgroup == "closing")
        if depth == 0:
            return path.find("/", match.end())
    return -1


# --- one segment ---
def _segment(text: str, position: int, before: Segment | None, bounds: Bounds) -> Segment:
    if text[-1] in " \t" and ("(" in text or text[0] == "$"):
        raise ODataSyntaxError("White space after a segment", len(text.rstrip(" \t")), text)
    if before is not None and before.name in (*_LAST, *_WHOLE):
        raise ODataSyntaxError(f"Nothing can follow '{before.name}'", 0, text)
    if before is not None and before.name == "$crossjoin" and text != "$query":
        raise ODataSyntaxError("Nothing but '$query' can follow '$crossjoin'", 0, text)
    if before is not None and before.name in ("$all", "$entity") and _NAME.fullmatch(text) is None:
        raise ODataSyntaxError(f"Nothing but a type can follow '{before.name}'", 0, text)
    if text.startswith("$"):
        return _system_segment(text, position, before, bounds)
    name = _NAME.match(text)
    if name is None or (name.end() < len(text) and text[name.end()] != "("):
        if before is None:
            raise ODataSyntaxError("Expected the name of a resource", 0, text)
        return Segment(text, None, None, position)
    if before is None and "." in name[0]:
        raise ODataSyntaxError("Expected the name of a resource, without a namespace", name[0].index("."), text)
    if max(map(len, name[0].split("."))) > _LONGEST_NAME:
        raise ODataSyntaxError(f"A name of more than {_LONGEST_NAME} characters", 0, text)
    if name.end() == len(text):
        return Segment(text, None, None, position)
    return _called(text, name[0], position, bounds)


def _called(text: str, name: str, position: int, bounds: Bounds) -> Segment:
    """A segment with a key or parameters, and perhaps a key after these."""
    reader = ExpressionReader(text, bounds)
    reader.move(len(name))
    groups: list[tuple[Argument, ...]] = []
    while len(groups) < 2 and reader.is_mark("("):
        reader.advance()
        groups.append(_constants(reader.arguments(), len(name), text))
    reader.expect_end()
    arguments, key = groups[0], groups[1] if len(groups) > 1 else None
    if (len(arguments) > 1 and arguments[0].name is None) or key == ():
        raise ODataSyntaxError("Expected one value, or values with names", len(name), text)
    return Segment(name, arguments, key, position)


def _constants(arguments: tuple[Argument, ...], position: int, text: str) -> tuple[Argument, ...]:
    for each in arguments:
        if not isinstance(each.value, Literal | EnumLiteral | Alias):
            raise ODataSyntaxError("Expected a literal or a parameter alias", each.value.position, text)
        if each.name is None and isinstance(each.value, Literal) and each.value.kind is LiteralKind.NULL:
            raise ODataSyntaxError("No key is null", each.value.position, text)
    return arguments


def _system_segment(text: str, position: int, before: Segment | None, bounds: Bounds) -> Segment:
    if before is None:
        if text in (*_WHOLE, "$all", "$entity"):
            return Segment(text, None, None, position)
        if text.startswith("$crossjoin("):
            return Segment("$crossjoin", _sets(text, bounds), None, position)
    elif text.startswith("$filter("):
        reader = ExpressionReader(text, bounds)
        reader.move(len("$filter("))
        condition = reader.expression()
        reader.expect(")")
        reader.expect_end()
        return Segment("$filter", (Argument(None, condition),), None, position)
    elif text in (*_LAST, "$each"):
        return Segment(text, None, None, position)
    raise ODataSyntaxError(f"'{text[:64]}' cannot stand here", 0, text)


def _sets(text: str, bounds: Bounds) -> tuple[Argument, ...]:
    reader = ExpressionReader(text, bounds)
    reader.move(len("$crossjoin("))
    found = []
    while True:
        start = reader.start
        found.append(Argument(None, Name(reader.name("the name of an entity set"), start)))
        if not reader.take(","):
            break
    reader.expect(")")
    reader.expect_end()
    return tuple(found)
