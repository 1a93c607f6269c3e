"""The catalogue in other forms, read back by other programs."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import date, datetime, timedelta
from typing import Any

import icalendar
import pytest
from lxml import etree

from osimages.windows.calendar import patch_tuesday
from osimages.windows.facts import bundled
from osimages.windows.feeds.export import FORMATS, as_csv, as_json
from osimages.windows.feeds.feeds import atom, calendar
from osimages.windows.release_history import only

FACTS = bundled()
_ATOM = {"a": "http://www.w3.org/2005/Atom"}


def events_of(text: bytes) -> list[Any]:
    """The events of a calendar, as another program reads them."""
    found: Any = icalendar.Calendar.from_ical(text)
    return list(found.walk("VEVENT"))


def test_json_holds_every_fact() -> None:
    document = json.loads(as_json(FACTS))
    assert document["asOf"] == str(FACTS.as_of)
    assert [each["id"] for each in document["releases"]] == [each.id for each in FACTS.releases]
    assert [each["id"] for each in document["servers"]] == [each.id for each in FACTS.servers]
    assert document["serversCompleteUntil"] == str(FACTS.servers_complete_until)
    every = [*document["releases"], *document["servers"], *document["others"]]
    for found, release in zip(every, FACTS.every_release, strict=True):
        builds = [*(str(each.build) for each in release.updates), *(None for _ in release.packages)]
        assert [each["buildVersion"] for each in found["updates"]] == builds
        assert [each["kb"] for each in found["updates"]] == [each.kb for each in release.every_update]
        assert [(each["editionType"], each["supportEndDate"]) for each in found["editions"]] == [
            (each.edition_type, str(each.support_end_date)) for each in release.editions
        ]


def test_ends_of_long_term_servicing_have_their_sources() -> None:
    found = {each["id"]: each for each in json.loads(as_json(FACTS))["releases"]}
    assert found["Windows 11 24H2"]["longTermServicing"][0] == {
        "name": "LTSC 2024",
        "servicing": "Enterprise LTSC",
        "supportEndDate": "2029-10-09",
    }
    groups = {each["servicing"]: each for each in found["Windows 11 24H2"]["support"]}
    assert groups["Enterprise LTSC"]["sources"] == [
        *("DataForGeeks-2026-07", "endoflife.date-2026-08", "third-party-table-2026-09"),
    ]
    assert groups["Windows 11 SE"]["isInferred"]
    extended = found["Windows 10 22H2"]
    assert extended["extendedSecurityUpdatesUntil"] == "2028-10-10"
    home = next(each for each in extended["support"] if each["servicing"] == "Home/Pro")
    assert [(each["program"], each["endDates"]) for each in home["extendedSecurityUpdates"]] == [
        ("consumer", ["2027-10-12"]),
        ("commercial", ["2026-10-13", "2027-10-12", "2028-10-10"]),
    ]
    assert found["Windows 11 25H2"]["extendedSecurityUpdatesUntil"] is None


def test_a_server_has_its_mainstream_end_and_its_hotpatch_months() -> None:
    found = {each["id"]: each for each in json.loads(as_json(FACTS))["servers"]}["Windows Server 2022"]
    (group,) = found["support"]
    assert (group["mainstreamEndDate"], group["supportEndDate"]) == ("2026-10-13", "2031-10-14")
    assert found["hotpatchUntil"] == "2027-10"
    months = {(each["year"], each["month"]): each for each in found["hotpatchMonths"]}
    assert (months[2026, 9]["planned"], months[2026, 9]["actual"]) == ("hotpatch", "unplanned baseline")
    assert (months[2026, 11]["planned"], months[2026, 11]["actual"]) == ("hotpatch", None)


def test_csv_has_a_line_for_each_update() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(FACTS).decode(), newline="")))
    assert [(row["release"], row["buildVersion"], row["kb"]) for row in rows] == [
        (release.id, str(getattr(update, "build", "")), update.kb or "")
        for release in FACTS.every_release
        for update in release.every_update
    ]
    september = next(row for row in rows if row["buildVersion"] == "10.0.26200.9445")
    assert september["patchTuesday"] == "2026-09-08"
    assert september["isCanonicalB"] == "true"


def test_no_cell_is_one_that_a_spreadsheet_takes_for_a_formula() -> None:
    """Every cell is of our own spelling, whatever a source says: builds, KBs, days and labels are read before."""
    for row in csv.reader(io.StringIO(as_csv(FACTS).decode(), newline="")):
        assert [cell for cell in row if cell[:1] in tuple("=+-@\t\r")] == []


def test_the_calendar_is_read_by_another_program_and_holds_the_days() -> None:
    found = events_of(calendar(FACTS))
    events = {(str(each["SUMMARY"]), each["DTSTART"].dt) for each in found}
    assert ("Patch Tuesday", date(2026, 12, 8)) in events
    assert ("End of support: Windows 11 24H2 Enterprise/Education", date(2027, 10, 12)) in events
    assert ("End of support: Windows 11 Enterprise LTSC (LTSC 2024)", date(2029, 10, 9)) in events
    assert ("End of commercial ESU: Windows 10 22H2", date(2028, 10, 10)) in events
    assert ("End of consumer ESU: Windows 10 22H2", date(2027, 10, 12)) in events
    assert ("End of mainstream support: Windows Server 2022", date(2026, 10, 13)) in events
    assert ("End of support: Windows Server 2022 Server LTSC", date(2031, 10, 14)) in events
    tuesdays = [day for summary, day in events if summary == "Patch Tuesday"]
    assert tuesdays == [patch_tuesday(day.year, day.month) for day in tuesdays]
    assert len(tuesdays) == 36
    names = [str(each["UID"]) for each in found]
    assert len(names) == len(set(names))
    september = next(each for each in found if each["DTSTART"].dt == date(2026, 9, 8))
    assert "Windows 11 25H2: 26200.9445, KB5124008" in str(september["DESCRIPTION"]).splitlines()


def test_the_calendar_keeps_to_the_form_of_its_lines() -> None:
    text = calendar(FACTS)
    assert text.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in text.replace(b"\r\n", b"")
    assert max(map(len, text.split(b"\r\n"))) == 75
    for event in events_of(text):
        assert event["DTEND"].dt == event["DTSTART"].dt + timedelta(days=1)


def test_the_feed_keeps_to_the_rules_of_atom() -> None:
    feed = etree.fromstring(atom(FACTS, "https://host/-/catalogue/export.atom?a=1&b=2"))
    assert feed.tag == "{http://www.w3.org/2005/Atom}feed"
    for element in (feed, *feed.findall("a:entry", _ATOM)):
        # RFC 4287, sections 4.1.1 and 4.1.2: exactly one of each; the author of the feed is that of its entries.
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"a:{name}", _ATOM)) == 1, name
        moment = element.findtext("a:updated", namespaces=_ATOM)
        assert moment is not None
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment)
        datetime.fromisoformat(moment)
    assert len(feed.findall("a:author/a:name", _ATOM)) == 1
    link = feed.find("a:link[@rel='self']", _ATOM)
    assert link is not None
    assert link.get("href") == "https://host/-/catalogue/export.atom?a=1&b=2"
    ids = [each.text for each in feed.findall("a:entry/a:id", _ATOM)]
    assert len(ids) == len(set(ids)) == 100
    assert all(each and re.fullmatch(r"tag:osimages\.invalid,2026:[\w./-]+", each) for each in ids)
    moments = [each.text for each in feed.findall("a:entry/a:updated", _ATOM)]
    assert moments == sorted(moments, key=str, reverse=True)
    assert feed.findtext("a:updated", namespaces=_ATOM) == moments[0]


def test_one_update_of_several_releases_is_one_entry_with_a_link_to_its_kb() -> None:
    feed = etree.fromstring(atom(FACTS))
    titles = {each.findtext("a:title", namespaces=_ATOM): each for each in feed.findall("a:entry", _ATOM)}
    shared = titles["Patch Tuesday KB5124008: Windows 11 24H2 (26100.9445), Windows 11 25H2 (26200.9445)"]
    link = shared.find("a:link", _ATOM)
    assert link is not None
    assert link.get("href") == "https://support.microsoft.com/help/5124008"


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_facts_are_written_the_same_and_one_release_alone_is_less(form: str) -> None:
    write = FORMATS[form].write
    assert write(FACTS, "") == write(FACTS, "")
    alone = write(only(FACTS, "24H2"), "")
    assert b"Windows 11 24H2" in alone
    assert b"Windows 11 23H2" not in alone
