"""One build or a fleet of devices: support and patch state."""
