"""Batches: several requests in one, in JSON or as a MIME multipart, each answered as every request is."""
