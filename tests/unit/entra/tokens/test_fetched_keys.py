"""Keys that are fetched: once for all who wait, kept on when the authority is gone, and not for ever."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from osimages.entra.tokens.errors import KeysUnavailableError
from osimages.entra.tokens.fetched_keys import FetchedKeys

AUTHORITY = "https://login.example"
PUBLIC = RSAKey.generate_key(2048).as_dict(private=False)


class Site:
    """An authority, its clock, and the file in which its keys are kept."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "keys.json"
        self.moment = 1_000_000.0
        self.set_by = 1_700_000_000.0  # by how much the wall clock is ahead of the monotonic one
        self.kids = ["one"]
        self.failure = ""
        self.fault: Exception | None = None
        self.fetched = 0
        self.gate: asyncio.Event | None = None

    async def fetch(self) -> bytes:
        self.fetched += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        if self.failure:
            raise KeysUnavailableError(self.failure)
        return json.dumps({"keys": [{**PUBLIC, "kid": kid} for kid in self.kids]}).encode()

    def keys(self, authority: str = AUTHORITY, refresh_seconds: float = 3600) -> FetchedKeys:
        return FetchedKeys(
            self.fetch,
            authority,
            self.file,
            refresh_seconds=refresh_seconds,
            stale_seconds=86400,
            look_seconds=30,
            now=lambda: self.moment,
            wall_clock=lambda: self.moment + self.set_by,
        )


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def has(keys: FetchedKeys, kid: str) -> bool:
    return keys.key(kid) is not None


def test_who_comes_while_keys_are_fetched_waits_for_the_same_answer(site: Site) -> None:
    async def work() -> None:
        keys, site.gate = site.keys(), asyncio.Event()
        waiting = [asyncio.create_task(keys.look_for("one")) for _ in range(50)]
        await asyncio.sleep(0)
        site.gate.set()
        assert await asyncio.gather(*waiting) == [True] * 50
        assert site.fetched == 1

    run(work())


def test_an_unknown_key_is_looked_for_once_in_a_while(site: Site) -> None:
    async def work() -> None:
        keys = site.keys()
        await keys.refresh()
        site.kids.append("two")
        assert [await keys.look_for(f"made up {number}") for number in range(50)] == [False] * 50
        assert site.fetched == 1
        site.moment += 30
        assert await keys.look_for("two")
        assert site.fetched == 2

    run(work())


def test_one_who_gives_up_waiting_ends_nothing_for_the_others(site: Site) -> None:
    async def work() -> None:
        keys, site.gate = site.keys(), asyncio.Event()
        patient, impatient = (asyncio.create_task(keys.refresh()) for _ in range(2))
        await asyncio.sleep(0)
        impatient.cancel()
        site.gate.set()
        await patient
        assert has(keys, "one")

    run(work())


def test_keys_are_used_on_while_they_cannot_be_fetched_but_not_for_ever(site: Site) -> None:
    async def work() -> None:
        keys = site.keys()
        await keys.refresh()
        site.failure = "gone"
        site.moment += 86400
        await keys.refresh()
        assert has(keys, "one")
        site.moment += 1
        await keys.refresh()
        with pytest.raises(KeysUnavailableError):
            keys.key("one")
        site.failure = ""
        await keys.refresh()
        assert has(keys, "one")

    run(work())


def test_pauses_grow_after_failures_and_are_the_usual_ones_after_a_success(site: Site) -> None:
    async def work() -> None:
        keys = site.keys()
        site.failure = "gone"
        pauses = []
        for _ in range(30):
            await keys.refresh()
            pauses.append(keys.pause_seconds)
        assert pauses[:5] == [1, 2, 4, 8, 16]
        assert pauses[-1] == 300
        site.failure = ""
        await keys.refresh()
        assert keys.pause_seconds == 3600

    run(work())


def test_a_fault_of_this_program_does_not_end_the_renewing(site: Site) -> None:
    async def work() -> None:
        keys = site.keys(refresh_seconds=0.001)
        await keys.open()
        site.kids = ["two"]
        site.fault, before = ZeroDivisionError(), site.fetched
        while site.fetched == before:
            await asyncio.sleep(0)
        site.fault = None
        while not has(keys, "two"):
            await asyncio.sleep(0)
        await keys.close()

    run(asyncio.wait_for(work(), 30))


def test_a_server_that_starts_uses_what_was_kept(site: Site) -> None:
    async def work() -> None:
        await site.keys().refresh()
        site.failure = "gone"
        for later, authority, found in ((86400, AUTHORITY, True), (86401, AUTHORITY, False), (0, "https://b", False)):
            fresh = site.keys(authority)
            site.moment = 1_000_000.0 + later
            await fresh.open()
            try:
                assert has(fresh, "one")
                assert found
            except KeysUnavailableError:
                assert not found
            await fresh.close()

    run(work())


@pytest.mark.parametrize("seconds", [-(10.0**9), 10.0**9])
def test_keys_have_the_same_age_when_somebody_sets_the_clock(site: Site, seconds: float) -> None:
    async def work() -> None:
        keys = site.keys()
        await keys.refresh()
        site.failure = "gone"
        site.set_by += seconds
        site.moment += 30
        assert await keys.look_for("one")
        assert site.fetched == 2, "a clock that was set back keeps nobody from asking"
        site.moment += 86400
        await keys.refresh()
        with pytest.raises(KeysUnavailableError):
            keys.key("one")

    run(work())


@pytest.mark.parametrize(("seconds", "found"), [(-299.0, True), (-86400.0, False)])
def test_kept_keys_that_are_dated_in_the_future_are_not_used(site: Site, seconds: float, found: bool) -> None:
    async def work() -> None:
        await site.keys().refresh()
        site.failure = "gone"
        site.set_by += seconds
        fresh = site.keys()
        await fresh.open()
        assert (fresh.as_of is not None) == found
        await fresh.close()

    run(work())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"keys": 5}', b"\x00" * 100])
def test_a_kept_file_that_is_broken_does_no_harm(site: Site, content: bytes) -> None:
    async def work() -> None:
        site.file.write_bytes(content)
        keys = site.keys()
        await keys.open()
        assert has(keys, "one")
        await keys.close()

    run(work())


@pytest.mark.parametrize("kids", [[], [""]])
def test_an_answer_without_keys_replaces_none(site: Site, kids: list[str]) -> None:
    async def work() -> None:
        keys = site.keys()
        await keys.refresh()
        site.kids = kids
        await keys.refresh()
        assert has(keys, "one")

    run(work())


def test_a_key_that_stays_is_the_same_object_after_a_fetch(site: Site) -> None:
    async def work() -> None:
        keys = site.keys()
        await keys.refresh()
        before = keys.key("one")
        site.kids.append("two")
        await keys.refresh()
        assert keys.key("one") is before

    run(work())
