"""Takes the tables out of a page of Microsoft's documentation, which is served as HTML and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
from selectolax.lexbor import LexborNode

from osimages.windows.sources.html import parsed

_MARKDOWN_TABLE_RULE = re.compile(r"\s*\|?\s*:?-{2,}")
_LINK = re.compile(r"\[([^\]]{0,200})\]\([^)]{0,2000}\)")
_TAG = re.compile(r"<[^>]{0,500}>")
_UPDATED = re.compile(r"^updated_at:\s*(\S+)", re.MULTILINE)
_TOO_MANY_CELLS = 40


class Table(msgspec.Struct, frozen=True):
    """A table with the texts that stand before it, since the table before."""

    before: str
    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Page(msgspec.Struct, frozen=True):
    """A page: its tables, and the day on which it was last changed, as it says itself; empty where it does not."""

    tables: tuple[Table, ...]
    updated: str


def read_page(text: str) -> Page:
    """Return the tables of a page. Text that is neither HTML nor Markdown has none. Raises LayoutError."""
    if re.match(r"\s*<", text):
        return _html(text)
    updated = _UPDATED.search(text[:5000])
    return Page(tuple(_markdown(text)), updated[1] if updated else "")


def _html(text: str) -> Page:
    tree = parsed(text)
    meta = tree.css_first('meta[name="updated_at"]')
    updated = (meta.attributes.get("content") or "") if meta is not None else ""
    tables: list[Table] = []
    before: list[str] = []
    for node in tree.css("h1, h2, h3, h4, strong, b, summary, p, table"):
        if node.tag != "table":
            before.append(_plain(node.text()))
            continue
        rows = [_cells(row) for row in node.css("tr")]
        if len(rows) > 1:
            tables.append(Table(" ".join(before), rows[0], tuple(rows[1:])))
        before = []
    return Page(tuple(tables), updated)


def _cells(row: LexborNode) -> tuple[str, ...]:
    return tuple(_plain(cell.text()) for cell in row.css("th, td")[:_TOO_MANY_CELLS])


def _markdown(text: str) -> Iterator[Table]:
    lines = text.splitlines()
    before: list[str] = []
    number = 0
    while number < len(lines):
        if "|" in lines[number] and number + 1 < len(lines) and _MARKDOWN_TABLE_RULE.match(lines[number + 1]):
            titles = _split(lines[number])
            number += 2
            rows = []
            while number < len(lines) and "|" in lines[number]:
                rows.append(_split(lines[number]))
                number += 1
            yield Table(" ".join(before), titles, tuple(rows))
            before = []
        else:
            before.append(_plain(_LINK.sub(r"\1", lines[number]).replace("*", "").replace("#", "")))
            number += 1


def _split(line: str) -> tuple[str, ...]:
    cells = line.strip().removeprefix("|").removesuffix("|").split("|")[:_TOO_MANY_CELLS]
    return tuple(_plain(_TAG.sub(" ", _LINK.sub(r"\1", cell)).replace("*", "")) for cell in cells)


def _plain(text: str) -> str:
    return " ".join(text.split())
