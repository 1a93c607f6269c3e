"""Which good tokens do not count any more, and the challenge that says so."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from osimages.entra.emulator.default_directory import DEFAULT_DIRECTORY, DEFAULT_USER
from osimages.entra.emulator.directory import Directory
from osimages.entra.tokens.verification import VerifiedToken
from osimages.graph.errors import ROLE_MISSING, TOKEN_REVOKED
from osimages.graph.revocation import Standing
from osimages.graph.tenant_storage import Subject
from osimages.odata.errors import ODataError

CHALLENGE = 'Bearer realm=""'
WITHOUT_ROLE = next(each.id for each in DEFAULT_DIRECTORY.users if not each.intune_role)
USER = VerifiedToken("t", "app", DEFAULT_USER, frozenset(), token_id="one", issued=1000)
APPLICATION = VerifiedToken("t", "app", None, frozenset(), token_id="two", issued=1000)


def refusal(
    actor: VerifiedToken,
    revocations: Mapping[Subject, int] | None = None,
    directory: Directory | None = DEFAULT_DIRECTORY,
) -> ODataError | None:
    standing = Standing(None if directory is None else lambda: directory, CHALLENGE)
    try:
        standing.check(actor, revocations or {})
    except ODataError as error:
        return error
    return None


def test_who_was_not_revoked_stands() -> None:
    for actor in (USER, APPLICATION):
        assert refusal(actor) is None
        others = {
            ("user", "another"): 2000,
            ("application", "another"): 2000,
            ("token", "another"): 2000,
            ("token", ""): 1,
        }
        assert refusal(actor, others) is None


@pytest.mark.parametrize(
    ("actor", "subject"),
    [
        (USER, ("user", DEFAULT_USER)),
        (USER, ("application", "app")),
        (APPLICATION, ("application", "app")),
        (APPLICATION, ("tenant", "")),
    ],
)
def test_tokens_from_before_a_revocation_are_challenged(actor: VerifiedToken, subject: Subject) -> None:
    error = refusal(actor, {subject: 1001})
    assert error is not None
    assert error.condition is TOKEN_REVOKED
    told = error.headers["WWW-Authenticate"]
    assert told.startswith(f'{CHALLENGE}, error="insufficient_claims", claims="')
    claims = json.loads(base64.b64decode(told.rpartition('claims="')[2].rstrip('"')))
    assert claims == {"access_token": {"nbf": {"essential": True, "value": "1001"}}}
    assert refusal(actor, {subject: 1000}) is None


def test_one_token_is_revoked_whenever_it_was_issued() -> None:
    error = refusal(APPLICATION, {("token", "two"): 500})
    assert error is not None
    assert error.condition is TOKEN_REVOKED
    assert refusal(USER, {("token", "two"): 500}) is None


def test_an_application_is_no_user_of_an_empty_name() -> None:
    assert refusal(APPLICATION, {("user", "app"): 2000}) is None


def test_users_without_a_role_are_refused_where_a_directory_tells() -> None:
    roleless = VerifiedToken("t", "app", WITHOUT_ROLE, frozenset())
    error = refusal(roleless)
    assert error is not None
    assert error.condition is ROLE_MISSING
    assert error.headers == {"WWW-Authenticate": CHALLENGE}
    assert refusal(roleless, directory=None) is None
    assert refusal(VerifiedToken("t", "app", "a stranger", frozenset())) is None


def test_sessions_that_the_directory_ended_are_over() -> None:
    ended = datetime(2026, 1, 1, tzinfo=UTC)
    users = tuple(msgspec.structs.replace(each, sign_in_sessions_valid_from=ended) for each in DEFAULT_DIRECTORY.users)
    directory = msgspec.structs.replace(DEFAULT_DIRECTORY, users=users)
    before, after = (ended + timedelta(seconds=away) for away in (-1, 0))
    old = VerifiedToken("t", "app", DEFAULT_USER, frozenset(), issued=before.timestamp())
    error = refusal(old, directory=directory)
    assert error is not None
    assert error.condition is TOKEN_REVOKED
    assert (
        refusal(VerifiedToken("t", "app", DEFAULT_USER, frozenset(), issued=after.timestamp()), directory=directory)
        is None
    )
