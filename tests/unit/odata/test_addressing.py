"""Keys that stand in the query string."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.odata.addressing import by_id, with_keys
from osimages.odata.errors import ODataSyntaxError
from osimages.odata.options import OptionError


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


@given(st.text(alphabet=st.sampled_from("a(@k)%40=27'/&$id"), max_size=30), st.text(max_size=30))
def test_any_text_is_read_or_refused(path: str, query: str) -> None:
    try:
        assert isinstance(with_keys(path, query), str)
        by_id(query)
    except (ODataSyntaxError, OptionError) as error:
        assert str(error)
