"""The state of a tenant that tests put in order: seeds and resets, its own clock, and a journal of its requests."""
