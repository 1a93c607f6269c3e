"""The PostgreSQL database of an OData service."""
