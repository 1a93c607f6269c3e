"""Claims of sources, merged into one catalogue with provenance and disagreements."""
