"""The Windows release facts, the Patch Tuesday calendar, and what is published from them as images."""
