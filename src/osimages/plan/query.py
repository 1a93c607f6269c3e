"""What a planned request asks of a store, and what the store answers: no text, no SQL, no URL."""

from __future__ import annotations

import msgspec

from osimages.plan.expressions import Condition


class Shape(msgspec.Struct, frozen=True):
    """What a list query looks like without its values: the key under which its SQL is kept."""

    condition: Condition | None
    descending: bool
    continues: bool


class CollectionPlan(msgspec.Struct, frozen=True):
    """One page of a set: which entities, in which order, from where, how many.

    `limit` is the most items in this page; `remaining` what `$top` still allows, this page included (None: no `$top`).
    `after` is the key that the page before ended with.
    """

    shape: Shape
    constants: tuple[object, ...]
    select: tuple[str, ...] | None
    count: bool
    skip: int
    limit: int
    remaining: int | None
    after: str | None


class Stored(msgspec.Struct, frozen=True):
    """An entity as it is kept: its version and its ready-to-send JSON."""

    version: int
    document: bytes


class Page(msgspec.Struct, frozen=True):
    """Documents in order; `last` is the key of the last one, `more` tells that others follow."""

    documents: tuple[bytes, ...]
    last: str | None
    more: bool
    total: int | None = None


class Tenant(msgspec.Struct, frozen=True):
    """A tenant: whether it holds an Intune licence, and what it is given of the published catalogue.

    `catalogue` is `supported` (what is published), `all` (ended releases too) or `none`; `published` is the label of
    what it was given last.
    """

    tenant: str
    name: str
    licensed: bool
    catalogue: str
    published: str = ""
