"""A key source that fetches keys from an authority: cached in a file, renewed in the background, kept in outages."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import structlog
from joserfc.errors import JoseError

from osimages.entra.tokens.errors import KeysUnavailableError
from osimages.entra.tokens.keys import KeySource, VerificationKey, key_set

_log = structlog.get_logger()
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 300.0
# How far in the future the file of kept keys may be dated.
_CLOCK_TOLERANCE_SECONDS = 300.0
_WHAT_TO_DO = "see what osimages doctor says; where there is no way to the internet, --keys-file takes keys from a file"


class _Kept(msgspec.Struct, frozen=True):
    """The content of the file: the key set, where it came from and when (seconds since 1970)."""

    authority: str
    fetched: float
    jwks: dict[str, list[dict[str, Any]]]


class FetchedKeys(KeySource):
    """Fetches the keys of an authority.

    `fetch` gets the key set and raises KeysUnavailableError. It is called every `refresh_seconds`; sooner, with pauses
    that grow, after a failure; and at once for a key that is not known, but not more often than every `look_seconds`,
    so that tokens which name keys at random cause no requests. What was fetched last goes on being used for
    `stale_seconds` when the authority cannot be reached, also by a server that starts in that time: `file` keeps it.
    `authority` is the address it belongs to.

    Ages and pauses are measured by `now`, a clock that nobody sets (in seconds). `wall_clock` gives seconds since 1970,
    for the file, which outlives the process.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[bytes]],
        authority: str,
        file: Path,
        *,
        refresh_seconds: float = 3600,
        stale_seconds: float = 3 * 86_400,
        look_seconds: float = 30,
        now: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._fetch = fetch
        self._authority = authority
        self._file = file
        self._refresh_seconds = refresh_seconds
        self._stale_seconds = stale_seconds
        self._look_seconds = look_seconds
        self._now = now
        self._wall_clock = wall_clock
        self._keys: dict[str, VerificationKey] = {}
        self._fetched = 0.0
        self._fetched_at = 0.0
        self._asked = float("-inf")
        self._failures = 0
        self._under_way: asyncio.Task[None] | None = None
        self._background: asyncio.Task[None] | None = None

    def key(self, kid: str) -> VerificationKey | None:
        """Return the key with this id. Raises KeysUnavailableError while there are no keys at all."""
        if not self._keys:
            raise KeysUnavailableError("the signing keys of Entra ID cannot be fetched.")
        return self._keys.get(kid)

    @property
    def as_of(self) -> float | None:
        """When the keys were fetched, in seconds since 1970; None if there are none."""
        return self._fetched_at if self._keys else None

    async def look_for(self, kid: str) -> bool:
        """Fetch the keys unless that was done a moment ago; return whether this one is there now."""
        if self._under_way is not None or self._now() - self._asked >= self._look_seconds:
            await self.refresh()
        return kid in self._keys

    async def open(self) -> None:
        """Start with the keys in the file, or wait for the first ones, and renew them in the background."""
        self._use_kept()
        if self._keys:
            self._background = asyncio.create_task(self._renew(at_once=True))
        else:
            await self.refresh()
            self._background = asyncio.create_task(self._renew(at_once=False))

    async def close(self) -> None:
        """End the background tasks."""
        for task in (self._background, self._under_way):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def refresh(self) -> None:
        """Fetch the keys; calls in the meantime wait for the same response."""
        if self._under_way is None:
            self._under_way = asyncio.create_task(self._ask())
        await asyncio.shield(self._under_way)

    @property
    def pause_seconds(self) -> float:
        """The seconds until the next fetch in the background."""
        if self._failures == 0:
            return self._refresh_seconds
        return min(_FIRST_PAUSE_SECONDS * 2.0 ** min(self._failures - 1, 16), _LONGEST_PAUSE_SECONDS)

    async def _renew(self, *, at_once: bool) -> None:
        pause = 0.0 if at_once else self.pause_seconds
        while True:
            # Servers that were started together do not ask together.
            await asyncio.sleep(pause * random.uniform(0.9, 1.0))  # noqa: S311
            try:
                await self.refresh()
            except Exception:
                # Nobody else would ask again, and the keys become old.
                _log.exception("fetching keys failed")
            pause = self.pause_seconds

    async def _ask(self) -> None:
        self._asked = self._now()
        try:
            content = await self._fetch()
            self._use(_Kept(self._authority, self._wall_clock(), _jwks_of(content)), age=0.0)
        except KeysUnavailableError as error:
            self._failures += 1
            fields = {"authority": self._authority, "what_to_do": _WHAT_TO_DO}
            _log.warning("keys not fetched", reason=str(error), failures=self._failures, **fields)
            if self._keys and self._now() - self._fetched > self._stale_seconds:
                _log.error("keys given up", fetched=self._fetched_at, **fields)
                self._keys = {}
        else:
            self._failures = 0
            self._keep(content)
        finally:
            self._under_way = None

    def _use(self, kept: _Kept, age: float) -> None:
        try:
            keys = key_set(kept.jwks, self._keys)
        except (JoseError, ValueError) as error:
            raise KeysUnavailableError(f"the key set has a broken key: {error}") from None
        if not keys:
            raise KeysUnavailableError("the key set has no key that signs")
        self._keys, self._fetched, self._fetched_at = keys, self._now() - age, kept.fetched

    def _use_kept(self) -> None:
        try:
            kept = msgspec.json.decode(self._file.read_bytes(), type=_Kept)
            age = self._wall_clock() - kept.fetched
            if age < -_CLOCK_TOLERANCE_SECONDS:
                raise KeysUnavailableError("it is dated in the future: the clock was set back, or is wrong")
            if kept.authority == self._authority and age <= self._stale_seconds:
                self._use(kept, max(0.0, age))
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeysUnavailableError) as error:
            _log.warning("kept keys not usable", file=str(self._file), reason=str(error))

    def _keep(self, content: bytes) -> None:
        """Write what was fetched into the file. A failure does no harm: the keys are in use already."""
        kept = msgspec.json.encode(_Kept(self._authority, self._fetched_at, _jwks_of(content)))
        partial = self._file.with_suffix(f".{random.randrange(2**32):08x}")  # noqa: S311
        try:
            partial.write_bytes(kept)
            partial.replace(self._file)
        except OSError as error:
            _log.warning("keys not kept", file=str(self._file), reason=str(error))
            partial.unlink(missing_ok=True)


def _jwks_of(content: bytes) -> dict[str, list[dict[str, Any]]]:
    try:
        return msgspec.json.decode(content, type=dict[str, list[dict[str, Any]]])
    except (ValueError, RecursionError):
        raise KeysUnavailableError("the answer is no JSON Web Key Set") from None
