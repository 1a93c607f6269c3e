"""The published catalogue, against real servers whose calendar is frozen."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.api import IMAGES, Api, body_of, connected, refused
from tests.support.server import running

Open = Callable[[str], Api]
LATEST = "Windows 11 25H2"


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Open]:
    """Opens a server on the same data directory on a given day, as a client of one tenant."""
    tenant = str(uuid.uuid4())
    with ExitStack() as stack:

        def open_on(day: str) -> Api:
            stack.pop_all().close()
            server = stack.enter_context(running(tmp_path, "--http", "--today", day))
            return stack.enter_context(connected(server.url, tenant, tmp_path))

        yield open_on


def builds(api: Api, key: str) -> list[tuple[str, int, int]]:
    """The updates of an image, as they are listed."""
    updates = body_of(api.get(f"{IMAGES}/{key}"))["availableUpdates"]
    return [(each["buildVersion"], each["releaseMonth"], each["releaseYear"]) for each in updates]


AUGUST = ("10.0.26200.9168", 8, 2026)
SEPTEMBER = ("10.0.26200.9445", 9, 2026)
OCTOBER = ("10.0.26200.9711", 10, 2026)


def test_a_week_after_patch_tuesday_its_build_is_there(on: Open) -> None:
    assert builds(on("2026-10-20"), LATEST) == [OCTOBER, SEPTEMBER, AUGUST]


def test_a_day_after_patch_tuesday_it_is_not_and_later_it_comes_by_itself(on: Open) -> None:
    before = builds(on("2026-10-14"), LATEST)
    assert before[:2] == [SEPTEMBER, AUGUST]
    assert len(before) == 3
    assert builds(on("2026-10-15"), LATEST) == [OCTOBER, SEPTEMBER, AUGUST]


def test_what_a_tenant_made_its_own_stays(on: Open) -> None:
    api = on("2026-10-14")
    published = api.ids()
    assert LATEST in published
    assert "Windows 11 24H2" in published
    api.http.patch(f"{IMAGES}/{LATEST}", json={"supportedArchitectures": ["x64"]})
    api.http.delete(f"{IMAGES}/Windows 11 24H2")
    api.create(id="Own image")
    versions = {key: api.get(f"{IMAGES}/{key}").headers["etag"] for key in (LATEST, "Own image")}
    api = on("2026-10-20")
    assert {key: api.get(f"{IMAGES}/{key}").headers["etag"] for key in versions} == versions
    assert builds(api, LATEST)[0] == SEPTEMBER
    refused(api.get(f"{IMAGES}/Windows 11 24H2"), 404, "ResourceNotFound")
    assert builds(api, "Windows 11 26H1")[0][1:] == (10, 2026)


def test_publishing_again_changes_nothing(on: Open) -> None:
    api = on("2026-10-20")
    before = {key: api.get(f"{IMAGES}/{key}").headers["etag"] for key in api.ids()}
    api = on("2026-10-21")
    assert {key: api.get(f"{IMAGES}/{key}").headers["etag"] for key in api.ids()} == before


def test_ended_releases_leave_and_supported_ones_are_there(on: Open) -> None:
    published = on("2025-10-13").ids()
    assert {"Windows 11 22H2", "Windows 11 23H2"} <= set(published)
    assert "Windows 11 26H1" not in published, "it is not out yet"
    later = on("2026-10-20").ids()
    assert "Windows 11 22H2" not in later
    assert {"Windows 11 23H2", "Windows 11 24H2", LATEST, "Windows 11 26H1"} <= set(later)
