"""Searches: words, phrases, operators and their precedence."""

from __future__ import annotations

import pytest

from osimages.odata import Bounds, ODataLimitError, ODataSyntaxError, parse_search
from osimages.odata.text.search_tree import Search, SearchAnd, SearchIncomplete, SearchNot, SearchOr, SearchTerm


def _shown(tree: Search) -> str:
    match tree:
        case SearchTerm(text, is_phrase, _):
            return f"'{text}'" if is_phrase else text
        case SearchIncomplete(text, _):
            return f"?{text}"
        case SearchNot(operand, _):
            return f"(- {_shown(operand)})"
        case SearchAnd(operands, _):
            return f"(& {' '.join(map(_shown, operands))})"
        case SearchOr(operands, _):
            return f"(| {' '.join(map(_shown, operands))})"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("blue", "blue"),
        ("  blue", "blue"),
        ("10.0.26100.1", "10.0.26100.1"),
        ("Daniel's", "Daniel's"),
        ('"blue green"', "'blue green'"),
        (r'"a \"b\" \\"', "'a \"b\" \\'"),
        ("blue green", "(& blue green)"),
        ("blue AND green yellow", "(& blue green yellow)"),
        ("blue OR green AND red", "(| blue (& green red))"),
        ("NOT blue green", "(& (- blue) green)"),
        ("NOT NOT blue", "(- (- blue))"),
        ("NOT (a OR b)", "(- (| a b))"),
        ("(a) (b)", "(& a b)"),
        ("a OR b OR c", "(| a b c)"),
        ("(a OR b) OR c", "(| (| a b) c)"),
        # words that are no operators where they stand
        ("and", "and"),
        ("AND", "AND"),
        ("NOT", "NOT"),
        ("NOT NOT", "(- NOT)"),
        ("blue OR", "(& blue OR)"),
        ("AND OR NOT", "(| AND NOT)"),
        ("(NOT) b", "(& NOT b)"),
        ("'bl", None),
        ("'bl'", "?bl"),
        ("'(\"it''s'", "?(\"it's"),
    ],
)
def test_searches(text: str, tree: str | None) -> None:
    if tree is not None:
        assert _shown(parse_search(text)) == tree
        return
    with pytest.raises(ODataSyntaxError):
        parse_search(text)


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("", 0, "Expected a term, found the end"),
        ("()", 1, "Expected a term, found ')'"),
        ("(a", 2, "Expected ')', found the end"),
        ("a)", 1, "Expected a term or the end of the search, found ')'"),
        ("a;b", 1, "Expected a term or the end of the search, found ';'"),
        ('"a', 0, "Malformed phrase"),
        ('""', 0, "Malformed phrase"),
        (r'"a\b"', 0, "Malformed phrase"),
        ('"a""b"', 3, "Expected white space, found '\"b\"'"),
        ("(a)(b)", 3, "Expected white space, found '('"),
        ("a'b 'c'", 4, "Expected a term or the end of the search, found ''c''"),
        ("a ", 1, "White space after the search"),
    ],
)
def test_what_is_no_search(text: str, position: int, message: str) -> None:
    with pytest.raises(ODataSyntaxError) as caught:
        parse_search(text)
    assert (caught.value.position, caught.value.message) == (position, message)


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("(" * 10_000 + "a", "max_filter_depth"),
        ("NOT " * 10_000 + "a", "max_filter_depth"),
        ("a " * 10_000 + "a", "max_filter_nodes"),
        ("a OR " * 10_000 + "a", "max_filter_nodes"),
    ],
)
def test_too_much_is_refused_as_too_much(text: str, setting: str) -> None:
    with pytest.raises(ODataLimitError) as caught:
        parse_search(text)
    assert caught.value.setting == setting


def test_bounds_and_positions() -> None:
    found = parse_search('a "b"', Bounds(nodes=5))
    assert found == SearchAnd((SearchTerm("a", False, 0), SearchTerm("b", True, 2)), 0)
