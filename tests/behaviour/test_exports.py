"""The public exports of a running server."""

from __future__ import annotations

import httpx
import icalendar
import pytest
from lxml import etree

from osimages.windows.feeds.export import FORMATS
from tests.support.api import refused
from tests.support.server import Server

TYPES = {"json": "application/json", "csv": "text/csv", "atom": "application/atom+xml", "ics": "text/calendar"}


@pytest.mark.parametrize("form", FORMATS)
def test_nobody_needs_a_token_and_nobody_downloads_twice(server: Server, form: str) -> None:
    address = f"{server.url}/-/catalogue/export.{form}"
    reply = httpx.get(address)
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith(TYPES[form])
    assert reply.headers["content-encoding"] == "gzip"
    again = httpx.get(address, headers={"If-None-Match": reply.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == reply.headers["etag"]
    assert httpx.get(address, headers={"If-None-Match": 'W/"other"'}).status_code == 200
    head = httpx.head(address)
    assert (head.status_code, head.content) == (200, b"")


def test_the_forms_are_listed_and_the_feed_links_to_itself(server: Server) -> None:
    found = httpx.get(f"{server.url}/-/catalogue/").json()
    assert set(found["exports"]) == set(FORMATS)
    feed = etree.fromstring(httpx.get(found["exports"]["atom"]).content)
    assert feed.xpath("string(*[local-name()='link']/@href)") == found["exports"]["atom"]
    assert icalendar.Calendar.from_ical(httpx.get(found["exports"]["ics"]).content).walk("VEVENT")


def test_one_release_alone(server: Server) -> None:
    reply = httpx.get(f"{server.url}/-/catalogue/export.json", params={"release": "24h2"})
    assert [each["id"] for each in reply.json()["releases"]] == ["Windows 11 24H2"]
    error = refused(httpx.get(f"{server.url}/-/catalogue/export.json", params={"release": "22H2"}), 400, "BadRequest")
    assert "'22H2' could be Windows 10 22H2 or Windows 11 22H2; say which." in error["message"]


@pytest.mark.parametrize("path", ["export.xml", "export", "nothing", "export.json/more", "../catalogue2"])
def test_what_is_not_there(server: Server, path: str) -> None:
    assert httpx.get(f"{server.url}/-/catalogue/{path}").status_code == 404


def test_nothing_can_be_written(server: Server) -> None:
    assert httpx.post(f"{server.url}/-/catalogue/export.json").status_code == 405


@pytest.mark.parametrize("slug", ["windows-11", "windows-10", "windows-server-2022-hotpatch"])
def test_feeds_of_products(server: Server, slug: str) -> None:
    address = httpx.get(f"{server.url}/-/catalogue").json()["updates"][slug]
    reply = httpx.get(address)
    assert reply.headers["content-type"] == "application/atom+xml"
    feed = etree.fromstring(reply.content)
    assert feed.xpath("string(*[local-name()='link']/@href)") == address
    again = httpx.get(address, headers={"If-None-Match": reply.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["windows-12.atom", "windows-11", "windows-11.rss", "", ".atom", "windows-11.atom/x"])
def test_feeds_that_are_not_there(server: Server, path: str) -> None:
    assert httpx.get(f"{server.url}/-/catalogue/updates/{path}").status_code == 404
