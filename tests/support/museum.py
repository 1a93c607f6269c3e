"""The second model, served beside Graph's: a set of specimens in the service root, and one below a singleton."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from osimages.app import SERVED, Application, Served
from osimages.graph.migrations import MIGRATIONS
from osimages.odata.model.types import EntitySet, Model, SetCapabilities
from osimages.odata.sql.sqlite.file import connect, migrate
from osimages.settings import resolve
from tests.support.second_model import METADATA, MODEL, SPECIMEN, TABLES

MUSEUM = Model(
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
_DIALECT = dialect()


def application() -> Application:
    """Graph's model and the museum's, in an SQLite database that is made here with the tables of both."""
    settings = resolve({}, os.environ).settings
    path = Path(settings.database_path)
    migrate(path, MIGRATIONS)
    connection = connect(path)
    for table in METADATA.sorted_tables:
        connection.execute(str(CreateTable(table, if_not_exists=True).compile(dialect=_DIALECT)))
        for index in table.indexes:
            connection.execute(str(CreateIndex(index, if_not_exists=True).compile(dialect=_DIALECT)))
    connection.close()
    return Application(settings, Served({**SERVED.models, "museum": MUSEUM}, (*SERVED.tables, (MUSEUM, TABLES))))
