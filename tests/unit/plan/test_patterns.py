"""Patterns match what `re` matches, in a time that is known beforehand; what cannot be so is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osimages.plan.patterns import LONGEST, PatternError, compiled

_ATOMS = st.sampled_from(
    ["a", "b", "1", r"\d", r"\w", r"\S", r"\.", "[ab]", "[^a]", "[a-c1-3]", "[^\\d]", "^", "$", "é"]
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from(["*", "+", "?", "*?", "+?", "{2}", "{1,2}", "{0,}", "{0}"])
    return (
        st.tuples(inner, inner).map("".join)
        | st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})")
        | st.tuples(inner, signs).map(lambda pair: f"(?:{pair[0]}){pair[1]}")
    )


@settings(deadline=None, max_examples=400)
@given(
    pattern=st.recursive(_ATOMS, _grown, max_leaves=8),
    texts=st.lists(st.text("abc1.é \U0001f600", max_size=8), max_size=5),
)
def test_a_pattern_matches_what_re_matches(pattern: str, texts: list[str]) -> None:
    known = re.compile(pattern.replace("$", r"\Z"), re.ASCII)
    for text in texts:
        assert compiled(pattern).matches(text) == bool(known.search(text))


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("", "", True),
        ("^$", "", True),
        ("$^", "a", False),
        (".", "\n", False),
        (".", "\u2028", False),
        (".", "😀", True),
        (r"^\s+$", " \t\u00a0\ufeff\u3000", True),
        (r"^\S+$", "a b", False),
        (r"\x41\u0042", "AB", True),
        (r"^\t\/\-$", "\t/-", True),
        ("[]", "a", False),
        ("[^]", "\n", True),
        ("[a-]", "-", True),
        (r"[\]\\]", "\\", True),
        ("a{,2}b".replace("{", r"\{"), "a{,2}b", True),
        ("(?<year>[0-9]{4})-", "2026-11", True),
        ("^(a|b){3}$", "aba", True),
        ("^(a|b){3}$", "ab", False),
        ("x{0}y", "y", True),
    ],
)
def test_syntax(pattern: str, text: str, expected: bool) -> None:
    assert compiled(pattern).matches(text) is expected


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(", "it ends too early"),
        (")", "')' without '('"),
        ("*", "'*' has nothing to repeat"),
        ("a**", "'*' has nothing to repeat"),
        ("[a", "it ends too early"),
        ("[b-a]", "a range in '[...]' runs backwards"),
        ("a{2,1}", "what is repeated is not a number of times"),
        ("^*", "what is repeated is not a number of times"),
        ("\\", "it ends too early"),
        (r"(a)\1", r"'\1' is not supported"),
        (r"\bx", r"'\b' is not supported"),
        (r"\u12", r"'\u' needs its digits"),
        ("(?=a)", "looking ahead or behind is not supported"),
        ("(?<!a)b", "looking ahead or behind is not supported"),
        ("a{500}", "it is too large"),
        ("((a{9}){9}){9}", "it is too large"),
        ("(a|b)*a(a|b){12}", "it is too large"),
        ("a" * (LONGEST + 1), "it has more than 256 characters"),
    ],
)
def test_what_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(PatternError, match=f"^{re.escape(reason)}$"):
        compiled(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "((a*)*)*b", ".*.*.*.*.*b", "(a*)*c"])
def test_patterns_that_take_others_forever_are_answered(pattern: str) -> None:
    assert compiled(pattern).matches("a" * 50_000 + "!") is False


@given(st.text(max_size=40))
def test_any_text_is_a_pattern_or_refused(text: str) -> None:
    try:
        compiled(text).matches("abc")
    except PatternError as error:
        assert str(error)
