"""The parts that the auxiliary routes of the service work with, put together once at the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from osimages.entra.emulator.emulator import EntraEmulator
from osimages.entra.tokens.keys import KeySource
from osimages.graph.audit import Audit
from osimages.graph.authentication import Authentication
from osimages.graph.client_limits import ClientLimits
from osimages.graph.clock import Clock
from osimages.graph.current_catalogue import CurrentCatalogue
from osimages.graph.error_replies import ErrorReplies
from osimages.graph.faults import Faults
from osimages.graph.metrics import Metrics
from osimages.graph.publisher import Publisher
from osimages.graph.readiness import Readiness
from osimages.graph.revocation import Standing
from osimages.graph.service_options import ServiceOptions
from osimages.graph.state.journal import Journal
from osimages.graph.tenants import Tenants
from osimages.graph.throttling import Throttle
from osimages.odata.service.schema_index import SchemaIndex
from osimages.odata.sql.store import Database, Store


@dataclass(frozen=True)
class Service:
    """The parts of a running service. `schemas` are those of its versions, by the first segments of their paths."""

    options: ServiceOptions
    clock: Clock
    schemas: Mapping[str, SchemaIndex]
    database: Database
    authentication: Authentication
    tenants: Tenants
    images: Store
    current: CurrentCatalogue
    publisher: Publisher
    keys: KeySource
    metrics: Metrics
    audit: Audit | None
    emulator: EntraEmulator | None
    throttle: Throttle | None
    client_limits: ClientLimits
    standing: Standing
    errors: ErrorReplies
    readiness: Readiness
    journal: Journal | None
    faults: Faults = field(default_factory=Faults)

    async def close(self) -> None:
        """End what runs in the background, and close all connections."""
        await self.readiness.close()
        await self.keys.close()
        if self.audit is not None:
            await self.audit.close()
        await self.database.close()

    def sample_metrics(self) -> None:
        """Let the metrics have the state of this worker as it is now."""
        as_of, current = self.keys.as_of, self.current
        self.metrics.sample(
            catalogue_days=(current.clock.today() - current.catalogue.as_of).days,
            missing_patch_tuesdays=len(current.missing_patch_tuesdays()),
            keys_seconds=None if as_of is None else max(0.0, self.clock.seconds() - as_of),
        )
