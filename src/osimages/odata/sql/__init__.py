"""Where images, tenants and catalogue facts are kept: tables, queries and the SQLite store."""
