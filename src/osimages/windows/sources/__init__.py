"""Public sources of Windows release facts: each is fetched apart from being read, and read into claims."""
