"""Reading needs one of two permissions, writing one; what is public needs none."""

from __future__ import annotations

import pytest

from osimages.auth.actor import Actor
from osimages.auth.permissions import authorise
from osimages.errors import FORBIDDEN, ServiceError
from osimages.plan.resolve import METHODS, Kind

READ, WRITE = "DeviceManagementConfiguration.Read.All", "DeviceManagementConfiguration.ReadWrite.All"
OPEN = {Kind.SERVICE, Kind.METADATA, Kind.BATCH}
GUARDED = [each for each in Kind if each not in OPEN]
READING = ["GET", "HEAD"]
WRITING = ["POST", "PATCH", "DELETE", "PUT"]


def actor(*permissions: str) -> Actor:
    return Actor("8f2d1c5a-3b7e-4e0f-9a64-5d1e0c7b2a90", "application", None, frozenset(permissions))


def refusal(permissions: tuple[str, ...], kind: Kind, method: str) -> str:
    with pytest.raises(ServiceError) as refused:
        authorise(actor(*permissions), kind, method)
    assert refused.value.row is FORBIDDEN
    return refused.value.message


@pytest.mark.parametrize("kind", Kind)
def test_the_permission_to_write_opens_everything(kind: Kind) -> None:
    for method in METHODS[kind]:
        authorise(actor(WRITE, "Another.Read.All"), kind, method)


@pytest.mark.parametrize("kind", GUARDED)
def test_reading_needs_one_of_two_permissions(kind: Kind) -> None:
    for method in READING:
        authorise(actor(READ), kind, method)
        for held in ((), ("Another.ReadWrite.All",), (READ.lower(),), (f"{READ} {WRITE}",)):
            assert refusal(held, kind, method).endswith(f"one of the following scopes: {READ}, {WRITE}")


def test_a_query_in_a_body_needs_the_permission_to_read() -> None:
    authorise(actor(READ), Kind.QUERY, "POST")
    assert refusal((), Kind.QUERY, "POST").endswith(f"one of the following scopes: {READ}, {WRITE}")


@pytest.mark.parametrize("kind", [each for each in GUARDED if each is not Kind.QUERY])
def test_writing_needs_the_permission_to_write(kind: Kind) -> None:
    for method in WRITING:
        for held in ((), (READ,), ("Another.ReadWrite.All",)):
            assert refusal(held, kind, method).endswith(f"one of the following scopes: {WRITE}")


@pytest.mark.parametrize("kind", [each for each in Kind if each in OPEN])
def test_what_is_public_needs_no_permission(kind: Kind) -> None:
    for method in METHODS[kind]:
        authorise(actor(), kind, method)
