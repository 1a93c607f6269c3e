"""`Prefer` headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.odata.wire.preferences import NO_PREFERENCES, Preferences, preferences


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, NO_PREFERENCES),
        ("", NO_PREFERENCES),
        ("respond-async, wait=10", NO_PREFERENCES),
        ("return=minimal", Preferences(returned="minimal")),
        ('Return = "representation"', Preferences(returned="representation")),
        ("return=everything", NO_PREFERENCES),
        ("return", NO_PREFERENCES),
        ("odata.maxpagesize=5", Preferences(page_size=5, page_size_name="odata.maxpagesize")),
        ("maxpagesize=5", Preferences(page_size=5, page_size_name="maxpagesize")),
        ("maxpagesize=0", NO_PREFERENCES),
        ("maxpagesize=-1", NO_PREFERENCES),
        ("maxpagesize=1e3", NO_PREFERENCES),
        ("maxpagesize=99999999999999999999", NO_PREFERENCES),
        ("maxpagesize=5, odata.maxpagesize=6", Preferences(page_size=5, page_size_name="maxpagesize")),
        ("return=minimal;a=1;b, return=representation", Preferences(returned="minimal")),
        ('x="a, return=minimal", maxpagesize=2', Preferences(page_size=2, page_size_name="maxpagesize")),
        ("include-unknown-enum-members", Preferences(unknown_members=True)),
        ("odata.continue-on-error", Preferences(continue_on_error=True)),
        ("continue-on-error=false", Preferences(continue_on_error=False)),
        ("continue-on-error=perhaps", NO_PREFERENCES),
        ("create-if-missing", Preferences(create_if_missing=True)),
        ('odata.include-annotations="*", return=minimal', Preferences(returned="minimal")),
        (",,return=minimal,,", Preferences(returned="minimal")),
    ],
)
def test_what_is_understood(header: str | None, expected: Preferences) -> None:
    assert preferences(header) == expected


@given(st.text(alphabet=st.sampled_from('ab=,;" \\return-minimal.odata'), max_size=80))
def test_any_header_can_be_read(header: str) -> None:
    assert isinstance(preferences(header), Preferences)
