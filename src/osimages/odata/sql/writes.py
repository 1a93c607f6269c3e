"""What a write is told, and what it tells: conditions, new values, records of it, and differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from osimages.odata.plan.query import Stored
from osimages.odata.sql.transaction_script import Script

# Says whether a write may go on, from the version that is stored (If-Match); raises what the client is to be told.
Condition = Callable[[Stored], None]
# New values for some properties: themselves, or what makes them of all properties that are stored.
NewValues = Mapping[str, object] | Callable[[Mapping[str, object]], Mapping[str, object]]
# The steps that write a change down, in its own transaction: of the entity with that key, with what was stored before
# and what is stored now.
Record = Callable[[str, Stored | None, Stored | None], Script[None]]
