"""Percent-encoding is undone once, and what is malformed is said with its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.odata.text.percent_encoding import decoded
from osimages.odata.text.syntax_errors import ODataSyntaxError


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("", ""),
        ("plain", "plain"),
        ("a%20b", "a b"),
        ("%2F%27%23%25%3f", "/'#%?"),
        ("%2520", "%20"),
        ("%C3%A9%e2%82%ac", "é€"),
        ("é", "é"),
        ("é%20%C3%A9", "é é"),
        ("a+b", "a+b"),
        ("%F0%9F%AA%9F", "🪟"),
    ],
)
def test_decoded(text: str, meaning: str) -> None:
    assert decoded(text) == meaning


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("%", 0, "Malformed percent-encoding"),
        ("100%", 3, "Malformed percent-encoding"),
        ("a%2", 1, "Malformed percent-encoding"),
        ("a%20%zz", 4, "Malformed percent-encoding"),
        ("%٢٠", 0, "Malformed percent-encoding"),
        ("%FF", 0, "Percent-encoding that is not UTF-8"),
        ("%20a%C3", 4, "Percent-encoding that is not UTF-8"),
        ("%C3%A9/%C3/%A9", 7, "Percent-encoding that is not UTF-8"),
        ("%ED%A0%80", 0, "Percent-encoding that is not UTF-8"),
        ("%C0%AF", 0, "Percent-encoding that is not UTF-8"),
        ("a\ud800", 0, "Percent-encoding that is not UTF-8"),
    ],
)
def test_malformed(text: str, position: int, message: str) -> None:
    with pytest.raises(ODataSyntaxError) as caught:
        decoded(text)
    assert (caught.value.position, caught.value.message, caught.value.text) == (position, message, text)


@given(st.text())
def test_encoding_every_byte_and_decoding_gives_the_text_back(text: str) -> None:
    assert decoded("".join(f"%{byte:02X}" for byte in text.encode())) == text
