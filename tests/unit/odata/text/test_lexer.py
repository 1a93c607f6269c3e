"""Which pieces a text falls into, and which characters fit nowhere."""

from __future__ import annotations

import pytest

from osimages.odata.text.lexer import END, Cursor
from osimages.odata.text.syntax_errors import ODataSyntaxError
from osimages.odata.text.text_limits import BOUNDS


def _pieces(text: str) -> list[tuple[str, str, int]]:
    cursor = Cursor(text, BOUNDS)
    found = [(cursor.kind, cursor.word, cursor.start)]
    while cursor.kind != END:
        cursor.advance()
        found.append((cursor.kind, cursor.word, cursor.start))
        if cursor.kind == "BAD":
            cursor.fail("Anything else")
    return found


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("32a4ac62-1b1a-4a4c-9a3b-0123456789ab", "GUID"),
        ("2026-11-23T10:00:00Z", "DATETIMEOFFSET"),
        ("2026-11-23T10:00+01:00", "DATETIMEOFFSET"),
        ("2026-11-23T10:00:00.123456789012-08:00", "DATETIMEOFFSET"),
        ("2026-11-23", "DATE"),
        ("12026-11-23", "DATE"),
        ("-0044-03-15", "DATE"),
        ("10:00", "TIMEOFDAY"),
        ("23:59:59.5", "TIMEOFDAY"),
        ("0", "NUMBER"),
        ("-1", "NUMBER"),
        ("+42", "NUMBER"),
        ("12.50", "NUMBER"),
        ("1e5", "NUMBER"),
        ("-1.5E-10", "NUMBER"),
        ("-INF", "NUMBER"),
        ("duration'P1D'", "TYPED"),
        ("microsoft.graph.managedDeviceArchitecture'x64'", "TYPED"),
        ("x'it''s'", "TYPED"),
        ("''", "STRING"),
        ("''''", "STRING"),
        ("'Windows 11 ''22H2'''", "STRING"),
        ("'line\nbreak'", "STRING"),
        ('"a\\"b"', "JSON_STRING"),
        ("id", "NAME"),
        ("_größe1", "NAME"),
        ("microsoft.graph.image", "NAME"),
        ("@p1", "ANNOTATION"),
        ("@Core.Description", "ANNOTATION"),
        ("$it", "SYSTEM"),
        ("$count", "SYSTEM"),
        *((mark, "MARK") for mark in "()[]{},/:;=*-"),
    ],
)
def test_one_token(text: str, kind: str) -> None:
    assert _pieces(text) == [(kind, text, 0), ("END", "", len(text))]


def test_white_space_is_left_out_and_positions_stay() -> None:
    assert _pieces(" id \t eq\t'x' ") == [("NAME", "id", 1), ("NAME", "eq", 6), ("STRING", "'x'", 9), ("END", "", 13)]


def test_nothing_is_only_the_end() -> None:
    assert _pieces("") == [("END", "", 0)]
    assert _pieces("  ") == [("END", "", 2)]


def test_a_sign_belongs_to_the_number_right_after_it() -> None:
    assert [text for _, text, _ in _pieces("5 -3")] == ["5", "-3", ""]
    assert [text for _, text, _ in _pieces("- 3")] == ["-", "3", ""]
    assert [text for _, text, _ in _pieces("-id")] == ["-", "id", ""]
    assert [text for _, text, _ in _pieces("-INFINITE")] == ["-", "INFINITE", ""]


def test_quotes_may_be_doubled_any_number_of_times() -> None:
    assert [text for _, text, _ in _pieces("'a''''b' 'c'")] == ["'a''''b'", "'c'", ""]


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("'open", 0, "Unterminated string literal"),
        ("id eq 'it's'", 11, "Unterminated string literal"),
        ("id eq 12abc", 6, "Malformed number or date"),
        ("id eq 5L", 6, "Malformed number or date"),
        ("٣", 0, "Malformed number or date"),
        ("٢٠٢٦-١١-٢٣", 0, "Malformed number or date"),
        ("id = 'a' & b", 9, "Unexpected character '&'"),
        ("id\neq 'a'", 2, "Unexpected character '\n'"),
        ("id eq 1.", 6, "Malformed number or date"),
        ("1.5.2", 0, "Malformed number or date"),
        ("5-3", 0, "Malformed number or date"),
        ("id eq 2026-1-5", 6, "Malformed number or date"),
        ("id eq 2026-11-23T10:00:00", 6, "A date and time needs its time zone, `Z` or an offset such as `+02:00`"),
        ("2026-13-01", 0, "There is no date or time '2026-13-01'"),
        ("2026-01-32", 0, "There is no date or time '2026-01-32'"),
        ('"open', 0, "Malformed JSON string"),
        ("$", 0, "Unexpected character '$'"),
        ("@", 0, "Unexpected character '@'"),
        ("+x", 0, "Unexpected character '+'"),
    ],
)
def test_what_fits_nowhere_is_named_with_its_position(text: str, position: int, message: str) -> None:
    with pytest.raises(ODataSyntaxError) as caught:
        _pieces(f"x {text}")
    assert caught.value.position == position + 2
    assert caught.value.message == message
