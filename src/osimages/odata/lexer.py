"""Cuts the text of an OData expression into tokens.

Grammar: https://docs.oasis-open.org/odata/odata/v4.01/os/abnf/odata-abnf-construction-rules.txt
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from osimages.odata.errors import ODataSyntaxError

# Digits are ASCII; `\d` would match those of every script.
_DAY = r"-?[0-9]{4,}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,12})?)?"


class TokenKind(Enum):
    """What a token is; the order is the order in which the lexer tries."""

    GUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?!\w)"
    DATETIMEOFFSET = rf"{_DAY}T{_TIME}(?:Z|[+-][0-9]{{2}}:[0-9]{{2}})(?!\w)"
    DATE = rf"{_DAY}(?!\w)"
    TIMEOFDAY = rf"{_TIME}(?!\w)"
    # No operator is written as a sign, so that one right before a number always belongs to it.
    NUMBER = r"(?:[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|-INF)(?![\w.:-])"
    # A literal with its type in front: duration'P1D', binary'AA==', microsoft.graph.managedDeviceArchitecture'x64'.
    TYPED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*'[^']*(?:''[^']*)*'"
    STRING = r"'[^']*(?:''[^']*)*'"
    JSON_STRING = r'"(?:[^"\\\x00-\x1f]|\\.)*"'
    NAME = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
    ANNOTATION = r"@[^\W\d]\w*(?:\.[^\W\d]\w*)*"
    SYSTEM = r"\$[A-Za-z]\w*"
    PUNCTUATION = r"[()\[\]{},/:;=*-]"
    END = r"\Z"


class Token(NamedTuple):
    """A piece of the text and where it starts."""

    kind: TokenKind
    text: str
    position: int


_SPACE = r"[ \t]*"
_PATTERN = re.compile(_SPACE + "(?:" + "|".join(f"(?P<{kind.name}>{kind.value})" for kind in TokenKind) + ")")
_KINDS = {kind.name: kind for kind in TokenKind}


def tokens(text: str) -> list[Token]:
    """All tokens but white space; the last is END. Raises ODataSyntaxError at a character that fits nowhere."""
    found: list[Token] = []
    position = 0
    match_at = _PATTERN.match
    while True:
        match = match_at(text, position)
        if match is None:
            position += len(text[position:]) - len(text[position:].lstrip(" \t"))
            raise ODataSyntaxError(_unreadable(text, position), position, text)
        name = match.lastgroup or "END"
        start, position = match.span(name)
        found.append(Token(_KINDS[name], text[start:position], start))
        if name == "END":
            return found


def _unreadable(text: str, position: int) -> str:
    if text[position] == "'":
        return "Unterminated string literal"
    if text[position].isdigit():
        return "Malformed number or date"
    return f"Unexpected character '{text[position]}'"
