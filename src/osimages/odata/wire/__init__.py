"""What goes over the wire: bodies, links, entity tags and errors."""
