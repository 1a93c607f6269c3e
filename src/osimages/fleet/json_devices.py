"""Devices from JSON: an array, Graph's `{"value": [...]}`, or one object on each line; read piece by piece."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Protocol

from osimages.fleet.columns import Columns
from osimages.fleet.devices import Broken, Device, Export, ExportError
from osimages.fleet.text import writable

_PIECE = 256 * 1024
_LARGEST_ITEM = 4 * 1024 * 1024
_SAMPLE_ITEMS = 100
_LONGEST_WORD = 16  # of JSON, such as `false`, with room for the end of a number
_STRING = r'"(?:[^"\\]|\\.){0,2000}"'
# An object that holds the devices in an array, such as {"@odata.context": "...", "value": [: up to that array.
_WRAPPED = re.compile(
    rf"\s*\{{\s*(?:{_STRING}\s*:\s*(?:{_STRING}|[\w.+-]+|\{{[^{{}}]{{0,4000}}\}})\s*,\s*){{0,50}}{_STRING}\s*:\s*\["
)
# Texts with commas between them, outside of an array: what begins so is the first line of a CSV file.
_CSV = re.compile(rf"\s*{_STRING}\s*[,;\t]")
# How an unpaired surrogate is written, among others.
_ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")
_BETWEEN = re.compile(r"[\s,]*")
_ONLY_BUILDS = "build"
_DECODER = json.JSONDecoder()


class Text(Protocol):
    """What is read from."""

    def read(self, size: int, /) -> str:
        """At most that many characters."""


def read_json(text: Text, choose: Callable[[Sequence[str], Sequence[Sequence[str]]], Columns]) -> Export:
    """Opens a JSON export of objects, or of builds as strings. Raises ExportError, and what `choose` raises."""
    items = _items(text)
    first = list(islice(items, _SAMPLE_ITEMS))
    objects = [item for _, item in first if isinstance(item, dict)]
    if not objects and first and isinstance(first[0][1], Broken):
        raise ExportError(f"It cannot be read as JSON: {first[0][1].reason}.")
    if not objects:
        columns = Columns(_ONLY_BUILDS, None, None)
        return Export((_ONLY_BUILDS,), columns, _devices(chain(first, items), (_ONLY_BUILDS,), columns))
    names = tuple(dict.fromkeys(name for item in objects for name in item))
    columns = choose(names, [[_text(item.get(name)) for name in names] for item in objects])
    return Export(names, columns, _devices(chain(first, items), names, columns))


def _devices(items: Iterator[tuple[int, Any]], names: Sequence[str], columns: Columns) -> Iterator[Device | Broken]:
    build, edition, system = columns.build, columns.edition, columns.system
    for line, item in items:
        if isinstance(item, dict):
            yield Device(
                line,
                _text(item.get(build)),
                _text(item.get(edition)) if edition else "",
                _text(item.get(system)) if system else "",
                [_text(item.get(name)) for name in names],
            )
        elif isinstance(item, str):
            yield Device(line, item, "", "", [item] + [""] * (len(names) - 1))
        elif isinstance(item, Broken):
            yield item
        else:
            yield Broken(line, line, "it is neither an object nor a build")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)


def _items(text: Text) -> Iterator[tuple[int, Any]]:
    """Every item with its line. No more than one item and one piece are held at a time."""
    buffer = text.read(_PIECE)
    if _CSV.match(buffer):
        raise ExportError("It is no JSON, but looks like CSV: --csv reads that.")
    start = _WRAPPED.match(buffer)
    position = start.end() if start else len(buffer) - len(buffer.lstrip())
    in_array = start is not None or buffer[position : position + 1] == "["
    position += in_array and start is None
    line = 1 + buffer.count("\n", 0, position)
    ended = False
    while True:
        between = _BETWEEN.match(buffer, position)
        assert between is not None, "it matches nothing, too"
        line += buffer.count("\n", position, between.end())
        position = between.end()
        if in_array and buffer.startswith("]", position):
            return
        try:
            item, after = _DECODER.raw_decode(buffer, position)
            # A number or a word may go on in the next piece.
            complete = after < len(buffer) or ended
            if _ESCAPED.search(buffer, position, after):
                item = json.loads(writable(json.dumps(item, ensure_ascii=False)))
        except (ValueError, RecursionError) as error:
            item, after, complete = Broken(line, line, _reason(error)), position, ended or _is_final(error, buffer)
        if not complete:
            more = text.read(_PIECE)
            ended = not more
            buffer, position = buffer[position:] + more, 0
            if len(buffer) > _LARGEST_ITEM:
                yield line, Broken(line, line, f"an item has more than {_LARGEST_ITEM} characters")
                return
            continue
        if position == len(buffer):
            if in_array:
                yield line, Broken(line, line, "the file ends in the middle of its array")
            return
        yield line, item
        if isinstance(item, Broken):
            if in_array:
                return
            after = _next_line(buffer, position)
        line += buffer.count("\n", position, after)
        position = after


def _next_line(buffer: str, position: int) -> int:
    """Where objects stand on lines of their own, what comes after a broken one can be read."""
    found = buffer.find("\n", position)
    return len(buffer) if found < 0 else found


def _is_final(error: Exception, buffer: str) -> bool:
    """Whether an item is broken whatever the next piece brings: the fault is not where this piece was cut off."""
    if not isinstance(error, json.JSONDecodeError):
        return True
    return not error.msg.startswith("Unterminated string") and error.pos < len(buffer) - _LONGEST_WORD


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return error.msg.lower()
    return "it is nested too deeply" if isinstance(error, RecursionError) else "a number has too many digits"
