"""Write settings of compliance policies, one after the other, and report the result of each.

A PATCH whose answer does not arrive may have been applied. It is never repeated blindly: the policy is read again, and
its settings decide.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from osimages.graph.client import GraphClient
from osimages.graph.client_errors import GraphError
from osimages.graph.policies import Policy, change_policy, create_policy, list_policies, read_policy

_ATTEMPTS = 3
_READINGS = 4
# A request whose connection broke may still be at work; a write may take a moment to be seen.
_PAUSE_SECONDS = 2.0
# Another policy would meet the same: no connection, no permission, throttled beyond patience, out of order.
_STOPS = frozenset({None, 401, 403, 429, 503})
# Graph has rejected the request: nothing was changed. The rest of the errors leave that open.
_REJECTED = frozenset({400, 401, 403, 404, 405, 409, 413, 415, 422, 429})


class Outcome(StrEnum):
    """The result of writing a policy."""

    APPLIED = "applied"
    CREATED = "created"
    ALREADY = "already"  # it had the settings when it was read again: nothing was sent
    CONFLICT = "conflict"  # somebody changed it since it was read: nothing was sent, or what was sent is not there
    FAILED = "failed"  # it does not have the settings
    UNKNOWN = "unknown"  # the settings were sent, and nobody can tell whether it has them
    NOT_TRIED = "not tried"


GOOD = frozenset({Outcome.APPLIED, Outcome.CREATED, Outcome.ALREADY})


class Write(msgspec.Struct, frozen=True):
    """Settings for a policy, as it was when they were decided; for a new one with this body if `policy` is None."""

    name: str
    settings: dict[str, Any]
    policy: Policy | None = None
    body: dict[str, Any] | None = None


class Written(msgspec.Struct, frozen=True):
    """The result of a write, and why, as it follows a colon. `stops`: the next ones would fail in the same way."""

    outcome: Outcome
    detail: str = ""
    id: str | None = None
    stops: bool = False


class Writer:
    """Writes policies of one tenant. `pause` waits for seconds."""

    def __init__(self, client: GraphClient, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._pause = pause

    def results(self, writes: Sequence[Write]) -> Iterator[Written]:
        """Write each, and yield what became of it before the next one is begun, in their order.

        After an error that is not about one policy alone, the rest is not tried.
        """
        stopped = False
        for each in writes:
            if stopped:
                yield Written(Outcome.NOT_TRIED, "the run had to end before")
                continue
            written = self._changed(each, each.policy) if each.policy is not None else self._created(each)
            stopped = written.stops
            yield written

    def _changed(self, write: Write, planned: Policy) -> Written:
        try:
            current = read_policy(self._client, planned.id)
        except GraphError as error:
            reason = "it is not there any more" if error.status == 404 else str(error)
            return Written(Outcome.FAILED, f"nothing was sent: {reason}", planned.id, error.status in _STOPS)
        if current.holds(write.settings):
            return Written(Outcome.ALREADY, "it has these settings", planned.id)
        if not planned.is_unchanged(current):
            return Written(Outcome.CONFLICT, _conflict(planned, current), planned.id)
        for attempt in range(_ATTEMPTS):
            written = self._attempt(current, write.settings, is_last=attempt == _ATTEMPTS - 1)
            if written is not None:
                return written
        raise AssertionError("the last attempt has a result")

    def _attempt(self, current: Policy, settings: Mapping[str, Any], *, is_last: bool) -> Written | None:
        """Send settings once; return None if they were not applied and can be sent again."""
        failure: GraphError | None = None
        try:
            change_policy(self._client, current, settings)
        except GraphError as error:
            if error.status in _REJECTED:
                return Written(Outcome.FAILED, str(error), current.id, error.status in _STOPS)
            failure = error
            self._pause(_PAUSE_SECONDS)
        try:
            found = self._read_until(current, settings)
        except GraphError as error:
            detail = f"the settings were sent, but the policy cannot be read: {failure or error}"
            return Written(Outcome.UNKNOWN, detail, current.id, error.status in _STOPS)
        if found.holds(settings):
            detail = "" if failure is None else f"confirmed by reading the policy again, after {failure}"
            return Written(Outcome.APPLIED, detail, current.id)
        if not current.is_unchanged(found):
            return Written(Outcome.CONFLICT, _conflict(current, found), current.id)
        if failure is None:
            return Written(Outcome.FAILED, "Graph accepted the settings, but the policy does not have them", current.id)
        return Written(Outcome.FAILED, str(failure), current.id, failure.status in _STOPS) if is_last else None

    def _read_until(self, current: Policy, settings: Mapping[str, Any]) -> Policy:
        """Return the policy as it is now; read it some more times while it seems not to have been written."""
        found = read_policy(self._client, current.id)
        for _ in range(_READINGS - 1):
            if found.holds(settings) or not current.is_unchanged(found):
                break
            self._pause(_PAUSE_SECONDS)
            found = read_policy(self._client, current.id)
        return found

    def _created(self, write: Write) -> Written:
        try:
            return Written(Outcome.CREATED, id=create_policy(self._client, write.body or {}).id)
        except GraphError as error:
            failure = error
        if failure.status in _REJECTED:
            return Written(Outcome.FAILED, str(failure), stops=failure.status in _STOPS)
        self._pause(_PAUSE_SECONDS)
        try:
            found = [each for each in list_policies(self._client).policies if each.display_name == write.name]
        except GraphError as error:
            detail = f"it was sent, but the policies cannot be read: {failure}"
            return Written(Outcome.UNKNOWN, detail, stops=error.status in _STOPS)
        if len(found) == 1 and found[0].holds(write.settings):
            return Written(Outcome.CREATED, f"confirmed by reading the policies again, after {failure}", found[0].id)
        detail = f"{failure}. No such policy was there when they were read again" if not found else str(failure)
        return Written(Outcome.FAILED if not found else Outcome.UNKNOWN, detail, stops=failure.status in _STOPS)


def _conflict(before: Policy, now: Policy) -> str:
    if (before.version, before.last_modified_date_time) == (now.version, now.last_modified_date_time):
        return "somebody changed it since it was read; run the command again"
    return (
        f"somebody changed it since it was read (version {before.version} is now {now.version}, modified "
        f"{now.last_modified_date_time}); run the command again"
    )
