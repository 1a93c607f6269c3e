"""The history of a release: found by any of its names, newest update first."""

from __future__ import annotations

from datetime import date

import pytest

from osimages.windows.builds import Build
from osimages.windows.facts import Kind, bundled
from osimages.windows.release_history import UnknownReleaseError, find_release, history


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Windows 11 24H2", "Windows 11 24H2"),
        ("windows  11 24h2 ", "Windows 11 24H2"),
        ("24H2", "Windows 11 24H2"),
        ("24h2", "Windows 11 24H2"),
        ("26100", "Windows 11 24H2"),
        ("1607", "Windows 10 1607"),
        ("20h2", "Windows 10 20H2"),
        ("19045", "Windows 10 22H2"),
        ("windows server 2025", "Windows Server 2025"),
        ("Server 2012 R2", "Windows Server 2012 R2"),
        ("Windows Server, version 23H2", "Windows Server, version 23H2"),
        ("Windows Server 23H2", "Windows Server, version 23H2"),
        ("Server 1809", "Windows Server, version 1809"),
        ("20348", "Windows Server 2022"),
        ("25398", "Windows Server, version 23H2"),
        ("HoloLens 2 23H2", "HoloLens 2 23H2"),
        ("23H2", "Windows 11 23H2"),
        ("14393", "Windows 10 1607"),
        ("11 24H2", "Windows 11 24H2"),
    ],
)
def test_a_release_is_found_by_id_version_and_build(name: str, expected: str) -> None:
    assert find_release(bundled(), name).id == expected


@pytest.mark.parametrize("name", ["21H2", "22h2"])
def test_a_version_of_both_windows_must_be_told_apart(name: str) -> None:
    with pytest.raises(UnknownReleaseError, match=f"Windows 10 {name.upper()} or Windows 11 {name.upper()}"):
        find_release(bundled(), name)


@pytest.mark.parametrize("name", ["27H2", "", "Windows 11", "26100.863"])
def test_an_unknown_release_is_answered_with_the_known_ones(name: str) -> None:
    with pytest.raises(UnknownReleaseError) as caught:
        find_release(bundled(), name)
    assert f"'{name}'" in str(caught.value)
    assert all(each.id in str(caught.value) for each in bundled().every_release)


@pytest.mark.parametrize("release", bundled().every_release, ids=lambda release: release.id)
def test_every_update_is_listed_once_and_newest_first(release: object) -> None:
    found = next(each for each in bundled().every_release if each is release)
    entries = history(found)
    assert len(entries) == len(found.every_update)
    assert {entry.update for entry in entries} == set(found.every_update)
    dated = [entry.update.release_date for entry in entries if entry.update.release_date is not None]
    assert dated == sorted(dated, reverse=True)


def test_an_update_without_a_date_stands_by_its_build() -> None:
    shorts = [entry.build.short for entry in history(find_release(bundled(), "1607")) if entry.build is not None]
    position = shorts.index("14393.8524")
    assert shorts[position - 1 : position + 2] == ["14393.8594", "14393.8524", "14393.8519"]


def test_only_b_releases_belong_to_a_patch_tuesday() -> None:
    entries = history(find_release(bundled(), "1607"))
    assert all((entry.patch_tuesday is not None) == (entry.update.kind is Kind.B) for entry in entries)
    early = next(entry for entry in entries if entry.build == Build.parse("14393.2007"))
    assert (early.update.release_date, early.patch_tuesday) == (date(2018, 1, 3), date(2018, 1, 9))
