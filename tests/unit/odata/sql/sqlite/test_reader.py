"""One connection that reads: errors of the driver in the words of the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apsw
import pytest

from osimages.odata.sql.sqlite.reader import SqliteReader, TimeLimit
from osimages.odata.sql.store import StoreUnavailableError


@pytest.mark.parametrize(
    "read",
    [
        lambda reader: reader.one("SELECT 1", ()),
        lambda reader: reader.every("SELECT 1", ()),
        lambda reader: reader.some("SELECT 1", (), 1, 1),
        lambda reader: reader.steps(iter(())),
    ],
)
def test_a_closed_connection_is_unavailable(read: Callable[[SqliteReader], Any]) -> None:
    reader = SqliteReader(apsw.Connection(":memory:"), TimeLimit())
    reader.close()
    with pytest.raises(StoreUnavailableError, match="closed"):
        read(reader)
