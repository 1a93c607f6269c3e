"""Builds: what is read, what is refused with a reason, and how they are ordered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.windows.builds import Build

PARTS = st.integers(0, 2**32 - 1)
BUILDS = st.builds(Build, PARTS, PARTS, PARTS, PARTS)


@pytest.mark.parametrize("text", ["10.0.26200.9711", "26200.9711", " 26200.9711\n"])
def test_full_and_short_forms_are_the_same_build(text: str) -> None:
    assert Build.parse(text) == Build(10, 0, 26200, 9711)


@given(BUILDS)
def test_what_is_written_reads_back(build: Build) -> None:
    assert Build.parse(str(build)) == build


@given(PARTS, PARTS)
def test_the_short_form_reads_back(build: int, revision: int) -> None:
    assert Build.parse(Build(10, 0, build, revision).short) == Build(10, 0, build, revision)


@given(BUILDS, BUILDS)
def test_order_is_by_number_part_by_part(one: Build, other: Build) -> None:
    def parts(build: Build) -> list[int]:
        return [int(part) for part in str(build).split(".")]

    assert (one < other) == (parts(one) < parts(other))
    assert (one == other) == (parts(one) == parts(other))


def test_order_is_not_that_of_text() -> None:
    texts = ["26200.10", "26200.9", "9600.99999", "10.0.26100.32230", "6.3.9600.1"]
    ordered = ["6.3.9600.1", "10.0.9600.99999", "10.0.26100.32230", "10.0.26200.9", "10.0.26200.10"]
    assert [str(each) for each in sorted(map(Build.parse, texts))] == ordered


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("26200", "has 1 part:"),
        ("10.0.26200", "has 3 parts"),
        ("10.0.26200.9711.1", "has 5 parts"),
        ("26200.", "not made of numbers"),
        ("26200,9711", "not made of numbers"),
        ("-1.5", "not made of numbers"),
        ("24H2", "not made of numbers"),
        ("٢٦٢٠٠.٩٧١١", "not made of numbers"),
        ("26200.4294967296", "too large, '4294967296'"),
        ("26200." + "9" * 5000, "too large"),
    ],
)
def test_what_is_no_build_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        Build.parse(text)
    assert "expected a build such as 10.0.26200.9711" in str(caught.value)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        build = Build.parse(text)
    except ValueError as error:
        assert "expected a build" in str(error)
    else:
        assert Build.parse(str(build)) == build


def test_builds_cannot_be_changed() -> None:
    build = Build(10, 0, 26200, 9711)
    with pytest.raises(AttributeError):
        build.revision = 1  # type: ignore[misc]
    assert hash(build) == hash(Build.parse("26200.9711"))
