"""Synthetic images, and databases full of them."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import apsw
from sqlalchemy.dialects.sqlite import dialect

from osimages.entra.emulator.default_directory import DEFAULT_TENANT, DEFAULT_TENANT_NAME
from osimages.graph.migrations import MIGRATIONS
from osimages.graph.model import GRAPH
from osimages.graph.tables import IMAGES
from osimages.graph.tenant_storage import Tenant, add_tenant
from osimages.odata.sql.changes import Changes
from osimages.odata.sql.sqlite.execution import execute
from osimages.odata.sql.sqlite.file import connect, migrate
from osimages.odata.sql.sqlite.store import LISTING
from osimages.odata.sql.statements import Statements

EDITIONS = (
    "professional",
    "professionalN",
    "enterprise",
    "enterpriseN",
    "education",
    "educationN",
    "proEducation",
    "proEducationN",
    "proWorkstation",
    "proWorkstationN",
)
FILE_NAME = "osimages.db"
ARCHITECTURES = ("x64", "arM64", "x86")


def image(number: int, chance: random.Random) -> dict[str, Any]:
    """An image with ten editions, one to three architectures and three updates."""
    build = 10_000 + number
    return {
        "supportedEditions": [
            {
                "editionType": edition,
                "supportEndDate": f"{chance.randint(2018, 2030)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
            }
            for edition in EDITIONS
        ],
        "supportedArchitectures": list(ARCHITECTURES[: chance.randint(1, 3)]),
        "availableUpdates": [
            {"buildVersion": f"10.0.{build}.{9000 - 100 * back}", "releaseMonth": 10 - back, "releaseYear": 2026}
            for back in range(3)
        ],
    }


def images(count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """So many images with their keys, always the same ones."""
    chance = random.Random(20261123)
    for number in range(count):
        yield f"Windows {number:06}", image(number, chance)


def fill(data_dir: Path, count: int, large: Mapping[str, int] | None = None) -> None:
    """A database in which the default tenant has so many images; `large` ones have their editions so many times."""
    database = data_dir / FILE_NAME
    migrate(database, MIGRATIONS)
    connection = connect(database)
    changes = _changes()
    with connection:
        execute(connection, add_tenant(Tenant(DEFAULT_TENANT, DEFAULT_TENANT_NAME, True, "none")))
        for key, properties in images(count):
            execute(connection, changes.create(DEFAULT_TENANT, key, properties))
        for key, times in (large or {}).items():
            properties = next(images(1))[1]
            repeated = properties | {"supportedEditions": properties["supportedEditions"] * times}
            execute(connection, changes.create(DEFAULT_TENANT, key, repeated))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _changes() -> Changes:
    return Changes(GRAPH, IMAGES, Statements(IMAGES, dialect(paramstyle="named"), row_locks=False, listing=LISTING))


def single_transactions(data_dir: Path, count: int) -> Iterator[None]:
    """Writes so many images, each in a transaction of its own with bare apsw, as simply as can be; yields after each.

    It writes into the same tables, as full as the service's (`fill` was there before), under the same kind of keys and
    waits for the disk as the service does, but checks, encodes and answers nothing: statements are prepared and rows
    made before the first is written.
    """
    connection = connect(data_dir / FILE_NAME)
    changes = _changes()
    properties = next(images(1))[1]
    # What the service itself runs, recorded once, so that the bare loop runs the same statements with the same rows.
    recorded: list[list[tuple[str, Any]]] = []
    for _ in range(count):
        statements: list[tuple[str, Any]] = []

        def trace(_: apsw.Cursor, sql: str, bindings: Any, into: list[tuple[str, Any]] = statements) -> bool:
            into.append((sql, bindings))
            return True

        connection.exec_trace = trace
        connection.execute("BEGIN")
        execute(connection, changes.create(DEFAULT_TENANT, str(uuid.uuid4()), properties))
        connection.exec_trace = None
        connection.execute("ROLLBACK")
        recorded.append([each for each in statements if each[0] != "BEGIN"])
    for statements in recorded:
        connection.execute("BEGIN IMMEDIATE")
        for sql, bindings in statements:
            connection.execute(sql, bindings)
        connection.execute("COMMIT")
        yield
    connection.close()
