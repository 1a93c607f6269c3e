"""Tokens: cached until they expire, renewed after a 401, and the message if there is none."""

from __future__ import annotations

from threading import Event
from typing import Any, NamedTuple

import pytest

from osimages.graph.client_errors import GraphError
from osimages.graph.client_tokens import CredentialTokens, FixedToken

SCOPE = "https://graph.microsoft.com/.default"


class AccessToken(NamedTuple):
    """A token as azure-identity's credentials give it."""

    token: str
    expires_on: int


class Credential:
    """A credential that gives a new token each time, which lasts for an hour."""

    def __init__(self, time: list[float]) -> None:
        self.time = time
        self.requests: list[dict[str, Any]] = []

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return the next token."""
        assert scopes == (SCOPE,)
        self.requests.append(options)
        return AccessToken(f"token-{len(self.requests)}", int(self.time[0]) + 3600)


@pytest.fixture
def time() -> list[float]:
    """The time, as one number that may be changed."""
    return [1000.0]


@pytest.fixture
def credential(time: list[float]) -> Credential:
    """A credential on that clock."""
    return Credential(time)


@pytest.fixture
def tokens(credential: Credential, time: list[float]) -> CredentialTokens:
    """Its tokens."""
    return CredentialTokens(credential, SCOPE, now=lambda: time[0], clock=lambda: time[0])


def test_a_token_is_cached_until_shortly_before_it_expires(tokens: CredentialTokens, time: list[float]) -> None:
    assert [tokens.get(), tokens.get()] == ["token-1", "token-1"]
    time[0] += 3200
    assert tokens.get() == "token-1"
    time[0] += 200
    assert tokens.get() == "token-2"


def test_a_fresh_token_is_renewed_for_claims_only(
    tokens: CredentialTokens, credential: Credential, time: list[float]
) -> None:
    tokens.get()
    assert not tokens.renew(None)
    assert tokens.renew('{"a": 1}')
    assert tokens.get() == "token-2"
    assert credential.requests == [{}, {"claims": '{"a": 1}', "enable_cae": True}]
    time[0] += 61
    assert tokens.renew(None)
    assert tokens.get() == "token-3"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "DefaultAzureCredential failed to retrieve a token.\nAttempted credentials:\n\tAzureCliCredential: not "
            "installed\nTo mitigate this issue, please refer to the troubleshooting guidelines",
            "no token for https://graph.microsoft.com: azure-identity found no credential. Sign in (az login), or set "
            "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, or put a token into X",
        ),
        (
            "DefaultAzureCredential failed to retrieve a token.\nAttempted credentials:\n\tEnvironmentCredential: "
            "EnvironmentCredential authentication unavailable.\nVisit https://aka.ms/x\n\tAzureCliCredential: Please "
            "run 'az login' to set up an account\nor else\n\tBrokerCredential: it requires the broker",
            "no token for https://graph.microsoft.com: AzureCliCredential: Please run 'az login' to set up an account "
            "or else. Sign in",
        ),
        (
            "AADSTS90002: Tenant 'x' not found.",
            "no token for https://graph.microsoft.com: AADSTS90002: Tenant 'x' not found. The tenant may be in "
            "another national cloud",
        ),
        ("", "no token for https://graph.microsoft.com: RuntimeError. Sign in"),
    ],
)
def test_no_token(message: str, expected: str) -> None:
    class Broken:
        def get_token(self, *scopes: str, **options: Any) -> AccessToken:
            raise RuntimeError(message)

    with pytest.raises(GraphError) as caught:
        CredentialTokens(Broken(), SCOPE, otherwise="or put a token into X").get()
    assert str(caught.value).startswith(expected)


def test_a_fixed_token() -> None:
    tokens = FixedToken(" Bearer abc.def\n", "The value of X")
    assert (tokens.get(), tokens.renew("{}")) == ("abc.def", False)
    for text in ("", " ", "a b", "ä", "a\nb", "a\0"):
        with pytest.raises(GraphError, match="The value of X is no token: it is empty, or has characters"):
            FixedToken(text, "The value of X")


def test_a_credential_that_does_not_answer_is_given_up() -> None:
    answers = Event()

    class Silent:
        def get_token(self, *scopes: str, **options: Any) -> AccessToken:
            """Wait until the test is over."""
            answers.wait()
            return AccessToken("late", 0)

    tokens = CredentialTokens(Silent(), SCOPE, otherwise="or pass a token", seconds=0.01)
    with pytest.raises(GraphError, match=r"no answer within 0\.01 seconds\. Sign in .*, or pass a token$"):
        tokens.get()
    answers.set()
