"""The errors of token verification: kinds that a caller turns into the responses of its own protocol."""

from __future__ import annotations

from enum import StrEnum


class TokenProblem(StrEnum):
    """Kinds of errors of a bearer token. The values serve as labels of metrics."""

    MISSING = "missing"
    MALFORMED = "malformed"
    INVALID = "invalid"
    SIGNATURE = "signature"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    AUDIENCE = "audience"
    ISSUER = "issuer"
    PERSONAL_ACCOUNT = "personal_account"


class TokenError(Exception):
    """A token is rejected. `reason` says more about a token that is INVALID, and never holds a claim's value."""

    def __init__(self, problem: TokenProblem, reason: str = "") -> None:
        self.problem = problem
        self.reason = reason
        super().__init__(reason or problem.value)


class UnknownKeyError(TokenError):
    """A token names a key that its source does not hold (yet): it counts as one with a bad signature."""

    def __init__(self, kid: str) -> None:
        self.kid = kid
        super().__init__(TokenProblem.SIGNATURE)


class KeysUnavailableError(Exception):
    """There are no signing keys to verify tokens with; the text says why."""
