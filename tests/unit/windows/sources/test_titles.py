"""Titles of updates as Microsoft types them, slips of the pen included."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.windows.merge.claims import Title
from osimages.windows.sources.titles import OutOfScopeError, ReadTitle, UnreadableError, read_title

READABLE = [
    (
        "July 14, 2026—KB5101650 (OS Builds 26200.8875 and 26100.8875)",
        ("2026-07-14", "KB5101650", ["26200.8875", "26100.8875"], Title.PLAIN),
    ),
    (
        "September 14, 2026, 2026—KB5129239 (OS Build 14393.9514) Out-of-band",
        ("2026-09-14", "KB5129239", ["14393.9514"], Title.OUT_OF_BAND),
    ),
    (
        "April 22, 2025—KB5055627(OS Build 26100.3915) Preview",
        ("2025-04-22", "KB5055627", ["26100.3915"], Title.PREVIEW),
    ),
    (
        "June 10, 2025—KB5060999 (OS Builds OS 22621.5472 and 22631.5472)",
        ("2025-06-10", "KB5060999", ["22621.5472", "22631.5472"], Title.PLAIN),
    ),
    (
        "July 22, 2025—KB5062663 (OS Builds 22621.5699) Preview",
        ("2025-07-22", "KB5062663", ["22621.5699"], Title.PREVIEW),
    ),
    ("January 26, 2017—KB 3216755 (OS Build 14393.726)", ("2017-01-26", "KB3216755", ["14393.726"], Title.PLAIN)),
    ("May 26, 2021—K5003646 (OS Build 17763.1971)", ("2021-05-26", "KB5003646", ["17763.1971"], Title.PLAIN)),
    (
        "November 11, 2025—Hotpatch KB5068966 (OS Build 26100.7092)",
        ("2025-11-11", "KB5068966", ["26100.7092"], Title.HOTPATCH),
    ),
    (
        "March 13, 2026—Hotpatch KB5084597 (OS Builds 26200.7982 and 26100.7982) Out-of-band",
        ("2026-03-13", "KB5084597", ["26200.7982", "26100.7982"], Title.HOTPATCH_OUT_OF_BAND),
    ),
    (
        "April 16, 2025—KB5059087 (OS Build 26100.3781) Out-of-Band",
        ("2025-04-16", "KB5059087", ["26100.3781"], Title.OUT_OF_BAND),
    ),
    ("July 30, 2018 - KB4346877 (OS Build 14393.2396)", ("2018-07-30", "KB4346877", ["14393.2396"], Title.PLAIN)),
    (
        "November\u00a010, 2026-KB5990011 (OS Build 19045.7925)",
        ("2026-11-10", "KB5990011", ["19045.7925"], Title.PLAIN),
    ),
]


@pytest.mark.parametrize(("text", "expected"), READABLE, ids=[text for text, _ in READABLE])
def test_what_a_title_says(text: str, expected: tuple[str, str, list[str], Title]) -> None:
    read = read_title(text)
    assert (str(read.day), read.kb, [each.short for each in read.builds], read.title) == expected
    assert not read.is_expired


@pytest.mark.parametrize("tail", [" - EXPIRED", "- EXPIRED", " Out-of-band - EXPIRED"])
def test_updates_that_were_withdrawn(tail: str) -> None:
    assert read_title(f"April 8, 2025—KB5055518 (OS Builds 19044.5736 and 19045.5736){tail}").is_expired


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("KB5101650 (OS Build 26200.8875)", "it does not begin with a day"),
        ("Febuary 10, 2026—KB5101650 (OS Build 26200.8875)", "it does not begin with a day"),
        ("February 30, 2026—KB5101650 (OS Build 26200.8875)", "there is no February 30, 2026"),
        ("July 14, 2026—KB5101650", "it names no build"),
        ("July 14, 2026—KB5101650 (OS Build 26200)", "it names no build"),
        ("July 14, 2026—" + "x" * 400, "it is too long"),
    ],
)
def test_what_is_missing_is_said(text: str, what: str) -> None:
    with pytest.raises(UnreadableError, match=what):
        read_title(text)


@pytest.mark.parametrize("device", ["Windows 10 Mobile", "HoloLens 2"])
def test_updates_of_other_devices_are_out_of_scope(device: str) -> None:
    with pytest.raises(OutOfScopeError):
        read_title(f"April 10, 2018—KB4099572 Update for {device} (OS Build 15254.369)")


def test_the_second_build_of_a_family_knows_its_place() -> None:
    """The second was the one for phones, in 2016 to 2018."""
    claims = read_title("May 9, 2017—KB4016871 (OS Build 15063.296 and 15063.297)").claims("Windows 10 1703")
    assert [(each.build.short, each.position, each.listed_under) for each in claims] == [
        ("15063.296", 0, "Windows 10 1703"),
        ("15063.297", 1, "Windows 10 1703"),
    ]


DAYS = st.dates(date(2015, 1, 1), date(2035, 12, 31))
BUILDS = st.lists(st.tuples(st.integers(10000, 99999), st.integers(1, 999999)), min_size=1, max_size=3, unique=True)


@given(
    DAYS,
    st.integers(1000000, 99999999),
    BUILDS,
    st.sampled_from(["—", "-", " - ", "— ", "–"]),
    st.sampled_from(["", " ", "  "]),
)
def test_any_day_kb_and_builds_are_read(
    day: date, kb: int, builds: list[tuple[int, int]], dash: str, space: str
) -> None:
    named = ", ".join(f"{build}.{revision}" for build, revision in builds)
    read = read_title(f"{day:%B} {day.day}, {day.year}{dash}KB{space[:1]}{kb}{space}(OS Builds {named})")
    assert (read.day, read.kb) == (day, f"KB{kb}")
    assert [(each.build, each.revision) for each in read.builds] == builds


@given(st.text(max_size=400))
def test_any_other_text_is_refused_by_name(text: str) -> None:
    try:
        assert isinstance(read_title(text), ReadTitle)
    except (UnreadableError, OutOfScopeError) as error:
        assert str(error)
