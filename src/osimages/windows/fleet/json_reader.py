"""Reads devices from JSON: arrays, one object a line, pages of Graph, `$batch` responses, reports with a schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from osimages.windows.fleet.json_pages import Pages
from osimages.windows.fleet.json_scanner import End, Item, Scanner, Start, Text
from osimages.windows.fleet.rows import Broken, Row

ONLY_BUILDS = "build"
_MOST_NAMES = 1_000
_LONGEST_NAME = 256
_DEEPEST = 4
# The names of arrays that hold devices, in other tools' answers; those of Graph are read without a doubt.
_CONTAINERS = frozenset(
    ("items", "data", "results", "result", "records", "rows", "devices", "hosts", "computers", "machines", "assets")
)
_PAGES = frozenset(("value", "values", "responses"))
_LOOKED_AT = 20
_ENCODER = json.JSONEncoder(ensure_ascii=False)
_SCHEMAS = ("schema", "columns")
_SCHEMA_NAMES = ("column", "name", "columnname")
_SYSTEM = re.compile(
    r"windows|mac ?os|\bios\b|ipados|android|linux|ubuntu|(?<![\d.])(?:10\.0\.)?[12]\d{4}(?:\.\d+)?(?![\d.])",
    re.IGNORECASE,
)
_Found = Iterator[tuple[int, dict[str, str]] | Broken]


class JsonReader:
    """Reads a JSON text once. `names` are extended while it reads, unless they are given."""

    def __init__(self, text: Text, names: Sequence[str] | None = None) -> None:
        self.names = list(names or ())
        self._are_given = names is not None
        self._scanner = Scanner(text)
        self._pages = Pages()

    @property
    def incomplete(self) -> list[str]:
        """Sentences about missing input, complete once all rows are read."""
        cut_off = ["the rest of the file could not be read"] if self._scanner.is_cut_off else []
        return cut_off + self._pages.incomplete()

    def rows(self) -> Iterator[Row | Broken]:
        """Read the rows. Raises ExportError where the text is CSV."""
        known = set(self.names)
        for found in self._found():
            if isinstance(found, Broken):
                yield found
                continue
            line, cells = found
            if not self._are_given and not known.issuperset(cells):
                new = [name for name in cells if name not in known and len(name) <= _LONGEST_NAME]
                new = new[: _MOST_NAMES - len(known)]
                known.update(new)
                self.names += new
            get = cells.get
            yield Row(line, [get(name, "") for name in self.names])

    def _found(self) -> _Found:
        opened: list[_Opened] = []
        for event in self._scanner.events():
            if isinstance(event, Item):
                holder = opened[-1] if opened else None
                for each in self._item(event, holder):
                    if holder is not None:
                        holder.rows += 1
                    yield each
            elif isinstance(event, Broken):
                yield event
            elif isinstance(event, Start):
                opened.append(_Opened(event.head))
            else:
                assert isinstance(event, End)
                yield from self._end(opened)

    def _end(self, opened: list[_Opened]) -> _Found:
        ended = opened.pop()
        if ended.is_batch:
            self._pages.end_batch()
        else:
            self._pages.page(ended.head, ended.rows)
        if opened:
            opened[-1].rows += ended.rows
        yield from ()

    def _item(self, item: Item, holder: _Opened | None) -> _Found:
        if holder is not None and item.key.lower() == "responses" and _is_response(item.value):
            if not holder.is_batch:
                holder.is_batch = True
                self._pages.begin_batch()
            yield from self._response(item.value, item.line)
        elif holder is not None and isinstance(item.value, list):
            yield self._listed(item.value, holder.schema(), item.line)
        else:
            yield from self._value(item.value, item.line, 0)

    def _value(self, value: Any, line: int, depth: int) -> _Found:
        """Give the devices of a whole value: of one device, or of all that it holds."""
        if isinstance(value, dict):
            array = _array_of(value)
            if array is not None and depth < _DEEPEST:
                yield from self._page(value, array, line, depth)
            elif "error" in value and _is_error(value):
                self._pages.failed("", "", value["error"])
            else:
                yield line, _flat(value)
        elif isinstance(value, str):
            yield line, {ONLY_BUILDS: value}
        elif isinstance(value, list) and depth < _DEEPEST:
            for each in value:
                yield from self._value(each, line, depth + 1)
        else:
            yield Broken(line, line, "it is neither an object nor a build")

    def _page(self, page: Mapping[str, Any], name: str, line: int, depth: int) -> _Found:
        rows = 0
        array = page[name]
        schema = _schema(page)
        is_batch = name.lower() == "responses"
        if is_batch:
            self._pages.begin_batch()
        for number, each in enumerate(array if isinstance(array, list) else (array,), 1):
            if is_batch and _is_response(each):
                found = self._response(each, line)
            elif schema and isinstance(each, list):
                found = iter((self._listed(each, schema, line),))
            else:
                found = self._value(each, line, depth + 1)
            for one in found:
                rows += 1
                yield one if not isinstance(one, Broken) else one._replace(reason=f"item {number}: {one.reason}")
        if is_batch:
            self._pages.end_batch()
        else:
            self._pages.page(page, rows)

    def _response(self, response: Mapping[str, Any], line: int) -> _Found:
        """Give the devices of one response of a batch."""
        request, status, body = str(response.get("id", "")), str(response.get("status", "200")), response.get("body")
        if not status.startswith("2") or (isinstance(body, dict) and _is_error(body)):
            self._pages.failed(request, status, body.get("error") if isinstance(body, dict) else None)
            return
        self._pages.succeeded(request)
        if body is not None:
            yield from self._value(body, line, 1)

    @staticmethod
    def _listed(cells: list[Any], schema: list[str], line: int) -> tuple[int, dict[str, str]] | Broken:
        """Give a row of a report, whose cells have their names in its schema."""
        if not schema:
            return Broken(line, line, "it is a list, and no schema before it names its cells")
        if len(cells) != len(schema):
            return Broken(line, line, f"it has {len(cells)} cells, the schema has {len(schema)}")
        return line, {name: _text(cell) for name, cell in zip(schema, cells, strict=True)}


class _Opened:
    """An object that is read in parts, and the number of rows in it so far."""

    __slots__ = ("_schema", "head", "is_batch", "rows")

    def __init__(self, head: dict[str, Any]) -> None:
        self.head = head
        self.rows = 0
        self.is_batch = False
        self._schema: list[str] = []

    def schema(self) -> list[str]:
        self._schema = self._schema or _schema(self.head)
        return self._schema


def _array_of(value: Mapping[str, Any]) -> str | None:
    """Return the name of the member that holds devices; None where the object is a device itself."""
    found: str | None = None
    for name, each in value.items():
        if isinstance(each, str):
            continue
        if isinstance(each, list):
            lower = name.lower()
            if lower in _PAGES:
                return name
            if found is None and (lower in _CONTAINERS or _is_list_of_devices(each)):
                found = name
        elif found is None and isinstance(each, dict) and _array_of(each) is not None:
            found = name
    return None if found is None or _looks_like_device(value) else found


def _is_list_of_devices(items: list[Any]) -> bool:
    return any(isinstance(each, dict) and _holds_devices(each) for each in items[:_LOOKED_AT])


def _holds_devices(value: Mapping[str, Any]) -> bool:
    return _looks_like_device(value) or (bool(_schema(value)) and _array_of(value) is not None)


def _looks_like_device(value: Mapping[str, Any]) -> bool:
    """Return whether an object describes an operating system."""
    return any(
        _SYSTEM.search(each)
        if isinstance(each, str)
        else isinstance(each, dict) and any(isinstance(text, str) and _SYSTEM.search(text) for text in each.values())
        for each in value.values()
    )


def _schema(head: Mapping[str, Any]) -> list[str]:
    """Return the names that a report gives to the cells of its rows."""
    for name, value in head.items():
        if name.lower() in _SCHEMAS and isinstance(value, list):
            return [_column_name(each) for each in value]
    return []


def _column_name(column: object) -> str:
    if isinstance(column, dict):
        return next((str(text) for name, text in column.items() if name.lower() in _SCHEMA_NAMES), "")
    return str(column)


def _is_response(value: object) -> bool:
    return isinstance(value, dict) and ("body" in value or "status" in value)


def _is_error(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("error"), dict) and "code" in value["error"]


def _flat(value: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, str]:
    """Return the members of an object and of those in it, by dotted names."""
    flat: dict[str, str] = {}
    for name, each in value.items():
        if type(each) is str:
            flat[prefix + name] = each
        elif isinstance(each, dict) and each and depth < _DEEPEST:
            flat |= _flat(each, f"{prefix}{name}.", depth + 1)
        else:
            flat[prefix + name] = _text(each)
    return flat


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else _ENCODER.encode(value)
