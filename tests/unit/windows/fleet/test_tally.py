"""Totals of a fleet: of small ones by hand, of a large one by an independent computation from the fact files."""

from __future__ import annotations

import random
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest

from osimages.windows.checks.checker import Checker
from osimages.windows.checks.evidence import Evidence
from osimages.windows.facts import bundled
from osimages.windows.fleet.columns import Columns
from osimages.windows.fleet.devices import Device, Export
from osimages.windows.fleet.rows import Broken
from osimages.windows.fleet.tally import Group, Tally, document, facts_of
from tests.support.fleet_export import devices
from tests.unit.windows.csv_facts import needs_facts, rows, servers

TODAY = date(2026, 11, 23)


def tally(edition: str | None = None, today: date = TODAY) -> Tally:
    return Tally(Checker(bundled(), today), edition)


def evidence(build: str, edition: str = "", system: str = "") -> Evidence:
    return Evidence(build=build, edition=edition, system=system)


def test_totals_by_hand() -> None:
    fleet = tally(today=date(2026, 11, 5))
    fleet.add(evidence("10.0.26200.9711", "Pro", "Windows"))
    fleet.add(evidence("10.0.26200.9711", "Professional", "Windows"))
    fleet.add(evidence("10.0.26100.9445", "Pro", "Windows"))
    fleet.add(evidence("what", "Pro", "Windows"))
    fleet.add(evidence("18.6", "", "iOS"))
    fleet.add(evidence("25.1", "", "Darwin"))
    summary = fleet.summary()
    assert (summary.rows_read, summary.devices, summary.good) == (6, 4, 2)
    assert summary.verdicts == {"good": 2, "behind": 0, "outOfSupport": 1, "cannotTell": 1}
    assert summary.families == {"client": 4}
    assert {name: count for name, count in summary.support.items() if count} == {
        "supported": 2,
        "ended": 1,
        "unknown": 1,
    }
    assert {name: count for name, count in summary.patch.items() if count} == {"current": 2, "behind": 1, "unknown": 1}
    assert summary.behind == {0: 2, 1: 1}
    assert summary.releases == {"Windows 11 24H2": 1, "Windows 11 25H2": 2, "unknown": 1}
    assert (summary.skipped, summary.other_systems) == ({"notWindows": 2}, {"iOS": 1, "macOS": 1})
    assert [(str(each.support_end_date), each.devices) for each in fleet.leaving()] == [
        ("2026-10-13", 1),
        ("2027-10-12", 2),
    ]


def test_system_and_edition_columns_complete_a_bare_version() -> None:
    fleet = tally()
    group = fleet.add(evidence("22H2", "", "Windows11"))
    assert isinstance(group, Group)
    assert group.answer.release == "Windows 11 22H2"
    group = fleet.add(evidence("26100.9445", "", "Microsoft Windows 11 Enterprise LTSC"))
    assert isinstance(group, Group)
    assert group.answer.servicing == "Enterprise LTSC"


def test_broken_lines_are_counted_and_the_first_ones_kept() -> None:
    fleet = tally()
    rows: list[Device | Broken] = [
        *(Broken(number, number, "why") for number in range(500)),
        Device(501, evidence("26200.9711"), ()),
    ]
    assert len(list(fleet.take(Export((), Columns(), iter(rows), list)))) == 1
    assert (fleet.rejected, len(fleet.broken)) == (500, 100)
    assert fleet.summary().rejected == 500


def test_memory_is_bounded_whatever_the_builds_are() -> None:
    fleet = tally()
    tracemalloc.start()
    for number in range(60_000):
        fleet.add(evidence(f"10.0.26100.{number % 29_000}" if number % 2 else f"text{number}"))
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert fleet.summary().devices == 60_000
    assert used < 100 * 2**20, used


@pytest.fixture(scope="module")
def fleet() -> Tally:
    found = tally()
    for each in pcs():
        # What says that it is a PC: some builds are those of a server, too.
        found.add(Evidence(each["OS version"], edition=each["SkuFamily"], system=each["OS"], product_type="1"))
    return found


def pcs() -> Iterator[dict[str, str]]:
    return (each for each in devices(100_000) if "20348" not in each["OS version"])


@needs_facts
def test_a_large_fleet_adds_up_to_what_the_fact_files_say(fleet: Tally) -> None:
    """A second way to the same totals: nothing of it but the columns of the fact files and plain string handling."""
    group = {
        "Enterprise": "Enterprise/Education",
        "Education": "Enterprise/Education",
        "Pro": "Home/Pro",
        "Home": "Home/Pro",
    }
    major = {row["os_build_major"]: row["id"] for row in rows("releases")}
    ends = {(row["id"], row["servicing_group"]): row["supportEndDate"] for row in rows("editions")}
    long_term = {"Windows 10 1809": "2029-01-09", "Windows 10 21H2": "2027-01-12", "Windows 11 24H2": "2029-10-09"}
    hotpatches = {
        (row["id"], row["build_short"].split(".")[1]): row["release_date"][:7]
        for row in rows("updates")
        if row["servicing_type"].startswith("hotpatch")
    }
    updates = [
        (row["id"], int(row["build_short"].split(".")[1]), row["release_date"])
        for row in rows("updates")
        if row["canonical_b"] == "yes" and row["release_date"] <= "2026-11-21"
    ]
    support: Counter[str] = Counter()
    behind: Counter[int] = Counter()
    skipped = 0
    counted: Counter[tuple[str, str, str]] = Counter()
    for each in pcs():
        counted[each["OS version"], each["SkuFamily"], each["OS"]] += 1
    for (version, sku, system), count in counted.items():
        parts = version.split(".")
        release = major.get(parts[2]) if len(parts) == 4 else None
        if system != "Windows":
            skipped += count
        elif release is None:
            support["unknown"] += count
        else:
            support[_support(release, sku, group, ends, long_term)] += count
            if parts[3] != "0":
                month = hotpatches.get((release, parts[3]))
                last = _last_day(release, sku, group, ends, long_term)
                if release == "Windows 10 22H2" and sku != "EnterpriseS" and int(parts[3]) > 6456:
                    last = "2028-10-10"  # a build that came after the end: it has Extended Security Updates
                later = [
                    out
                    for id_, revision, out in updates
                    if id_ == release and out <= last and (out[:7] > month if month else revision > int(parts[3]))
                ]
                behind[len(later)] += count
    summary = fleet.summary()
    assert sum(summary.skipped.values()) == skipped
    assert {name: count for name, count in summary.support.items() if count} == dict(support)
    assert summary.behind == dict(sorted(behind.items()))
    assert summary.devices + skipped == sum(counted.values())


def _server_rows() -> dict[tuple[str, int], list[dict[str, str]]]:
    """The updates of each server release by its revision; 2012 R2 is left out: few of its builds are known."""
    found: dict[tuple[str, int], list[dict[str, str]]] = {}
    for row in servers("updates"):
        if row["build_short"] and row["id"] != "Windows Server 2012 R2":
            found.setdefault((row["id"], int(row["build_short"].split(".")[1])), []).append(row)
    return found


def _server_behind(updates: list[dict[str, str]], revision: int, released: list[tuple[int, str]]) -> int:
    """Count the months of B releases that a server lacks; a hotpatch has all fixes of its month."""
    if any(row["servicing_type"].startswith("hotpatch") for row in updates):
        kinds = ("hotpatch", "hotpatch OOB", "B")
        month = min(row["release_date"][:7] for row in updates if row["servicing_type"] in kinds)
        return len({day[:7] for _, day in released if day[:7] > month})
    return len({day[:7] for later, day in released if later > revision})


@needs_facts
def test_a_mixed_fleet_of_clients_servers_phones_and_macs_adds_up() -> None:
    """A second way to the totals: server facts, client ends and the systems of others, from the fact files alone."""
    today, rnd = "2026-11-29", random.Random(12)
    named = {row["id"]: row for row in servers("releases")}
    found = tally(today=date(2026, 11, 29))
    families: Counter[str] = Counter()
    releases: Counter[str] = Counter()
    support: Counter[str] = Counter()
    behind: Counter[int] = Counter()
    others: Counter[str] = Counter()

    def add(each: Evidence) -> int:
        count = rnd.randint(1, 4)
        for _ in range(count):
            found.add(each)
        return count

    by_revision = _server_rows()
    assert len(by_revision) > 800
    for (release, revision), updates in by_revision.items():
        row = named[release]
        end = row["extended_end"]
        released = [
            (number, each["release_date"])
            for (id_, number), some in by_revision.items()
            for each in some
            if id_ == release and each["canonical_b"] == "yes" and each["release_date"] <= min(end, today)
        ]
        count = add(Evidence(updates[0]["build_version"], system=row["ms_name"], product_type="3"))
        families["server"] += count
        releases[row["ms_name"]] += count
        support["supported" if end >= today else "ended"] += count
        behind[_server_behind(updates, revision, released)] += count
    clients = [row for row in rows("updates") if row["id"] == "Windows 11 24H2" and row["canonical_b"] == "yes"]
    for edition, end in (("Pro", "2026-10-13"), ("Enterprise", "2027-10-12"), ("EnterpriseS", "2029-10-09")):
        for row in clients:
            count = add(Evidence(row["build_version"], edition=edition, system="Windows 11"))
            families["client"] += count
            releases["Windows 11 24H2"] += count
            support["supported" if end >= today else "ended"] += count
            newer = {each["release_date"] for each in clients if row["release_date"] < each["release_date"] <= end}
            behind[len(newer)] += count
    for system, version, name in (
        ("iOS", "18.6.2", "iOS"),
        ("Android (fully managed)", "16", "Android"),
        ("macOS", "26.1 (25B78)", "macOS"),
        ("MacMDM", "15.7", "macOS"),
        ("iPadOS", "26.1", "iPadOS"),
    ):
        others[name] += add(Evidence(version, system=system))
    summary = found.summary()
    assert summary.families == dict(families)
    assert summary.releases == dict(sorted(releases.items()))
    assert {name: count for name, count in summary.support.items() if count} == dict(support)
    assert summary.behind == dict(sorted(behind.items()))
    assert (summary.other_systems, summary.skipped) == (dict(sorted(others.items())), {"notWindows": others.total()})
    assert summary.devices + others.total() == summary.rows_read == families.total() + others.total()


def _last_day(
    release: str, sku: str, group: dict[str, str], ends: dict[tuple[str, str], str], long_term: dict[str, str]
) -> str:
    """The last day on which an edition gets updates; any day where it has no end in the files."""
    if sku == "EnterpriseS":
        return long_term.get(release, "9999")
    which = [group[sku]] if sku else ["Home/Pro", "Enterprise/Education"]
    return max([ends[release, each] for each in which] + ([long_term.get(release, "")] if not sku else []))


def _support(
    release: str, sku: str, group: dict[str, str], ends: dict[tuple[str, str], str], long_term: dict[str, str]
) -> str:
    if sku == "EnterpriseS":
        return "supported" if long_term.get(release, "") >= "2026-11-23" else "unknown"
    which = [group[sku]] if sku else ["Home/Pro", "Enterprise/Education"]
    left = [ends[release, each] >= "2026-11-23" for each in which]
    if not sku and release in long_term:
        left.append(True)
    if all(left):
        return "supported"
    if any(left):
        return "dependsOnEdition"
    return "extendedSecurityUpdates" if release == "Windows 10 22H2" else "ended"


def test_the_document_holds_every_kind_and_adds_up(fleet: Tally) -> None:
    found = document(fleet, facts_of(bundled(), TODAY, 2))
    results = found["results"]
    assert isinstance(results, list)
    assert sum(each["devices"] for each in results) == fleet.summary().devices
    assert found["unknownPatchTuesdays"] == []
