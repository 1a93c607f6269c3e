"""Verification of access tokens: keys, national clouds, and `TokenVerifier`."""
