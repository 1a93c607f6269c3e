"""The facts beyond client releases and Graph's editions: Windows Server, HoloLens, ESU, hotpatch months."""

from __future__ import annotations

from datetime import date

import pytest

from osimages.windows.builds import Build
from osimages.windows.facts import EsuProgram, Kind, Release, Update, bundled
from osimages.windows.servicing import Servicing
from osimages.windows.support import support_groups
from tests.unit.windows.csv_facts import LATER, needs_facts, read_rows, servers
from tests.unit.windows.test_facts import KINDS


def release(name: str) -> Release:
    return next(each for each in bundled().every_release if each.id == name)


def update(name: str, build: str) -> Update:
    return next(each for each in release(name).updates if each.build == Build.parse(build))


def names(numbers: tuple[int, ...]) -> set[str]:
    return {bundled().sources[number].name for number in numbers}


def test_every_id_names_one_release() -> None:
    ids = [each.id for each in bundled().every_release]
    assert len(ids) == len(set(ids)) == 21 + 13 + 9


@needs_facts
def test_every_server_is_as_in_the_fact_files() -> None:
    found = {each.id: each for each in bundled().servers}
    given = servers("releases")
    assert found.keys() == {row["ms_name"] for row in given}
    for row in given:
        server = found[row["ms_name"]]
        (group,) = support_groups(server)
        ends = [end for esu in group.esu for end in esu.ends]
        assert (server.version, server.os_build) == (row["version"], int(row["os_build_major"]))
        assert str(server.general_availability) == row["ga_date"]
        assert (str(group.mainstream_end), str(group.support_end_date)) == (row["mainstream_end"], row["extended_end"])
        assert [*map(str, ends), "", "", ""][:3] == [row[f"esu_y{year}_end"] for year in (1, 2, 3)]
        assert server.hotpatch_until == row["hotpatch_until"][:7]
        assert group.editions == tuple(each["editionType"] for each in servers("editions") if each["id"] == row["id"])


@needs_facts
def test_every_update_of_a_server_is_carried_unchanged_with_or_without_a_build() -> None:
    ids = {row["id"]: row["ms_name"] for row in servers("releases")}
    expected = sorted(
        (ids[row["id"]], row["build_version"], row["kb"], row["release_date"], KINDS[row["servicing_type"]].value)
        for row in servers("updates")
    )
    found = [
        (each.id, str(update.build), update.kb or "", str(update.release_date or ""), update.kind.value)
        for each in bundled().servers
        for update in each.updates
    ]
    found += [
        (each.id, "", package.kb, str(package.release_date), package.kind.value)
        for each in bundled().servers
        for package in each.packages
    ]
    assert sorted(found) == expected
    assert len(found) == 946


@needs_facts
def test_every_row_to_add_amend_or_confirm_is_in_the_facts() -> None:
    for row in read_rows(LATER / "client-gaps.csv"):
        owner = release(row["id"])
        if not row["build_short"]:
            (package,) = owner.packages
            assert (package.kb, str(package.release_date)) == (row["kb"], row["release_date"])
            assert package.note == row["note"]
            continue
        found = update(row["id"], row["build_version"])
        assert (found.kb or "", str(found.release_date)) == (row["kb"], row["release_date"])
        assert found.kind is KINDS[row["servicing_type"]]
        assert {each.split("(")[0] for each in row["sources"].split(";")} <= names(found.sources)


@needs_facts
def test_every_row_of_the_lifecycle_file_is_in_the_facts() -> None:
    for row in read_rows(LATER / "client-lifecycle.csv"):
        if row["editionType"] == "(preview updates)":
            assert row["supportEndDate"] in release(row["id"]).note
            continue
        if row["id"] == "HoloLens 2":
            groups = support_groups(release("HoloLens 2 23H2"))
        else:
            groups = support_groups(release(row["id"]))
        ends = {str(each.support_end_date) for each in groups}
        ends |= {str(end) for each in groups for esu in each.esu for end in esu.ends}
        assert row["supportEndDate"] in ends or (row["editionType"] == "holographic" and not row["supportEndDate"]), row


@needs_facts
def test_every_month_of_the_hotpatch_calendar_is_in_the_facts() -> None:
    owners = {"Windows Server 2022": "Windows Server 2022", "Windows Server 2025": "Windows Server 2025"}
    for row in read_rows(LATER / "hotpatch-calendar.csv"):
        name = next((owner for start, owner in owners.items() if row["product"].startswith(start)), "Windows 11 24H2")
        month = next(e for e in release(name).hotpatch_months if f"{e.year}-{e.month:02}" == row["month"])
        assert month.planned == row["planned"]
        assert month.actual == ("" if "not public" in row["actual"] else row["actual"])
        for build in filter(None, (row["b_build"], row["hotpatch_build"])):
            assert update(name, build)


def test_server_builds_are_not_client_builds() -> None:
    assert update("Windows Server 2025", "26100.3781").kb == "KB5059087"
    assert not [each for each in release("Windows 11 24H2").updates if each.build.revision == 3781]


def test_servers_have_revisions_of_their_own_in_26100_since_2026() -> None:
    own = [each.build.revision for each in release("Windows Server 2025").updates if each.build.revision > 7462]
    assert min(own) == 32230
    assert all(each.build.revision < 30_000 for each in release("Windows 11 24H2").updates)


def test_builds_of_2012_r2_begin_with_6_3() -> None:
    server = release("Windows Server 2012 R2")
    assert server.nt_version == (6, 3)
    assert {(each.build.major, each.build.minor) for each in server.updates} == {(6, 3)}
    assert (len(server.updates), len(server.packages)) == (4, 56)


def test_a_hotpatch_revision_may_be_above_that_of_its_b_release() -> None:
    hotpatch, b = update("Windows Server 2022", "20348.525"), update("Windows Server 2022", "20348.524")
    assert (hotpatch.kind, b.kind) == (Kind.HOTPATCH, Kind.B)
    assert hotpatch.release_date == b.release_date


@pytest.mark.parametrize(
    ("name", "servicing", "program", "last"),
    [
        ("Windows 10 22H2", Servicing.HOME_PRO, EsuProgram.CONSUMER, date(2027, 10, 12)),
        ("Windows 10 22H2", Servicing.HOME_PRO, EsuProgram.COMMERCIAL, date(2028, 10, 10)),
        ("Windows 10 22H2", Servicing.ENTERPRISE, EsuProgram.COMMERCIAL, date(2028, 10, 10)),
        ("Windows 10 1607", Servicing.LTSC, EsuProgram.COMMERCIAL, date(2029, 10, 9)),
        ("Windows 10 1607", Servicing.IOT_LTSC, EsuProgram.COMMERCIAL, date(2029, 10, 9)),
        ("Windows Server 2012 R2", Servicing.SERVER_LTSC, EsuProgram.COMMERCIAL, date(2026, 10, 13)),
        ("Windows Server 2016", Servicing.SERVER_LTSC, EsuProgram.COMMERCIAL, date(2030, 1, 8)),
    ],
)
def test_the_last_day_of_esu(name: str, servicing: Servicing, program: EsuProgram, last: date) -> None:
    group = next(each for each in support_groups(release(name)) if each.servicing is servicing)
    assert [esu.ends[-1] for esu in group.esu if esu.program is program] == [last]


@pytest.mark.parametrize(
    ("name", "servicing", "end", "is_inferred"),
    [
        ("Windows 10 1507", Servicing.IOT_LTSC, date(2025, 10, 14), False),
        ("Windows 10 21H2", Servicing.IOT_LTSC, date(2032, 1, 13), False),
        ("Windows 10 22H2", Servicing.TEAM, date(2025, 10, 14), True),
        ("Windows 11 22H2", Servicing.SE, date(2024, 10, 8), True),
        ("Windows 11 24H2", Servicing.SE, date(2026, 10, 13), True),
        ("HoloLens 2 23H2", Servicing.HOLOGRAPHIC, date(2027, 12, 31), False),
    ],
)
def test_groups_beyond_graphs_editions(name: str, servicing: Servicing, end: date, is_inferred: bool) -> None:
    group = next(each for each in support_groups(release(name)) if each.servicing is servicing)
    assert (group.support_end_date, group.is_inferred, group.esu) == (end, is_inferred, ())


def test_windows_11_se_has_no_25h2() -> None:
    assert not [each for each in support_groups(release("Windows 11 25H2")) if each.servicing is Servicing.SE]
