"""Reading needs one of two permissions, writing one, what is public none; the audit has permissions of its own."""

from __future__ import annotations

import pytest

from osimages.entra.tokens.verification import VerifiedToken
from osimages.graph.errors import FORBIDDEN
from osimages.graph.model import DEVICE_MANAGEMENT, GRAPH, VERSIONS
from osimages.graph.permissions import authorise, permission_table
from osimages.odata.errors import ODataError
from osimages.odata.plan.resolve import ASKED_WITH_POST, METHODS, Kind, Target

READ, WRITE = "DeviceManagementConfiguration.Read.All", "DeviceManagementConfiguration.ReadWrite.All"
AUDIT_READ, AUDIT_WRITE = "DeviceManagementApps.Read.All", "DeviceManagementApps.ReadWrite.All"
OPEN = {Kind.SERVICE, Kind.METADATA, Kind.BATCH}
GUARDED = [each for each in Kind if each not in OPEN]
READING = ["GET", "HEAD"]
WRITING = ["POST", "PATCH", "DELETE", "PUT"]
IMAGES, EVENTS = DEVICE_MANAGEMENT.navigation


def actor(*permissions: str) -> VerifiedToken:
    return VerifiedToken("8f2d1c5a-3b7e-4e0f-9a64-5d1e0c7b2a90", "application", None, frozenset(permissions))


def target(kind: Kind) -> Target:
    return Target(kind) if kind in OPEN else Target(kind, GRAPH.singletons[0], IMAGES)


def refusal(permissions: tuple[str, ...], kind: Kind, method: str) -> str:
    with pytest.raises(ODataError) as refused:
        authorise(actor(*permissions), target(kind), method)
    assert refused.value.condition is FORBIDDEN
    return refused.value.message


@pytest.mark.parametrize("kind", Kind)
def test_the_permission_to_write_opens_everything(kind: Kind) -> None:
    for method in METHODS[kind]:
        authorise(actor(WRITE, "Another.Read.All"), target(kind), method)


@pytest.mark.parametrize("kind", GUARDED)
def test_reading_needs_one_of_two_permissions(kind: Kind) -> None:
    for method in READING:
        authorise(actor(READ), target(kind), method)
        for held in ((), ("Another.ReadWrite.All",), (READ.lower(),), (f"{READ} {WRITE}",)):
            assert refusal(held, kind, method).endswith(f"one of the following scopes: {READ}, {WRITE}")


def test_a_query_in_a_body_needs_the_permission_to_read() -> None:
    for kind in ASKED_WITH_POST:
        authorise(actor(READ), target(kind), "POST")
    assert refusal((), Kind.QUERY, "POST").endswith(f"one of the following scopes: {READ}, {WRITE}")


@pytest.mark.parametrize("kind", [each for each in GUARDED if each not in ASKED_WITH_POST])
def test_writing_needs_the_permission_to_write(kind: Kind) -> None:
    for method in WRITING:
        for held in ((), (READ,), ("Another.ReadWrite.All",)):
            assert refusal(held, kind, method).endswith(f"one of the following scopes: {WRITE}")


@pytest.mark.parametrize("kind", [each for each in Kind if each in OPEN])
def test_what_is_public_needs_no_permission(kind: Kind) -> None:
    for method in METHODS[kind]:
        authorise(actor(), target(kind), method)


@pytest.mark.parametrize("held", [AUDIT_READ, AUDIT_WRITE])
def test_the_audit_is_read_with_permissions_of_its_own(held: str) -> None:
    events = Target(Kind.COLLECTION, GRAPH.singletons[0], EVENTS)
    authorise(actor(held), events, "GET")
    with pytest.raises(ODataError) as refused:
        authorise(actor(READ, WRITE), events, "GET")
    assert refused.value.message.endswith(f"one of the following scopes: {AUDIT_READ}, {AUDIT_WRITE}")
    with pytest.raises(ODataError):
        authorise(actor(held), target(Kind.COLLECTION), "GET")


def test_the_published_table_says_what_is_checked() -> None:
    table = permission_table(GRAPH, "beta")
    told = {(each["path"], each["method"]): each["application"] for each in table}
    images, events = "/beta/deviceManagement/managedDeviceWindowsOSImages", "/beta/deviceManagement/auditEvents"
    assert told == {
        ("/beta/deviceManagement", "GET"): [READ, WRITE],
        ("/beta/deviceManagement", "PATCH"): [WRITE],
        (images, "GET"): [READ, WRITE],
        (images, "POST"): [WRITE],
        (f"{images}/{{id}}", "GET"): [READ, WRITE],
        (f"{images}/{{id}}", "PATCH"): [WRITE],
        (f"{images}/{{id}}", "PUT"): [WRITE],
        (f"{images}/{{id}}", "DELETE"): [WRITE],
        (f"{images}/checkBuild", "GET"): [READ, WRITE],
        (f"{images}/checkBuilds", "POST"): [READ, WRITE],
        (events, "GET"): [AUDIT_READ, AUDIT_WRITE],
        (f"{events}/{{id}}", "GET"): [AUDIT_READ, AUDIT_WRITE],
    }
    assert all(each["delegatedWork"] == each["application"] for each in table)
    assert [each["path"] for each in permission_table(VERSIONS["v1.0"], "v1.0")] == ["/v1.0/deviceManagement"] * 2
