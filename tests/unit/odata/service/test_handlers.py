"""Every kind of target has a handler for every verb that it takes."""

from __future__ import annotations

from osimages.odata.plan.resolve import METHODS, Kind
from osimages.odata.service.handlers import HANDLERS


def test_every_verb_is_answered() -> None:
    # HEAD is answered as GET (odata/service/request.py), a query in a body as GET, and batches by
    # themselves (odata/service/pipeline.py).
    wanted = {(kind, method) for kind, methods in METHODS.items() for method in methods - {"HEAD"}}
    assert set(HANDLERS) == wanted - {(Kind.BATCH, "POST"), (Kind.QUERY, "POST")}
