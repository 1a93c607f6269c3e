"""Choose compliance policies of a tenant, and decide what has to be written to each by a rule or by a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from osimages.graph.client_errors import plain
from osimages.graph.policies import RANGES, Policy, PolicyList
from osimages.graph.policy_apply import Write
from osimages.graph.policy_record import Record, RecordedPolicy
from osimages.windows.policy.admission import Family
from osimages.windows.policy.bodies import ALL_RELEASES, compliance_bodies, creation_body
from osimages.windows.policy.ranges import AcceptedRanges
from osimages.windows.policy.update import Change, Current, Kind, PolicyUpdate, Scope, policy_update

_MOST_NAMES_SHOWN = 10


class State(StrEnum):
    """The action that a policy needs."""

    SAME = "same"
    CHANGE = "change"
    CREATE = "create"
    REFUSED = "refused"  # there is a difference that is not written
    UNMATCHED = "unmatched"  # nothing in it is what the rule, or the record, is about


class SelectionError(Exception):
    """A policy was named that is not there, or not exactly once; the text says which."""


class Plan(msgspec.Struct, frozen=True):
    """The change that a policy needs; `policy` is None for a new one with this body.

    `refused` says what is not written, and why: all of it with the state REFUSED, else a part.
    """

    name: str
    state: State
    update: PolicyUpdate
    policy: Policy | None = None
    body: dict[str, Any] | None = None
    refused: tuple[str, ...] = ()

    @property
    def is_difference(self) -> bool:
        """Return whether the policy is not as it should be."""
        return self.state in (State.CHANGE, State.CREATE, State.REFUSED)

    @property
    def write(self) -> Write:
        """Return what to send."""
        return Write(self.name, self.update.settings, self.policy, self.body)

    @property
    def recorded(self) -> RecordedPolicy:
        """Return what writing the plan replaces."""
        settings = self.update.settings
        if self.policy is None:
            return RecordedPolicy(self.name, settings)
        before = {name: self.policy.settings[name] for name in settings}
        return RecordedPolicy(self.name, settings, self.policy.id, self.policy.version, before)


def chosen_policies(listed: PolicyList, names: Sequence[str]) -> list[Policy]:
    """Return the policies with these names or ids; with no name, all that say something about builds.

    Raises SelectionError.
    """
    if not names:
        return [each for each in listed.policies if each.has_builds]
    return list({policy.id: policy for policy in (_named(listed, name) for name in names)}.values())


def plan_for(
    policy: Policy,
    found: AcceptedRanges,
    families: Mapping[Family, str],
    *,
    scope: Scope = Scope.AUTO,
    is_chosen: bool = False,
    allow_lower: bool = False,
) -> Plan:
    """Return what a policy needs by a rule. `is_chosen`: somebody named it. Raises NoBodyError."""
    current = Current(policy.ranges or (), policy.minimum, policy.maximum, is_chosen)
    update = policy_update(current, found, families, scope, allow_lower=allow_lower)
    refused = (*update.impossible, *(f"{each}: pass --allow-lower to write it" for each in update.refused))
    if update.impossible or (refused and not update.settings):
        state = State.REFUSED
    elif update.settings:
        state = State.CHANGE
    else:
        state = State.SAME if update.is_matched else State.UNMATCHED
    return Plan(policy.name, state, update, policy, refused=refused)


def plan_to_create(name: str, found: AcceptedRanges) -> Plan:
    """Return the plan of a new policy with all ranges of a rule. Raises NoBodyError."""
    body = compliance_bodies(found)[ALL_RELEASES]
    ranges = body[RANGES]
    assert isinstance(ranges, list), "the body has a list of ranges"
    change = Change(RANGES, "", Kind.ADD, (), tuple(map(_shown, ranges)))
    return Plan(name, State.CREATE, PolicyUpdate({RANGES: ranges}, (change,)), body=creation_body(name, body))


def plans_to_restore(listed: PolicyList, record: Record, *, overwrite: bool = False) -> list[Plan]:
    """Return what has to be written so that the policies of a record have the settings that it replaced.

    A policy that has other settings than the run gave it is refused, unless `overwrite`.
    """
    by_id = {each.id: each for each in listed.policies}
    return [_restored(each, by_id.get(each.id or ""), overwrite=overwrite) for each in record.policies]


def plan_document(plan: Plan) -> dict[str, object]:
    """Return a plan for a JSON document."""
    policy = plan.policy
    return {
        "id": policy.id if policy else None,
        "name": plan.name,
        "version": policy.version if policy else None,
        "lastModifiedDateTime": policy.last_modified_date_time if policy else None,
        "assignments": len(policy.assignments) if policy and policy.assignments is not None else None,
        "state": plan.state,
        "changes": plan.update.changes,
        "settings": plan.update.settings,
        "refused": plan.refused,
        "unmatched": plan.update.unmatched,
        "notes": plan.update.notes,
    }


def _restored(recorded: RecordedPolicy, policy: Policy | None, *, overwrite: bool) -> Plan:
    if recorded.before is None:
        text = "the run created it; it stays, as nothing is deleted: remove it in Intune if it is not wanted"
        return Plan(recorded.name, State.SAME, PolicyUpdate({}, unmatched=(text,)), policy)
    if policy is None:
        text = "it is not there any more, or not in this tenant"
        return Plan(recorded.name, State.UNMATCHED, PolicyUpdate({}, unmatched=(text,), is_matched=False))
    if policy.holds(recorded.before):
        return Plan(policy.name, State.SAME, PolicyUpdate({}), policy)
    changes = tuple(
        Change(name, "", Kind.RESTORE, _texts(policy.settings.get(name)), _texts(value))
        for name, value in recorded.before.items()
    )
    update = PolicyUpdate(dict(recorded.before), changes)
    if overwrite or policy.holds(recorded.after):
        return Plan(policy.name, State.CHANGE, update, policy)
    refused = "it has other settings than that run gave it: pass --overwrite to replace them"
    return Plan(policy.name, State.REFUSED, update, policy, refused=(refused,))


def _named(listed: PolicyList, name: str) -> Policy:
    """Return the policy with a name or an id. Raises SelectionError."""
    wanted = name.strip()
    if not wanted:
        raise SelectionError("--policy has no name and no id")
    by_id = [each for each in listed.policies if each.id.casefold() == wanted.casefold()]
    exact = [each for each in listed.policies if each.display_name == name]
    similar = [each for each in listed.policies if (each.display_name or "").strip().casefold() == wanted.casefold()]
    found = by_id or exact or similar
    if len(found) > 1:
        ids = ", ".join(each.id for each in found)
        raise SelectionError(f"{len(found)} policies have the name {plain(name)!r}: name one by its id ({ids})")
    if found:
        return found[0]
    if name in listed.types_of_others:
        raise SelectionError(f"{plain(name)!r} is a {listed.types_of_others[name]}, which has no builds of Windows")
    names = [plain(each.name, 80) for each in listed.policies]
    known = ", ".join(names[:_MOST_NAMES_SHOWN]) + (", ..." if len(names) > _MOST_NAMES_SHOWN else "")
    raise SelectionError(f"no Windows compliance policy is named {plain(name)!r}; there are: {known or 'none'}")


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(map(_shown, value))
    return (str(value),) if value else ()


def _shown(raw: object) -> str:
    if not isinstance(raw, dict):
        return str(raw)
    lowest, highest = raw.get("lowestVersion"), raw.get("highestVersion")
    return f"{lowest}" if lowest == highest else f"{lowest} to {highest}"
