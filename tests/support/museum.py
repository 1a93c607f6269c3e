"""The second model as a service of its own, by the public API of the engine alone."""

from __future__ import annotations

import os
from pathlib import Path

from osimages.odata import EntitySet, ODataApp, ODataError, Principal, Request, Schema, SetCapabilities, Sqlite
from osimages.odata.errors import UNAUTHENTICATED
from tests.support.second_model import MODEL, SPECIMEN

MUSEUM = Schema(
    MODEL.namespace,
    MODEL.container,
    MODEL.singletons,
    (
        EntitySet("specimens", SPECIMEN, "Everything that is kept.", SetCapabilities(delta=True)),
        EntitySet(
            "exhibits",
            SPECIMEN,
            "The same, to look at.",
            SetCapabilities(insert=False, update=False, delete=False, filter=False, search=False, skip=False),
        ),
    ),
)


async def authenticate(request: Request) -> Principal:
    """The token is the name of the tenant."""
    scheme, _, tenant = (request.header(b"authorization") or "").partition(" ")
    if scheme != "Bearer" or not tenant:
        raise ODataError(UNAUTHENTICATED, reason="Send the name of a museum as the token.")
    return Principal(tenant, may_write=True)


def application() -> ODataApp:
    """The museum's service, with its database in the folder that MUSEUM_DIR names."""
    store = Sqlite(Path(os.environ["MUSEUM_DIR"]) / "museum.db")
    return ODataApp(MUSEUM, store, root="/museum", authenticate=authenticate)
