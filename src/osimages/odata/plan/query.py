"""What a planned request asks of a store, and what the store answers: no text, no SQL, no URL."""

from __future__ import annotations

from enum import Enum

import msgspec

from osimages.odata.plan.expressions import Condition, ItemOrdinals, Order, ScalarType, Value
from osimages.odata.plan.relations import Relation

# A value as the database keeps it: `encoding` says how each type is encoded.
Encoded = str | int | float | bool | bytes | None
Sortable = str | int | float | bool | None
# About as many bytes as a thousand entities of usual size have.
USUAL_PAGE_BYTES = 2 * 1024 * 1024


class Computed(msgspec.Struct, frozen=True):
    """A property that is not stored but worked out for each entity."""

    name: str
    type: ScalarType
    value: Value


class ItemChoice(msgspec.Struct, frozen=True):
    """Which items of a collection property an answer shows: after `skip` others at most `top`; `count` tells how many.

    `ordinals` says which items these are taken of, and in which order; without it, of all as they stand.
    """

    name: str
    ordinals: ItemOrdinals | None
    skip: int
    top: int | None
    count: bool


class Shape(msgspec.Struct, frozen=True, cache_hash=True):
    """What a list query looks like without its values: the key under which its SQL is kept.

    `order` are the terms to sort by before the key, which ascends or descends. `after` tells of a page that continues
    which of the terms were null where the page before ended; `computed` are values that are asked for beside documents.
    With `rows`, the rows that `$apply` has made are asked for instead of entities: they have no key and no document.
    """

    condition: Condition | None
    descending: bool = False
    order: tuple[Order, ...] = ()
    after: tuple[bool, ...] | None = None
    computed: tuple[Value, ...] = ()
    rows: Relation | None = None


class CollectionPlan(msgspec.Struct, frozen=True):
    """One page of a set: which entities, in which order, from where, how many.

    `limit` is the most items in this page, which ends early after the one that reaches `most_bytes`. `remaining` is
    what `$top` still allows, this page included; None without a `$top`, or if it is the size of a page. `after` are the
    values of the terms, and the key, that the page before ended with. `started` is the value of `now()`.
    """

    shape: Shape
    constants: tuple[object, ...]
    select: tuple[str, ...] | None
    count: bool
    skip: int
    limit: int
    remaining: int | None
    after: tuple[Sortable, ...]
    started: int | None = None
    most_bytes: int = USUAL_PAGE_BYTES


class Stored(msgspec.Struct, frozen=True, gc=False):
    """An entity as it is kept: its version and its ready-to-send JSON."""

    version: int
    document: bytes


class Page(msgspec.Struct, frozen=True):
    """Documents in order; `more` tells that others follow `last`: the last one's values of the terms, and its key.

    `computed` has the computed values of each document, where any were asked for.
    """

    documents: tuple[bytes, ...]
    last: tuple[Sortable, ...] | None
    more: bool
    total: int | None = None
    computed: tuple[tuple[Encoded, ...], ...] = ()


class DeltaPlan(msgspec.Struct, frozen=True):
    """One page of what changed in a set: the changes after number `after`, at most `limit` of them, or fewer if they
    reach `most_bytes` earlier.

    Of entities that are gone, or of which the condition does not hold, only changes after number `known` are of
    interest: before, the client knew of none. It is None at the very start, where the client knows nothing yet.
    `computed` are values that are asked for beside documents.
    """

    condition: Condition | None
    constants: tuple[object, ...]
    after: int
    known: int | None
    limit: int
    computed: tuple[Value, ...] = ()
    most_bytes: int = USUAL_PAGE_BYTES

    def known_from(self, newest: int) -> int:
        """Return `known`, or the number of the tenant's newest change at the very start."""
        return newest if self.known is None else self.known


class Fate(Enum):
    """What became of an entity that changed: it is there, it does not fulfil the condition any more, it was deleted."""

    PRESENT = 0
    CHANGED = 1
    DELETED = 2


class Change(msgspec.Struct, frozen=True):
    """What became of an entity; the document is empty where it is not there any more."""

    key: str
    fate: Fate
    document: bytes
    computed: tuple[Encoded, ...] = ()


class DeltaPage(msgspec.Struct, frozen=True):
    """Changes in order; `more` tells that others follow `last`, the number of the last one.

    `newest` is the number of the tenant's newest change at the same moment.
    """

    changes: tuple[Change, ...]
    last: int
    more: bool
    newest: int
