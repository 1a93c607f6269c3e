"""Runs the items of a batch, each through the path that every request takes, as whoever sent the batch.

Source: https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part1-protocol.html#sec_BatchRequests
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

import msgspec

from osimages.odata.errors import (
    BATCH_ANSWERS_TOO_LARGE,
    CHANGE_SET_UNDONE,
    DEPENDENCY_FAILED,
    LIMIT_EXCEEDED,
    ODataError,
)
from osimages.odata.plan.resolve import Kind, Target
from osimages.odata.service.batch import json_format, multipart_format
from osimages.odata.service.batch.batch_items import WRITING, Item, Outcome, units
from osimages.odata.service.batch.change_set import ChangeSet
from osimages.odata.service.batch.conditions import not_met
from osimages.odata.service.batch.inherited_headers import inherited_headers, with_inherited
from osimages.odata.service.call import Call
from osimages.odata.service.engine import Change, Engine
from osimages.odata.service.error_replies import reply_of
from osimages.odata.service.reply import Reply
from osimages.odata.service.request import ApiRequest, ReadBody, ascii_text
from osimages.odata.sql.store import QueryTimeoutError, StoreUnavailableError
from osimages.odata.wire.links import quoted_key

Answer = Callable[[Engine, ApiRequest, ReadBody, Change | None], Awaitable[Reply]]
Prepare = Callable[[Engine, ApiRequest, ReadBody], Awaitable[Call]]
Run = Callable[[Call], Awaitable[Reply]]
Unit = list[Item]

# What an item cannot say for itself: who asks, and for which service.
_OUTER_HEADERS = (b"authorization", b"host")
_READ_BY_POST = frozenset((Kind.ACTION, Kind.QUERY))
# After so much time in one go, other requests get their turn.
_LONGEST_TURN_SECONDS = 0.01
# So many bytes of URLs and bodies are decoded in one pass of the event loop, which takes milliseconds.
_MOST_UNREAD = 4096
# Reads of a batch under way at once, where the database answers them side by side. Each has its answer in memory before
# it counts against the room of the batch.
_MOST_READS = 4


async def batch(call: Call, answer: Answer, prepare: Prepare, run: Run) -> Reply:
    """Return the replies to all items. Raises ODataError (400) for a batch that is malformed: then no item is run."""
    most = call.engine.limits.max_batch_items
    running = _Running(call, answer, prepare, run)
    if multipart_format.is_multipart(call.request):
        items = multipart_format.read(call.request, most)
        goes_on = call.preferences.continue_on_error is True
        return multipart_format.write(items, await running.in_order(units(items), goes_on))
    items = json_format.read(call.request, most)
    return json_format.write(items, await running.side_by_side(units(items)))


class _Running:
    """One batch under way."""

    def __init__(self, call: Call, answer: Answer, prepare: Prepare, run: Run) -> None:
        self._call = call
        self._engine = call.engine
        self._answer = answer
        self._prepare = prepare
        self._run = run
        self._prepared: dict[str | None, Call | Exception] = {}
        self._root = call.links.root
        self._prefix = call.engine.schema.root
        self._version = f"{self._prefix.lstrip('/')}/".lower()
        given = call.request.headers
        self._outer = {name: given[name] for name in _OUTER_HEADERS if name in given}
        self._inherited = inherited_headers(given)
        self._headers = {**self._inherited, **self._outer}  # of an item that has none of its own
        # Longer ones are not read; within the root's length the pipeline judges.
        self._longest_url = call.engine.limits.longest_link + len(self._root)
        self._turn_began = time.monotonic()
        self._unread = 0
        self._room = call.engine.limits.max_batch_answer_bytes
        self._reads = asyncio.Semaphore(_MOST_READS)

    async def side_by_side(self, found: list[Unit]) -> list[Outcome]:
        """Each item waits for those it depends on, which stand before it; the others run side by side."""
        await self._read_together(found)
        running: list[_Started] = []
        by_key: dict[str | None, _Started] = {}
        self._turn_began = time.monotonic()
        for unit in found:
            started = await self._started(unit, by_key)
            running.append(started)
            for item in unit:
                by_key[item.key] = started
            if (group := unit[0].group) is not None:
                by_key.setdefault(group.lower(), started)
        return [outcome for each in running for outcome in await each.outcomes()]

    async def _read_together(self, found: list[Unit]) -> None:
        """Prepare the reads of entities that wait for nothing, and read those of one set with one statement."""
        reads = [item for (item, *_) in found if _is_plain_read(item) and len(item.url) <= self._longest_url]
        intercept = self._engine.hooks.intercept
        if len(reads) < 2 or (intercept is not None and intercept.is_active):
            return
        groups: dict[str, list[tuple[str | None, Call]]] = {}
        for item in reads:
            request = self._request(item, {})
            if self._kind(request) is Kind.ENTITY:
                try:
                    call = await self._prepare(self._engine, request, _no_body)
                except Exception as error:
                    self._prepared[item.key] = error
                else:
                    groups.setdefault(call.target.source, []).append((item.key, call))
        for group in groups.values():
            keys = [str(call.target.key) for _, call in group]
            try:
                stored = await group[0][1].store.get_all(self._call.tenant, keys)
            except (StoreUnavailableError, QueryTimeoutError):
                stored = None
            for key, call in group:
                self._prepared[key] = msgspec.structs.replace(call, found=stored)
            await self._give_way()

    async def _started(self, unit: Unit, by_key: Mapping[str | None, _Started]) -> _Started:
        """A unit that is under way, behind those that it waits for, or done."""
        own = {item.key for item in unit}
        waits_for = {key: by_key[key] for item in unit for key in item.waits_for if key not in own}
        is_bound = bool(waits_for) or any(item.condition is not None for item in unit)
        if is_bound or not self._answers_at_once(unit[0]):
            task = asyncio.create_task(self._after(unit, waits_for))
            await self._let_start(unit)
            return _Started(unit, task)
        # There is nothing to wait for, so that a task would only cost time.
        outcomes = await self._unit(unit, {})
        await self._give_way()
        return _Started(unit, outcomes)

    def _answers_at_once(self, item: Item) -> bool:
        """Whether a request waits for nothing. Checks never do: one after the other they need the memory of one."""
        if item.method == "POST" and item.group is None and len(item.url) <= self._call.engine.limits.max_url_bytes:
            target = self._target(f"{self._prefix}/{self._path(item, {}).partition('?')[0]}")
            return target is not None and target.kind is Kind.ACTION
        return item.method not in WRITING and self._engine.database.answers_at_once

    async def _give_way(self) -> None:
        """Let other requests be served if this batch has run for some time in one go."""
        if time.monotonic() - self._turn_began > _LONGEST_TURN_SECONDS:
            await asyncio.sleep(0)
            self._turn_began = time.monotonic()

    async def _let_start(self, unit: Unit) -> None:
        """Let the units so far start before others are added if it takes long to decode them."""
        self._unread += sum(len(item.url) + (len(item.body) if isinstance(item.body, bytes) else 0) for item in unit)
        if self._unread > _MOST_UNREAD:
            await asyncio.sleep(0)
            self._unread = 0

    async def in_order(self, found: list[Unit], goes_on: bool) -> list[Outcome]:
        """One after the other; up to the first that fails, if the client does not want to go on."""
        done: list[Outcome] = []
        addresses: dict[str, str] = {}
        for unit in found:
            outcomes = await self._unit(unit, addresses)
            await self._give_way()
            done += outcomes
            if not goes_on and any(each.reply.status >= 400 for each in outcomes):
                break
            addresses |= self._addresses(unit, outcomes)
        return done

    async def _after(self, unit: Unit, waits_for: Mapping[str, _Started]) -> list[Outcome]:
        addresses: dict[str, str] = {}
        # Within a change set every request before succeeds, or else all fail.
        succeeded = {item.key or "": True for item in unit}
        for key, earlier in waits_for.items():
            outcomes = await earlier.outcomes()
            succeeded[key] = all(200 <= outcome.reply.status < 300 for outcome in outcomes)
            addresses |= self._addresses(earlier.unit, outcomes)
        reasons = [_reason_not_to_run(item, succeeded) for item in unit]
        if any(reasons):
            return [self._failed(each or ODataError(CHANGE_SET_UNDONE)) for each in reasons]
        return await self._unit(unit, addresses)

    async def _unit(self, unit: Unit, addresses: Mapping[str, str]) -> list[Outcome]:
        if unit[0].group is not None:
            return await self._together(unit, addresses)
        [item] = unit
        return [await self._one(item, addresses)]

    async def _one(self, item: Item, addresses: Mapping[str, str], change: Change | None = None) -> Outcome:
        try:
            request = self._request(item, addresses)
        except ODataError as error:
            return self._failed(error)
        if not self._is_read(request):
            return await self._answered(request, item, change)
        async with self._reads:
            return await self._answered(request, item, change)

    async def _answered(self, request: ApiRequest, item: Item, change: Change | None) -> Outcome:
        if self._room < 0:
            return self._too_large(item.id)
        if (prepared := self._prepared.pop(item.key, None)) is not None:
            reply = await self._finished(request, prepared)
        else:

            async def read(_most: int, _setting: str) -> bytes:
                return request.body

            reply = await self._answer(self._engine, request, read, change)
        if item.method == "HEAD":
            return Outcome(request, msgspec.structs.replace(reply, body=b""))
        return self._within_limit(Outcome(request, reply), item.id)

    async def _finished(self, request: ApiRequest, prepared: Call | Exception) -> Reply:
        """Return the reply to a read that was prepared, or failed there."""
        try:
            if isinstance(prepared, Exception):
                raise prepared
            return await self._run(prepared)
        except Exception as error:
            return reply_of(self._engine.hooks.errors, request, error)

    def _within_limit(self, outcome: Outcome, item_id: str | None) -> Outcome:
        """Return the outcome if there is room for it in the answer, else its error.

        The outcome of a change stays, as it was made.
        """
        self._room -= len(outcome.reply.body)
        return self._too_large(item_id) if self._room < 0 and self._is_read(outcome.request) else outcome

    def _is_read(self, request: ApiRequest) -> bool:
        if request.method != "POST":
            return request.method == "GET"
        return self._kind(request) in _READ_BY_POST

    def _kind(self, request: ApiRequest) -> Kind | None:
        target = self._target(request.path)
        return None if target is None else target.kind

    def _target(self, path: str) -> Target | None:
        """Return the target of a path, if the path names one by itself."""
        try:
            return self._engine.schema.address(path).target
        except ODataError:
            return None

    def _too_large(self, item_id: str | None) -> Outcome:
        limit = self._call.engine.limits.max_batch_answer_bytes
        return self._failed(ODataError(BATCH_ANSWERS_TOO_LARGE, limit=limit, id=(item_id or "")[:64]))

    async def _together(self, unit: Unit, addresses: Mapping[str, str]) -> list[Outcome]:
        """The items of a change set: each is answered up to its write, then all writes are done at once."""
        change_set = ChangeSet(self._engine.database)
        known, tasks = dict(addresses), []
        for item in unit:
            task = asyncio.create_task(self._one(item, known, change_set.change))
            tasks.append(task)
            await change_set.arrival(task)
            if task.done() and task.result().reply.status >= 400:
                change_set.undo()
                break
            if item.key is not None:
                path = self._path(item, known).partition("?")[0].rstrip("/")
                known[item.key] = path + (f"({quoted_key(change_set.last_key)})" if item.method == "POST" else "")
        else:
            await change_set.commit()
        outcomes = [await task for task in tasks]
        return outcomes + [self._failed(ODataError(CHANGE_SET_UNDONE)) for _ in unit[len(outcomes) :]]

    def _request(self, item: Item, addresses: Mapping[str, str]) -> ApiRequest:
        """The item as a request of its own, with the outer request's token and ids."""
        if isinstance(item.body, ODataError):
            raise item.body
        if len(item.url) > self._longest_url:
            most = self._call.engine.limits.max_url_bytes
            raise ODataError(LIMIT_EXCEEDED, what="The URL's length", limit=most, setting="max_url_bytes")
        outer = self._call.request
        path, _, query = self._path(item, addresses).partition("?")
        return ApiRequest(
            "GET" if item.method == "HEAD" else item.method,
            f"{self._prefix}/{path}",
            query,
            with_inherited(item.headers, self._inherited) | self._outer if item.headers else self._headers,
            outer.origin,
            outer.request_id,
            outer.client_request_id,
            item.body,
            self._call.principal,
            outer.client,
        )

    def _path(self, item: Item, addresses: Mapping[str, str]) -> str:
        """Path and query below the service root, of an address in any of the forms that a batch may have."""
        url = item.url.removeprefix(self._root).lstrip("/")
        if url[: len(self._version)].lower() == self._version:
            url = url[len(self._version) :].lstrip("/")
        if url.startswith("$") and addresses:
            name = url[1:].partition("?")[0].partition("/")[0]
            if (found := addresses.get(name.lower())) is not None:
                return f"{found}{url[1 + len(name) :]}"
        return url if url.isascii() else ascii_text(url.encode("utf-8", "surrogatepass"))

    def _addresses(self, unit: Unit, outcomes: Iterable[Outcome]) -> dict[str, str]:
        """What `$id` in a later address stands for: what an item made, or else what it was about; no failed one."""
        found = {}
        for item, outcome in zip(unit, outcomes, strict=True):
            if outcome.reply.status >= 400:
                continue
            location = next((value.decode() for name, value in outcome.reply.headers if name == b"location"), "")
            address = location.removeprefix(self._call.links.root) or outcome.request.path.removeprefix(self._prefix)
            if item.key is not None:
                found[item.key] = address.lstrip("/")
        return found

    def _failed(self, error: ODataError) -> Outcome:
        request = self._call.request
        return Outcome(request, reply_of(self._engine.hooks.errors, request, error))


async def _no_body(_most: int, _setting: str) -> bytes:
    return b""


def _is_plain_read(item: Item) -> bool:
    """Whether an item reads, and neither waits for others nor depends on them."""
    return item.method == "GET" and not (item.waits_for or item.condition or item.body)


def _reason_not_to_run(item: Item, succeeded: Mapping[str, bool]) -> ODataError | None:
    """Return the error of an item whose dependencies or condition say that it is not run, None where they let it."""
    if item.condition is None:
        failed = next((key for key in item.waits_for if not succeeded[key]), None)
        return None if failed is None else ODataError(DEPENDENCY_FAILED, id=failed)
    if isinstance(item.condition, ODataError):
        return item.condition
    try:
        return None if item.condition.is_met(succeeded) else not_met(item.condition, item.id or "")
    except ODataError as error:
        return error


class _Started(msgspec.Struct, frozen=True):
    """A unit that is under way or done."""

    unit: Unit
    found: list[Outcome] | asyncio.Task[list[Outcome]]

    async def outcomes(self) -> list[Outcome]:
        """What came of its items, once it is done."""
        return self.found if isinstance(self.found, list) else await self.found
