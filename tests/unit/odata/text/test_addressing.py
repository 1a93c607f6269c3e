"""Keys that stand in the query string, and filters that stand in the path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.odata.text.addressing import by_id, with_filters, with_keys
from osimages.odata.text.options_parser import OptionError
from osimages.odata.text.syntax_errors import ODataSyntaxError


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("a/b", "@k='x'", "a/b"),
        ("a(@k)", "@k='x'", "a(%27x%27)"),
        ("a(%40k)/c", "%40k=%27a/b%27", "a(%27a%2Fb%27)/c"),
        ("a(id=@k)", "$top=1&@k='it''s'", "a(id=%27it%27%27s%27)"),
        ("a(@k)", "", "a(@k)"),
        ("a(@k)", "@other='x'", "a(@k)"),
        ("a(@k)/b(@j)", "@k='1'&@j='2'", "a(%271%27)/b(%272%27)"),
    ],
)
def test_aliased_keys(path: str, query: str, expected: str) -> None:
    assert with_keys(path, query) == expected


@pytest.mark.parametrize("value", ["5", "x", "'x", "'x'y'", ""])
def test_a_key_is_a_string(value: str) -> None:
    with pytest.raises(ODataSyntaxError):
        with_keys("a(@k)", f"@k={value}")


def test_ids() -> None:
    assert by_id("$id=a/b%27c%27&$select=id") == ("a/b'c'", "$select=id")
    assert by_id("$select=id") == (None, "$select=id")
    assert by_id("") == (None, "")


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("a/b(1)", "$top=1", ("a/b(1)", "$top=1")),
        ("a/$filter(b eq 1)", "", ("a", "$filter=b%20eq%201")),
        ("a/$filter(b%20eq%20'x/y')/$count", "$top=1", ("a/$count", "$filter=b%20eq%20%27x%2Fy%27&$top=1")),
        (
            "a/$filter(b)/$filter(@c)",
            "filter=d or e&@c=f",
            ("a", "$filter=%28b%29%20and%20%28%40c%29%20and%20%28d%20or%20e%29&@c=f"),
        ),
        ("a/$filter(b)", "$apply=top(1)&$filter=c", ("a", "$apply=filter%28b%29%2Ftop%281%29&$filter=c")),
        ("a/%24filter(b)", "", ("a/%24filter(b)", "")),
    ],
)
def test_filters(path: str, query: str, expected: tuple[str, str]) -> None:
    assert with_filters(path, query) == expected


@pytest.mark.parametrize("path", ["a/$filter(", "a/$filter(b", "a/$filter()", "a/$filter(b)c", "a/$filter(b) or (c)"])
def test_what_is_no_filter(path: str) -> None:
    with pytest.raises(ODataSyntaxError):
        with_filters(path, "")


@given(st.text(alphabet=st.sampled_from("a(@k)%40=27'/&$id"), max_size=30), st.text(max_size=30))
def test_any_text_is_read_or_refused(path: str, query: str) -> None:
    try:
        assert isinstance(with_keys(path, query), str)
        by_id(query)
        with_filters(f"{path}/$filter({path})", query)
    except (ODataSyntaxError, OptionError) as error:
        assert str(error)
