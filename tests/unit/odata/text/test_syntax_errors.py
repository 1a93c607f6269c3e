"""Errors show the text around their position, and no more of it."""

from __future__ import annotations

import pytest

from osimages.odata.text.syntax_errors import ODataLimitError, ODataSyntaxError, excerpt


@pytest.mark.parametrize(
    ("position", "shown"),
    [
        (0, "a" * 24 + "…"),
        (24, "a" * 48 + "…"),
        (25, "…" + "a" * 48 + "…"),
        (76, "…" + "a" * 48),
        (100, "…" + "a" * 24),
    ],
)
def test_excerpt_of_a_long_text(position: int, shown: str) -> None:
    assert excerpt("a" * 100, position) == shown


def test_excerpt_of_a_short_text_is_the_text() -> None:
    assert excerpt("id eq", 5) == "id eq"


def test_messages() -> None:
    assert str(ODataSyntaxError("Expected ')'", 3, "(id")) == "Expected ')' at position 3 in '(id'"
    assert str(ODataLimitError("The size", 5, "most")) == "The size exceeds the limit of 5 (setting 'most')"
