"""Patterns in SQLite match what Python's `re` matches, in linear time and bounded memory; others are rejected."""

from __future__ import annotations

import re
from typing import Any

import apsw
import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from osimages.odata.errors import ODataError
from osimages.odata.plan.constants import Pattern
from osimages.odata.sql.sqlite import patterns
from osimages.odata.sql.sqlite.patterns import bind_patterns, matcher

_ATOMS = st.sampled_from(
    ["a", "b", "1", r"\d", r"\w", r"\S", r"\.", "[ab]", "[^a]", "[a-c1-3]", "[^\\d]", "^", "$", "é", r"\b", r"\u0061"]
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from(["*", "+", "?", "*?", "+?", "{2}", "{1,2}", "{0,}", "{0}"])
    return (
        st.tuples(inner, inner).map("".join)
        | st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})")
        | st.tuples(inner, signs).map(lambda pair: f"(?:{pair[0]}){pair[1]}")
    )


PATTERNS = st.recursive(_ATOMS, _grown, max_leaves=8)
TEXTS = st.text("abc1.é \n\U0001f600", max_size=8)


def matches(pattern: str, text: str) -> bool | None:
    """Return whether a text matches, as SQLite calls it."""
    values = bind_patterns({"text": text, "pattern": Pattern(pattern, "$filter", 7)})
    connection = apsw.Connection(":memory:")
    connection.create_scalar_function("matches", matcher(lambda: False), 2)
    found: Any = connection.execute("SELECT matches(:text, :pattern)", values).get
    connection.close()
    return bool(found)


@settings(deadline=None, max_examples=200)
@given(pattern=PATTERNS, texts=st.lists(TEXTS, max_size=5))
def test_a_pattern_matches_what_re_matches(pattern: str, texts: list[str]) -> None:
    known = re.compile(pattern.replace("$", r"\Z"), re.ASCII)
    for text in texts:
        assert matches(pattern, text) is bool(known.search(text))


@settings(deadline=None, max_examples=400)
@given(st.text(max_size=40) | st.text(".*+?^$|()[]\\dwsbxup{}<>=!:,12éP", max_size=40))
def test_any_text_is_a_pattern_or_rejected(text: str) -> None:
    try:
        matches(text, "abc")
    except ODataError as error:
        assert error.message.startswith("Invalid filter clause: The pattern cannot be used: ")


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        (r"(a)\1", r"invalid escape sequence: \1"),
        ("a(?=b)", "invalid perl operator: (?="),
        ("(?<!a)b", "invalid perl operator: (?<!"),
        ("(", "missing ): ("),
        (")", "unexpected ): )"),
        ("[a", "missing ]: [a"),
        ("a**", "bad repetition operator: **"),
        ("a{2,1}", "invalid repetition size: {2,1}"),
        ("a{1001}", "invalid repetition size: {1001}"),
        ("((a{100}){100}){100}", "invalid repetition size: {100}"),
        (r"\pL{1000}", "pattern too large - compile failed"),
        ("\\", "trailing \\"),
        (r"\u12", r"invalid escape sequence: \u"),
        (r"\é", r"invalid escape sequence: \é"),
    ],
)
def test_what_is_rejected(pattern: str, reason: str) -> None:
    with pytest.raises(ODataError) as caught:
        bind_patterns({"c0": Pattern(pattern, "$filter", 7)})
    assert caught.value.message == f"Invalid filter clause: The pattern cannot be used: {reason}, at position 7"


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|aa)+$",
        "((a*)*)*b",
        ".*.*.*.*.*b",
        "(a*)*c",
        "(a|b)*a(a|b){200}c",
        "(?:a?){250}a{250}c",
        ".{1000}c",
    ],
)
def test_patterns_on_which_others_backtrack_for_ever_are_answered(pattern: str) -> None:
    assert matches(pattern, "a" * 5_000 + "!") is False


def test_null_matches_nothing_and_other_parameters_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    assert matcher(lambda: False)(None, None) is None
    monkeypatch.setattr(patterns, "re2", None)
    assert bind_patterns({"c0": "a", "c1": 5}) == {"c0": "a", "c1": 5}


def test_no_pattern_is_cached_beyond_its_query() -> None:
    matches("abc", "abc")
    assert re2._Regexp._make.cache_info().currsize == 0


def test_without_re2_patterns_are_not_implemented(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "re2", None)
    with pytest.raises(ODataError) as caught:
        bind_patterns({"c0": Pattern("a", "$filter", 7)})
    assert caught.value.condition.status == 501
    assert "needs the Python package google-re2" in caught.value.message
