"""The tables of the service: images and audit events of tenants, leases, revocations; the facts have their own.

`graph/migrations` makes them; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, MetaData, Table, Text

from osimages.graph.audit_model import AUDIT_EVENT
from osimages.graph.model import IMAGE
from osimages.odata.sql.tables import TEXT, entity_tables, secret_table

METADATA = MetaData()

IMAGES = entity_tables(
    METADATA,
    IMAGE,
    "image",
    {
        "supportedEditions": "image_edition",
        "supportedArchitectures": "image_architecture",
        "availableUpdates": "image_update",
    },
    marks=("published",),
)

# Nothing is ever published there: its migration made the mark.
AUDIT_EVENT_TABLES = entity_tables(
    METADATA, AUDIT_EVENT, "audit_event", {"resources": "audit_event_resource"}, marks=("published",)
)

TENANT = Table(
    "tenant",
    METADATA,
    Column("tenant", TEXT, primary_key=True),
    Column("name", TEXT, nullable=False),
    Column("licensed", Boolean, nullable=False),
    Column("catalogue", TEXT, nullable=False),
    Column("last_change", BigInteger, nullable=False),
    Column("published", TEXT, nullable=False),
    Column("created_at", TEXT, nullable=False),
)

# Tasks that only one process may do at a time, with their holder and its deadline: graph/leases.py.
LEASE = Table(
    "lease",
    METADATA,
    Column("name", TEXT, primary_key=True),
    Column("holder", TEXT, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

# Revoked tokens: those of a user, an application or the whole tenant that were issued before a moment (seconds since
# 1970), and single ones, by their id.
REVOCATION = Table(
    "revocation",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("before", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

SECRET = secret_table(METADATA)
