"""Compliance policies from the release facts: which builds a rule accepts, as Graph bodies and as scripts."""

from osimages.windows.policy.ranges import AcceptedRange, AcceptedRanges, CannotTell, accepted_ranges
from osimages.windows.policy.rules import Highest, PolicyRule, RuleError, rule_of
from osimages.windows.policy.selection import LeftOut

__all__ = [
    "AcceptedRange",
    "AcceptedRanges",
    "CannotTell",
    "Highest",
    "LeftOut",
    "PolicyRule",
    "RuleError",
    "accepted_ranges",
    "rule_of",
]
