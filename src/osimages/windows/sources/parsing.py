"""What all importers share: errors that name what was expected, and JSON, days and builds read with care."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from osimages.windows.builds import Build
from osimages.windows.merge.claims import Claim, Parsed, latest
from osimages.windows.sources.titles import EXPECTED, OutOfScopeError, UnreadableError, read_title

_VERSION = re.compile(r"(windows\s*1[01])\D{0,20}?\bversion\s+(\w{4})\b", re.IGNORECASE)
_FIRST = re.compile(r"windows\s*10\W.*\binitial version\b", re.IGNORECASE)
_CLIENT = re.compile(r"windows\s*1[01]\b", re.IGNORECASE)
# What cannot be read of a list that was read before is a change of its form, not a slip of the pen.
_MOST_UNREADABLE = 0.2
_LARGEST_PAGE = 8 * 1024 * 1024  # the largest, the update history of Windows 10, has about a tenth of that


class LayoutError(ValueError):
    """A document that is not of the form that its importer reads; the text says what was expected."""


def page_of(content: bytes) -> str:
    """Return the text of a page for people. Raises LayoutError where it is no text, or larger than any such page."""
    if len(content) > _LARGEST_PAGE:
        raise LayoutError(
            f"expected a page of at most {_LARGEST_PAGE // 1024 // 1024} MB, found {len(content):,} bytes"
        )
    return decoded(content)


def decoded(content: bytes) -> str:
    """Return the text of a document.

    Raises LayoutError where it is not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LayoutError("expected text in UTF-8") from None


def json_object(content: bytes, expected: str) -> dict[str, Any]:
    """Return the JSON object that a document is; `expected` describes it in the error.

    Raises LayoutError.
    """
    try:
        found = msgspec.json.decode(decoded(content))
    except (msgspec.DecodeError, RecursionError):
        raise LayoutError(f"expected {expected}, found no JSON") from None
    if not isinstance(found, dict):
        raise LayoutError(f"expected {expected}, found JSON that is no object")
    return found


def objects(value: object, expected: str) -> list[dict[str, Any]]:
    """Return the objects of a JSON array.

    Raises LayoutError where it is none, or holds something else.
    """
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise LayoutError(f"expected {expected}")
    return value


def text_of(item: Mapping[str, Any], name: str) -> str:
    """Return a text member; empty where it is missing or something else."""
    value = item.get(name)
    return value.strip() if isinstance(value, str) else ""


def day_of(text: object) -> date | None:
    """Return the day that a text begins with, `2026-07-14` or `2026-07-14T07:00:00Z`; None where it is none."""
    if not isinstance(text, str) or len(text) < 10:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def build_of(text: str) -> Build | None:
    """Return the build, or None where the text is none."""
    try:
        return Build.parse(text)
    except ValueError:
        return None


def release_of(text: str) -> str:
    """`Windows 11 25H2` of a heading such as "Windows 11, version 25H2"; empty where it names no one release."""
    found = _VERSION.search(text)
    if found is not None:
        return f"Windows {found[1][-2:]} {found[2].upper()}"
    return "Windows 10 1507" if _FIRST.search(text) else ""


def is_of_client(text: str) -> bool:
    """Return whether a heading is that of Windows 10 or 11, and not of Windows Server alone."""
    return _CLIENT.match(text.strip()) is not None


def from_titles(titles: Iterable[tuple[str, str]], where: str) -> Parsed:
    """Return the claims of titles, each with the release in whose list it stands.

    Raises LayoutError where there are none, or more of them cannot be read than slips of the pen explain.
    """
    claims: list[Claim] = []
    rejected: list[tuple[str, str]] = []
    read = 0
    for listed_under, text in titles:
        try:
            claims += read_title(text).claims(listed_under)
            read += 1
        except OutOfScopeError:
            continue
        except UnreadableError as error:
            rejected.append((" ".join(text.split())[:200], f"this title cannot be read: {error}"))
    if not read:
        raise LayoutError(f"expected titles such as {EXPECTED} {where}, found none")
    if len(rejected) > _MOST_UNREADABLE * (read + len(rejected)):
        raise LayoutError(
            f"expected titles such as {EXPECTED} {where}; {len(rejected)} of {read + len(rejected)} are of another "
            f"form, such as '{rejected[0][0]}'"
        )
    return Parsed(latest(claims), tuple(rejected))


def joined(parts: Sequence[Parsed]) -> Parsed:
    """Several documents of a source as one."""
    days = [each.as_of for each in parts if each.as_of is not None]
    claims = latest(claim for each in parts for claim in each.claims)
    return Parsed(claims, tuple(pair for each in parts for pair in each.rejected), max(days) if days else None)
