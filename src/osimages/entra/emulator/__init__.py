"""The Entra ID emulator: keys, tokens and certificates for servers that stand apart from Entra."""
