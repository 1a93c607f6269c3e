"""OData URL text and its trees. Knows no model and no SQL."""
