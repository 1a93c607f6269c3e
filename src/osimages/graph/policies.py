"""The Windows compliance policies of an Intune tenant: read, changed and created over Graph's beta API.

https://learn.microsoft.com/graph/api/resources/intune-deviceconfig-windows10compliancepolicy?view=graph-rest-beta
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from osimages.graph.client import GraphClient
from osimages.graph.client_errors import GraphError, plain, shown

PATH = "deviceManagement/deviceCompliancePolicies"
READ = "DeviceManagementConfiguration.Read.All"
WRITE = "DeviceManagementConfiguration.ReadWrite.All"
TYPE = "#microsoft.graph.windows10CompliancePolicy"
RANGE_TYPE = "#microsoft.graph.operatingSystemVersionRange"
RANGES, MINIMUM, MAXIMUM = "validOperatingSystemBuildRanges", "osMinimumVersion", "osMaximumVersion"

Json = dict[str, Any]


class Policy(msgspec.Struct, frozen=True, rename="camel"):
    """A windows10CompliancePolicy, with what says which builds it admits, as Graph returns it.

    `assignments` is None where they were not requested. `etag` is None where the server has none, as Intune.
    """

    id: str
    display_name: str | None = None
    version: int | None = None
    last_modified_date_time: str | None = None
    ranges: list[Any] | None = msgspec.field(default=None, name=RANGES)
    minimum: str | None = msgspec.field(default=None, name=MINIMUM)
    maximum: str | None = msgspec.field(default=None, name=MAXIMUM)
    assignments: list[Any] | None = None
    etag: str | None = msgspec.field(default=None, name="@odata.etag")

    @property
    def name(self) -> str:
        """Return the display name on one line, or the id where it has none."""
        return plain(self.display_name or "") or plain(self.id)

    @property
    def settings(self) -> Json:
        """Return what the tool may change: the ranges and the minimum version."""
        return {RANGES: self.ranges or [], MINIMUM: self.minimum or None}

    @property
    def has_builds(self) -> bool:
        """Return whether the policy says anything about builds."""
        return bool(self.ranges or self.minimum)

    def holds(self, settings: Mapping[str, Any]) -> bool:
        """Return whether these settings admit the same builds; descriptions and annotations of ranges do not count."""
        return all(_comparable(self.settings[name]) == _comparable(value) for name, value in settings.items())

    def is_unchanged(self, other: Policy) -> bool:
        """Return whether another reading of the policy shows the same state of it.

        Every change increments the version; the time of modification counts where a server has no version.
        """
        if self.version is None or other.version is None:
            same = self.last_modified_date_time == other.last_modified_date_time
        else:
            same = self.version == other.version
        return same and self.maximum == other.maximum and self.holds(other.settings)


class PolicyList(msgspec.Struct, frozen=True):
    """The compliance policies of a tenant: those of Windows, how many others there are by type, and the types of these
    by id and by name. `unreadable` says what is wrong with policies that are not as Graph describes them.
    """

    policies: tuple[Policy, ...]
    others: dict[str, int]
    types_of_others: dict[str, str]
    unreadable: tuple[str, ...] = ()


def is_beta(client: GraphClient) -> bool:
    """Return whether the API version has build ranges: v1.0 does not."""
    return not urlsplit(client.base_url).path.rstrip("/").casefold().endswith("/v1.0")


def list_policies(client: GraphClient) -> PolicyList:
    """Return every Windows compliance policy with its assignments. Raises GraphError."""
    policies: dict[str, Policy] = {}
    others: dict[str, int] = {}
    names: dict[str, str] = {}
    unreadable: list[str] = []
    for page in client.pages(PATH, {"$expand": "assignments"}, permission=READ):
        for item in page.items:
            kind = _type_of(item)
            if kind == TYPE:
                try:
                    found = _policy(item, page.url)
                except GraphError as error:
                    unreadable.append(str(error))
                else:
                    policies[found.id] = found
                continue
            others[kind] = others.get(kind, 0) + 1
            if isinstance(item, dict):
                names |= {str(item[key]): kind for key in ("id", "displayName") if item.get(key)}
    return PolicyList(tuple(policies.values()), others, names, tuple(unreadable))


def read_policy(client: GraphClient, identity: str) -> Policy:
    """Return a Windows compliance policy. Raises GraphError, whose status is 404 where it is not there."""
    found = client.get(_path(identity), permission=READ)
    if _type_of(found) != TYPE:
        raise GraphError(
            f"{shown(client.url(_path(identity)))} is a {_type_of(found)} and no Windows compliance policy"
        )
    return _policy(found, client.url(_path(identity)))


def change_policy(client: GraphClient, policy: Policy, settings: Mapping[str, Any]) -> None:
    """Send the settings, and nothing else. Raises GraphError.

    The request is not repeated where Graph may have processed it: whoever calls this has to read the policy again.
    """
    headers = {} if policy.etag is None else {"If-Match": policy.etag}
    body = {"@odata.type": TYPE, **settings}
    client.send("PATCH", _path(policy.id), body, permission=WRITE, is_repeatable=False, headers=headers)


def create_policy(client: GraphClient, body: Mapping[str, Any]) -> Policy:
    """Create a policy and return it. Raises GraphError. As with a change, the request may have been processed."""
    return _policy(client.send("POST", PATH, dict(body), permission=WRITE, is_repeatable=False), client.url(PATH))


def _path(identity: str) -> str:
    return f"{PATH}/{quote(identity, safe='')}"


def _type_of(item: object) -> str:
    """Return the derived type, with `#` as OData 4.0 writes it; the base type where there is none."""
    if not isinstance(item, dict):
        return "not an object"
    kind = item.get("@odata.type", item.get("@type"))
    return f"#{kind.removeprefix('#')}" if isinstance(kind, str) and kind else "deviceCompliancePolicy"


def _policy(item: Json, url: str) -> Policy:
    try:
        msgspec.json.encode(item)  # half of a surrogate pair can neither be printed nor sent
        return msgspec.convert(item, Policy)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        named = plain(str(item.get("displayName") or item.get("id")), 100)
        raise GraphError(f"{shown(url)}: the policy {named!r} is not of Graph's form: {error}") from None


def _comparable(value: object) -> object:
    """Return a setting as it is compared: ranges by their ends, and what is not set as None."""
    if isinstance(value, list):
        return [_comparable(each) for each in value] or None
    if isinstance(value, dict):
        return value.get("lowestVersion"), value.get("highestVersion")
    return value or None
