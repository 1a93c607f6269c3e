"""The development authority: keys, tokens and certificates for servers that stand apart from Entra."""
