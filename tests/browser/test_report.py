"""The report of a fleet, opened in a real browser."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from osimages.windows.checks.checker import Checker
from osimages.windows.checks.evidence import Evidence
from osimages.windows.checks.freshness import freshness
from osimages.windows.facts import bundled
from osimages.windows.fleet.columns import Columns
from osimages.windows.fleet.devices import Export
from osimages.windows.fleet.rows import Broken
from osimages.windows.fleet.tally import Tally
from osimages.windows.policy import PolicyRule, accepted_ranges
from osimages.windows.policy.impact import impact
from osimages.windows.policy.judge import policy_of
from osimages.windows.report.html_report import fleet_report
from tests.browser.conftest import Open
from tests.support.fleet_export import devices

TODAY = date(2026, 11, 23)


def report(count: int, title: str = "Contoso fleet", today: date = TODAY, *, has_policy: bool = False) -> str:
    found = accepted_ranges(bundled(), PolicyRule(day=today))
    tally = Tally(Checker(bundled(), today), policy=policy_of(found, "level 0") if has_policy else None)
    for each in devices(count):
        tally.add(Evidence(build=each["OS version"], edition=each["SkuFamily"], system=each["OS"]))
    if count:
        broken = iter([Broken(7, 7, "it has <b>2</b> fields")])
        list(tally.take(Export((), Columns(), broken, list)))
    facts = freshness(bundled(), today, 2, (each.answer for each in tally.groups))
    policy = impact(tally.groups, "level 0", found.build_notes) if has_policy else None
    missing = ["2 pages more were not given."]
    return fleet_report(tally, facts, title, source="devices.csv", incomplete=missing, policy=policy)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (400, "light"), (400, "dark")])
def test_it_is_whole_at_every_width_without_a_word_on_the_console_or_a_request(
    tmp_path: Path, open_page: Open, width: int, scheme: str
) -> None:
    file = tmp_path / "report.html"
    file.write_text(report(5000), encoding="utf-8")
    seen = open_page(file.as_uri(), width, scheme)
    assert seen.console == []
    assert seen.requests == [file.as_uri()]
    assert seen.overflow() <= 0
    assert seen.page.locator("h2").all_inner_texts() == [
        *("Needs attention", "Support", "Patch level", "What leaves support when", "If nothing is done"),
        *("Releases", "Windows Server", "Left out"),
    ]
    dark = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark == ("rgb(15, 19, 24)" if scheme == "dark" else "rgb(246, 247, 249)")


@pytest.mark.parametrize("width", [1280, 400])
def test_what_a_policy_would_do_is_a_section(tmp_path: Path, open_page: Open, width: int) -> None:
    file = tmp_path / "report.html"
    file.write_text(report(5000, has_policy=True), encoding="utf-8")
    seen = open_page(file.as_uri(), width)
    assert seen.console == []
    assert seen.overflow() <= 0
    section = seen.page.locator("section", has=seen.page.get_by_role("heading", name="Compliance policy"))
    assert re.search(r"[\d,]+ of [\d,]+ devices would become non-compliant; [\d,]+ of them", section.inner_text())
    assert section.locator("tbody tr").count() == 15


def test_what_a_cell_means_stands_beside_it_on_a_telephone(tmp_path: Path, open_page: Open) -> None:
    file = tmp_path / "report.html"
    file.write_text(report(5000), encoding="utf-8")
    page = open_page(file.as_uri(), 400).page
    titles = page.locator(".stacked thead th").all_inner_texts()
    assert not page.locator(".stacked thead").is_visible()
    shown = "each => getComputedStyle(each, '::before').content.slice(1, -1)"
    named = [each.evaluate(shown) for each in page.locator(".stacked tbody tr").first.locator("td").all()]
    assert named == ["Devices", "Release", "Build", "Support", "Behind", "What to do"]
    assert len(titles) == len(named)


def test_its_bars_are_drawn_in_proportion(tmp_path: Path, open_page: Open) -> None:
    file = tmp_path / "report.html"
    file.write_text(report(5000), encoding="utf-8")
    page = open_page(file.as_uri()).page
    chart = page.get_by_role("img", name="Devices by state of support")
    bars = chart.locator("rect")
    widths = [bars.nth(number).bounding_box() for number in range(bars.count())]
    whole = chart.bounding_box()
    assert whole is not None
    assert sum(each["width"] for each in widths if each) == pytest.approx(whole["width"], abs=1)


def test_what_a_file_or_title_holds_is_text_and_no_markup(tmp_path: Path, open_page: Open) -> None:
    file = tmp_path / "report.html"
    file.write_text(report(500, "<script>alert(1)</script>"), encoding="utf-8")
    page = open_page(file.as_uri()).page
    assert page.locator("h1").inner_text() == "<script>alert(1)</script>"
    assert page.locator("script").count() == 0
    assert "it has <b>2</b> fields" in page.locator("section.card").last.inner_text()


def test_a_fleet_of_nothing_has_a_report_too(tmp_path: Path, open_page: Open) -> None:
    file = tmp_path / "report.html"
    file.write_text(report(0), encoding="utf-8")
    assert open_page(file.as_uri()).console == []


def test_its_cards_add_up_to_the_fleet(tmp_path: Path, open_page: Open) -> None:
    file = tmp_path / "report.html"
    file.write_text(report(5000), encoding="utf-8")
    page = open_page(file.as_uri()).page
    counts = [int(each.replace(",", "")) for each in page.locator(".tile b").all_inner_texts()]
    assert len(counts) == 4
    assert f"{sum(counts):,} devices · from devices.csv" in page.locator("header").inner_text()


def test_banners_for_stale_facts_and_incomplete_input_come_first(tmp_path: Path, open_page: Open) -> None:
    file = tmp_path / "report.html"
    file.write_text(report(500, today=date(2026, 12, 20)), encoding="utf-8")
    page = open_page(file.as_uri()).page
    stale, incomplete = page.locator("[role=alert]").all()
    assert "not known for" in stale.inner_text()
    assert "2 pages more were not given." in incomplete.inner_text()
    first_card = page.locator(".tile").first.bounding_box()
    last_alert = incomplete.bounding_box()
    assert first_card is not None
    assert last_alert is not None
    assert last_alert["y"] < first_card["y"]


def test_5000_devices_print_on_four_pages_or_fewer(tmp_path: Path, open_page: Open) -> None:
    file = tmp_path / "report.html"
    file.write_text(report(5000), encoding="utf-8")
    printed = open_page(file.as_uri()).page.pdf(prefer_css_page_size=True)
    pages = len(re.findall(rb"/Type\s*/Page\b", printed))
    assert 1 <= pages <= 4


def test_quarters_carry_labels_and_values(tmp_path: Path, open_page: Open) -> None:
    file = tmp_path / "report.html"
    file.write_text(report(5000), encoding="utf-8")
    chart = open_page(file.as_uri()).page.get_by_role("img", name="Devices that leave support in each quarter")
    texts = chart.locator("text.exact").all_text_contents()
    assert len(texts) == 13
    assert sum(int(each.replace(",", "")) for each in texts) > 0
    labels = chart.locator("text.muted:not(.exact):not(.short)").all_text_contents()
    assert [each for each in labels if each.startswith("20")] == ["2026", "2027", "2028", "2029"]


def test_what_is_current_only_as_far_as_known_is_not_shown_as_current(tmp_path: Path, open_page: Open) -> None:
    file = tmp_path / "report.html"
    file.write_text(report(500, today=date(2026, 12, 20)), encoding="utf-8")
    chart = open_page(file.as_uri()).page.get_by_role("img", name="Devices by number of Patch Tuesdays behind")
    counts = [int(each.replace(",", "")) for each in chart.locator("text.exact").all_text_contents()]
    tally = Tally(Checker(bundled(), date(2026, 12, 20)))
    for each in devices(500):
        tally.add(Evidence(build=each["OS version"], edition=each["SkuFamily"], system=each["OS"]))
    summary = tally.summary()
    doubtful = summary.patch["currentAsFarAsKnown"] + summary.patch["newerThanCatalogue"]
    assert doubtful > 0
    assert counts[0] == summary.behind[0] - doubtful
    assert sum(counts) == summary.devices
