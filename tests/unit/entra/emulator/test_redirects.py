"""Redirect URIs: which may be registered, which match, and that whatever matches leads to the registered host."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.entra.emulator.redirects import is_registered, redirect_problem, source_of, with_answer

REGISTERED = (
    "https://app.example/signed-in?from=a",
    "http://localhost",
    "http://127.0.0.1/cb",
    "com.example.app:/done",
)
_PIECES = (
    "http",
    "https",
    "://",
    ":",
    "/",
    "//",
    "\\",
    "@",
    "?",
    "#",
    "localhost",
    "127.0.0.1",
    "[::1]",
    "app.example",
)
_MORE = ("evil.example", ".", "5000", "signed-in?from=a", "cb", "%2f", "..", "\t", "\n", " ", "ä", "com.example.app")


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example",
        "https://app.example:444/x?y=z",
        "http://localhost/x",
        "http://[::1]:80/",
        "msal12345678-1234-1234-1234-123456789012://auth",
        "ms-appx-web://microsoft.aad.brokerplugin/x",
        "com.example.app://signed-in",
    ],
)
def test_what_may_be_registered(uri: str) -> None:
    assert redirect_problem(uri) is None
    assert is_registered(uri, [uri])


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "x",
        "/x",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "app://x",
        "https://",
        "https:///x",
    ],
)
def test_what_may_not(uri: str) -> None:
    assert redirect_problem(uri) is not None
    assert not is_registered(uri, [uri])


@pytest.mark.parametrize(
    "uri", ["http://localhost:1", "http://localhost/", "http://localhost:65535/", "http://127.0.0.1:5000/cb"]
)
def test_the_port_of_a_loopback_address_is_free(uri: str) -> None:
    assert is_registered(uri, REGISTERED)


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:5000/",
        "http://[::1]:5000",
        "https://localhost:5000",
        "https://app.example/signed-in",
        "https://app.example:443/signed-in?from=a",
        "https://APP.example/signed-in?from=a",
        "https://app.example/signed-in?from=a&more=b",
        "com.example.app:/other",
    ],
)
def test_everything_else_counts(uri: str) -> None:
    assert not is_registered(uri, REGISTERED)


@given(st.lists(st.sampled_from(_PIECES + _MORE), max_size=9).map("".join) | st.text(max_size=40))
def test_nothing_leads_to_another_host(uri: str) -> None:
    if is_registered(uri, REGISTERED):
        parts = urlsplit(uri)
        assert parts.hostname in ("localhost", "127.0.0.1", "app.example", None)
        assert uri.isascii()
        assert uri.isprintable()
        if parts.hostname is None or parts.hostname == "app.example":
            assert uri in REGISTERED


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=30), max_size=4))
def test_answers_arrive_as_they_are(values: dict[str, str]) -> None:
    sent = with_answer("https://app.example/signed-in?from=a", values, "query")
    assert parse_qsl(urlsplit(sent).query, keep_blank_values=True) == [("from", "a"), *values.items()]
    sent = with_answer("http://localhost", values, "fragment")
    assert dict(parse_qsl(urlsplit(sent).fragment, keep_blank_values=True)) == values
    assert urlsplit(sent).netloc == "localhost"
    assert "\n" not in sent


def test_what_a_policy_calls_it() -> None:
    assert source_of("https://app.example:444/x?y") == "https://app.example:444"
    assert source_of("com.example.app:/done") == "com.example.app:"
