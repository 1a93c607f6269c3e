"""Microsoft Entra ID, both sides: the verification of tokens, and an emulator that issues them."""
