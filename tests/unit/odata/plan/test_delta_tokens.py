"""Delta tokens: good for one tenant and query, for so many days, and for one time of the database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from osimages.odata.errors import INVALID_DELTATOKEN, RESYNC_REQUIRED, Condition, ODataError
from osimages.odata.plan.delta_tokens import DeltaState, DeltaTokens
from osimages.odata.plan.query import DeltaPage

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
STATE = DeltaState(7, 3, SECONDS)


def tokens(later: timedelta = timedelta(0), secret: bytes = b"secret") -> DeltaTokens:
    return DeltaTokens(secret, 30, lambda _: NOW + later)


def refusal(reader: DeltaTokens, token: str, tenant: str = "t", query: str = "q") -> Condition:
    with pytest.raises(ODataError) as caught:
        reader.read(token, tenant, query)
    return caught.value.condition


TOKEN = tokens().write(STATE, "t", "q")


def test_what_is_written_is_read_for_so_many_days() -> None:
    assert tokens().read(TOKEN, "t", "q") == STATE
    assert tokens(timedelta(days=30)).read(TOKEN, "t", "q") == STATE
    assert refusal(tokens(timedelta(days=30, seconds=1)), TOKEN) is RESYNC_REQUIRED


def test_it_is_bound_to_tenant_and_query() -> None:
    assert refusal(tokens(), TOKEN, tenant="u") is INVALID_DELTATOKEN
    assert refusal(tokens(), TOKEN, query="p") is INVALID_DELTATOKEN


@pytest.mark.parametrize("token", ["", "x", TOKEN[:8], TOKEN[:-2], TOKEN[:8] + "A" + TOKEN[9:], "g" * 40, "%" * 40])
def test_what_was_not_made_here_is_refused(token: str) -> None:
    assert refusal(tokens(), token) is INVALID_DELTATOKEN


def test_a_token_of_another_secret_starts_again() -> None:
    assert refusal(tokens(secret=b"another"), TOKEN) is RESYNC_REQUIRED


@pytest.mark.parametrize(
    ("state", "page", "following"),
    [
        (None, DeltaPage((), 5, True, 9), DeltaState(5, 9, SECONDS)),
        (None, DeltaPage((), 5, False, 9), DeltaState(9, 9, SECONDS)),
        (DeltaState(4, 2, 11), DeltaPage((), 5, True, 9), DeltaState(5, 2, 11)),
        (DeltaState(4, 2, 11), DeltaPage((), 4, False, 9), DeltaState(9, 9, SECONDS)),
    ],
)
def test_the_state_after_a_page(state: DeltaState | None, page: DeltaPage, following: DeltaState) -> None:
    assert tokens().following(state, page, "") == following
