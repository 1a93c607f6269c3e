"""OData URL text and its trees: lexer, parser, path, query options. Knows no model and no SQL."""
