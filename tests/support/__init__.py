"""What several kinds of tests use: real servers, tokens and clients."""
