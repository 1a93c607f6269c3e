"""The bundled facts: all rows of the fact files are there, none is changed, and they are sound in themselves."""

from __future__ import annotations

from collections import Counter
from datetime import date

import msgspec
import pytest

from osimages.graph.model import ARCHITECTURE, EDITION_TYPE
from osimages.windows.builds import Build
from osimages.windows.calendar import MONTHS_WITHOUT_PATCH_TUESDAY, patch_tuesday
from osimages.windows.facts import Catalogue, Kind, Update, bundled, digest, read
from tests.unit.windows.csv_facts import needs_facts, rows

KINDS = {
    "B": Kind.B,
    "C-D preview": Kind.PREVIEW,
    "OOB": Kind.OUT_OF_BAND,
    "hotpatch": Kind.HOTPATCH,
    "hotpatch OOB": Kind.HOTPATCH_OUT_OF_BAND,
    "GA": Kind.GENERAL_AVAILABILITY,
    "non-B (unlabelled)": Kind.UNLABELLED,
    "unknown": Kind.UNKNOWN,
}


def updates() -> list[tuple[str, Update]]:
    return [(release.id, update) for release in bundled().releases for update in release.updates]


def names(numbers: tuple[int, ...]) -> set[str]:
    return {bundled().sources[number].name for number in numbers}


def test_when_the_facts_were_compiled() -> None:
    assert bundled().as_of == date(2026, 11, 29)
    assert bundled().complete_until == date(2026, 9, 30)
    assert bundled().servers_complete_until == date(2026, 9, 14)
    assert bundled() is bundled()


def test_how_many_there_are() -> None:
    assert len(bundled().releases) == 21
    assert sum(len(release.editions) for release in bundled().releases) == 198
    assert len(updates()) == 1611
    assert Counter(update.kind for _, update in updates()) == {
        Kind.B: 904,
        Kind.PREVIEW: 387,
        Kind.OUT_OF_BAND: 198,
        Kind.UNLABELLED: 64,
        Kind.HOTPATCH: 20,
        Kind.UNKNOWN: 16,
        Kind.HOTPATCH_OUT_OF_BAND: 12,
        Kind.GENERAL_AVAILABILITY: 10,
    }


@needs_facts
def test_every_update_of_the_fact_file_is_carried_unchanged() -> None:
    expected = [
        (
            row["id"],
            row["build_version"],
            row["kb"],
            row["release_date"],
            KINDS[row["servicing_type"]],
            row["canonical_b"] == "yes",
            row["ms_update_type"],
            row["scope"],
            row["type_basis"],
            row["in_msrc"] == "yes",
            row["expired"] == "yes",
            set(row["sources"].split(";")),
        )
        for row in rows("updates")
    ]
    found = [
        (
            key,
            str(each.build),
            each.kb or "",
            "" if each.release_date is None else str(each.release_date),
            each.kind,
            each.is_canonical_b,
            each.label,
            each.scope,
            each.basis,
            each.is_in_msrc,
            each.is_expired,
            names(each.sources),
        )
        for key, each in updates()
    ]
    # Where one build has several KBs the file has them in another order.
    assert len(found) == len(expected)
    assert all(each in expected for each in found)


@needs_facts
def test_every_edition_of_the_fact_file_is_carried_unchanged() -> None:
    expected = [
        (
            *(row[name] for name in ("id", "editionType", "supportEndDate", "servicing_group", "note")),
            {each.partition("=")[0] for each in row["sources"].split(";")},
        )
        for row in rows("editions")
    ]
    found = [
        (release.id, each.edition_type, str(each.support_end_date), each.servicing, each.note, names(each.sources))
        for release in bundled().releases
        for each in release.editions
    ]
    assert found == expected


@needs_facts
def test_every_release_of_the_fact_file_is_carried_unchanged() -> None:
    columns = ("id", "product", "version", "os_build_major", "ga_date", "architectures")
    expected = [(*(row[name] for name in columns), set(row["ga_sources"].split(";"))) for row in rows("releases")]
    found = [
        (
            each.id,
            each.product,
            each.version,
            str(each.os_build),
            str(each.general_availability),
            ";".join(each.architectures),
            names(each.sources),
        )
        for each in bundled().releases
    ]
    assert found == expected


def test_every_fact_has_a_source() -> None:
    count, releases = len(bundled().sources), bundled().every_release
    given = [
        *(release.sources for release in releases),
        *(edition.sources for release in releases for edition in release.editions),
        *(group.sources for release in releases for group in release.groups),
        *(esu.sources for release in releases for esu in release.esu),
        *(package.sources for release in releases for package in release.packages),
        *(update.sources for release in releases for update in release.updates),
    ]
    assert all(each and each == tuple(sorted(set(each))) and each[-1] < count for each in given)
    assert all(source.name and source.what and source.licence for source in bundled().sources)


def test_names_are_those_of_the_model() -> None:
    editions = {edition.edition_type for release in bundled().releases for edition in release.editions}
    architectures = {value for release in bundled().releases for value in release.architectures}
    assert editions == {member.name for member in EDITION_TYPE.members} - {"unknownFutureValue"}
    assert architectures == {"x86", "x64", "arM64"}
    assert architectures < {member.name for member in ARCHITECTURE.members}


def test_at_most_one_canonical_b_for_a_version_and_month() -> None:
    months = Counter((key, each.year, each.month) for key, each in updates() if each.is_canonical_b)
    assert len(months) == 888
    assert set(months.values()) == {1}
    assert not {(year, month) for _, year, month in months} & MONTHS_WITHOUT_PATCH_TUESDAY


def test_only_b_releases_have_a_month_or_are_canonical() -> None:
    for _, each in updates():
        assert (each.kind is Kind.B) == (each.year is not None) == (each.month is not None)
        assert each.kind is Kind.B or not each.is_canonical_b


def test_the_b_releases_that_are_not_of_a_second_tuesday() -> None:
    off = {
        (key, each.build.short, str(each.release_date))
        for key, each in updates()
        if each.is_canonical_b
        and each.year is not None
        and each.month is not None
        and each.release_date != patch_tuesday(each.year, each.month)
    }
    assert off == {
        ("Windows 10 1507", "10240.17738", "2018-01-03"),
        ("Windows 10 1511", "10586.1356", "2018-01-03"),
        ("Windows 10 1607", "14393.2007", "2018-01-03"),
        ("Windows 10 1703", "15063.850", "2018-01-03"),
        ("Windows 10 1709", "16299.192", "2018-01-03"),
        ("Windows 10 1607", "14393.187", "2016-09-20"),
        ("Windows 10 1507", "10240.20979", "2025-04-09"),
    }


def test_hotpatches_are_hotpatches_though_they_come_out_on_patch_tuesday() -> None:
    kinds = (Kind.HOTPATCH, Kind.HOTPATCH_OUT_OF_BAND)
    hotpatches = [each for _, each in updates() if each.kind in kinds]
    assert all(each.release_date is not None for each in hotpatches)
    assert not any(each.is_canonical_b for each in hotpatches)


def test_one_build_with_two_kbs_is_two_updates() -> None:
    found = [each.kb for key, each in updates() if key == "Windows 10 1607" and each.build.short == "14393.187"]
    assert sorted(map(str, found)) == ["KB3189866", "KB3193494"]


def test_what_is_not_known_is_none() -> None:
    october = [each for _, each in updates() if each.release_date and each.release_date >= date(2026, 10, 1)]
    assert len(october) == 18
    assert {each.kb for each in october} == {None}
    assert sum(each.release_date is None for _, each in updates()) == 19


def test_builds_are_those_of_their_release_and_ascend() -> None:
    for release in bundled().releases:
        builds = [each.build for each in release.updates]
        assert {(each.major, each.minor, each.build) for each in builds} == {(10, 0, release.os_build)}
        assert builds == sorted(builds)


def test_the_digest_tells_catalogues_apart() -> None:
    catalogue = bundled()
    first = catalogue.releases[0]
    update = msgspec.structs.replace(first.updates[0], sources=())
    release = msgspec.structs.replace(first, updates=(update, *first.updates[1:]))
    other = msgspec.structs.replace(catalogue, releases=(release, *catalogue.releases[1:]))
    same = msgspec.structs.replace(catalogue)
    assert same == catalogue
    assert hash(same) == hash(catalogue)
    assert digest(same) == digest(catalogue)
    assert other != catalogue
    assert digest(other) != digest(catalogue)


def test_the_form_is_read_as_documented() -> None:
    text = b"""{"asOf": "2026-11-23", "completeUntil": "2026-09-30",
      "sources": [{"name": "a", "what": "b", "licence": "MIT", "asOf": "2026-05"}], "bases": ["ms-label"],
      "releases": [{"id": "Windows 11 25H2", "product": "Windows 11", "version": "25H2", "osBuild": 26200,
        "generalAvailability": "2025-09-30", "architectures": ["x64"], "sources": [0],
        "editions": [["enterprise", "2028-10-10", "Enterprise/Education", "", [0]]],
        "updates": [[9711, null, "2026-10-13", "B", "2026-10", true, "", "GA", 0, true, false, [0]]]}]}"""
    catalogue = read(text)
    update = catalogue.releases[0].updates[0]
    assert update.build == Build(10, 0, 26200, 9711)
    assert (update.kind, update.year, update.month, update.basis) == (Kind.B, 2026, 10, "ms-label")
    assert catalogue.releases[0].editions[0].support_end_date == date(2028, 10, 10)


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b'{"asOf": "2026-11-23", "completeUntil": "soon", "sources": [], "bases": [], "releases": []}',
        b'{"asOf": "2026-11-23", "completeUntil": "2026-09-30", "sources": [], "bases": [], "releases": [], "x": 1}',
    ],
)
def test_another_form_is_refused(text: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        read(text)


def test_facts_cannot_be_changed() -> None:
    catalogue: Catalogue = bundled()
    with pytest.raises(AttributeError):
        catalogue.as_of = date(2027, 1, 1)  # type: ignore[misc]
