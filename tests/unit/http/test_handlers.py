"""Every kind of target has a handler for every verb that it takes."""

from __future__ import annotations

from osimages.http.handlers import HANDLERS
from osimages.plan.resolve import METHODS, Kind


def test_every_verb_is_answered() -> None:
    # HEAD is answered as GET (http/request.py), batches by themselves (http/pipeline.py).
    wanted = {(kind, method) for kind, methods in METHODS.items() for method in methods - {"HEAD"}}
    assert set(HANDLERS) == wanted - {(Kind.BATCH, "POST")}
