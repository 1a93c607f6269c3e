"""Numbered steps from an empty database to the current tables, as SQL for each database."""
