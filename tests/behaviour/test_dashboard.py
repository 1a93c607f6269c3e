"""The dashboard of a real server: what it shows, to whom, and that nothing gets into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.api import refused
from tests.support.server import Server, running

pytestmark = pytest.mark.databases("sqlite", "postgresql")

PAGES = ["", "check", "check?build=26100.9445&edition=Home/Pro", "releases/Windows%2011%2025H2", "style.css", "nothing"]


def get(server: Server, page: str) -> httpx.Response:
    return httpx.get(f"{server.url}/dashboard/{page}")


@pytest.mark.parametrize("page", PAGES)
def test_every_answer_keeps_scripts_and_strangers_out(server: Server, page: str) -> None:
    reply = get(server, page)
    assert reply.status_code == (404 if page == "nothing" else 200)
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert "unsafe" not in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "<script" not in reply.text
    assert "style=" not in reply.text


def test_the_overview_shows_releases_builds_and_where_to_go_on(server: Server) -> None:
    text = get(server, "").text
    assert "10.0.26200.9711" in text
    assert "until 2028-10-10" in text
    assert "../-/openapi.json" in text


def test_numbers_of_tenants_are_for_development_on_loopback_alone(server: Server, tmp_path: Path) -> None:
    assert "<dt>Tenants</dt>" in get(server, "").text
    with running(tmp_path, "--host", "0.0.0.0", "--expose-development") as exposed:
        text = httpx.get(f"{exposed.url}/dashboard/", verify=False).text
    assert "Windows 11 25H2" in text
    assert "<dt>Tenants</dt>" not in text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("build=26100.9445&edition=Enterprise/Education", "Supported"),
        ("build=26100.9445&edition=Home/Pro", "Ended"),
        ("build=26100.9445", "Depends on the edition"),
        ("build=nonsense", "there is no build or version in it"),
        ("build=" + "9" * 2000, "the text has more than 512 characters"),
        ("build=%00%ff%F0%9F%98%80", "there is no build or version in it"),
        ("build=", "Check a build"),
        ("build=26100.9445&edition=no+such", "&#39;no such&#39; is no edition that is known here"),
    ],
)
def test_a_build_is_checked(server: Server, query: str, shown: str) -> None:
    reply = get(server, f"check?{query}")
    assert reply.status_code == 200
    assert shown in reply.text


def test_what_is_asked_is_text_and_no_markup(server: Server) -> None:
    reply = get(server, "check?build=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&edition=%3Cb%3E")
    assert "<script" not in reply.text
    assert "&lt;script&gt;" in reply.text


@pytest.mark.parametrize("page", ["releases/none", "releases/", "releases/22H2", "a/b/c", "check/more"])
def test_pages_that_are_not_there(server: Server, page: str) -> None:
    reply = get(server, page)
    assert reply.status_code == 404
    assert "There is no such page" in reply.text


def test_without_the_slash_one_is_sent_on(server: Server) -> None:
    reply = httpx.get(f"{server.url}/dashboard")
    assert (reply.status_code, reply.headers["location"]) == (308, f"{server.url}/dashboard/")
    assert httpx.get(f"{server.url}/dashboards").status_code == 404


def test_a_browser_that_opens_the_address_alone_is_sent_to_the_overview(server: Server) -> None:
    reply = httpx.get(f"{server.url}/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (reply.status_code, reply.headers["location"]) == (302, f"{server.url}/dashboard/")
    assert "Accept" in reply.headers["vary"].split(", ")
    for accept in ("application/json", "*/*"):
        assert httpx.get(f"{server.url}/", headers={"Accept": accept}).status_code == 404


def test_it_is_read_only(server: Server) -> None:
    refused(httpx.post(f"{server.url}/dashboard/check"), 405, "Request_BadRequest")
    head = httpx.head(f"{server.url}/dashboard/")
    assert (head.status_code, head.content) == (200, b"")


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on a day for which the catalogue lacks two Patch Tuesdays."""
    with running(tmp_path_factory.mktemp("later"), "--http", "--today", "2027-01-20", "--empty") as started:
        yield started


def test_stale_facts_are_said_at_the_top_of_the_check_page(server: Server, later: Server) -> None:
    for query in ("", "?build=26200.9974&edition=Home/Pro"):
        text = get(later, f"check{query}").text
        assert 'class="banner"' in text
        assert text.index("The facts are out of date") < text.index("<form")
        assert "newest Patch Tuesday known: November 2026" in text
    assert "current as of November 2026" in get(later, "check?build=26200.9974&edition=Home/Pro").text
    # An edition that ended before is not concerned.
    assert 'class="banner"' not in get(later, "check?build=26100.9711&edition=Home/Pro").text


def test_candidates_and_servers_are_shown(server: Server) -> None:
    text = get(server, "check?build=14393.9688").text
    assert "Windows 10 1607 or Windows Server 2016" in text
    assert "mainstream ended 2022-01-11" in text
    assert "Windows 11 25H2" in get(server, "check?build=22631.6199&edition=Home/Pro").text
