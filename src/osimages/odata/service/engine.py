"""The parts that answer the requests of one application, put together once at its start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from osimages.odata.plan.delta_tokens import DeltaTokens
from osimages.odata.plan.pagination import PageTokens
from osimages.odata.service.hooks import Hooks
from osimages.odata.service.outgoing import Outgoing
from osimages.odata.service.schema_index import SchemaIndex
from osimages.odata.service.service_limits import ServiceLimits
from osimages.odata.service.slices import Slices
from osimages.odata.sql.store import Database, Store
from osimages.odata.sql.transaction_script import Script
from osimages.odata.wire.etags import CollectionTags

# Runs the script of one write, of the entity with that key, and returns its result once it is committed.
Change: TypeAlias = Callable[[str, Script[Any]], Awaitable[Any]]


@dataclass(frozen=True)
class Tokens:
    """The sealed texts that this service gives to clients and takes back."""

    pages: PageTokens
    deltas: DeltaTokens
    collections: CollectionTags


@dataclass(frozen=True)
class Engine:
    """A schema, the stores of its entity types (by the types' names), and all that handlers need beside the request."""

    schema: SchemaIndex
    database: Database
    stores: Mapping[str, Store]
    hooks: Hooks
    limits: ServiceLimits
    tokens: Tokens
    slices: Slices
    outgoing: Outgoing

    async def change(self, _key: str, script: Script[Any]) -> Any:
        """Run the script of a write in a transaction of its own."""
        return await self.database.change(script)
