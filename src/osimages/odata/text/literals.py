"""From a token to the constant that it stands for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal

from osimages.odata.text.lexer import DATE, DATETIMEOFFSET, GUID, JSON_STRING, NUMBER, STRING, TIMEOFDAY, TYPED, Cursor
from osimages.odata.text.syntax_errors import ODataSyntaxError
from osimages.odata.text.tree import EnumLiteral, Literal, LiteralKind

TEXT_LITERALS: Mapping[str, LiteralKind] = {
    GUID: LiteralKind.GUID,
    DATE: LiteralKind.DATE,
    DATETIMEOFFSET: LiteralKind.DATETIMEOFFSET,
    TIMEOFDAY: LiteralKind.TIMEOFDAY,
}
LITERAL_TOKENS = frozenset((*TEXT_LITERALS, STRING, NUMBER, TYPED, JSON_STRING))
# Long digits cost time to convert, and no property holds them.
_LONGEST_NUMBER = 64
_LARGEST_EXPONENT = 999
_DURATION = re.compile(
    r"[+-]?P(?=[0-9T])(?:[0-9]+D)?(?:T(?=[0-9])(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?)?\Z"
)
_BINARY = re.compile(r"(?:[\w-]{4})*(?:[\w-]{2}[AEIMQUYcgkosw048]=?|[\w-][AQgw](?:==)?)?\Z", re.ASCII)
_ENUM_MEMBER = re.compile(r"(?:[^\W\d]\w*|[+-]?[0-9]{1,19})(?:[ \t]*,[ \t]*(?:[^\W\d]\w*|[+-]?[0-9]{1,19}))*\Z")


def literal_of(cursor: Cursor) -> Literal | EnumLiteral:
    """The literal on which a cursor stands, which is behind then. Raises ODataSyntaxError."""
    kind, word, start = cursor.kind, cursor.word, cursor.start
    cursor.move(cursor.end)
    if kind == STRING:
        return Literal(LiteralKind.STRING, unquoted(word), start)
    if kind == NUMBER:
        return _number(cursor, word, start)
    if kind == JSON_STRING:
        return Literal(LiteralKind.STRING, json_string(cursor, word, start), start)
    if kind == TYPED:
        return _typed(cursor, word, start)
    return Literal(TEXT_LITERALS[kind], word.upper() if kind == DATETIMEOFFSET else word, start)


def is_member(literal: Literal) -> bool:
    """Whether a constant can stand for members of an enumeration, whose type nobody named: 'x64', 'x86,x64', '2'."""
    return literal.kind is LiteralKind.NULL or (
        literal.kind is LiteralKind.STRING and _ENUM_MEMBER.match(str(literal.value)) is not None
    )


def is_duration(text: str) -> bool:
    """Whether a text is a duration such as P1DT12H, in any case."""
    return _DURATION.match(text.upper()) is not None


def unquoted(text: str) -> str:
    """The text within single quotes, of which two stand for one."""
    return text[1:-1].replace("''", "'")


def json_string(cursor: Cursor, word: str, start: int) -> str:
    """The text within double quotes, as in JSON."""
    try:
        text = str(json.loads(word))
        text.encode()  # "\ud800" is JSON, but half a character: nothing can store or send it
    except ValueError:
        raise ODataSyntaxError("Malformed JSON string", start, cursor.text) from None
    return text


def _number(cursor: Cursor, word: str, start: int) -> Literal:
    if len(word) > _LONGEST_NUMBER:
        raise ODataSyntaxError(f"A number of more than {_LONGEST_NUMBER} characters", start, cursor.text)
    if word == "-INF":
        return Literal(LiteralKind.DECIMAL, float("-inf"), start)
    if word.lstrip("+-").isdigit():
        return Literal(LiteralKind.INTEGER, int(word), start)
    _, _, exponent = word.lower().partition("e")
    if len(exponent.lstrip("+-0")) > len(str(_LARGEST_EXPONENT)) or abs(Decimal(word).adjusted()) > _LARGEST_EXPONENT:
        raise ODataSyntaxError(f"An exponent of more than {_LARGEST_EXPONENT}", start, cursor.text)
    return Literal(LiteralKind.DECIMAL, Decimal(word), start)


def _typed(cursor: Cursor, word: str, start: int) -> Literal | EnumLiteral:
    """A literal with its type in front."""
    prefix, quote, rest = word.partition("'")
    value = unquoted(quote + rest)
    match prefix.lower():
        case "duration":
            kind, is_right = LiteralKind.DURATION, is_duration(value)
        case "binary":
            kind, is_right = LiteralKind.BINARY, _BINARY.match(value) is not None
        case "geography" | "geometry":
            # Its text is not read: no property holds a shape, so that binding the literal is an error.
            return Literal(LiteralKind.GEO, word, start)
        case _:
            if "." not in prefix:
                message = f"A literal of the type '{prefix[:64]}' needs its namespace in front"
                raise ODataSyntaxError(message, start, cursor.text)
            if not _ENUM_MEMBER.match(value):
                raise ODataSyntaxError("Expected members of an enumeration", start + len(prefix) + 1, cursor.text)
            return EnumLiteral(prefix, value, start)
    if not is_right:
        expected = "a duration such as P1DT12H" if kind is LiteralKind.DURATION else "base64url text"
        raise ODataSyntaxError(f"'{value[:64]}' is not {expected}", start, cursor.text)
    return Literal(kind, value, start)
