"""The Windows release facts, the Patch Tuesday calendar, and what is published from them as images."""

from osimages.windows.check.answers import Answer, Patch, Support
from osimages.windows.check.checker import Checker, check
from osimages.windows.check.evidence import Evidence
from osimages.windows.facts import Catalogue, Edition, Kind, Release, Source, Update, bundled
from osimages.windows.history import Entry, find_release, history
from osimages.windows.merge.validation import Finding, findings

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
