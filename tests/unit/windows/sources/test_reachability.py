"""The check for a network: servers that answer, refuse, hang up and stay silent."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from osimages.windows.sources.reachability import no_network
from tests.support.web import Reply, serving


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def closed() -> str:
    """An address where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_any_answer_of_any_server_is_enough(silent: str, closed: str) -> None:
    with serving(lambda given: Reply(status=500)) as web:
        assert no_network([f"{silent}/a", f"{closed}/b", f"{web.url}/c?d"], 60) is None


def test_servers_with_one_reason_are_named_together(silent: str) -> None:
    reason = no_network([f"{silent}/a", f"{silent}/b", silent.replace("127.0.0.1", "localhost")], 1)
    assert reason is not None
    assert reason.startswith(f"{silent}")
    assert "no answer within 1 s" in reason or "timed out" in reason


def test_an_unreachable_server_is_given_up_before_the_time_limit(closed: str) -> None:
    reason = no_network([closed], 3600)
    assert reason is not None
    assert reason.startswith(f"{closed}: ")


def test_no_request_is_sent_if_all_sources_are_files() -> None:
    assert no_network([]) is None


def test_an_address_that_cannot_be_one_is_left_to_the_fetcher() -> None:
    assert no_network(["http://[::/a"], 60) is None
