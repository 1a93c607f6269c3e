"""What checking a token costs: one that was seen before, and one that was not, in the process that answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_TENANT, EVERY_PERMISSION
from osimages.entra.emulator.signing_keys import SigningKeys
from osimages.entra.emulator.token_signing import mint
from osimages.entra.tokens.clouds import GLOBAL
from osimages.entra.tokens.keys import StaticKeys
from osimages.entra.tokens.verification import TokenVerifier

CACHED_TARGET_MICROSECONDS, NEW_TARGET_MICROSECONDS = 5.0, 250.0
_TOKENS = 400
_ROUNDS = 7
_REPEATS = 20_000


def token_costs(folder: Path) -> tuple[float, float]:
    """Microseconds for a token that was seen before, and for one that was not: the medians of several rounds."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = SigningKeys.load_or_create(folder)
    headers = [f"Bearer {_token(keys)}".encode() for _ in range(_TOKENS)]

    def checker() -> TokenVerifier:
        public = StaticKeys.from_jwks(keys.public_jwks())
        return TokenVerifier(public, GLOBAL.issuers, GLOBAL.audiences, lambda _: time.time())

    def new() -> float:
        verify = checker().verify
        return _microseconds(lambda: [verify(header) for header in headers], _TOKENS)

    def cached() -> float:
        verify, header = checker().verify, headers[0]
        verify(header)
        return _microseconds(lambda: [verify(header) for _ in range(_REPEATS)], _REPEATS)

    return median(cached() for _ in range(_ROUNDS)), median(new() for _ in range(_ROUNDS))


def _microseconds(work: Callable[[], object], number: int) -> float:
    started = time.process_time()
    work()
    return (time.process_time() - started) / number * 1_000_000


def _token(keys: SigningKeys) -> str:
    return mint(
        keys,
        tenant=DEFAULT_TENANT,
        application=DEFAULT_APPLICATION,
        permissions=EVERY_PERMISSION,
        user=False,
        expires_in=3600,
        now=datetime.now(UTC),
    )
