"""The JSON that goes over the wire: links, errors, entities and their ETags."""
