"""The entity data model: its words, the declared model, and what is written from it."""
