"""Which builds a change of ranges newly admits that were too old before, against a count of single builds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.windows.builds import Build
from osimages.windows.policy.admission import Span, family_of, lowered, version_of

FAMILIES, REVISIONS = range(3), range(8)
UNIVERSE = [Build(10, 0, family, revision) for family in FAMILIES for revision in REVISIONS]
builds = st.sampled_from(UNIVERSE)
spans = st.lists(st.builds(Span, builds, builds), max_size=5)


def admitted(of: list[Span]) -> set[Build]:
    """The builds of the universe in any of the spans."""
    return {each for each in UNIVERSE for span in of if span.lowest <= each <= span.highest}


def is_too_old(build: Build, before: set[Build]) -> bool:
    """The rule in words: below the highest admitted build of its family, or below all where it has none."""
    own = {each for each in before if family_of(each) == family_of(build)}
    return build < max(own) if own else build < min(before)


@given(spans, spans)
def test_lowered_are_the_builds_that_were_too_old(before: list[Span], after: list[Span]) -> None:
    old, new = admitted(before), admitted(after)
    expected = {each for each in new - old if old and is_too_old(each, old)}
    assert admitted(list(lowered(before, after))) == expected


def span(lowest: str, highest: str) -> Span:
    """A span of two builds as they are written."""
    return Span(Build.parse(lowest), Build.parse(highest))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # A later month, a higher end, a newer release: nothing older passes.
        ([("26100.5", "26100.9999")], [("26100.7", "26100.65535")], []),
        ([("26100.5", "26100.9999")], [("26100.5", "26100.9999"), ("26200.1", "26200.2")], []),
        ([("26100.5", "26100.9"), ("28000.1", "28000.9")], [("26100.5", "26100.9"), ("26300.1", "26300.9")], []),
        ([("26100.5", "26100.9")], [], []),
        ([], [("26100.5", "26100.9")], []),
        # A lower end, the gap between a hotpatch and the B release, an older release.
        ([("26100.5", "26100.9")], [("26100.4", "26100.9")], [("26100.4", "26100.4")]),
        ([("26100.5", "26100.5"), ("26100.8", "26100.9")], [("26100.5", "26100.9")], [("26100.6", "26100.7")]),
        ([("26100.5", "26100.9")], [("22631.1", "22631.9"), ("26100.5", "26100.9")], [("22631.1", "22631.9")]),
        # An inverted range admits nothing.
        ([("26100.9", "26100.5")], [("26100.4", "26100.9")], []),
    ],
)
def test_lowered(before: list[tuple[str, str]], after: list[tuple[str, str]], expected: list[tuple[str, str]]) -> None:
    found = lowered([span(*each) for each in before], [span(*each) for each in after])
    assert found == tuple(span(*each) for each in expected)


@pytest.mark.parametrize(
    ("text", "least", "expected"),
    [
        ("10.0.26100.4946", 4, "10.0.26100.4946"),
        (" 10.0.26100.4946 ", 4, "10.0.26100.4946"),
        ("10.0.26100", 3, "10.0.26100.0"),
        ("10.0.26100", 4, None),
        ("10.0", 3, None),
        ("10.0.26100.1.1", 3, None),
        ("10.0.26100.-1", 3, None),
        ("10.0.26100.99999999999", 3, None),
        ("", 3, None),
        (None, 3, None),
        (26100, 3, None),
    ],
)
def test_versions(text: object, least: int, expected: str | None) -> None:
    found = version_of(text, least)
    assert (str(found) if found else None) == expected
