"""A paging token is good for the tenant and query that it was made for, and for nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from osimages.odata.errors import INVALID_SKIPTOKEN, ODataError
from osimages.odata.plan.pagination import PageTokens, Position

_TOKENS = PageTokens(b"secret")
_TENANT, _QUERY = "8f2d1c5a-3b7e-4e0f-9a64-5d1e0c7b2a90", "filter=id+ne+%27x%27"
_POSITION = Position(("Windows 11 22H2",), 5)
_TOKEN = _TOKENS.write(_POSITION, _TENANT, _QUERY)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def _is_refused(token: str, tenant: str = _TENANT, query: str = _QUERY, tokens: PageTokens = _TOKENS) -> bool:
    with pytest.raises(ODataError) as caught:
        tokens.read(token, tenant, query)
    return caught.value.condition is INVALID_SKIPTOKEN


@given(_TEXTS, st.none() | st.integers(0, 10**18), _TEXTS, _TEXTS)
def test_what_is_written_is_read(after: str, remaining: int | None, tenant: str, query: str) -> None:
    position = Position((after,), remaining)
    token = _TOKENS.write(position, tenant, query)
    assert _TOKENS.read(token, tenant, query) == position
    assert token.isascii()
    assert token.replace("-", "").replace("_", "").isalnum()


def test_another_worker_with_the_same_secret_reads_it() -> None:
    assert PageTokens(b"secret").read(_TOKEN, _TENANT, _QUERY) == _POSITION


def test_it_is_bound_to_tenant_query_and_secret() -> None:
    assert _is_refused(_TOKEN, tenant="11111111-2222-4333-8444-555555555555")
    assert _is_refused(_TOKEN, query="")
    assert _is_refused(_TOKEN, query=_QUERY + "&top=1")
    assert _is_refused(_TOKEN, tokens=PageTokens(b"another"))


@given(st.integers(0, len(_TOKEN) - 2), st.sampled_from("ABCDEFGHabcdefgh0123456789-_"))
def test_a_changed_token_is_refused(place: int, character: str) -> None:
    # The last character is left out: some of its bits stand for nothing.
    changed = _TOKEN[:place] + character + _TOKEN[place + 1 :]
    assert changed == _TOKEN or _is_refused(changed)


@pytest.mark.parametrize("length", range(len(_TOKEN)))
def test_a_shortened_token_is_refused(length: int) -> None:
    assert _is_refused(_TOKEN[:length])


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
@example("")
@example("=")
@example("====")
@example("A")
@example("é")
@example("\ud800")
@example("\0")
@example(" " + _TOKEN)
@example(_TOKEN + "\n")
@example(_TOKEN + _TOKEN)
@example("A" * 100_000)
def test_rubbish_is_refused(token: str) -> None:
    assert _is_refused(token)


@pytest.mark.parametrize(
    "payload", [b"", b"\xc0", b"\xff\xff", msgspec.msgpack.encode([1]), msgspec.msgpack.encode({})]
)
def test_a_sealed_token_of_another_release_is_refused(payload: bytes) -> None:
    message = b"\0".join((_TENANT.encode(), _QUERY.encode(), payload))
    seal = hmac.digest(b"secret", message, hashlib.sha256)[:16]
    assert _is_refused(base64.urlsafe_b64encode(seal + payload).decode().rstrip("="))
