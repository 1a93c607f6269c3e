"""The client of Graph against a stand-in that pages, throttles, breaks off, lies and refuses."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from osimages.graph import client as graph_client
from osimages.graph.client import GraphClient, api_url
from osimages.graph.client_errors import GraphError
from osimages.graph.client_tokens import FixedToken
from osimages.graph.devices import devices
from tests.support.graph import TOKEN, GraphStandIn, broken, cut, error, graph_stand_in, throttled
from tests.support.web import Given, Reply, Web, serving

NEEDS = "Example.Read.All"


@pytest.fixture
def stand_in() -> Iterator[GraphStandIn]:
    """A stand-in with three pages of devices."""
    with graph_stand_in(25, page_size=10) as found:
        yield found


@pytest.fixture
def pauses() -> list[float]:
    """The pauses of the client, in seconds, without waiting."""
    return []


def connected(stand_in: GraphStandIn, pauses: list[float], url: str | None = None) -> GraphClient:
    """A client of a stand-in that never waits."""
    return GraphClient(url or stand_in.url, FixedToken(TOKEN, "test"), pause=pauses.append)


def ids(client: GraphClient, condition: str | None = None) -> list[str]:
    """The ids of all devices."""
    with client:
        return [each["id"] for each in devices(client, condition)]


def failure(client: GraphClient, condition: str | None = None) -> str:
    """Why not all devices can be read."""
    with client, pytest.raises(GraphError) as caught:
        list(devices(client, condition))
    return str(caught.value)


def test_all_pages_are_read_with_the_token_and_only_what_is_needed(stand_in: GraphStandIn, pauses: list[float]) -> None:
    assert len(set(ids(connected(stand_in, pauses)))) == 25
    first, *_, last = stand_in.web.asked
    assert first.path == (
        "/beta/deviceManagement/managedDevices?$select=id,deviceName,operatingSystem,osVersion,lastSyncDateTime,"
        "azureADDeviceId,serialNumber,skuFamily,skuNumber"
    )
    assert last.path.endswith("$skiptoken=20")
    assert {each.headers["authorization"] for each in stand_in.web.asked} == {f"Bearer {TOKEN}"}
    assert first.headers["accept"] == "application/json"
    assert first.headers["user-agent"].startswith("osimages/")
    assert pauses == []


def test_v1_has_no_edition(stand_in: GraphStandIn, pauses: list[float]) -> None:
    assert len(ids(connected(stand_in, pauses, f"{stand_in.web.url}/v1.0"))) == 25
    assert "skuFamily" not in stand_in.web.asked[0].path


def test_a_filter_applies_to_all_pages(stand_in: GraphStandIn, pauses: list[float]) -> None:
    assert len(ids(connected(stand_in, pauses), "operatingSystem eq 'iOS'")) == 2
    assert all("$filter=operatingSystem%20eq%20'iOS'" in each.path for each in stand_in.web.asked)
    assert "answers 400: BadRequest: Invalid filter clause" in failure(connected(stand_in, pauses), "nonsense")


def test_throttling_is_honoured(stand_in: GraphStandIn, pauses: list[float]) -> None:
    now = datetime.now(UTC)
    until = format_datetime(now + timedelta(seconds=40), usegmt=True)
    stand_in.troubles = [
        throttled(Retry_After="7"),
        None,
        throttled(Retry_After="2.128"),
        throttled(),
        throttled(Retry_After=until),
        throttled(Retry_After="Tue, 08 Dec 2020 18:00:00 GMT"),
        throttled(Retry_After="soon"),
    ]
    assert len(ids(connected(stand_in, pauses))) == 25
    assert pauses[:3] == [7.0, 2.128, 2.0], "without Retry-After twice as long as before"
    assert 37 <= pauses[3] <= 40
    assert pauses[4:] == [0.0, 16.0]


def test_throttling_for_long(stand_in: GraphStandIn, pauses: list[float]) -> None:
    """A server that sends Retry-After gets more retries than one that only fails."""
    stand_in.troubles = [throttled(Retry_After="2")] * 29
    assert len(ids(connected(stand_in, pauses))) == 25
    assert pauses == [2.0] * 29
    stand_in.troubles = [throttled(Retry_After="2")] * 31
    assert "answers 429 after 30 attempts" in failure(connected(stand_in, pauses))


def test_a_long_wait_is_not_waited_for(stand_in: GraphStandIn, pauses: list[float]) -> None:
    stand_in.troubles = [None, throttled(Retry_After="3600")]
    message = failure(connected(stand_in, pauses))
    assert "answers 429 and asks to wait 3600 s; try later: TooManyRequests" in message
    assert pauses == []


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_server_errors_are_retried_until_the_limit(stand_in: GraphStandIn, pauses: list[float], status: int) -> None:
    stand_in.troubles = [broken(status), cut, None, broken(status)]
    assert len(ids(connected(stand_in, pauses))) == 25
    assert pauses == [1.0, 2.0, 1.0]
    stand_in.requests, stand_in.troubles = 0, [None, *[broken(status)] * 20]
    assert f"answers {status} after 7 attempts" in failure(connected(stand_in, pauses))
    assert stand_in.requests == 8


def test_connections_that_break_off(stand_in: GraphStandIn, pauses: list[float]) -> None:
    stand_in.troubles = [cut, None, cut, cut]
    assert len(set(ids(connected(stand_in, pauses)))) == 25
    stand_in.troubles = [None, *[cut] * 20]
    assert "cannot be reached" in failure(connected(stand_in, pauses))


def test_a_body_without_length_that_was_cut_off_is_read_again(stand_in: GraphStandIn, pauses: list[float]) -> None:
    half = Reply(b'{"value": [{"id": "1"}, {"i')
    stand_in.troubles = [lambda given: half]
    assert len(ids(connected(stand_in, pauses))) == 25
    for body in (b'{"value": [{"i', b"<html></html>", b"[]", b"{}", b'{"value": {}}', b'{"value": null}', b"\xff", b""):
        stand_in.troubles = [None, *[lambda given, body=body: Reply(body)] * 2]
        assert "no JSON of Graph's form" in failure(connected(stand_in, pauses)), body
    nested = b'{"value": ' + b"[" * 100_000
    stand_in.troubles = [lambda given: Reply(nested)] * 2
    assert "no JSON of Graph's form" in failure(connected(stand_in, pauses))


def test_a_byte_order_mark(stand_in: GraphStandIn, pauses: list[float]) -> None:
    stand_in.troubles = [lambda given: Reply(b'\xef\xbb\xbf{"value": [{"id": "1"}]}')]
    assert ids(connected(stand_in, pauses)) == ["1"]


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("{url}?$skiptoken=10", "has pages without end"),
        ("https://graph.example/beta/deviceManagement/managedDevices?$skiptoken=1", "no token is sent there"),
        ("http://127.0.0.1:1/beta/deviceManagement/managedDevices", "no token is sent there"),
        ("{https}?$skiptoken=1", "no token is sent there"),
        ("http://user@127.0.0.1:1/", "no token is sent there"),
        ("file:///etc/passwd", "no token is sent there"),
        ("http://[", "no address"),
        ("https://127.0.0.1:99999/", "no token is sent there"),
        ("\x1b[2J", "answers 400"),
    ],
)
def test_links_that_lead_astray(stand_in: GraphStandIn, pauses: list[float], link: str, message: str) -> None:
    """No token is sent to another host, and nothing is read without end."""
    url = f"{stand_in.url}/deviceManagement/managedDevices"
    target = link.format(url=url, https=url.replace("http:", "https:"))
    stand_in.page = lambda number, document: document | {"@odata.nextLink": target}
    text = failure(connected(stand_in, pauses))
    assert message in text
    assert text.isprintable()
    assert len(stand_in.web.asked) <= 3


@pytest.mark.parametrize("name", ["@odata.nextLink", "@nextLink"])
def test_a_relative_link(stand_in: GraphStandIn, pauses: list[float], name: str) -> None:
    """OData 4.01 allows one, and the shorter name (JSON Format, section 4.5.5); it is relative to the page."""

    def page(number: int, document: dict[str, Any]) -> dict[str, Any]:
        link = document.pop("@odata.nextLink", None)
        return document | {name: link and link.rpartition("/")[2]}

    stand_in.page = page
    assert len(set(ids(connected(stand_in, pauses)))) == 25


def test_empty_pages(stand_in: GraphStandIn, pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """A page without a device may have another one after it, but not for ever."""
    stand_in.page = lambda number, document: document | {"value": []} if number == 1 else document
    assert len(ids(connected(stand_in, pauses))) == 15
    stand_in.count = 10_000
    stand_in.page = lambda number, document: document | {"value": []}
    assert "has pages without end" in failure(connected(stand_in, pauses))
    monkeypatch.setattr(graph_client, "_MOST_PAGES", 5)
    stand_in.page = lambda number, document: document
    assert "has pages without end" in failure(connected(stand_in, pauses))


NESTED = json.dumps(
    {"_version": 3, "Message": "Application is not authorized. - Operation ID (for customer support): 0", "Url": ""}
)


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (
            error(403, "Forbidden", NESTED),
            "answers 403: Forbidden: Application is not authorized. The token lacks a permission: "
            "DeviceManagementManagedDevices.Read.All, with an administrator's consent",
        ),
        (error(401, "InvalidAuthenticationToken", "Invalid audience."), "is for another server or national cloud"),
        (error(401, "UnknownError", json.dumps({"ErrorCode": "Forbidden", "Message": NESTED})), "no Intune role"),
        (error(400, "BadRequest", "Request not applicable to target tenant."), "The tenant has no Intune licence"),
        (error(404, "ResourceNotFound", "Invalid version: x"), "answers 404: ResourceNotFound: Invalid version: x"),
        (Reply(b"<html>Gateway</html>", 418), "answers 418"),
        (Reply(b'{"error": "no"}', 418), 'answers 418: {"error": "no"}'),
        (Reply(b"\xff\x1b[2Jno", 418), "answers 418: \ufffd [2Jno"),
        (Reply(b"", 418), "answers 418"),
        (Reply(b"", 302, {"Location": "https://example.com/"}), "to which no token is sent"),
        (Reply(b"", 304), "answers 304"),
        (Reply(b"{}", 204), "answers 204"),
    ],
)
def test_errors_say_what_to_do(stand_in: GraphStandIn, pauses: list[float], reply: Reply, message: str) -> None:
    stand_in.troubles = [None, lambda given: reply]
    text = failure(connected(stand_in, pauses))
    assert message in text
    assert text.isprintable()
    assert TOKEN not in text
    assert pauses == []


def test_a_server_without_devices_and_one_that_is_not_there(stand_in: GraphStandIn, pauses: list[float]) -> None:
    message = failure(connected(stand_in, pauses, f"{stand_in.url}/more"))
    assert "Resource not found for the segment 'managedDevices'" in message
    nowhere = GraphClient("http://127.0.0.1:1", FixedToken("x", "test"), pause=pauses.append)
    assert "cannot be reached: " in (message := failure(nowhere))
    assert "after 3 attempts" in message
    assert pauses == [1.0, 2.0]


def test_https_with_a_certificate_that_is_trusted_and_one_that_is_not(
    tmp_path: Path, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    with graph_stand_in(5, authority=authority) as stand_in:
        assert "has a certificate that is not trusted" in failure(connected(stand_in, pauses))
        assert pauses == []
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert len(ids(connected(stand_in, pauses))) == 5
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nothing.pem"))
        assert "SSL_CERT_FILE" in failure(connected(stand_in, pauses))


def test_a_proxy_that_cannot_be_used(
    stand_in: GraphStandIn, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "gopher://127.0.0.1:1")
    assert "proxy" in failure(connected(stand_in, pauses))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://graph.microsoft.com", "https://graph.microsoft.com/beta"),
        (" https://graph.microsoft.com/ ", "https://graph.microsoft.com/beta"),
        ("https://graph.microsoft.com/v1.0/", "https://graph.microsoft.com/v1.0"),
        ("https://proxy.example/graph/beta", "https://proxy.example/graph/beta"),
        ("http://localhost:8080/beta", "http://localhost:8080/beta"),
        ("http://[::1]:8080", "http://[::1]:8080/beta"),
        ("http://graph.localhost", "http://graph.localhost/beta"),
    ],
)
def test_the_url_of_an_api(url: str, expected: str) -> None:
    assert api_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        *("", "graph.microsoft.com", "ftp://x", "https://", "https://x:99999", "http://[", "https://u:p@x", "//x"),
        *("https://x/beta?a=b", "https://x/#a", "http://graph.microsoft.com", "http://10.0.0.1/beta", "http://0.0.0.0"),
    ],
)
def test_what_is_no_url_of_an_api(url: str) -> None:
    with pytest.raises(GraphError) as caught:
        api_url(url)
    assert ":p@" not in str(caught.value)


class Renewed:
    """A source of tokens with a new one for each request."""

    def __init__(self) -> None:
        self.token = "old"
        self.claims: list[str | None] = []

    def get(self) -> str:
        """Return the token of now."""
        return self.token

    def renew(self, claims: str | None) -> bool:
        """Take the token of the stand-in."""
        self.claims.append(claims)
        is_new, self.token = self.token != TOKEN, TOKEN
        return is_new


def test_a_token_that_expired_on_the_way_is_renewed(stand_in: GraphStandIn) -> None:
    tokens = Renewed()
    assert len(ids(GraphClient(stand_in.url, tokens))) == 25
    assert tokens.claims == [None]
    stand_in.token = "another"
    assert "answers 401" in failure(GraphClient(stand_in.url, tokens))


@pytest.mark.parametrize("padding", ["=", ""])
def test_the_claims_of_a_challenge(stand_in: GraphStandIn, padding: str) -> None:
    """Continuous access evaluation: the claims are passed to the source of tokens."""
    claims = '{"access_token":{"nbf":{"essential":true, "value":"1604106651"}}}'
    text = base64.b64encode(claims.encode()).decode().rstrip("=") + padding
    challenge = f'Bearer realm="", error="insufficient_claims", claims="{text}"'
    stand_in.troubles = [lambda given: error(401, "InvalidAuthenticationToken", "x", WWW_Authenticate=challenge)]
    tokens = Renewed()
    assert len(ids(GraphClient(stand_in.url, tokens))) == 25
    assert tokens.claims == [claims]


@pytest.fixture
def writable(pauses: list[float]) -> Iterator[tuple[Web, GraphClient, list[Reply]]]:
    """A server that answers with replies, one after the other, and a client of it."""
    replies: list[Reply] = []

    def answer(given: Given) -> Reply:
        return replies.pop(0)

    with serving(answer) as web, GraphClient(web.url, FixedToken(TOKEN, "test"), pause=pauses.append) as client:
        yield web, client, replies


def test_objects_are_read_and_written(writable: tuple[Web, GraphClient, list[Reply]]) -> None:
    web, client, replies = writable
    replies += [Reply(b'{"id": "1"}'), Reply(b'{"id": "2"}', 201), Reply(status=204), Reply(b'{"id": "3"}')]
    replies += [Reply(status=204)]
    assert client.get("policies/1", {"$expand": "assignments"}, permission=NEEDS) == {"id": "1"}
    assert client.send("POST", "policies", {"id": "2"}, permission=NEEDS) == {"id": "2"}
    assert client.send("PATCH", "policies/2", {"a": "é"}, permission=NEEDS) == {}
    assert client.send("PATCH", f"{web.url}/beta/policies/3", {}, permission=NEEDS) == {"id": "3"}
    assert client.send("DELETE", "policies/3", permission=NEEDS) == {}
    assert [(each.method, each.path) for each in web.asked] == [
        ("GET", "/beta/policies/1?$expand=assignments"),
        ("POST", "/beta/policies"),
        ("PATCH", "/beta/policies/2"),
        ("PATCH", "/beta/policies/3"),
        ("DELETE", "/beta/policies/3"),
    ]
    assert (web.asked[-1].body, "content-type" in web.asked[-1].headers) == (b"", False)
    assert web.asked[2].headers["content-type"] == "application/json"
    assert json.loads(web.asked[2].body) == {"a": "é"}


def test_writes_are_repeated_only_where_that_does_no_harm(
    writable: tuple[Web, GraphClient, list[Reply]], pauses: list[float]
) -> None:
    web, client, replies = writable
    replies += [Reply(b"x" * 100, cut=10), Reply(b"{}"), Reply(b"x" * 100, cut=10), Reply(status=500)]
    assert client.send("PATCH", "policies/1", {}, permission=NEEDS) == {}
    assert len(web.asked) == 2
    with pytest.raises(GraphError, match="cannot be reached"):
        client.send("POST", "policies", {}, permission=NEEDS, is_repeatable=False)
    with pytest.raises(GraphError, match="answers 500"):
        client.send("POST", "policies", {}, permission=NEEDS, is_repeatable=False)
    assert len(web.asked) == 4
    replies += [Reply(status=429), Reply(status=503), Reply(b"{}", 201)]
    assert client.send("POST", "policies", {}, permission=NEEDS, is_repeatable=False) == {}
    replies += [error(403, "Forbidden", "no")]
    with pytest.raises(GraphError, match=r"lacks a permission: Example\.Read\.All") as caught:
        client.send("PATCH", "policies/1", {}, permission=NEEDS)
    assert (caught.value.status, caught.value.code) == (403, "Forbidden")
    with pytest.raises(GraphError, match="no token is sent there"):
        client.send("PATCH", "https://graph.microsoft.com/beta/policies/1", {}, permission=NEEDS)
