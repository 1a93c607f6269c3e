"""Rules of the grammar for which OASIS has few cases: what is a sentence of them, and what is nearly one.

https://github.com/oasis-tcs/odata-abnf/blob/main/abnf/odata-abnf-construction-rules.txt
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.odata import Bounds, ODataSyntaxError, OptionError, parse_filter, parse_options, parse_url, render
from osimages.odata.text.tree import Key
from tests.unit.odata.text import trees
from tests.unit.odata.text.shown import shown
from tests.unit.odata.text.trees import without_positions

_SENTENCES = [
    # white space before an array or an object is theirs: begin-array, begin-object
    "$filter= [1] eq a",
    "$orderby=%20{}",
    "@a=%20[1,%22x%22]",
    # dateTimeOffsetLiteral: "T" and "Z" in any case, as all strings of ABNF
    "$filter=a gt 2026-11-24t10%3A30z",
    # keyPredicate: after a function, and as segments
    "$filter=f()(1)/b",
    "$filter=a/n.f(x=1)('k')/$count gt 1",
    "$filter=$root/Parts/P-12/a",
    "$filter=$root/Orders/4711x/Lines/1/a",
    "$filter=$root/Days/2026-11-24/a",
    # isdefinedExpr: every path
    "$filter=isdefined(a/@b.c) and isdefined(x/any()) and isdefined(@p)",
    # hasExpr: members by name or number, of a type that the property tells
    "$filter=a has 'b,-1'",
    # words of the language are names where nothing makes them operators
    "$filter=and eq or and or eq and",
    "$orderby=asc asc,desc desc",
    "$filter=NaN/a eq null/b",
    "$select=filter,and",
    # expandPath: a type in front, and after a navigation property
    "$expand=n.T/a/n.U/$count($filter=b)",
    "$expand=a/@b.c($levels=max)",
    # selectPath
    "$select=n.T/a/n.U/b($top=1),n.f(x,y),n.*",
    # a semicolon behind a phrase is a separator in both spellings
    "$expand=a($search=%22b%22%3B$filter=c)",
    "$expand=a($search=(b)%3B$top=1)",
    # joinProperty, recHierReference
    "$apply=join(a/n.T as b)",
    "$apply=ancestors($root/a('x')/b,Q,n.T/c,identity,2,keep start)",
]
_NO_SENTENCES = [
    # operators have white space around them; parentheses they may touch
    ("$filter=[]eq a", "Expected white space before 'eq'"),
    ("$filter=a eq[]", "Expected white space after 'eq'"),
    ("$filter=a or@b", "Expected white space after 'or'"),
    ("$filter='a'eq b", "Expected white space before 'eq'"),
    ("$orderby='a'desc", "Expected white space before 'desc'"),
    ("$compute='a'as b", "Expected white space before 'as'"),
    ("$filter=not-a", "Expected an operator or the end of the expression"),
    ("$filter=not[a]", "Expected an operator or the end of the expression"),
    # hasExpr
    ("$filter=a has 1", "Expected members of an enumeration"),
    ("$filter=a has 'x y'", "Expected members of an enumeration"),
    ("$filter=a has -b", "Expected members of an enumeration"),
    # what a method gives is no path
    ("$filter=trim(a)/b eq c", "Expected nothing more after 'trim(...)'"),
    ("$filter=case(a:b)/c", "Expected nothing more after 'case(...)'"),
    ("$filter=cast(a,n.T)/b", "Expected nothing more after 'cast(...)'"),
    # isof, cast: the type stands as it is
    ("$filter=isof((a))", "Expected the name of a type"),
    ("$filter=cast(a,(b))", "Expected the name of a type"),
    ("$filter=cast(a,(n.T))", "Expected '/' after the type name"),
    ("$filter=isdefined(-a)", "'isdefined' takes a path"),
    ("$filter=isdefined(trim(a))", "'isdefined' takes a path"),
    # rootExpr, currCollectionExpr
    ("$filter=$root/n.T", "Expected the name of a set, a singleton or a function after '$root/'"),
    ("$filter=$root/1", "Expected the name of a set, a singleton or a function after '$root/'"),
    ("$filter=$root/@a.b", "Expected the name of a set, a singleton or a function after '$root/'"),
    ("$filter=$these/a eq 1", "'$these' is a collection, which has no properties"),
    # keyPropertyValue
    ("$filter=a(null)", "No key is null"),
    ("$filter=n.f('x')", "There is no function 'n.f'"),
    ("$filter=a/b./c", "Unexpected character '.'"),
    # paths of $select and $expand
    ("$select=a /b", "White space within a path"),
    ("$select=a/n.*", "'n.*' does not stand in a path"),
    ("$select=n.T($top=1)", "Options stand after a property, not after a type"),
    ("$select=@a.b(c)", "Expected $compute"),
    ("$expand=a/ b", "White space within a path"),
    ("$expand=n.*", "Expected no operations"),
    ("$expand=n.T", "Expected '/' after the type name 'n.T'"),
    ("$expand=n.T/$ref", "Expected '/' after the type name 'n.T'"),
    ("$expand=*/$count", "Expected $ref"),
    ("$apply=join(n.T as b)", "Expected a collection, not a type"),
]


@pytest.mark.parametrize("query", _SENTENCES)
def test_sentences(query: str) -> None:
    parse_options(query)


@pytest.mark.parametrize(("query", "message"), _NO_SENTENCES)
def test_no_sentences(query: str, message: str) -> None:
    with pytest.raises(OptionError, match=re.escape(message)):
        parse_options(query)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("f()(1)/b", "f()[1]/b"),
        ("$root/Parts/P-12/a", "$root/Parts['P-12']/a"),
        ("$root/Orders/4711x", "$root/Orders['4711x']"),
        ("a/1/2026-11-24", "a[1]['2026-11-24']"),
    ],
)
def test_keys(text: str, tree: str) -> None:
    assert shown(parse_filter(text)) == tree


def test_keys_as_segments_are_written_as_such_where_parentheses_cannot_stand() -> None:
    tree = parse_filter("$root/Items/2026/P-1")
    assert isinstance(tree, Key)
    assert isinstance(tree.of, Key)
    assert render(tree) == "$root/Items(2026)/P-1"


@pytest.mark.parametrize("url", ["$entity?ID=x", "$entity/n.T?id=x&$select=a", "$metadata#Items(a)/$entity"])
def test_urls(url: str) -> None:
    parse_url(url)


@pytest.mark.parametrize("url", ["$metadata#Items(a", "$metadata#Items/ a", "Items(1)%20", "f()%20/a"])
def test_no_urls(url: str) -> None:
    with pytest.raises(ODataSyntaxError):
        parse_url(url)


@given(trees.EXPRESSIONS, st.randoms(use_true_random=False))
def test_a_character_and_its_encoding_are_the_same(tree: Any, random: Any) -> None:
    """But for semicolons, which a search tells apart."""
    text = render(tree)
    encoded = "".join(
        each if each == ";" or (each.isascii() and each not in "%&+#" and random.random() < 0.7) else _encoded(each)
        for each in text
    )
    found = parse_options(f"$filter={encoded}", Bounds(nodes=100_000, depth=100)).filter
    assert without_positions(found) == tree


def _encoded(character: str) -> str:
    return quote(character, safe="") if not character.isalnum() or not character.isascii() else f"%{ord(character):02x}"
