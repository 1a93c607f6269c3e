"""Transaction scripts that bring the published images of a tenant up to date, and leave alone what is the tenant's own.

An image is published as long as only publishing has written it; what a client has created, changed or removed is the
tenant's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from osimages.graph.model import IMAGE
from osimages.odata.sql.changes import Changes
from osimages.odata.sql.documents import properties
from osimages.odata.sql.transaction_script import Script, Statement

Images = Mapping[str, Mapping[str, object]]
_PUBLISHED = "published"
_MARKS = frozenset((_PUBLISHED,))
_NOTE_PUBLICATION = "UPDATE tenant SET published = :label WHERE tenant = :tenant"
_FORGET_REMOVALS = "DELETE FROM removed_image WHERE published AND removed_at < :before"


class Difference(msgspec.Struct, frozen=True):
    """The keys of what publishing would add, change and take away, and of what it leaves as the tenant made it."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    own: tuple[str, ...]


def publish(changes: Changes, tenant: str, images: Images, label: str) -> Script[int]:
    """Add, change and take away published images; return how many. `label` says what was published."""
    yield from changes.lock(tenant)
    published, own = yield from _marks(changes, tenant, images)
    changed = 0
    for key, given in images.items():
        if key not in published and key not in own:
            yield from changes.create(tenant, key, given, _MARKS)
            changed += 1
        elif key in published:
            before = yield from changes.get(tenant, key)
            changed += before != (yield from changes.update(tenant, key, given, None, _MARKS))
    for key in sorted(published - images.keys()):
        yield from changes.take_away(tenant, key, _MARKS)
        changed += 1
    yield Statement(_NOTE_PUBLICATION, {"tenant": tenant, "label": label})
    return changed


def unpublished(changes: Changes, tenant: str, images: Images) -> Script[Difference]:
    """Return what `publish` would change."""
    published, own = yield from _marks(changes, tenant, images)
    present: dict[str, Mapping[str, object]] = {}
    for key in published:
        stored = yield from changes.get(tenant, key)
        present[key] = {} if stored is None else properties(IMAGE, stored.document)
    return Difference(
        added=tuple(key for key in images if key not in present and key not in own),
        changed=tuple(key for key, given in images.items() if key in present and _differs(present[key], given)),
        removed=tuple(sorted(key for key in present if key not in images)),
        own=tuple(key for key in images if key in own),
    )


def forget_removals(days: float) -> Script[None]:
    """Forget what publishing took away more than so many days ago; what a tenant removed is never forgotten."""
    before = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
    yield Statement(_FORGET_REMOVALS, {"before": before})


def _marks(changes: Changes, tenant: str, keys: Iterable[str]) -> Script[tuple[set[str], set[str]]]:
    """Return the keys of a tenant's published images; and of those given, what the tenant made its own or removed.

    A tenant may have very many images of its own, which nothing here has to know.
    """
    published = yield from changes.marked(tenant, _PUBLISHED)
    given = {f"id{number}": key for number, key in enumerate(keys)}
    if not given:
        return published, set()
    among = f"tenant = :tenant AND id IN ({', '.join(f':{name}' for name in given)})"
    values = {"tenant": tenant, **given}
    present = {key for (key,) in (yield Statement(f"SELECT id FROM image WHERE {among}", values))}  # noqa: S608
    removed_sql = f"SELECT id FROM removed_image WHERE NOT published AND {among}"  # noqa: S608 (names of parameters)
    removed = {key for (key,) in (yield Statement(removed_sql, values))}
    return published, (present - published) | removed


def _differs(stored: Mapping[str, object], given: Mapping[str, object]) -> bool:
    return any(name not in stored or stored[name] != value for name, value in given.items())
