"""Joins the answers for several releases that a device can run into one: what all of them agree on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from osimages.windows.checks.answers import Answer, Fact, Family, Patch, Support
from osimages.windows.checks.identification import Candidate, Identity

# The values where the answers do not agree; every other member is None or empty then.
_WITH_FACTS = frozenset(("update", "latest", "missing"))
_DISAGREED: dict[str, object] = {
    "family": Family.UNKNOWN,
    "support": Support.UNKNOWN,
    "is_supported": False,
    "patch": Patch.UNKNOWN,
    "is_current": False,
    "missing": (),
    "unknown_patch_tuesdays": (),
}


def agreed(answers: Sequence[Answer], identity: Identity) -> Answer:
    """Return one answer with every release, every end, and what all answers have in common.

    With a product among the possible ones about which there are no facts, nothing but its name is added.
    """
    found: dict[str, Any] = {}
    for name in Answer.__struct_fields__:
        values = [getattr(each, name) for each in answers]
        if name in _WITH_FACTS:
            values = [_without_scope(each) for each in values]
        agree = all(each == values[0] for each in values[1:]) and not identity.outside
        found[name] = values[0] if agree else _DISAGREED.get(name)
    candidates = (*(name for each in answers for name in each.candidates), *identity.outside)
    names = [*map(_name, identity.candidates), *identity.outside]
    common = [each for each in answers[0].notes if all(each in other.notes for other in answers[1:])]
    if identity.outside:
        common = list(identity.notes)
    found |= {
        "asked": answers[0].asked,
        "family": identity.family,
        "release": None,
        "candidates": candidates,
        "ends": tuple(end for each in answers for end in each.ends),
        "build_version": answers[0].build_version if not identity.outside else None,
        "notes": (f"{' or '.join(names)}: cannot tell", *common),
    }
    if any(each.build_version != answers[0].build_version for each in answers):
        found["build_version"] = None
    return Answer(**found)


def _without_scope(value: Fact | tuple[Fact, ...] | None) -> object:
    """Return updates without their scope, which differs between the products that share them."""
    if isinstance(value, tuple):
        return tuple(map(_without_scope, value))
    return None if value is None else msgspec.structs.replace(value, scope="")


def _name(candidate: Candidate) -> str:
    """Return the name of a release, with that of its long-term edition: "Windows 10 1607 (LTSB 2016)"."""
    release = candidate.release
    named = dict.fromkeys(each.name for each in release.groups if "LTSC" in each.servicing)
    return f"{release.id} ({', '.join(named)})" if named else release.id
