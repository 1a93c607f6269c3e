"""The official Python SDK, unchanged, against a real server over HTTPS."""
