"""Windows release facts: which releases are supported until when, which updates they had, and what follows from it.

`load` returns the facts as of one day; `releases`, `history` and `patch_tuesdays` answer from them. `check` returns
whether a build is supported and how far behind it is, `check_file` does so for an export of devices. Nothing here knows
HTTP, OData or Entra ID. Names are loaded when they are first used. See docs/windows.md.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from osimages.windows.builds import Build
    from osimages.windows.calendar import next_patch_tuesday, pacific_today, patch_tuesday, patch_tuesdays
    from osimages.windows.checks.answers import Answer, Patch, Support
    from osimages.windows.checks.checker import Checker, check
    from osimages.windows.checks.evidence import Evidence
    from osimages.windows.facts import (
        Catalogue,
        Edition,
        Esu,
        EsuProgram,
        Kind,
        Package,
        Release,
        Source,
        SupportGroup,
        Update,
        bundled,
        load,
    )
    from osimages.windows.fleet.columns import ColumnsError, Named
    from osimages.windows.fleet.device_export import check_file
    from osimages.windows.fleet.rows import ExportError
    from osimages.windows.fleet.tally import Summary, Tally
    from osimages.windows.merge.validation import Finding, findings
    from osimages.windows.policy.bodies import compliance_bodies
    from osimages.windows.policy.ranges import AcceptedRange, AcceptedRanges, accepted_ranges
    from osimages.windows.policy.rules import Highest, PolicyRule, RuleError, rule_of
    from osimages.windows.release_history import Entry, UnknownReleaseError, find_release, history, releases
    from osimages.windows.support import support_groups

__all__ = [
    "AcceptedRange",
    "AcceptedRanges",
    "Answer",
    "Build",
    "Catalogue",
    "Checker",
    "ColumnsError",
    "Edition",
    "Entry",
    "Esu",
    "EsuProgram",
    "Evidence",
    "ExportError",
    "Finding",
    "Highest",
    "Kind",
    "Named",
    "Package",
    "Patch",
    "PolicyRule",
    "Release",
    "RuleError",
    "Source",
    "Summary",
    "Support",
    "SupportGroup",
    "Tally",
    "UnknownReleaseError",
    "Update",
    "accepted_ranges",
    "bundled",
    "check",
    "check_file",
    "compliance_bodies",
    "find_release",
    "findings",
    "history",
    "load",
    "next_patch_tuesday",
    "pacific_today",
    "patch_tuesday",
    "patch_tuesdays",
    "releases",
    "rule_of",
    "support_groups",
]

_MODULES = {
    "builds": ("Build",),
    "calendar": ("next_patch_tuesday", "pacific_today", "patch_tuesday", "patch_tuesdays"),
    "checks.answers": ("Answer", "Patch", "Support"),
    "checks.checker": ("Checker", "check"),
    "checks.evidence": ("Evidence",),
    "facts": (
        *("Catalogue", "Edition", "Esu", "EsuProgram", "Kind", "Package", "Release", "Source", "SupportGroup"),
        *("Update", "bundled", "load"),
    ),
    "fleet.columns": ("ColumnsError", "Named"),
    "fleet.device_export": ("check_file",),
    "fleet.rows": ("ExportError",),
    "fleet.tally": ("Summary", "Tally"),
    "merge.validation": ("Finding", "findings"),
    "policy.bodies": ("compliance_bodies",),
    "policy.ranges": ("AcceptedRange", "AcceptedRanges", "accepted_ranges"),
    "policy.rules": ("Highest", "PolicyRule", "RuleError", "rule_of"),
    "release_history": ("Entry", "UnknownReleaseError", "find_release", "history", "releases"),
    "support": ("support_groups",),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

if not TYPE_CHECKING:  # a type checker would take every name for one that exists

    def __getattr__(name: str) -> object:
        """Load a public name when it is first used."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        return value

    def __dir__() -> list[str]:
        """Return the public names, as completion in a notebook needs them."""
        return __all__
