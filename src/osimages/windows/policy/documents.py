"""Accepted ranges as JSON, CSV and sentences: the same document for the command and over HTTP."""

from __future__ import annotations

import csv
import io

import msgspec

from osimages.windows.checks.freshness import due_sentence
from osimages.windows.policy.ranges import AcceptedRange, AcceptedRanges
from osimages.windows.policy.rules import PolicyRule
from osimages.windows.policy.selection import END_UNKNOWN

_COLUMNS = (
    *("release", "family", "description", "lowestVersion", "highestVersion", "kind", "patchTuesday", "kb"),
    *("releaseDate", "unknownPatchTuesdays"),
)


def ranges_document(found: AcceptedRanges) -> dict[str, object]:
    """Return the JSON document of ranges, with values that msgspec encodes."""
    return {
        "today": found.rule.day,
        "catalogue": {"asOf": found.as_of, "completeUntil": found.complete_until},
        "rule": _rule(found.rule),
        "requiredPatchTuesday": found.required,
        "isStale": found.is_stale,
        "unknownPatchTuesdays": found.unknown_patch_tuesdays,
        "ranges": [_range(each) for each in found.ranges],
        "cannotTell": found.cannot_tell,
        "leftOut": found.left_out,
        "notes": found.notes,
    }


def ranges_json(found: AcceptedRanges) -> bytes:
    """Return the document as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(ranges_document(found)), indent=2) + b"\n"


def ranges_csv(found: AcceptedRanges) -> str:
    """Return a line for each range, below a line with the names (RFC 4180)."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for each in found.ranges:
        cells = _range(each) | {"unknownPatchTuesdays": " ".join(map(str, each.unknown_patch_tuesdays))}
        writer.writerow(["" if cells[name] is None else cells[name] for name in _COLUMNS])
    return text.getvalue()


def rule_sentence(found: AcceptedRanges) -> str:
    """Return what the rule asks for, as one sentence."""
    rule = found.rule
    behind = ("", ", one behind", ", two behind")[rule.level]
    days = "day" if rule.grace_days == 1 else "days"
    grace = f", {rule.grace_days} {days} of grace" if rule.grace_days else ""
    return f"On {rule.day}{behind}{grace}: the fixes of the Patch Tuesday of {found.required or 'no day'}."


def stale_sentences(found: AcceptedRanges) -> list[str]:
    """Return what the facts lack for this rule, as sentences."""
    stale = dict.fromkeys(each.release for each in found.ranges if each.unknown_patch_tuesdays)
    sentences = [f"{each.release}: {each.reason}." for each in found.cannot_tell]
    if stale:
        due = due_sentence(found.unknown_patch_tuesdays)
        sentences.append(f"{due} not known for {', '.join(stale)}: run osimages catalogue update.")
    return sentences


def left_out_sentence(found: AcceptedRanges) -> str:
    """Return the releases that are left out: those with Extended Security Updates, those whose end of support is not
    known and those that the rule lists by name, the others by their number. Empty if there are none.
    """
    listed = bool(found.rule.releases)
    named = [each for each in found.left_out if listed or each.has_esu or each.reason == END_UNKNOWN]
    texts = [f"{each.release} ({each.reason}{': --include-esu' * each.has_esu})" for each in named]
    others = len(found.left_out) - len(named)
    if others:
        texts.append(f"{others} other release{'s' * (others != 1)} not supported or not asked for")
    return f"Left out: {'; '.join(texts)}." if texts else ""


def _rule(rule: PolicyRule) -> dict[str, object]:
    return {
        "level": rule.level,
        "graceDays": rule.grace_days,
        "releases": rule.releases or ("newest" if rule.newest else "all"),
        "newest": rule.newest,
        "editions": rule.editions,
        "includeEsu": rule.include_esu,
        "servers": rule.servers,
        "highest": rule.highest,
    }


def _range(each: AcceptedRange) -> dict[str, object]:
    return {
        "release": each.release,
        "family": each.family.value,
        "description": each.description,
        "lowestVersion": str(each.lowest),
        "highestVersion": str(each.highest),
        "kind": each.kind.value,
        "patchTuesday": each.patch_tuesday,
        "kb": each.kb,
        "releaseDate": each.release_date,
        "unknownPatchTuesdays": each.unknown_patch_tuesdays,
    }
