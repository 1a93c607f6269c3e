"""A stand-in for Graph's device compliance policies on loopback, as the pages of the Graph reference describe them.

    GET, POST          /beta/deviceManagement/deviceCompliancePolicies[?$expand=assignments]
    GET, PATCH, DELETE /beta/deviceManagement/deviceCompliancePolicies/{id}
    GET                .../{id}/assignments
    POST               .../{id}/assign, .../{id}/scheduleActionsForRules

https://learn.microsoft.com/graph/api/resources/intune-deviceconfig-windows10compliancepolicy?view=graph-rest-beta
and the pages of its methods. What they do not say comes from recorded responses: the errors, null for what is not set,
an assignment's id, no `scheduledActionsForRule` without $expand, a version that every change increments.
`faults` are met in order, one by each request that they are about.
"""

from __future__ import annotations

import base64
import json
import re
import ssl
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import trustme

from tests.support.graph import TOKEN, error
from tests.support.web import Given, Reply, Web, serving

PATH = "deviceManagement/deviceCompliancePolicies"
WINDOWS = "#microsoft.graph.windows10CompliancePolicy"
READ, WRITE = "DeviceManagementConfiguration.Read.All", "DeviceManagementConfiguration.ReadWrite.All"
_RANGE = "#microsoft.graph.operatingSystemVersionRange"
_RANGE_PROPERTIES = {"@odata.type", "description", "lowestVersion", "highestVersion"}
_BETA_ONLY = {"validOperatingSystemBuildRanges", "deviceCompliancePolicyScript", "wslDistributions"}
# Every property of the reference page, with its value in a policy that sets nothing.
_WINDOWS_DEFAULTS: dict[str, Any] = {
    "passwordRequired": False,
    "passwordBlockSimple": False,
    "passwordRequiredToUnlockFromIdle": False,
    "passwordMinutesOfInactivityBeforeLock": None,
    "passwordExpirationDays": None,
    "passwordMinimumLength": None,
    "passwordMinimumCharacterSetCount": None,
    "passwordRequiredType": "deviceDefault",
    "passwordPreviousPasswordBlockCount": None,
    "requireHealthyDeviceReport": False,
    "osMinimumVersion": None,
    "osMaximumVersion": None,
    "mobileOsMinimumVersion": None,
    "mobileOsMaximumVersion": None,
    "earlyLaunchAntiMalwareDriverEnabled": False,
    "bitLockerEnabled": False,
    "secureBootEnabled": False,
    "codeIntegrityEnabled": False,
    "memoryIntegrityEnabled": False,
    "kernelDmaProtectionEnabled": False,
    "virtualizationBasedSecurityEnabled": False,
    "firmwareProtectionEnabled": False,
    "storageRequireEncryption": False,
    "activeFirewallRequired": False,
    "defenderEnabled": False,
    "defenderVersion": None,
    "signatureOutOfDate": False,
    "rtpEnabled": False,
    "antivirusRequired": False,
    "antiSpywareRequired": False,
    "deviceThreatProtectionEnabled": False,
    "deviceThreatProtectionRequiredSecurityLevel": "unavailable",
    "configurationManagerComplianceRequired": False,
    "tpmRequired": False,
    "deviceCompliancePolicyScript": None,
    "validOperatingSystemBuildRanges": [],
    "wslDistributions": [],
}
_OTHER_DEFAULTS: dict[str, Any] = {"osMinimumVersion": None, "osMaximumVersion": None}
_TYPES = {
    WINDOWS: _WINDOWS_DEFAULTS,
    "#microsoft.graph.iosCompliancePolicy": {**_OTHER_DEFAULTS, "passcodeRequired": False},
    "#microsoft.graph.macOSCompliancePolicy": {**_OTHER_DEFAULTS, "passwordRequired": False},
    "#microsoft.graph.androidCompliancePolicy": {**_OTHER_DEFAULTS, "passwordRequired": False},
}
_BASE = {"roleScopeTagIds", "displayName", "description"}
_READ_ONLY = {"id", "createdDateTime", "lastModifiedDateTime", "version"}

Json = dict[str, Any]


@dataclass
class Fault:
    """What goes wrong with the next request of a method: the reply, before or after the request was processed."""

    reply: Reply
    method: str = "GET"
    is_processed: bool = False


def throttled(method: str = "GET", retry_after: str | None = "1") -> Fault:
    """A 429, with Retry-After where it is given."""
    headers = {} if retry_after is None else {"Retry_After": retry_after}
    return Fault(error(429, "TooManyRequests", "An error has occurred.", **headers), method)


def unavailable(method: str = "GET", status: int = 503, *, is_processed: bool = False) -> Fault:
    """A status of a gateway, whose body is no JSON."""
    return Fault(
        Reply(b"<html>Service Unavailable</html>", status, {"Content-Type": "text/html"}), method, is_processed
    )


def cut_before(method: str = "PATCH") -> Fault:
    """A connection that ends before the request is processed."""
    return Fault(Reply(is_silent=True), method)


def cut_after(method: str = "PATCH") -> Fault:
    """A connection that ends after the request was processed, without a response."""
    return Fault(Reply(is_silent=True), method, is_processed=True)


def build_range(lowest: str, highest: str, description: str | None = None) -> Json:
    """An operatingSystemVersionRange as Graph returns it."""
    return {"description": description, "lowestVersion": lowest, "highestVersion": highest}


def unsigned_token(claims: object) -> str:
    """A token that says what it is for, as those of Graph do, and that nobody verifies."""
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    texts = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts]
    return ".".join((*texts, "signature"))


@dataclass
class PolicyStandIn:
    """A running stand-in. Any token counts where `token` is empty; `scopes` are those that every token has.

    `on_request` is called with each request before it is processed: what other administrators do meanwhile.
    """

    web: Web
    page_size: int = 1000
    token: str = TOKEN
    scopes: tuple[str, ...] = (WRITE,)
    policies: dict[str, Json] = field(default_factory=dict)
    assignments: dict[str, list[Json]] = field(default_factory=dict)
    actions: dict[str, list[Json]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    on_request: Callable[[Given], None] = lambda given: None
    has_etags: bool = False
    clock: datetime = datetime(2026, 11, 1, 8, 0, 0, 123456, UTC)

    @property
    def url(self) -> str:
        """The URL of its beta version."""
        return f"{self.web.url}/beta"

    def add(self, name: str, kind: str = WINDOWS, **properties: Any) -> str:
        """Put a policy there, as an administrator did some time ago; return its id."""
        identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/{len(self.policies)}"))
        self._create(identity, {"@odata.type": kind, "displayName": name, **properties})
        return identity

    def assign(self, identity: str, *groups: str) -> None:
        """Assign a policy to groups."""
        self.assignments[identity] = [
            self._assignment(identity, {"target": {"@odata.type": _GROUP, "groupId": group}}) for group in groups
        ]

    def change(self, identity: str, **properties: Any) -> None:
        """Change a policy as another administrator does."""
        self.policies[identity].update(properties)
        self._touch(identity)

    def sent(self, method: str) -> list[Json]:
        """The bodies of the requests of a method, in order."""
        return [json.loads(each.body) for each in self.web.asked if each.method == method]

    def answer(self, given: Given) -> Reply:
        """The response to a request."""
        fault = next((each for each in self.faults if each.method == given.method), None)
        if fault is None:
            return self._processed(given)
        self.faults.remove(fault)
        if fault.is_processed:
            self._processed(given)
        return fault.reply

    def _processed(self, given: Given) -> Reply:
        self.on_request(given)
        bearer = given.headers.get("authorization", "").removeprefix("Bearer ")
        if bearer != (self.token or bearer) or not bearer:
            return error(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
        parts = urlsplit(given.path)
        version, _, path = re.sub("/+", "/", parts.path).removeprefix("/").partition("/")
        if version not in ("beta", "v1.0"):
            return error(404, "ResourceNotFound", f"Invalid version: {version}")
        if not f"{path}/".startswith(f"{PATH}/"):
            return error(400, "BadRequest", f"Resource not found for the segment '{path.rpartition('/')[2]}'.")
        needed = (READ, WRITE) if given.method == "GET" else (WRITE,)
        if not set(needed) & set(self.scopes):
            return _denied(needed)
        rest = [unquote(each) for each in path.removeprefix(PATH).split("/") if each]
        options = {name.removeprefix("$"): value for name, value in parse_qsl(parts.query)}
        return self._routed(given, version, rest, options)

    def _routed(self, given: Given, version: str, rest: list[str], options: dict[str, str]) -> Reply:
        match given.method, rest:
            case "GET", []:
                return self._list(version, options)
            case "POST", []:
                return self._post(given, version)
            case _, [identity, *_] if identity not in self.policies:
                return error(404, "ResourceNotFound", _nested("An error has occurred"))
            case "GET", [identity]:
                return _json(self._entity(identity, version, options))
            case "PATCH", [identity]:
                return self._patch(given, identity, version)
            case "DELETE", [identity]:
                for each in (self.policies, self.assignments, self.actions):
                    each.pop(identity, None)
                return Reply(status=204)
            case "GET", [identity, "assignments"]:
                return _json({"value": self.assignments[identity]})
            case "POST", [identity, "assign" | "microsoft.graph.assign"]:
                given_ones = json.loads(given.body)["assignments"]
                self.assignments[identity] = [self._assignment(identity, each) for each in given_ones]
                return _json({"value": self.assignments[identity]})
            case "POST", [identity, "scheduleActionsForRules"]:
                self.actions[identity] = json.loads(given.body)["deviceComplianceScheduledActionForRules"]
                return Reply(status=204)
        template = "/".join(
            ["~", "singleton", "navigation", *("key" if i == 0 else "navigation" for i in range(len(rest)))]
        )
        said = f"No OData route exists that match template {template} with http verb {given.method}"
        return error(400, "No method match route template", said)

    def _list(self, version: str, options: dict[str, str]) -> Reply:
        identities = list(self.policies)
        start, size = int(options.get("skiptoken", 0)), min(int(options.get("top", self.page_size)), self.page_size)
        document: Json = {"@odata.context": f"{self.web.url}/{version}/$metadata#{PATH}"}
        if start + size < len(identities):
            kept = "&".join(f"${name}={value}" for name, value in options.items() if name != "skiptoken")
            document["@odata.nextLink"] = f"{self.web.url}/{version}/{PATH}?{kept}&$skiptoken={start + size}"
        document["value"] = [self._entity(each, version, options) for each in identities[start : start + size]]
        return _json(document)

    def _entity(self, identity: str, version: str, options: dict[str, str]) -> Json:
        found = deepcopy(self.policies[identity])
        if version == "v1.0":
            found = {name: value for name, value in found.items() if name not in _BETA_ONLY}
        chosen = [each for each in options.get("select", "").split(",") if each]
        if chosen:
            found = {name: value for name, value in found.items() if name in ("@odata.type", *chosen)}
        if self.has_etags:
            found = {"@odata.etag": self._etag(identity), **found}
        expanded = options.get("expand", "")
        if "assignments" in expanded:
            found["assignments@odata.context"] = f"{self.web.url}/{version}/$metadata#{PATH}('{identity}')/assignments"
            found["assignments"] = deepcopy(self.assignments.get(identity, []))
        if "scheduledActionsForRule" in expanded:
            found["scheduledActionsForRule"] = deepcopy(self.actions.get(identity, []))
        return found

    def _post(self, given: Given, version: str) -> Reply:
        body = json.loads(given.body)
        refused = _refusal(body, version, is_new=True)
        if refused is not None:
            return refused
        identity = str(uuid.uuid4())
        self._create(identity, body)
        return _json({**self._entity(identity, version, {})}, 201)

    def _patch(self, given: Given, identity: str, version: str) -> Reply:
        body = json.loads(given.body)
        if self.has_etags and given.headers.get("if-match", "*") not in ("*", self._etag(identity)):
            return error(412, "PreconditionFailed", "The ETag does not match.")
        # Without its derived type, a body is one of the base type.
        body.setdefault("@odata.type", "#microsoft.graph.deviceCompliancePolicy")
        if body["@odata.type"] not in (
            self.policies[identity]["@odata.type"],
            "#microsoft.graph.deviceCompliancePolicy",
        ):
            return error(400, "BadRequest", "The type of a policy cannot be changed.")
        refused = _refusal(body, version, is_new=False)
        if refused is not None:
            return refused
        changed = {name: value for name, value in body.items() if name not in _READ_ONLY | {"@odata.type"}}
        self.policies[identity].update(_stored(changed))
        self._touch(identity)
        return _json(self._entity(identity, version, {}))

    def _create(self, identity: str, body: Json) -> None:
        self.clock += timedelta(seconds=1)
        defaults = deepcopy(_TYPES[body["@odata.type"]])
        given = {name: value for name, value in body.items() if name in defaults or name in _BASE}
        self.policies[identity] = {
            "@odata.type": body["@odata.type"],
            "roleScopeTagIds": ["0"],
            "id": identity,
            "createdDateTime": _time(self.clock),
            "description": None,
            "lastModifiedDateTime": _time(self.clock),
            "displayName": None,
            "version": 1,
            **defaults,
            **_stored(given),
        }
        self.assignments[identity] = []
        self.actions[identity] = body.get("scheduledActionsForRule", [])

    def _touch(self, identity: str) -> None:
        self.clock += timedelta(seconds=1)
        self.policies[identity]["version"] += 1
        self.policies[identity]["lastModifiedDateTime"] = _time(self.clock)

    def _etag(self, identity: str) -> str:
        return f'W/"{self.policies[identity]["version"]}"'

    def _assignment(self, policy: str, given: Json) -> Json:
        target = given["target"]
        return {
            "id": f"{policy}_{target.get('groupId', 'adadadad-808e-44e2-905a-0b7873a8a531')}",
            "source": "direct",
            "sourceId": policy,
            "target": {
                "deviceAndAppManagementAssignmentFilterId": None,
                "deviceAndAppManagementAssignmentFilterType": "none",
                **target,
            },
        }


_GROUP = "#microsoft.graph.groupAssignmentTarget"


def _refusal(body: Json, version: str, *, is_new: bool) -> Reply | None:
    """The error that a body of a policy causes, or None."""
    kind = body.get("@odata.type", "")
    if not kind.startswith("#"):
        kind = f"#{kind}"
    body["@odata.type"] = kind
    known = _TYPES.get(kind)
    if known is None and (is_new or kind != "#microsoft.graph.deviceCompliancePolicy"):
        return error(400, "BadRequest", f"'{kind}' is no concrete type of deviceCompliancePolicy.")
    names = set(known or {}) - (_BETA_ONLY if version == "v1.0" else set())
    for name in body:
        if "@odata." not in name and name not in names | _BASE | _READ_ONLY | {
            "scheduledActionsForRule",
            "assignments",
        }:
            short = kind.rpartition(".")[2]
            said = f"The property '{name}' does not exist on type 'microsoft.graph.{short}'."
            return error(400, "BadRequest", said)
    for each in body.get("validOperatingSystemBuildRanges") or []:
        if (
            not isinstance(each, dict)
            or set(each) - _RANGE_PROPERTIES
            or each.get("@odata.type", _RANGE)
            not in (
                _RANGE,
                _RANGE.removeprefix("#"),
            )
        ):
            return error(400, "ModelValidationFailure", "A range is no microsoft.graph.operatingSystemVersionRange.")
    if is_new and not body.get("displayName"):
        return error(400, "ModelValidationFailure", "The displayName field is required.")
    if is_new and _blocks(body) != 1:
        return error(400, "BadRequest", _nested("Compliance policy must have one and only one block scheduled action"))
    return None


def _blocks(body: Json) -> int:
    rules = body.get("scheduledActionsForRule") or []
    actions = [action for rule in rules for action in rule.get("scheduledActionConfigurations") or []]
    return sum(each.get("actionType") == "block" for each in actions)


def _stored(given: Json) -> Json:
    """Properties as Graph returns them: the ranges without annotations, and null where a part is missing."""
    ranges = given.get("validOperatingSystemBuildRanges")
    if ranges is None:
        return given | ({"validOperatingSystemBuildRanges": []} if "validOperatingSystemBuildRanges" in given else {})
    names = ("description", "lowestVersion", "highestVersion")
    return given | {"validOperatingSystemBuildRanges": [{name: each.get(name) for name in names} for each in ranges]}


def _denied(needed: tuple[str, ...]) -> Reply:
    said = (
        "Application is not authorized to perform this operation. Application must have one of the following scopes: "
    )
    return error(403, "Forbidden", _nested(said + ", ".join(needed)))


def _nested(message: str) -> str:
    """A message as Intune sends it: JSON in JSON, with ids for its support."""
    ids = (
        " - Operation ID (for customer support): 00000000-0000-0000-0000-000000000000 - Activity ID: 1 - Url: https://x"
    )
    return json.dumps({"_version": 3, "Message": message + ids, "CustomApiErrorPhrase": "", "HttpHeaders": "{}"})


def _json(document: Json, status: int = 200) -> Reply:
    return Reply(json.dumps(document).encode(), status, {"Content-Type": "application/json"})


def _time(moment: datetime) -> str:
    """A time with seven digits after the second, as Graph writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}7Z"


@contextmanager
def policy_stand_in(*, authority: trustme.CA | None = None, **options: Any) -> Iterator[PolicyStandIn]:
    """A stand-in without policies, until the block ends: over HTTPS with a certificate of an authority."""
    context = None
    if authority is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    with serving(lambda given: Reply(), context) as web:
        stand_in = PolicyStandIn(web, **options)
        web.answer = stand_in.answer
        yield stand_in
