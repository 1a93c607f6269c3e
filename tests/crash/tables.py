"""Looks into the SQLite file of a server: whether it is whole, and its tables say what its documents say."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path

from osimages.graph.model import IMAGE
from osimages.graph.tables import IMAGES
from osimages.odata.sql.documents import Row, item_rows, properties

Items = dict[tuple[str, str], list[Row]]


def check_database(file: Path) -> None:
    """Fails where the file is damaged, or tables disagree with each other."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("BEGIN")  # one moment for all that follows
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        _check_items(connection)
        _check_versions(connection)


def _check_items(connection: sqlite3.Connection) -> None:
    documents = connection.execute("SELECT tenant, id, document FROM image").fetchall()
    for name, items in IMAGES.items.items():
        declared = IMAGE.by_name[name]
        columns = ", ".join(("ordinal", *items.columns.values()))
        found: Items = defaultdict(list)
        statement = f"SELECT tenant, id, {columns} FROM {items.table.name} ORDER BY tenant, id, ordinal"
        for tenant, key, *row in connection.execute(statement):
            found[tenant, key].append(tuple(row))
        expected = {
            (tenant, key): rows
            for tenant, key, document in documents
            if (rows := list(item_rows(declared, properties(IMAGE, document)[name])))
        }
        assert found == expected, f"{items.table.name} disagrees with the documents"


def _check_versions(connection: sqlite3.Connection) -> None:
    """No change has a number beyond the tenant's last one, no two have one number, and nothing is removed and there."""
    changes = "SELECT tenant, id, version FROM image UNION ALL SELECT tenant, id, version FROM removed_image"
    beyond = f"SELECT * FROM ({changes}) JOIN tenant USING (tenant) WHERE version > last_change"
    twice = f"SELECT tenant, version FROM ({changes}) GROUP BY tenant, version HAVING count(*) > 1"
    both = f"SELECT tenant, id FROM ({changes}) GROUP BY tenant, id HAVING count(*) > 1"
    for statement in (beyond, twice, both):
        assert connection.execute(statement).fetchall() == [], statement
