"""The endpoints below `/-/` that put a tenant's state in order: reset, seed, clock, requests."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, time
from typing import Annotated, Literal
from urllib.parse import parse_qsl

import msgspec

from osimages.graph.development_request import DevelopmentRequest, json_reply
from osimages.graph.errors import NEEDS_ONE_WORKER, NO_JOURNAL
from osimages.graph.model import IMAGE
from osimages.graph.state.journal import Journal, shown
from osimages.graph.state.resetting import Resetter
from osimages.graph.state.seeds import CATALOGUE, EMPTY, SeedError, TenantSeed, seed_of
from osimages.odata.errors import BODY_UNREADABLE, INVALID_OPTION, ODataError
from osimages.odata.service.reply import Reply
from osimages.odata.service.request_body import json_body
from osimages.windows.calendar import PACIFIC

# What calendars, tokens and JSON can hold with room to spare.
_FIRST_YEAR, _LAST_YEAR = 2000, 2199
_LONGEST_FORWARD = 10 * 366 * 86_400
_LONGEST_PATTERN = 1024
_MOST_FILTERS = 16
_STATUS = re.compile(r"[1-5](?:[0-9]{2}|xx)", re.ASCII | re.IGNORECASE)
_METHOD = re.compile(r"[A-Za-z]{1,16}", re.ASCII)


class _Reset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    to: Literal["seed", "catalogue", "empty"]


class _Setting(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A setting of the clock: to a moment (a date and time with its offset, or a day: noon in Pacific Time), or forward
    by seconds. Frozen, unless it says otherwise, where it is set to a moment.
    """

    now: str | None = None
    forward_seconds: Annotated[float, msgspec.Meta(ge=0, le=_LONGEST_FORWARD)] | None = None
    frozen: bool | None = None


async def _reset(asked: DevelopmentRequest) -> Reply:
    resetter, tenant = _resetter(asked), asked.actor.tenant
    seed = resetter.seeds.read(tenant)
    wanted = asked.body(_Reset).to if asked.request.body else ("catalogue" if seed is None else "seed")
    if wanted == "seed" and seed is None:
        raise _wrong("The tenant has no seed: PUT /-/seed gives it one")
    state = {"seed": seed or EMPTY, "catalogue": CATALOGUE, "empty": EMPTY}[wanted]
    return json_reply(200, {"to": wanted, **await _applied(asked, resetter, state)})


async def _seed(asked: DevelopmentRequest) -> Reply:
    resetter = _resetter(asked)
    try:
        seed = seed_of(json_body(asked.request), asked.actor.tenant)
    except SeedError as error:
        raise _wrong(str(error)) from None
    found = await _applied(asked, resetter, seed)
    resetter.seeds.write(asked.actor.tenant, seed)
    return json_reply(200, found)


async def _forget_seed(asked: DevelopmentRequest) -> Reply:
    _resetter(asked).forget(asked.actor.tenant)
    return Reply(204, odata=False)


async def _applied(asked: DevelopmentRequest, resetter: Resetter, seed: TenantSeed) -> Mapping[str, object]:
    """Put the tenant into a state, in real time, without faults and with an empty journal."""
    service, tenant = asked.service, asked.actor.tenant
    own = service.clock.tenants.get(tenant)
    service.clock.remove(tenant)  # what is published is today's
    try:
        found = await resetter.apply(tenant, seed)
    except BaseException as error:
        if own is not None:
            service.clock.tenants[tenant] = own
        if isinstance(error, SeedError):
            raise _wrong(str(error)) from None
        raise
    service.faults.replace(tenant, ())
    if service.journal is not None:
        service.journal.clear(tenant)
    _time_has_changed(asked)
    return found


async def _show_clock(asked: DevelopmentRequest) -> Reply:
    _one_worker(asked)
    return _clock_reply(asked)


async def _set_clock(asked: DevelopmentRequest) -> Reply:
    _one_worker(asked)
    setting, clock, tenant = asked.body(_Setting), asked.service.clock, asked.actor.tenant
    if (setting.now is None) == (setting.forward_seconds is None) and setting.frozen is None:
        raise _wrong("The clock is set with 'now' or with 'forwardSeconds'")
    if setting.now is not None and setting.forward_seconds is not None:
        raise _wrong("The clock is set with 'now' or with 'forwardSeconds', not with both")
    own = clock.tenants.get(tenant)
    frozen = setting.frozen
    if frozen is None:
        frozen = True if setting.now is not None else own is not None and own.frozen
    moment = clock.seconds(tenant) + (setting.forward_seconds or 0) if setting.now is None else _moment(setting.now)
    if not _FIRST_YEAR <= datetime.fromtimestamp(moment, PACIFIC).year <= _LAST_YEAR:
        raise _wrong(f"A clock shows the years {_FIRST_YEAR} to {_LAST_YEAR}")
    clock.set(tenant, moment, frozen=frozen)
    _time_has_changed(asked)
    return _clock_reply(asked)


async def _remove_clock(asked: DevelopmentRequest) -> Reply:
    _one_worker(asked)
    asked.service.clock.remove(asked.actor.tenant)
    _time_has_changed(asked)
    return Reply(204, odata=False)


async def _requests(asked: DevelopmentRequest) -> Reply:
    try:
        query = dict(parse_qsl(asked.request.query, keep_blank_values=True, max_num_fields=_MOST_FILTERS))
    except ValueError:
        raise _wrong_filter("&", f"there are more than {_MOST_FILTERS} filters.") from None
    if unknown := sorted(query.keys() - {"method", "path", "status"}):
        raise _wrong_filter(unknown[0][:64], "use method, path or status.")
    method, path, status = query.get("method", ""), query.get("path", "*"), query.get("status", "")
    if method and not _METHOD.fullmatch(method):
        raise _wrong_filter("method", "it is a verb, such as PATCH.")
    if status and not _STATUS.fullmatch(status):
        raise _wrong_filter("status", "it is a number, such as 404, or a class, such as 4xx.")
    if len(path) > _LONGEST_PATTERN:
        raise _wrong_filter("path", f"it has at most {_LONGEST_PATTERN} characters.")
    entries, dropped = _journal(asked).entries(asked.actor.tenant)
    found = await asyncio.to_thread(shown, entries, method, path, status)
    return json_reply(200, {"value": found, "dropped": dropped})


async def _forget_requests(asked: DevelopmentRequest) -> Reply:
    _journal(asked).clear(asked.actor.tenant)
    return Reply(204, odata=False)


def _resetter(asked: DevelopmentRequest) -> Resetter:
    service = asked.service
    assert service.emulator is not None, "these endpoints exist with the emulator only"
    return Resetter(
        service.database,
        service.images,
        service.schemas["beta"].validator(IMAGE),
        service.current.publication,
        service.options.data_path,
        service.emulator.state,
    )


def _one_worker(asked: DevelopmentRequest) -> None:
    if asked.service.options.workers > 1:
        raise ODataError(NEEDS_ONE_WORKER)


def _journal(asked: DevelopmentRequest) -> Journal:
    _one_worker(asked)
    if asked.service.journal is None:
        raise ODataError(NO_JOURNAL)
    return asked.service.journal


def _time_has_changed(asked: DevelopmentRequest) -> None:
    """Look at the tenant's licence, catalogue, tokens and limits again when it is next served."""
    asked.service.tenants.forget(asked.actor.tenant)
    asked.service.authentication.forget()
    if asked.service.throttle is not None:
        asked.service.throttle.forget(asked.actor.tenant)


def _clock_reply(asked: DevelopmentRequest) -> Reply:
    clock, tenant = asked.service.clock, asked.actor.tenant
    own = clock.tenants.get(tenant)
    moment = clock.now(tenant).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    state = {"id": clock.id(tenant), "isReal": own is None, "frozen": own is not None and own.frozen}
    return json_reply(200, {"now": moment, "today": str(clock.today(tenant)), **state})


def _moment(text: str) -> float:
    """Seconds since 1970. Raises ODataError."""
    try:
        found = datetime.fromisoformat(text)
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
            found = datetime.combine(found.date(), time(12), PACIFIC)
        if found.tzinfo is not None:
            return found.timestamp()
    except (ValueError, OverflowError):
        pass
    raise _wrong("'now' is a date and time with its offset, such as 2026-10-20T12:00:00Z, or a day, such as 2026-10-20")


def _wrong(reason: str) -> ODataError:
    return ODataError(BODY_UNREADABLE, reason=f"{reason.removesuffix('.')}.")


def _wrong_filter(name: str, reason: str) -> ODataError:
    return ODataError(INVALID_OPTION, option=name, reason=reason)


# By method, and whether the path names one of several things below it.
STATE_ENDPOINTS: Mapping[str, Mapping[tuple[str, bool], Callable[[DevelopmentRequest], Awaitable[Reply]]]] = {
    "reset": {("POST", False): _reset},
    "seed": {("PUT", False): _seed, ("DELETE", False): _forget_seed},
    "clock": {("GET", False): _show_clock, ("PUT", False): _set_clock, ("DELETE", False): _remove_clock},
    "requests": {("GET", False): _requests, ("DELETE", False): _forget_requests},
}
