"""The Windows release facts, the Patch Tuesday calendar, and what is published from them as images."""

from osimages.catalogue.check import Answer, Checker, Patch, Support, check
from osimages.catalogue.facts import Catalogue, Edition, Kind, Release, Update, bundled

__all__ = [
    "Answer",
    "Catalogue",
    "Checker",
    "Edition",
    "Kind",
    "Patch",
    "Release",
    "Support",
    "Update",
    "bundled",
    "check",
]
