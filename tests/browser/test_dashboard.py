"""The dashboard, used in a real browser as people use it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.conftest import Open
from tests.support.server import Server, running


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the whole catalogue on one day."""
    with running(tmp_path_factory.mktemp("dashboard"), "--http", "--today", "2026-11-23") as started:
        yield started


@pytest.mark.parametrize("page", ["", "check?build=26100.8655", "releases/Windows%2011%2024H2"])
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_pages_are_whole_and_ask_nobody_else(
    dated: Server, open_page: Open, page: str, width: int, scheme: str
) -> None:
    seen = open_page(f"{dated.url}/dashboard/{page}", width, scheme)
    assert seen.console == []
    assert {urlsplit(each).netloc for each in seen.requests} == {urlsplit(dated.url).netloc}
    assert seen.overflow() <= 0
    background = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(15, 19, 24)" if scheme == "dark" else "rgb(246, 247, 249)")


def test_a_build_is_checked_with_the_keyboard_and_without_scripts(dated: Server, open_page: Open) -> None:
    page = open_page(f"{dated.url}/dashboard/", scripts=False).page
    page.get_by_label("Build or version").fill("26100.9445")
    page.get_by_label("Edition", exact=True).select_option("Home/Pro")
    page.get_by_label("Edition", exact=True).press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/dashboard/check"))
    assert parse_qs(urlsplit(page.url).query) == {"build": ["26100.9445"], "edition": ["Home/Pro"]}
    text = page.locator("main").inner_text()
    assert "Windows 11 24H2, Home/Pro" in text
    assert "ended 2026-10-13" in text
    assert page.get_by_label("Edition", exact=True).input_value() == "Home/Pro"


def test_every_link_of_the_pages_leads_somewhere(dated: Server, open_page: Open) -> None:
    page = open_page(f"{dated.url}/dashboard/").page
    page.get_by_role("link", name="Windows 11 25H2").click()
    assert page.locator("h1").inner_text() == "Windows 11 25H2"
    own = {
        address
        for start in (f"{dated.url}/dashboard/", page.url, f"{dated.url}/dashboard/releases/none")
        for address in links(open_page, start)
        if address.startswith(dated.url)
    }
    assert len(own) > 15
    for address in own:
        assert page.request.get(address).status == 200, address


def links(open_page: Open, address: str) -> list[str]:
    """The addresses of all links of a page, as the browser understands them."""
    page = open_page(address).page
    found = page.eval_on_selector_all("a[href], link[href]", "all => all.map(each => each.href)")
    return [str(each) for each in found]


def test_what_is_shown_can_be_found_by_those_who_cannot_see(dated: Server, open_page: Open) -> None:
    page = open_page(f"{dated.url}/dashboard/").page
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("h1").count() == 1
    assert page.locator("th:not([scope])").count() == 0
    for field in page.locator("input, select").all():
        assert page.locator(f"label[for={field.get_attribute('id')}]").count() == 1
    for chart in page.locator("[role=img]").all():
        assert chart.get_attribute("aria-label")
