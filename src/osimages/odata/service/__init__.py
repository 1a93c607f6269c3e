"""The path of a request: reading it, answering it, and the reply."""
