"""Who is asking: bearer tokens, permissions and national clouds."""
