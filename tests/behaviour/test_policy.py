"""The build ranges of a policy over HTTP."""

from __future__ import annotations

import httpx
import pytest

from tests.support.api import refused
from tests.support.server import Server

ADDRESS = "/-/catalogue/policy.json"


def test_the_ranges_of_a_rule_need_no_token_and_are_downloaded_once(server: Server) -> None:
    reply = httpx.get(f"{server.url}{ADDRESS}?level=1&grace-days=7")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json"
    found = reply.json()
    assert found["rule"]["level"] == 1
    assert found["rule"]["graceDays"] == 7
    again = httpx.get(f"{server.url}{ADDRESS}?level=1&grace-days=7", headers={"If-None-Match": reply.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == reply.headers["etag"]
    strong = {"If-None-Match": reply.headers["etag"].removeprefix("W/")}  # as some caches send it back
    assert httpx.get(f"{server.url}{ADDRESS}?level=1&grace-days=7", headers=strong).status_code == 304
    other = httpx.get(f"{server.url}{ADDRESS}?level=0", headers={"If-None-Match": reply.headers["etag"]})
    assert other.status_code == 200
    assert httpx.head(f"{server.url}{ADDRESS}").headers["etag"] == httpx.get(f"{server.url}{ADDRESS}").headers["etag"]


def test_the_document_is_that_of_the_command(server: Server) -> None:
    found = httpx.get(f"{server.url}{ADDRESS}", params={"releases": "24H2, 25H2", "highest": "known"}).json()
    (names,) = {tuple(found["rule"]["releases"])}
    assert names == ("Windows 11 24H2", "Windows 11 25H2")
    today = httpx.get(f"{server.url}/-/ready").json()["today"]
    assert found["today"] == today
    assert {each["release"] for each in found["ranges"]} == set(names)


def test_the_index_links_to_it(server: Server) -> None:
    assert httpx.get(f"{server.url}/-/catalogue").json()["policy"] == f"{server.url}{ADDRESS}"


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("level=3", "level"),
        ("level=-1", "level"),
        ("level=", "level"),
        ("level=1&level=1", "level"),
        ("level=%F0%9F%98%80", "level"),
        ("level=%D9%A1", "level"),  # a digit, but none of ASCII
        ("grace-days=366", "grace-days"),
        ("grace-days=99999999999999999999", "grace-days"),
        ("releases=22H2", "releases"),  # of Windows 10 and 11
        ("releases=newest+0", "releases"),
        ("releases=newest+two+three", "releases"),
        ("releases=HoloLens+2+22H2", "releases"),
        ("releases=Windows+Server+2022", "releases"),
        ("releases=" + "24H2," * 101, "releases"),
        ("editions=Kiosk", "editions"),
        ("editions=Datacenter", "editions"),
        ("servers=maybe", "servers"),
        ("highest=top", "highest"),
        ("grace_days=7", "grace_days"),
        ("&".join(f"p{number}=1" for number in range(20)), "query"),
    ],
)
def test_a_wrong_parameter_is_named(server: Server, query: str, name: str) -> None:
    error = refused(httpx.get(f"{server.url}{ADDRESS}?{query}"), 400, "BadRequest")
    assert f"'{name}'" in error["message"]
