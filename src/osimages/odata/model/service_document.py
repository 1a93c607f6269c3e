"""Writes the service document: what a service root lists for clients that explore it.

Source: https://docs.oasis-open.org/odata/odata-json-format/v4.01/odata-json-format-v4.01.html (section 5)
"""

from __future__ import annotations

import msgspec

from osimages.odata.model.types import Model


def service_document(model: Model, context: str | None, annotation: str = "@odata.") -> bytes:
    """What the model has at its root; `context` is the URL of `$metadata` without a fragment, where it is told.

    Section 5 lists the children of the entity container and nothing else, so that a client can look each name up in
    `$metadata`. A contained collection is no entity set of the container: it is reached through its singleton.
    """
    listed = [{"name": each.name, "kind": "EntitySet", "url": each.name} for each in model.entity_sets]
    listed += [{"name": each.name, "kind": "Singleton", "url": each.name} for each in model.singletons]
    head = {} if context is None else {f"{annotation}context": context}
    return msgspec.json.encode(head | {"value": listed})
