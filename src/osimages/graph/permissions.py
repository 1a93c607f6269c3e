"""Which permissions each kind of request needs, and the check that an actor holds one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from osimages.entra.tokens.verification import VerifiedToken
from osimages.graph.audit_model import AUDIT_EVENT
from osimages.graph.errors import FORBIDDEN
from osimages.odata.errors import ODataError
from osimages.odata.model.types import Model
from osimages.odata.plan.resolve import ASKED_WITH_POST, METHODS, READING, Kind, Target, is_capable, sources


@dataclass(frozen=True, slots=True)
class Access:
    """The permissions of which one is needed to read and to write, each from least to most privileged.

    That is the order in which Graph's reference pages and Intune's 403 list them. They hold alike for delegated and
    for application access.
    """

    read: tuple[str, ...]
    write: tuple[str, ...]


def _access(name: str) -> Access:
    return Access((f"{name}.Read.All", f"{name}.ReadWrite.All"), (f"{name}.ReadWrite.All",))


# https://learn.microsoft.com/graph/permissions-reference#devicemanagementconfigurationreadall
_CONFIGURATION = _access("DeviceManagementConfiguration")
# https://learn.microsoft.com/graph/api/intune-auditing-auditevent-list: whoever may change images may not, for that
# alone, read who changed them.
_BY_TYPE: Mapping[str, Access] = {AUDIT_EVENT.name: _access("DeviceManagementApps")}

# What they tell is public, or (for a batch) each inner request is checked by itself.
OPEN_KINDS = frozenset({Kind.SERVICE, Kind.METADATA, Kind.BATCH})


def authorise(actor: VerifiedToken, target: Target, method: str) -> None:
    """Raises ODataError(FORBIDDEN) where the actor holds none of the permissions that `method` on `target` needs."""
    if target.kind in OPEN_KINDS:
        return
    permissions = needed(target, method)
    if actor.permissions.isdisjoint(permissions):
        raise ODataError(FORBIDDEN, permissions=", ".join(permissions))


def needed(target: Target, method: str) -> tuple[str, ...]:
    """The permissions of which `method` on `target` needs one, from least to most privileged."""
    access = _BY_TYPE.get(target.entity.name, _CONFIGURATION)
    return access.read if method in READING or target.kind in ASKED_WITH_POST else access.write


def check_write(actor: VerifiedToken) -> None:
    """Raises ODataError(FORBIDDEN) where the actor may not write images."""
    if actor.permissions.isdisjoint(_CONFIGURATION.write):
        raise ODataError(FORBIDDEN, permissions=", ".join(_CONFIGURATION.write))


def permission_table(model: Model, version: str) -> list[dict[str, object]]:
    """What is published about permissions: for each path and method what it needs, as on Graph's reference pages."""
    table: list[dict[str, object]] = []
    for source, target in sources(model).items():
        if target.kind is Kind.SERVICE:
            continue
        kinds = (Kind.COLLECTION, Kind.ENTITY) if target.kind is Kind.COLLECTION else (target.kind,)
        for kind in kinds:
            path = f"/{version}/{source}{'/{id}' if kind is Kind.ENTITY else ''}"
            for method in sorted(METHODS[kind] - {"HEAD"}):
                if method in READING or is_capable(Target(kind, target.singleton, target.entity_set), method):
                    table.append(_row(path, method, needed(target, method)))
        if target.kind is Kind.COLLECTION:
            for each in target.entity.operations:
                table.append(
                    _row(f"/{version}/{source}/{each.name}", "POST" if each.is_action else "GET", needed(target, "GET"))
                )
    return table


def _row(path: str, method: str, one_of: tuple[str, ...]) -> dict[str, object]:
    permissions = list(one_of)
    return {
        "path": path,
        "method": method,
        "delegatedWork": permissions,
        "delegatedPersonal": [],
        "application": permissions,
    }
