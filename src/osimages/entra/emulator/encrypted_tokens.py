"""Sealed tokens: codes, refresh tokens and sessions are encrypted and authenticated, so that nobody has to store them.

Every process of a data directory has the same key, so that any worker understands what another one gave.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from osimages.entra.emulator.private_files import read_or_create

FILE_NAME = "sealing-key"
_TOKEN = re.compile(r"[A-Za-z0-9_-]+={0,2}", re.ASCII)


class Party(msgspec.Struct, frozen=True):
    """The party of a grant: a user (object id) who uses an application in a tenant."""

    tenant: str
    application: str
    user: str


class Code(msgspec.Struct, frozen=True, tag=True):
    """An authorization code, for one exchange by the same client, for the same redirect URI (RFC 6749, 4.1.3)."""

    id: str
    party: Party
    scope: str
    redirect_uri: str
    challenge: str | None
    nonce: str | None
    claims: str | None


class Refresh(msgspec.Struct, frozen=True, tag=True):
    """A refresh token. It stays good when it is used, as Entra's do."""

    party: Party
    scope: str


class Device(msgspec.Struct, frozen=True, tag=True):
    """A device code: what a client asks again and again with, until the user has entered `user_code` somewhere."""

    user_code: str
    application: str
    tenant: str
    scope: str
    claims: str | None


class SignIn(msgspec.Struct, frozen=True):
    """A user (object id) who has signed in, and when (seconds since 1970)."""

    user: str
    at: int


class Session(msgspec.Struct, frozen=True, tag=True):
    """The users who have signed in with a browser, the latest last."""

    sign_ins: tuple[SignIn, ...] = ()


class FlowState(msgspec.Struct, frozen=True, tag=True):
    """The state of a sign-in, bound to the cookie `browser`.

    `query` is what the application asked for, as it was; `user_code` stands for it on the way of a device. `user` is
    who was picked, once somebody was.
    """

    tenant: str
    browser: str
    query: str | None = None
    user_code: str | None = None
    user: str | None = None


Sealed = Code | Refresh | Device | Session | FlowState
_Kind = TypeVar("_Kind", bound=Sealed)


class Sealer:
    """Encrypts and authenticates tokens with the key of a data directory (Fernet: AES-128-CBC and HMAC-SHA256)."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(key)

    @classmethod
    def load_or_create(cls, folder: Path) -> Sealer:
        """Return the sealer of a data directory, whose key is made if there is none. Raises OSError, ValueError."""
        file = folder / FILE_NAME
        key = read_or_create(file, Fernet.generate_key)
        try:
            return cls(key.strip())
        except ValueError:
            raise ValueError(f"{file} holds no sealing key. Move it away for a new one.") from None

    def seal(self, content: Sealed, now: datetime) -> str:
        """Return a text that only `opened` understands, and nobody can change."""
        return self._fernet.encrypt_at_time(msgspec.json.encode(content), int(now.timestamp())).decode()

    def opened(self, text: str, kind: type[_Kind], now: datetime, seconds: int) -> tuple[_Kind, int] | None:
        """Return what was sealed at most so many seconds ago, and when (since 1970); None for anything else."""
        # Base64 has more than one text for the same bytes; only one is taken.
        if not _TOKEN.fullmatch(text):
            return None
        token = text.encode("ascii")
        try:
            raw = self._fernet.decrypt_at_time(token, seconds, int(now.timestamp()))
            return msgspec.json.decode(raw, type=kind), self._fernet.extract_timestamp(token)
        except (InvalidToken, msgspec.DecodeError):
            return None

    def expired(self, text: str, kind: type[_Kind]) -> bool:
        """Return whether a text that `opened` rejects was sealed here, too long ago."""
        if not _TOKEN.fullmatch(text):
            return False
        try:
            msgspec.json.decode(self._fernet.decrypt(text.encode("ascii")), type=kind)
        except (InvalidToken, msgspec.DecodeError):
            return False
        return True
