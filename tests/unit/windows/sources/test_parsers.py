"""Each importer on a small document of its source's form: what it takes up, and what it leaves."""

from __future__ import annotations

from datetime import date

import pytest

from osimages.windows.merge.claims import BulletinClaim, EndClaim, ReleaseClaim, Title
from osimages.windows.sources import (
    cve,
    data_for_geeks,
    endoflife_date,
    graph_products,
    images,
    msrc,
    release_information,
    servicing_index,
    update_history,
)
from tests.unit.windows.sources.sampled import others, sample, updates

HOME, ENTERPRISE = "Home/Pro", "Enterprise/Education"


def test_the_servicing_index_without_its_landing_pages_and_servers() -> None:
    found = updates(servicing_index.parse(sample("servicing-index.json")))
    assert len(found) == 11
    assert {build: (each.kb, each.title) for build, each in found.items() if build.startswith("26200")} == {
        "26200.9999": ("KB5990001", Title.PLAIN),
        "26200.9901": ("KB5990002", Title.PREVIEW),
        "26200.9850": ("KB5990003", Title.OUT_OF_BAND),
        "26200.9801": ("KB5990004", Title.PLAIN),
        "26200.9790": ("KB5990005", Title.HOTPATCH),
    }
    assert found["22631.7799"].listed_under == "Windows 11 23H2"


@pytest.mark.parametrize("name", ["update-history.html", "update-history-before-2026-07.html"])
def test_update_history_in_both_markups(name: str) -> None:
    found = updates(update_history.parse(sample(name)))
    assert {build: (each.kb, str(each.day), each.listed_under, each.is_expired) for build, each in found.items()} == {
        "19045.8001": ("KB5990010", "2026-12-08", "Windows 10 22H2", False),
        "19044.8001": ("KB5990010", "2026-12-08", "Windows 10 22H2", False),
        "19045.7925": ("KB5990011", "2026-11-10", "Windows 10 22H2", True),
        "19044.7925": ("KB5990011", "2026-11-10", "Windows 10 22H2", True),
        "19045.7920": ("KB5990011", "2026-11-10", "Windows 10 21H2", False),
        "19044.7920": ("KB5990011", "2026-11-10", "Windows 10 21H2", False),
        "10240.21161": ("KB5066837", "2025-10-14", "Windows 10 1507", False),
    }


def test_release_information_as_markdown() -> None:
    parsed = release_information.parse(sample("release-information.md"))
    assert parsed.as_of == date(2026, 12, 9)
    assert parsed.rejected == ()
    found = updates(parsed)
    assert {build: (each.kb, each.label, each.is_hotpatch) for build, each in found.items()} == {
        "26300.9999": ("KB5990001", "2026-12 B", False),
        "26300.9457": (None, "", False),
        "26100.9999": ("KB5990001", "2026-12 B", False),
        "26100.9850": ("KB5990003", "2026-11 OOB", False),
        "26100.1742": ("KB5043080", "2024-10 A", False),
        "26100.9790": ("KB5990005", "2026-11 B", True),
    }
    assert found["26300.9457"].is_in_table
    ends = {(each.release, each.group): each.day for each in others(parsed) if isinstance(each, EndClaim)}
    assert ends == {
        ("Windows 11 26H2", HOME): date(2028, 10, 10),
        ("Windows 11 26H2", ENTERPRISE): date(2029, 10, 9),
        ("Windows 11 25H2", HOME): date(2027, 10, 12),
        ("Windows 11 25H2", ENTERPRISE): date(2028, 10, 10),
        # "End of updates" for Home and Pro is no day; what was known before stays.
        ("Windows 11 24H2", ENTERPRISE): date(2027, 10, 12),
    }
    assert ReleaseClaim("Windows 11", "26H2", 26300, date(2026, 9, 29)) in others(parsed)


def test_release_information_as_html_with_other_column_names() -> None:
    parsed = release_information.parse(sample("release-information.html"))
    assert parsed.as_of == date(2026, 12, 9)
    found = updates(parsed)
    assert {build: (each.kb, each.label, each.listed_under) for build, each in found.items()} == {
        "19045.8001": ("KB5990010", "2026-12 B", "Windows 10 22H2"),
        "19045.5737": ("KB5055518", "2025-04 B", "Windows 10 22H2"),
        "14393.2007": ("KB4056890", "2018-01 B", "Windows 10 1607"),
    }
    assert not [each for each in others(parsed) if isinstance(each, EndClaim)]


def test_endoflife_date_with_its_groups_and_without_long_term_editions() -> None:
    parsed = endoflife_date.parse(sample("endoflife.date.json"))
    assert parsed.as_of == date(2026, 12, 1)
    assert [(each.release, each.group, str(each.day)) for each in others(parsed) if isinstance(each, EndClaim)] == [
        ("Windows 11 27H1", ENTERPRISE, "2030-03-12"),
        ("Windows 11 27H1", HOME, "2029-03-13"),
        ("Windows 10 22H2", HOME, "2025-10-14"),
        ("Windows 10 22H2", ENTERPRISE, "2025-10-14"),
        ("Windows 10 1803", ENTERPRISE, "2021-05-11"),  # its eoasFrom is a year earlier, and wrong
    ]
    assert ReleaseClaim("Windows 11", "27H1", 29000, date(2027, 2, 9)) in others(parsed)
    assert {each.note for each in others(parsed) if isinstance(each, EndClaim)} == {
        "",
        "ESU (paid) continues to 2028-10-10",
    }


def test_the_security_guide() -> None:
    parsed = msrc.parse(sample("msrc-2026-Dec.json"))
    found = updates(parsed)
    assert {build: (each.kb, each.is_hotpatch, each.listed_under) for build, each in found.items()} == {
        "26200.9999": ("KB5990001", False, "Windows 11 25H2"),
        "26200.9980": ("KB5990009", True, "Windows 11 25H2"),
        "19044.8001": ("KB5990010", False, "Windows 10 22H2"),  # a wrong build; the merging finds that out
    }
    assert BulletinClaim("KB5990013", "Windows 10 1507", date(2026, 12, 8)) in others(parsed)
    assert "KB5990012" not in {each.kb for each in others(parsed) if isinstance(each, BulletinClaim)}


def test_the_months_of_the_security_guide_newest_first() -> None:
    found = msrc.months(sample("msrc-index.json"), date(2026, 11, 24))
    assert found == ("cvrf/2026-Dec", "cvrf/2026-Nov")


def test_cve_records_name_builds_alone() -> None:
    found = updates(cve.parse(sample("cve.json")))
    assert {build: (each.kb, str(each.day), each.listed_under) for build, each in found.items()} == {
        "26200.9999": (None, "2026-12-08", "Windows 11 25H2"),
        "26300.9999": (None, "2026-12-08", "Windows 11 26H2"),
        "19044.8001": (None, "2026-12-08", "Windows 10 22H2"),
        "28000.3500": (None, "2026-12-08", "Windows 11 26H1"),
    }


def test_several_cve_records_at_once() -> None:
    one = sample("cve.json")
    assert cve.parse(b"[" + one + b"," + one + b"]") == cve.parse(one)


def test_data_for_geeks() -> None:
    found = updates(data_for_geeks.parse(sample("dataforgeeks-builds.json")))
    assert found["26200.9790"].title is Title.HOTPATCH  # its title does not say so, its comment does
    assert found["19045.7925"].is_expired  # one of the two states of its title says so
    assert (found["15063.296"].position, found["15063.297"].position) == (0, 1)
    lifecycle = data_for_geeks.parse(sample("dataforgeeks-lifecycle.json"))
    assert EndClaim("Windows 11 25H2", HOME, date(2027, 10, 12)) in lifecycle.claims  # a day earlier than it says
    releases = data_for_geeks.parse(sample("dataforgeeks-releases.json"))
    assert ReleaseClaim("Windows 10", "1507", 10240) in releases.claims


def test_graphs_catalogue_in_any_case_of_letters() -> None:
    parsed = graph_products.parse(sample("graph-products.json"))
    found = updates(parsed)
    assert {build: (each.kb, each.label, each.is_hotpatch) for build, each in found.items()} == {
        "26200.9999": ("KB5990001", "2026-12 B", False),
        "26200.9790": ("KB5990005", "2026-11 B", True),
    }
    assert [(each.group, str(each.day)) for each in others(parsed) if isinstance(each, EndClaim)] == [
        (HOME, "2027-10-12"),
        (ENTERPRISE, "2028-10-10"),
    ]
    assert ReleaseClaim("Windows 11", "25H2", 26200, date(2025, 9, 30)) in others(parsed)


def test_images_of_another_server_and_not_those_of_its_tenants() -> None:
    parsed = images.parse(sample("images.json"))
    assert {build: each.month for build, each in updates(parsed).items()} == {
        "26200.9801": (2026, 11),
        "26200.9711": (2026, 10),
    }
    assert [what for what, _ in parsed.rejected] == ["Kiosk 2026"]
    assert EndClaim("Windows 11 25H2", ENTERPRISE, date(2028, 10, 10)) in others(parsed)
