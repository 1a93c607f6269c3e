"""The Windows release facts, the Patch Tuesday calendar, and what is published from them as images."""

from osimages.catalogue.answers import Answer, Patch, Support
from osimages.catalogue.check import Checker, check
from osimages.catalogue.evidence import Evidence
from osimages.catalogue.facts import Catalogue, Edition, Kind, Release, Source, Update, bundled
from osimages.catalogue.history import Entry, find_release, history
from osimages.catalogue.soundness import Finding, findings

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
