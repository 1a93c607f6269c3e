"""The SQLite database of an OData service."""
