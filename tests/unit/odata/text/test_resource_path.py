"""Paths of resources by the grammar alone: names, keys, functions, and what starts with `$`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.odata import Bounds, ODataLimitError, ODataSyntaxError, Segment, parse_path, parse_url
from osimages.odata.text.context_url import parse_context
from osimages.odata.text.tree import Argument
from tests.unit.odata.text.shown import shown


def _arguments(arguments: tuple[Argument, ...] | None) -> str:
    if arguments is None:
        return ""
    return (
        f"({', '.join(f'{each.name}={shown(each.value)}' if each.name else shown(each.value) for each in arguments)})"
    )


def _shown(segment: Segment) -> str:
    return segment.name + _arguments(segment.arguments) + _arguments(segment.key)


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        ("", []),
        ("/", []),
        ("a//b/", ["a", "b"]),
        ("Items(1)", ["Items(1)"]),
        ("Items(ID=1,Name='x')", ["Items(ID=1, Name='x')"]),
        ("Items(@key)", ["Items(@key)"]),
        ("Items(ID=@key)", ["Items(ID=@key)"]),
        ("Items('O''Neil')", ['Items("O\'Neil")']),
        ("Items(%27O%27%27Neil%27)", ['Items("O\'Neil")']),
        ("Items('a%2Fb')/x", ["Items('a/b')", "x"]),
        ("Items('a)(b')", ["Items('a)(b')"]),
        ("Items(2026-11-24)", ["Items('2026-11-24')"]),
        ("Items(23%3A59%3A59)", ["Items('23:59:59')"]),
        ("Items(a.b'x')", ["Items(a.b'x')"]),
        ("Items/1/Windows%2011%20%2822H2%29/x", ["Items", "1", "Windows 11 (22H2)", "x"]),
        ("Items/O'Neil/-1", ["Items", "O'Neil", "-1"]),
        ("Function(x=1)(2)", ["Function(x=1)(2)"]),
        ("Items/n.Function(x=@p)/$count", ["Items", "n.Function(x=@p)", "$count"]),
        ("Items/n.Type/Function()", ["Items", "n.Type", "Function()"]),
        ("Items/$filter(a/b eq 'c)%2Fd')/$count", ["Items", "$filter((eq a/b 'c)/d'))", "$count"]),
        ("Items/$filter(a%20eq%20%27%2F%29%27)/x", ["Items", "$filter((eq a '/)'))", "x"]),
        ("Items/$filter(@a)/$filter(@b)/$each/n.Action", ["Items", "$filter(@a)", "$filter(@b)", "$each", "n.Action"]),
        ("Items(1)/Name/$value", ["Items(1)", "Name", "$value"]),
        ("Items/$ref", ["Items", "$ref"]),
        ("Items/$query", ["Items", "$query"]),
        ("$crossjoin(a, b)/$query", ["$crossjoin(a, b)", "$query"]),
        ("$all/n.Type", ["$all", "n.Type"]),
        ("$batch", ["$batch"]),
    ],
)
def test_paths(path: str, segments: list[str]) -> None:
    assert [_shown(each) for each in parse_path(path)] == segments


@pytest.mark.parametrize(
    ("path", "position", "message"),
    [
        ("Items('a/b')", 6, "Unterminated string literal"),
        ("Items(ID=wrong)", 9, "Expected a literal or a parameter alias"),
        ("Items(1,2)", 5, "Expected one value, or values with names"),
        ("Items()()", 5, "Expected one value, or values with names"),
        ("n.Function()", 1, "Expected the name of a resource, without a namespace"),
        (".Items", 0, "Expected the name of a resource"),
        ("1", 0, "Expected the name of a resource"),
        ("Items/$count/x", 13, "Nothing can follow '$count'"),
        ("Items/$nothing", 6, "'$nothing' cannot stand here"),
        ("Items/$COUNT", 6, "'$COUNT' cannot stand here"),
        ("$count", 0, "'$count' cannot stand here"),
        ("$metadata/x", 10, "Nothing can follow '$metadata'"),
        ("Items/$filter(a", 15, "Expected ')', found the end"),
        ("Items/x%2/y", 7, "Malformed percent-encoding"),
        ("Items(1", 7, "Expected ')', found the end"),
        ("Items(1)x", 8, "Expected an operator or the end of the expression, found 'x'"),
        ("a" * 129, 0, "A name of more than 128 characters"),
        ("$crossjoin(a,b)/c", 16, "Nothing but '$query' can follow '$crossjoin'"),
        ("$all/$ref", 5, "Nothing but a type can follow '$all'"),
        ("Items(null)", 6, "No key is null"),
        ("Items(a=1,a=2)", 10, "'a' is given more than once"),
        ("$crossjoin(a,1)", 13, "Expected the name of an entity set, found '1'"),
    ],
)
def test_what_is_no_path(path: str, position: int, message: str) -> None:
    with pytest.raises(ODataSyntaxError) as caught:
        parse_path(path)
    assert (caught.value.position, caught.value.message) == (position, message)


def test_bounds_hold_within_paths() -> None:
    with pytest.raises(ODataLimitError):
        parse_path("Items/$filter(((a)))", Bounds(depth=2))


def test_urls() -> None:
    url = parse_url("Items(@k)?$top=5&@k=1")
    assert ([_shown(each) for each in url.path], url.options.top) == (["Items(@k)"], 5)
    assert shown(url.options.aliases["@k"]) == "1"
    assert parse_url("$metadata#Items(%61)").context == parse_context("#Items(a)")
    assert parse_url("$metadata").context is None
    assert parse_url("$entity?$id=x").options.id == "x"


@pytest.mark.parametrize(
    "url",
    [
        "$batch?$top=1",
        "$metadata?$filter=a",
        "$entity",
        "$entity?$id=x&$select=a",
        "Items#x",
        "$metadata#",
        "Items?$filter=a%20b",
    ],
)
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(Exception, match=r"position|cannot"):
        parse_url(url)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda each: "\0" not in each))
def test_every_text_can_be_the_value_of_a_key(text: str) -> None:
    quoted = "".join(f"%{byte:02X}" for byte in text.replace("'", "''").encode())
    (segment,) = parse_path(f"Items(%27{quoted}%27)")
    assert segment.arguments is not None
    assert shown(segment.arguments[0].value) == repr(text)


@given(st.text("aA1'()/$%2F?=,@ .", max_size=30))
def test_any_path_is_read_or_refused(path: str) -> None:
    try:
        parse_path(path)
    except ODataSyntaxError as error:
        assert 0 <= error.position <= len(path)
