"""The Windows release facts, the Patch Tuesday calendar, and what is published from them as images."""

from osimages.windows.checks.answers import Answer, Patch, Support
from osimages.windows.checks.checker import Checker, check
from osimages.windows.checks.evidence import Evidence
from osimages.windows.facts import Catalogue, Edition, Kind, Release, Source, Update, bundled
from osimages.windows.merge.validation import Finding, findings
from osimages.windows.release_history import Entry, find_release, history

__all__ = [
    "Answer",
    "Catalogue",
    "Checker",
    "Edition",
    "Entry",
    "Evidence",
    "Finding",
    "Kind",
    "Patch",
    "Release",
    "Source",
    "Support",
    "Update",
    "bundled",
    "check",
    "find_release",
    "findings",
    "history",
]
