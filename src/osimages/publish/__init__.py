"""Brings the catalogue to the tenants: which facts are in force, what is published of them today, and to whom."""
