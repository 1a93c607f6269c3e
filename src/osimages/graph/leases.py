"""Leases: what only one of several processes or machines does at a time, until it says so or falls silent."""

from __future__ import annotations

import time

from osimages.odata.sql.transaction_script import Script, Statement

_TAKE = (
    "INSERT INTO lease (name, holder, expires_at) VALUES (:name, :holder, :expires_at) ON CONFLICT (name) DO UPDATE "
    "SET holder = :holder, expires_at = :expires_at WHERE lease.expires_at < :now OR lease.holder = :holder "
    "RETURNING holder"
)
_SEIZE = (
    "INSERT INTO lease (name, holder, expires_at) VALUES (:name, :holder, :expires_at) ON CONFLICT (name) DO UPDATE "
    "SET holder = :holder, expires_at = :expires_at"
)


class LeaseLostError(Exception):
    """Another holder has the lease."""


def take(name: str, holder: str, seconds: float, *, by_force: bool = False) -> Script[bool]:
    """Takes or renews a lease for so many seconds; False where another holds it. `by_force` takes it away from others.

    The clocks of the machines that share a database may differ by less than `seconds`.
    """
    now = time.time()
    row = {"name": name, "holder": holder, "expires_at": _milliseconds(now + seconds)}
    if by_force:
        yield Statement(_SEIZE, row)
        return True
    return bool((yield Statement(_TAKE, {**row, "now": _milliseconds(now)})))


def holder_of(name: str) -> Script[str | None]:
    """Who holds a lease now; None where nobody does."""
    now = _milliseconds(time.time())
    rows = yield Statement(
        "SELECT holder FROM lease WHERE name = :name AND expires_at >= :now", {"name": name, "now": now}
    )
    return str(rows[0][0]) if rows else None


def release(name: str, holder: str) -> Script[None]:
    """Gives a lease up, where it is held."""
    yield Statement("DELETE FROM lease WHERE name = :name AND holder = :holder", {"name": name, "holder": holder})


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
