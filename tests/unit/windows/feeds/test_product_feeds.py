"""Feeds of updates with Microsoft's titles, read as scripts read the retired ones."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape
from pathlib import Path

import pytest
from lxml import etree

from osimages.windows import bundled
from osimages.windows.feeds.product_feeds import product_feeds, write_feed
from osimages.windows.sources.titles import read_title

FEEDS = product_feeds(bundled())
NAMES = {"a": "http://www.w3.org/2005/Atom"}
# How AshleyHow/WindowsOSBuild read the retired feeds.
ENTRY = re.compile(
    r"<entry>\s*<id>(.*?)</id>\s*<title\s+type=\"text\">(.*?)</title>\s*<published>(.*?)</published>\s*"
    r"<updated>(.*?)</updated>\s*<link\s+rel=\"alternate\"\s+href=\"(.*?)\"\s*/>\s*<content\s+type=\"text\">(.*?)</content>"
    r"\s*</entry>"
)
TITLE = re.compile(
    r"[A-Z][a-z]+ \d{1,2}, \d{4}\u2014(Hotpatch )?KB\d{6,7} \(OS (Build \d+\.\d+|Builds [\d., and]+)\)"
    r"( Preview| Out-of-band)?( - EXPIRED)?"
)
HISTORY = Path(__file__).parents[5] / "shared" / "data" / "raw" / "manual.update-history.2026-09-26.txt"


def titles(slug: str) -> list[str]:
    return [unescape(found[1]) for found in ENTRY.findall(write_feed(FEEDS[slug]).decode())]


def test_titles_are_in_the_familiar_form() -> None:
    found = titles("windows-11")
    assert "September 8, 2026\u2014KB5124008 (OS Builds 26200.9445 and 26100.9445)" in found
    assert "September 22, 2026\u2014KB5124010 (OS Builds 26200.9550 and 26100.9550) Preview" in found
    assert "September 14, 2026\u2014KB5129194 (OS Build 28000.2956) Out-of-band" in found
    assert "August 11, 2026\u2014Hotpatch KB5120994 (OS Builds 26200.9106 and 26100.9106)" in titles(
        "windows-11-hotpatch"
    )
    assert "April 9, 2025\u2014KB5055547 (OS Build 10240.20979) - EXPIRED" in titles("windows-10")


@pytest.mark.parametrize("slug", FEEDS)
def test_every_title_has_that_form_and_is_read_as_what_it_says(slug: str) -> None:
    updates = [update for release in FEEDS[slug].releases for update in release.updates]
    known = {(update.kb, update.release_date, str(update.build)) for update in updates}
    found = titles(slug)
    assert len(found) == write_feed(FEEDS[slug]).count(b"<entry>"), "every entry has the form that scripts expect"
    for title in found:
        assert TITLE.fullmatch(title), title
        if FEEDS[slug].releases[0].nt_version == (10, 0):  # titles of 6.3 are not read
            told = read_title(title)
            assert {(told.kb, told.day, str(build)) for build in told.builds} <= known, title


def test_the_newest_title_of_a_build_is_found_as_scripts_do() -> None:
    # ennnbeee/IntuneOSCompliance: the first title that names the build and is no preview and not out-of-band.
    for build, expected in (("26100", "26100.9445"), ("19045", "19045.7725"), ("28000", "28000.2954")):
        slug = "windows-10" if build == "19045" else "windows-11"
        newest = next(
            each for each in titles(slug) if build in each and "Preview" not in each and "Out-of-band" not in each
        )
        assert expected in newest


def test_an_update_without_a_kb_has_no_entry() -> None:
    without = [each for release in bundled().releases for each in release.updates if each.kb is None]
    assert any(str(each.build) == "10.0.26200.9974" for each in without)
    assert "26200.9974" not in write_feed(FEEDS["windows-11"]).decode()
    assert "None" not in write_feed(FEEDS["windows-11"]).decode()


@pytest.mark.skipif(not HISTORY.exists(), reason="the titles of Microsoft's pages are not here")
def test_the_titles_are_those_of_microsofts_pages() -> None:
    written = {*titles("windows-11"), *titles("windows-10")}
    lines = HISTORY.read_text(encoding="utf-8").splitlines()
    pages = [line.split("\t")[1].strip() for line in lines if "\t" in line]
    # Microsoft's own slips: a build of another release, a revision of another update, a year too many.
    slips = {
        "September 8, 2026\u2014KB5122880 (OS Build 22621.7582)",
        "September 8, 2026\u2014KB5122878 (OS Builds 19045.7720 and 19044.7720)",
        "September 14, 2026, 2026\u2014KB5129239 (OS Build 14393.9514) Out-of-band",
    }
    assert len(pages) > 30
    assert {each for each in pages if each not in written} <= slips


@pytest.mark.parametrize("slug", FEEDS)
def test_feeds_keep_to_the_rules_of_atom(slug: str) -> None:
    feed = etree.fromstring(write_feed(FEEDS[slug], "https://host/updates/x.atom?a=1&b=2"))
    for element in (feed, *feed.findall("a:entry", NAMES)):
        # RFC 4287, sections 4.1.1 and 4.1.2: exactly one of each.
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"a:{name}", NAMES)) == 1, name
        datetime.fromisoformat(element.findtext("a:updated", namespaces=NAMES) or "")
    ids = [each.text for each in feed.findall("a:entry/a:id", NAMES)]
    assert len(ids) == len(set(ids))
    days = [each.text for each in feed.findall("a:entry/a:published", NAMES)]
    assert days == sorted(days, key=str, reverse=True)
    link = feed.find("a:link[@rel='self']", NAMES)
    assert link is not None
    assert link.get("href") == "https://host/updates/x.atom?a=1&b=2"


def test_hotpatches_and_hololens_are_in_no_feed_of_a_product() -> None:
    assert "Hotpatch" not in " ".join(titles("windows-11"))
    assert not any("hololens" in slug for slug in FEEDS)
