"""The overrides file: what it may say, and errors that name the pin."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.windows.builds import Build
from osimages.windows.facts import Kind
from osimages.windows.merge.overrides import NO_OVERRIDES, Overrides, OverridesError, parse_overrides, read_overrides


def pin(**members: str) -> bytes:
    """A file with one pin; values are given as TOML writes them."""
    return "\n".join(["[[pin]]", *(f"{name} = {value}" for name, value in members.items())]).encode()


def test_no_file_is_no_overrides(tmp_path: Path) -> None:
    assert read_overrides(tmp_path / "catalogue.toml") == NO_OVERRIDES


def test_a_file_with_every_field(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.toml"
    file.write_bytes(
        b"\n".join(
            [
                pin(build='"26100.1742"', field='"release date"', value="2024-09-10", reason='"a"'),
                pin(build='"10.0.26100.2"', field='"kind"', value='"preview"', reason='"b"', source='"https://x"'),
                pin(build='"26100.3"', field='"canonical"', reason='"c"'),
                pin(build='"26100.4"', field='"dropped"', value="true", reason='"d"'),
                pin(
                    release='"Windows 11 24H2"',
                    group='"Home/Pro"',
                    field='"support end date"',
                    value="2027-10-12",
                    reason='"e"',
                ),
                b'[sources.msrc]\nurls = ["https://mirror.example/cvrf"]\n[sources.dataforgeeks]\nasked = true',
            ]
        )
    )
    found = read_overrides(file)
    assert found.days == {Build.parse("26100.1742"): date(2024, 9, 10)}
    assert found.kinds == {Build.parse("26100.2"): Kind.PREVIEW}
    assert found.canonical == {Build.parse("26100.3")}
    assert found.dropped == {Build.parse("26100.4")}
    assert found.ends == {("Windows 11 24H2", "Home/Pro"): date(2027, 10, 12)}
    assert found.urls == {"msrc": ("https://mirror.example/cvrf",)}
    assert found.asked == {"dataforgeeks": True}
    assert [each.reason for each in found.pins] == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"[[pin]", "catalogue.toml: "),
        (b"\xff", "catalogue.toml: "),
        (b"[[pins]]\nfield = 'kind'", "pins"),
        (pin(build='"26100.1"', field='"kind"', value='"preview"'), "reason"),
        (pin(build='"26100.1"', field='"kind"', value='"preview"', reason='" "'), "pin 1: a pin needs a reason"),
        (pin(build='"26100.1"', field='"kind"', value='"Z"', reason='"r"'), "there is no kind 'Z'"),
        (pin(build='"26100.1"', field='"kind"', value="1", reason='"r"'), "there is no kind '1'"),
        (pin(build='"26100.1"', field='"colour"', reason='"r"'), "there is no field 'colour'"),
        (pin(build='"26100"', field='"kind"', value='"B"', reason='"r"'), "26100"),
        (pin(build='"26100.1"', field='"release date"', value='"2024-09-10"', reason='"r"'), "without quotes"),
        (pin(build='"26100.1"', field='"canonical"', value="false", reason='"r"'), "is true, or left out"),
        (pin(release='"Windows 11 24H2"', field='"support end date"', reason='"r"'), "needs a release and a group"),
        (pin(build='"26100.1"', field='"kind"', value='"B"', reason='"r"', because='"x"'), "because"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(text: bytes, what: str) -> None:
    with pytest.raises(OverridesError) as caught:
        parse_overrides(text, "catalogue.toml")
    assert what in str(caught.value)
    assert "catalogue.toml" in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "catalogue.toml").mkdir()
    with pytest.raises(OverridesError, match="cannot be read"):
        read_overrides(tmp_path / "catalogue.toml")


@given(st.binary(max_size=200))
def test_any_bytes(text: bytes) -> None:
    try:
        assert isinstance(parse_overrides(text, "catalogue.toml"), Overrides)
    except OverridesError as error:
        assert str(error)
