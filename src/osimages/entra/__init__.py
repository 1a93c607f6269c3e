"""Microsoft Entra ID, both sides: verification of its access tokens, and an emulator that issues them.

`TokenVerifier` turns the Authorization header of a request into a `VerifiedToken`, with keys that are fetched from
Entra ID, read from a file, or those of the emulator. `EntraEmulator` is an ASGI application for development and tests:
it signs applications and users in with Entra's own endpoints, pages and error codes, without a tenant and without the
internet. Nothing here knows OData, Windows or Microsoft Graph's resources. Documentation: docs/entra-emulator.md.

Names are loaded when they are first used: to verify tokens needs no web framework.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osimages.entra.emulator.certificates import Certificates
    from osimages.entra.emulator.default_directory import DEFAULT_DIRECTORY, DEFAULT_TENANT
    from osimages.entra.emulator.directory import Application, Directory, User
    from osimages.entra.emulator.emulator import EntraEmulator
    from osimages.entra.emulator.private_files import UnusableError
    from osimages.entra.emulator.token_claims import Issuers
    from osimages.entra.tokens.clouds import CLOUDS, GLOBAL, Cloud
    from osimages.entra.tokens.errors import KeysUnavailableError, TokenError, TokenProblem, UnknownKeyError
    from osimages.entra.tokens.fetched_keys import FetchedKeys
    from osimages.entra.tokens.key_file import KeyFile, KeyFileError
    from osimages.entra.tokens.keys import KeySource, StaticKeys
    from osimages.entra.tokens.openid import fetch_jwks
    from osimages.entra.tokens.verification import TokenVerifier, VerifiedToken

__all__ = [
    "CLOUDS",
    "DEFAULT_DIRECTORY",
    "DEFAULT_TENANT",
    "GLOBAL",
    "Application",
    "Certificates",
    "Cloud",
    "Directory",
    "EntraEmulator",
    "FetchedKeys",
    "Issuers",
    "KeyFile",
    "KeyFileError",
    "KeySource",
    "KeysUnavailableError",
    "StaticKeys",
    "TokenError",
    "TokenProblem",
    "TokenVerifier",
    "UnknownKeyError",
    "UnusableError",
    "User",
    "VerifiedToken",
    "fetch_jwks",
]
_MODULES = {
    "emulator.certificates": ("Certificates",),
    "emulator.default_directory": ("DEFAULT_DIRECTORY", "DEFAULT_TENANT"),
    "emulator.directory": ("Application", "Directory", "User"),
    "emulator.emulator": ("EntraEmulator",),
    "emulator.private_files": ("UnusableError",),
    "emulator.token_claims": ("Issuers",),
    "tokens.clouds": ("CLOUDS", "GLOBAL", "Cloud"),
    "tokens.errors": ("KeysUnavailableError", "TokenError", "TokenProblem", "UnknownKeyError"),
    "tokens.fetched_keys": ("FetchedKeys",),
    "tokens.key_file": ("KeyFile", "KeyFileError"),
    "tokens.keys": ("KeySource", "StaticKeys"),
    "tokens.openid": ("fetch_jwks",),
    "tokens.verification": ("TokenVerifier", "VerifiedToken"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    """Load an export when it is first used (PEP 562)."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
