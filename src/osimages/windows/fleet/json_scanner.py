"""Reads a JSON text value by value: large arrays item by item, however large the text is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from osimages.windows.fleet.rows import Broken, ExportError, Number
from osimages.windows.fleet.text import writable

_PIECE = 256 * 1024
_LARGEST_VALUE = 4 * 1024 * 1024
_LONGEST_WORD = 16  # of JSON, such as `false`, with room for the end of a number
_STRING = r'"(?:[^"\\]++|\\.)*+"'
# Texts with commas between them, outside of an array: the first line of a CSV file.
_CSV = re.compile(rf"\s*{_STRING}\s*[,;\t]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_BETWEEN = re.compile(r"[\s,]*")
_KEY = re.compile(rf"[\s,]*({_STRING})\s*:\s*")
_SCALAR = rf"{_STRING}|[\w.+-]++|\{{[^{{}}\[\]]{{0,4000}}+\}}"
_PAGE_KEYS = frozenset(("value", "values", "responses"))
# An object whose first array is the one of a page: it is read item by item, so that each item has its line.
_PAGE = re.compile(
    rf'\{{\s*(?:{_STRING}\s*:\s*(?:{_SCALAR})\s*,\s*){{0,50}}+"(?:value|values|responses)"\s*:\s*\[', re.IGNORECASE
)
_LONGEST_HEAD = 16 * 1024
_DEEPEST = 8
_MOST_BROKEN = 10_000
_DECODER = json.JSONDecoder(parse_float=Number, parse_int=str)


class Text(Protocol):
    """A source of text that the scanner reads in pieces."""

    def read(self, size: int, /) -> str:
        """At most that many characters."""


class Item(NamedTuple):
    """A whole value and its line; `key` is the name of the array that holds it, in an object read in parts."""

    line: int
    value: Any
    key: str = ""


class Start(NamedTuple):
    """An object read in parts begins; the items of its arrays follow, then its `End`.

    `head` gets all its members, as they are read, but those arrays.
    """

    head: dict[str, Any]


class End(NamedTuple):
    """The object that was begun last ends."""


Event = Item | Start | End | Broken


class _UnreadableError(Exception):
    """The text is not JSON from here on."""


class Scanner:
    """Splits a text of JSON values into events: one array, or one value after the other, with commas or without."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._buffer = ""
        self._position = 0
        self._line = 1
        self._ended = False
        self._is_in_page = False
        self.is_cut_off = False  # whether a part of the text could not be read

    def events(self) -> Iterator[Event]:
        """Read the text. Raises ExportError where it is CSV."""
        self._more()
        if _CSV.match(self._buffer):
            raise ExportError("It is no JSON, but looks like CSV: --csv reads that.")
        broken = 0
        while self._skip():
            is_array = self._peek() == "["
            try:
                yield from self._array("", 0) if is_array else self._top_object()
            except _UnreadableError as error:
                yield Broken(self._line, self._line, str(error))
                broken += 1
                self.is_cut_off |= is_array or self._is_in_page or broken == _MOST_BROKEN
                # Where objects stand on lines of their own, those after a broken one can be read.
                if is_array or broken == _MOST_BROKEN or not self._next_object():
                    return

    def _top_object(self) -> Iterator[Event]:
        if len(self._buffer) - self._position < _LONGEST_HEAD and not self._ended:
            self._more()
        self._is_in_page = _PAGE.match(self._buffer, self._position, self._position + _LONGEST_HEAD) is not None
        yield from self._parts(0) if self._is_in_page else self._value("", 0)

    def _array(self, key: str, depth: int) -> Iterator[Event]:
        if depth > _DEEPEST:
            raise _UnreadableError("it is nested too deeply")
        self._position += 1
        while self._skip():
            if self._peek() == "]":
                self._position += 1
                return
            yield from self._value(key, depth + 1)
        raise _UnreadableError("the file ends in the middle of its array")

    def _value(self, key: str, depth: int) -> Iterator[Event]:
        line = self._line
        found = self._decode()
        if found is not None:
            yield Item(line, found[0], key)
        else:
            yield from self._large_value(key, depth)

    def _large_value(self, key: str, depth: int) -> Iterator[Event]:
        """Read a value that is larger than what is held at a time in parts."""
        if self._peek() == "{":
            yield from self._parts(depth)
        elif self._peek() == "[":
            yield from self._array(key, depth)
        else:
            raise _UnreadableError(f"a value has more than {_LARGEST_VALUE} characters")

    def _parts(self, depth: int) -> Iterator[Event]:
        """Read an object member by member."""
        if depth > _DEEPEST:
            raise _UnreadableError("it is nested too deeply")
        self._is_in_page = True
        head: dict[str, Any] = {}
        yield Start(head)
        self._position += 1
        while self._skip():
            if self._peek() == "}":
                self._position += 1
                yield End()
                return
            name = self._key()
            if self._peek() == "[" and name.lower() in _PAGE_KEYS:
                yield from self._array(name, depth)
            elif (found := self._decode()) is not None:
                head[name] = found[0]
            else:
                yield from self._large_value(name, depth)
        raise _UnreadableError("the file ends in the middle of an object")

    def _key(self) -> str:
        if len(self._buffer) - self._position < _LONGEST_HEAD and not self._ended:
            self._more()
        found = _KEY.match(self._buffer, self._position)
        if found is None or found.end() >= len(self._buffer):
            raise _UnreadableError("an object has a member without a name or without a value")
        self._advance(found.end())
        try:
            return writable(str(json.loads(found[1])))
        except ValueError as error:
            raise _UnreadableError(_reason(error)) from None

    def _decode(self) -> tuple[Any] | None:
        """Return the value that begins here; None where it is larger than what is held at a time."""
        while True:
            try:
                value, after = _DECODER.raw_decode(self._buffer, self._position)
            except (ValueError, RecursionError) as error:
                if self._ended or _is_final(error, self._buffer):
                    raise _UnreadableError(_reason(error)) from None
            else:
                # A number or a word may go on in the next piece.
                if after < len(self._buffer) or self._ended:
                    if _ESCAPED_SURROGATE.search(self._buffer, self._position, after):
                        value = json.loads(writable(json.dumps(value, ensure_ascii=False)), parse_int=str)
                    self._advance(after)
                    return (value,)
            if len(self._buffer) - self._position > _LARGEST_VALUE:
                return None
            self._more()

    def _skip(self) -> bool:
        """Go to the next value or end of one; False at the end of the text."""
        while True:
            found = _BETWEEN.match(self._buffer, self._position)
            assert found is not None, "it matches nothing, too"
            self._advance(found.end())
            if self._position < len(self._buffer):
                return True
            if self._ended:
                return False
            self._more()

    def _next_object(self) -> bool:
        """Go to the next line that begins with an object; False where there is none."""
        while (found := self._buffer.find("\n{", self._position)) < 0:
            if self._ended:
                return False
            self._advance(max(self._position, len(self._buffer) - 1))
            self._more()
        self._advance(found)
        return True

    def _peek(self) -> str:
        return self._buffer[self._position]

    def _advance(self, position: int) -> None:
        self._line += self._buffer.count("\n", self._position, position)
        self._position = position

    def _more(self) -> None:
        """Read a piece more; twice as much as is held already, so that the work stays in proportion to the text."""
        held = self._buffer[self._position :]
        more = self._text.read(max(_PIECE, len(held)))
        self._ended = not more
        self._buffer, self._position = held + more, 0


def _is_final(error: Exception, buffer: str) -> bool:
    """Return whether a value is broken for certain: the fault is not where this piece was cut off."""
    if not isinstance(error, json.JSONDecodeError):
        return True
    return not error.msg.startswith("Unterminated string") and error.pos < len(buffer) - _LONGEST_WORD


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return error.msg.lower()
    return "it is nested too deeply" if isinstance(error, RecursionError) else "a number has too many digits"
