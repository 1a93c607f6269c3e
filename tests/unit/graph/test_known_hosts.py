"""Host names of a server: which are known, in which spelling, and the error for others."""

from __future__ import annotations

import pytest

from osimages.graph.errors import UNKNOWN_HOST
from osimages.graph.known_hosts import KnownHosts, allowed_hosts
from osimages.graph.service_options import ServiceOptions
from osimages.odata.errors import BAD_HOST, ODataError


def is_served(settings: ServiceOptions, host: str, path: str = "/beta/") -> bool:
    try:
        KnownHosts.of(settings).check(host.encode("latin-1"), path)
    except ODataError as error:
        assert error.condition is UNKNOWN_HOST
        return False
    return True


LOCAL = ["localhost", "LocalHost:8443", "localhost.", "127.0.0.1:9", "[::1]", "[0:0:0:0:0:0:0:1]:8443"]
FOREIGN = [
    *(
        "evil.example",
        "evil.example:8443",
        "localhost.evil.example",
        "evil-localhost",
        "127.0.0.1.nip.io",
        "a.localhost",
    ),
    *("192.0.2.1", "127.0.0.2", "[::2]", "[::ffff:127.0.0.1]", "2130706433", "0.0.0.0", "127.1", "localhost.."),
]


@pytest.mark.parametrize("host", LOCAL)
def test_local_names_are_served_in_every_spelling(host: str) -> None:
    assert is_served(ServiceOptions(), host)
    assert is_served(ServiceOptions(host="::1"), host)


@pytest.mark.parametrize("host", FOREIGN)
def test_on_loopback_other_names_are_not(host: str) -> None:
    for settings in (
        ServiceOptions(),
        ServiceOptions(host="::1"),
        ServiceOptions(host="localhost"),
        ServiceOptions(authority="entra"),
    ):
        assert not is_served(settings, host)
        assert is_served(settings, host, "/-/health"), "a probe may name the address of a container"


@pytest.mark.parametrize("path", ["/-/ready", "/-/metrics", "/-/health/"])
def test_probes_are_answered_under_every_name(path: str) -> None:
    assert is_served(ServiceOptions(), "10.1.2.3:8443", path)
    assert not is_served(ServiceOptions(), "10.1.2.3:8443", f"{path}/more")


def test_names_of_the_settings_are_known() -> None:
    settings = ServiceOptions(
        allowed_host="Graph.Example, [fe80::1],::2 10.0.0.5", public_url="https://public.example/graph"
    )
    for host in ("graph.example:1", "GRAPH.EXAMPLE.", "[fe80::1]:8443", "[::2]", "10.0.0.5", "public.example", *LOCAL):
        assert is_served(settings, host)
    assert not is_served(settings, "a.graph.example")
    assert is_served(ServiceOptions(host="127.0.0.2"), "127.0.0.2:8443")


def test_other_addresses_serve_every_name_without_allowed_host() -> None:
    open_to_all = ServiceOptions(host="0.0.0.0")
    assert is_served(open_to_all, "osimages:8443")
    named = ServiceOptions(host="0.0.0.0", allowed_host="osimages")
    assert is_served(named, "osimages:8443")
    assert is_served(named, "localhost:8443")
    assert not is_served(named, "evil.example")


def test_names_of_the_certificate_are_known() -> None:
    loopback = ServiceOptions(tls_name="emulator, 10.9.9.9")
    for host in ("emulator:8443", "10.9.9.9", *LOCAL):
        assert is_served(loopback, host)
    assert not is_served(loopback, "evil.example")
    # Elsewhere every name is served until allowed_host says otherwise; its names come beside these.
    assert is_served(ServiceOptions(host="0.0.0.0", tls_name="emulator"), "172.17.0.2:8443")
    named = ServiceOptions(host="0.0.0.0", tls_name="emulator", allowed_host="other")
    assert is_served(named, "emulator")
    assert not is_served(named, "172.17.0.2:8443")


def test_a_trusted_proxy_decides_for_tokens_of_entra_id_alone() -> None:
    assert is_served(ServiceOptions(authority="entra", trusted_proxies="127.0.0.1"), "catalogue.example")
    assert not is_served(ServiceOptions(trusted_proxies="127.0.0.1"), "catalogue.example")
    named = ServiceOptions(authority="entra", trusted_proxies="127.0.0.1", allowed_host="a.example")
    assert not is_served(named, "catalogue.example")


def test_the_error_says_what_to_do() -> None:
    with pytest.raises(ODataError) as refused:
        KnownHosts.of(ServiceOptions(allowed_host="b.example")).check(b"Evil.example:8443", "/beta/")
    assert refused.value.condition.status == 421
    assert refused.value.message == (
        "The host 'evil.example' is not served here: use one of 127.0.0.1, [::1], b.example, localhost, or name it "
        "with --allowed-host when you start the server (setting 'allowed_host')."
    )


@pytest.mark.parametrize("host", ["bad host", "a/b", "user@localhost", "localhost, evil.example", "a" * 5000, "é"])
def test_what_is_no_host_is_bad(host: str) -> None:
    with pytest.raises(ODataError) as refused:
        KnownHosts.of(ServiceOptions()).check(host.encode("latin-1"), "/beta/")
    assert refused.value.condition is BAD_HOST


def test_a_request_without_a_host_is_left_to_the_next_check() -> None:
    KnownHosts.of(ServiceOptions()).check(b"", "/beta/")


@pytest.mark.parametrize("text", ["host:8443", "https://host", "a/b", "[::1]:8443", "*", "user@host", "[::1"])
def test_a_setting_that_names_no_host(text: str) -> None:
    with pytest.raises(ValueError, match="allowed_host: "):
        allowed_hosts(text)
