"""Requirements of OData and of Graph's guidelines, each a test against the real server, marked with its id."""
