"""From a raw URL path to segments: split first, decode after, so that an encoded slash stays inside its segment.

This is all that a server needs that knows its model; `path.py` reads a path by the grammar alone.

Source: OData 4.01 URL conventions, section 2
https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html#sec_URLParsing
"""

from __future__ import annotations

import re

import msgspec

from osimages.odata.text.percent_encoding import decoded
from osimages.odata.text.syntax_errors import ODataSyntaxError

_PARENTHESES = re.compile(r"(?P<name>[^()']*)\((?P<arguments>.*)\)\Z", re.DOTALL)
_ARGUMENT = re.compile(
    r"\s*(?P<name>[^\W\d]\w*)\s*=\s*(?P<value>'(?:[^']|'')*'|[^',()\s]+)\s*(?P<more>,|\Z)", re.DOTALL
)
_KEY = re.compile(r"(?:(?P<name>[^\W\d]\w*)=)?'(?P<value>(?:[^']|'')*)'\Z", re.DOTALL)
_BARE_KEY = re.compile(r"(?:(?P<name>[^\W\d]\w*)=)?(?P<value>[^=]+)\Z", re.DOTALL)


class PathSegment(msgspec.Struct, frozen=True):
    """A decoded segment. `arguments` is what stands in its parentheses, None when there are none."""

    text: str
    name: str
    arguments: str | None
    position: int


def split_path(path: str) -> list[PathSegment]:
    """The segments of a raw path. Repeated slashes count as one: the Python SDK sends them.

    Raises ODataSyntaxError where percent-encoding is malformed, or a segment holds U+0000.
    """
    segments = []
    position = 0
    for part in path.split("/"):
        if part:
            segments.append(_segment(part, position, path))
        position += len(part) + 1
    return segments


def key_of(segment: PathSegment, key_name: str) -> str | None:
    """The key in ('value') or (name='value'), a doubled quote standing for one; None when it is anything else.

    The name may be in any case, as other names in a path.
    """
    match = _KEY.match(segment.arguments or "")
    if match is None or (match["name"] or key_name).lower() != key_name.lower():
        return None
    return match["value"].replace("''", "'")


def bare_key_of(segment: PathSegment, key_name: str) -> str | None:
    """The text of a key of another type than Edm.String in (42) or (name=42); None when it is anything else."""
    match = _BARE_KEY.match(segment.arguments or "")
    if match is None or (match["name"] or key_name).lower() != key_name.lower():
        return None
    return match["value"]


def arguments_of(segment: PathSegment) -> dict[str, str] | None:
    """The texts of a function's arguments by name, as in `(buildVersion='26100.1',date=2026-11-23)`.

    None where they are not of that form, or a name comes twice (URL conventions, section 4.9.1).
    """
    found: dict[str, str] = {}
    text, position = segment.arguments or "", 0
    while position < len(text):
        match = _ARGUMENT.match(text, position)
        if match is None or match["name"] in found:
            return None
        found[match["name"]] = match["value"]
        position = match.end()
        if match["more"] and position == len(text):
            return None
    return found


def _segment(part: str, position: int, path: str) -> PathSegment:
    try:
        text = decoded(part)
    except ODataSyntaxError as error:
        raise ODataSyntaxError(error.message, position + error.position, path) from None
    if "\0" in text:
        raise ODataSyntaxError("The character U+0000", position, path)
    match = _PARENTHESES.match(text) if text.endswith(")") else None
    if match is None:
        return PathSegment(text, text, None, position)
    return PathSegment(text, match["name"], match["arguments"], position)
