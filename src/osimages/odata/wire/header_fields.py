"""Splits the values of header fields, in time that is linear in their length.

Source: RFC 9110, section 5. Clients choose these texts: no pattern here may try a piece of a text twice, and nothing
is joined piece by piece.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping

# Lines of one request in a batch; the server library allows as many of a request of HTTP/1.1. Clients send up to 30.
MOST_LINES = 100
# Up to a separator outside of quoted strings (RFC 9110, section 5.6.4). One that does not end takes all that follows.
_PIECE: Mapping[str, re.Pattern[str]] = {
    each: re.compile(rf'(?:[^"{each}]++|"(?:[^"\\]|\\.)*+(?:"|\\?\Z))*+', re.DOTALL) for each in ",;"
}


def combined(lines: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return header fields by name; one that comes more than once has all values, separated by commas (section 5.3).

    But for cookies, which HTTP/2 splits at their semicolons (RFC 9113, section 8.2.3).
    """
    found: dict[bytes, list[bytes]] = {}
    for name, value in lines:
        found.setdefault(name, []).append(value)
    return {
        name: values[0] if len(values) == 1 else (b"; " if name == b"cookie" else b", ").join(values)
        for name, values in found.items()
    }


def split_quoted(text: str, separator: str) -> list[str]:
    """Split a text at commas or semicolons that are not inside of quoted strings. Pieces keep their white space."""
    if '"' not in text:
        return text.split(separator)
    pieces, position, piece = [], 0, _PIECE[separator]
    while position <= len(text):
        match = piece.match(text, position)
        assert match is not None, "the pattern matches the empty text"
        pieces.append(match[0])
        position = match.end() + 1
    return pieces


def cookie_values(header: str, names: Container[str]) -> dict[str, str]:
    """Return the cookies of those names (RFC 6265, section 5.4)."""
    pairs = (each.partition("=") for each in header.split(";"))
    return {name.strip(): value.strip().strip('"') for name, equals, value in pairs if equals and name.strip() in names}
