"""Numbered steps from an empty database to the current tables, as SQL for each database."""

from __future__ import annotations

from osimages.odata.sql.migrations import Migrations

MIGRATIONS = Migrations(__name__, "osimages", "osimages db migrate", transient=("lease",))
