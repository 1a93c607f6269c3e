"""Tables, sentences and JSON of `policy diff` and `policy apply`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from osimages.cli.output import say
from osimages.cli.table import print_table

if TYPE_CHECKING:
    from osimages.graph.policies import PolicyList
    from osimages.graph.policy_apply import Written
    from osimages.graph.policy_plan import Plan
    from osimages.windows.policy import AcceptedRanges

_SETTINGS = {"validOperatingSystemBuildRanges": "ranges"}
_MOST_SENTENCES = 20  # of one policy
_TITLES = ("Policy", "Assignments", "Setting", "Release", "Change", "Now", "Would be")


def print_plans(plans: Sequence[Plan], listed: PolicyList, found: AcceptedRanges | None) -> None:
    """Print a row for each difference, and how many policies are not looked at."""
    from osimages.windows.policy.documents import rule_sentence

    if plans:
        print_table(_TITLES, [row for each in plans for row in _rows(each)])
    else:
        say("No Windows compliance policy has build ranges or a minimum version.")
    if found is not None:
        say(rule_sentence(found))
    seen = {each.policy.id for each in plans if each.policy is not None}
    parts = []
    if left := sum(each.id not in seen for each in listed.policies):
        parts.append(f"{left} other{'s' * (left > 1)} of Windows")
    parts += [f"{count} {kind}" for kind, count in sorted(listed.others.items())]
    if parts:
        say(f"Not looked at: {', '.join(parts)}.")


def sentences(plans: Sequence[Plan], listed: PolicyList) -> list[str]:
    """Return what is refused, does not match, is judged wrongly, or cannot be read."""
    found: list[str] = []
    for each in plans:
        texts = (*each.refused, *each.update.unmatched, *each.update.notes)
        found += [f"{each.name}: {text}" for text in texts[:_MOST_SENTENCES]]
        if len(texts) > _MOST_SENTENCES:
            found.append(f"{each.name}: {len(texts) - _MOST_SENTENCES} more, which --json lists")
    return [*found, *listed.unreadable]


def notes(plans: Sequence[Plan], found: AcceptedRanges | None) -> list[str]:
    """Return what the rule cannot express, about the releases that change, and what its facts lack."""
    from osimages.windows.policy.documents import stale_sentences

    if found is None:
        return []
    releases = {change.release for each in plans for change in each.update.changes}
    return [*(each for each in found.notes if each.partition(":")[0] in releases), *stale_sentences(found)]


def print_written(plan: Plan, written: Written, *, err: bool) -> None:
    """Print what became of a policy."""
    say(f"{plan.name}: {written.outcome}{f': {written.detail}' if written.detail else ''}", err=err)


def print_summary(plans: Sequence[Plan], results: Sequence[tuple[Plan, Written]], *, is_dry_run: bool) -> None:
    """Print one line about the whole run."""
    from osimages.graph.policy_plan import State

    states = Counter(each.state for each in plans)
    parts = [f"{count} {outcome}" for outcome, count in Counter(each.outcome for _, each in results).items()]
    if is_dry_run:
        would = states[State.CHANGE] + states[State.CREATE]
        parts.append(f"{would} would be written")
    parts += [
        f"{states[state]} {text}"
        for state, text in ((State.SAME, "as wanted"), (State.REFUSED, "refused"), (State.UNMATCHED, "not matched"))
        if states[state]
    ]
    say(f"{'Dry run: ' if is_dry_run else ''}{', '.join(parts) or 'nothing to do'}.")
    if is_dry_run and would:
        say("Nothing was sent. --yes writes.")


def print_document(
    plans: Sequence[Plan],
    listed: PolicyList,
    found: AcceptedRanges | None,
    results: Sequence[tuple[Plan, Written]] = (),
    **more: object,
) -> None:
    """Print everything as one JSON document."""
    from osimages.graph.policy_plan import plan_document
    from osimages.windows.policy.documents import ranges_document

    rule = ranges_document(found) if found is not None else {}
    written = {id(plan): result for plan, result in results}
    policies = []
    for plan in plans:
        result = written.get(id(plan))
        outcome = {"outcome": result.outcome, "detail": result.detail} if result else {}
        identity = {"id": result.id} if result and result.id else {}
        policies.append(plan_document(plan) | outcome | identity)
    seen = {each.policy.id for each in plans if each.policy is not None}
    document = {
        **{name: value for name, value in rule.items() if name not in ("ranges", "leftOut")},
        **more,
        "isDifferent": any(each.is_difference for each in plans),
        "policies": policies,
        "notLookedAt": {
            "windows": sum(each.id not in seen for each in listed.policies),
            "otherTypes": listed.others,
            "unreadable": listed.unreadable,
        },
    }
    say(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


def _rows(plan: Plan) -> list[tuple[str, ...]]:
    policy = plan.policy
    assigned = str(len(policy.assignments)) if policy and policy.assignments is not None else ""
    if not plan.update.changes:
        return [(plan.name, assigned, "", "", str(plan.state), "", "")]
    is_refused = str(plan.state) == "refused"
    return [
        (
            plan.name,
            assigned,
            _SETTINGS.get(each.setting, each.setting),
            each.release,
            f"{each.kind} (refused)" if is_refused or each.is_refused else str(each.kind),
            "; ".join(each.before) or "-",
            "; ".join(each.after) or "-",
        )
        for each in plan.update.changes
    ]
