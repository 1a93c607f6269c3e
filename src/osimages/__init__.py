"""A self-hosted implementation of Microsoft Graph's Windows OS image catalogue."""
