"""A path is split before it is decoded, and keys are read from segments and from parentheses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.odata.text.syntax_errors import ODataSyntaxError
from osimages.odata.text.url_segments import key_of, split_path


def _texts(path: str) -> list[str]:
    return [segment.text for segment in split_path(path)]


@pytest.mark.parametrize(
    ("path", "texts"),
    [
        ("", []),
        ("/", []),
        ("///", []),
        ("/a/b", ["a", "b"]),
        ("a/b/", ["a", "b"]),
        ("//a///b//", ["a", "b"]),
        ("/a%2Fb", ["a/b"]),
        ("/a%2fb/c", ["a/b", "c"]),
        ("/%2F", ["/"]),
        ("/Windows%2011%2F23H2%20%C3%A9%27%25%23%3F", ["Windows 11/23H2 é'%#?"]),
        ("/%2525", ["%25"]),
        ("/a+b", ["a+b"]),
        ("/%24count", ["$count"]),
        ("/a;b=c,d", ["a;b=c,d"]),
        ("/.././x", ["..", ".", "x"]),
        ("/a b", ["a b"]),
        ("/%0A", ["\n"]),
    ],
)
def test_segments(path: str, texts: list[str]) -> None:
    assert _texts(path) == texts


@pytest.mark.parametrize(
    ("path", "name", "arguments"),
    [
        ("images", "images", None),
        ("images()", "images", ""),
        ("images('x')", "images", "'x'"),
        ("images(%27x%2Fy%27)", "images", "'x/y'"),
        ("images(id='a(b)c')", "images", "id='a(b)c'"),
        ("images('a)('')", "images", "'a)(''"),
        ("images('x", "images('x", None),
        ("images('x')y", "images('x')y", None),
        ("'x'(1)", "'x'(1)", None),
        ("('x')", "", "'x'"),
        ("Windows 11 (22H2)", "Windows 11 ", "22H2"),
    ],
)
def test_parentheses(path: str, name: str, arguments: str | None) -> None:
    (segment,) = split_path(path)
    assert (segment.name, segment.arguments) == (name, arguments)


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("images('Windows 11 22H2')", "Windows 11 22H2"),
        ("images(%27Windows%2011%27)", "Windows 11"),
        ("images('O''Neil')", "O'Neil"),
        ("images(%27O%27%27Neil%27)", "O'Neil"),
        ("images('')", ""),
        ("images('''')", "'"),
        ("images('a%2Fb')", "a/b"),
        ("images('a(b)')", "a(b)"),
        ("images('%0A')", "\n"),
        ("images(id='x')", "x"),
        ("images(ID='x')", "x"),
        ("images", None),
        ("images()", None),
        ("images(x)", None),
        ("images(1)", None),
        ("images('x)", None),
        ("images('O'Neil')", None),
        ("images(name='x')", None),
        ("images(id=x)", None),
        ("images('x','y')", None),
        ("images(id='x',other='y')", None),
        ("images('x'%0A)", None),
    ],
)
def test_keys_in_parentheses(path: str, key: str | None) -> None:
    (segment,) = split_path(path)
    assert key_of(segment, "id") == key


def test_segments_know_where_they_start() -> None:
    assert [segment.position for segment in split_path("/a//b%2Fc/d")] == [1, 4, 10]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/a/100%/c", "Malformed percent-encoding at position 6 in '/a/100%/c'"),
        ("/a/%2x", "Malformed percent-encoding at position 3 in '/a/%2x'"),
        ("/a/b%FF", "Percent-encoding that is not UTF-8 at position 4 in '/a/b%FF'"),
        ("/a/%C3/%A9", "Percent-encoding that is not UTF-8 at position 3 in '/a/%C3/%A9'"),
        ("/a/b%00", "The character U+0000 at position 3 in '/a/b%00'"),
        (
            "/deviceManagement/managedDeviceWindowsOSImages/100%/supportedEditions/$count",
            "Malformed percent-encoding at position 50 in '…eviceWindowsOSImages/100%/supportedEditions/$cou…'",
        ),
    ],
)
def test_malformed_paths(path: str, message: str) -> None:
    with pytest.raises(ODataSyntaxError) as caught:
        split_path(path)
    assert str(caught.value) == message


_KEYS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


def _encoded(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


@given(_KEYS)
def test_every_key_can_be_a_segment(key: str) -> None:
    assert _texts(f"/images/{_encoded(key)}/id") == ["images", key, "id"]


@given(_KEYS)
def test_every_key_can_stand_in_parentheses(key: str) -> None:
    quoted = _encoded(key.replace("'", "''"))
    assert [key_of(segment, "id") for segment in split_path(f"images('{quoted}')/id")] == [key, None]
