"""Tables, SQL and transactions: entities of a schema in SQLite or PostgreSQL."""
