"""Builds that a source has wrong, which shows from the rest of what is said: kept out, and listed as disagreements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from osimages.windows.builds import Build
from osimages.windows.merge.claims import Statement, UpdateClaim, Weight
from osimages.windows.merge.rules import order_of

Key = tuple[Build, str]  # a build and its KB, "" where no KB is known
Misprints = dict[tuple[str, UpdateClaim], str]  # why, by the source and what it claims


def misprints(statements: Sequence[Statement], known: Collection[Key], families: Mapping[int, str]) -> Misprints:
    """What cannot be right; `known` are the updates of the shipped facts, `families` the releases by build."""
    return {
        **_against_others(statements, known),
        **_beside_another(statements, known),
        **_of_another_release(statements, families),
    }


def _of_another_release(statements: Sequence[Statement], families: Mapping[int, str]) -> Misprints:
    """Pages have printed a build of another release in a release's list (22621.7582 in that of 23H2), and records of
    the security guide name one for another (19044.7807 for Windows 10 22H2).

    A title in the list of one release may name builds of several; one of them must be its own.
    """
    titles: defaultdict[tuple[str, str | None, date | None, str], list[UpdateClaim]] = defaultdict(list)
    for name, claim, _ in _claims(statements):
        if claim.listed_under in families.values():
            titles[name, claim.kb, claim.day, claim.listed_under].append(claim)
    return {
        (name, claim): f"listed under {listed_under}, whose builds begin otherwise"
        for (name, _, _, listed_under), claims in titles.items()
        if all(families.get(each.build.build) != listed_under for each in claims)
        for claim in claims
    }


def _beside_another(statements: Sequence[Statement], known: Collection[Key]) -> Misprints:
    """A page had two revisions for one KB in two lists (19045.7725 and .7720), of which nobody else knew one."""
    tellers: defaultdict[Key, set[str]] = defaultdict(set)
    builds: defaultdict[tuple[str, str, int], list[UpdateClaim]] = defaultdict(list)
    lists: defaultdict[tuple[str, str, Build], set[str]] = defaultdict(set)
    for name, claim, _ in _claims(statements):
        tellers[claim.build, claim.kb or ""].add(name)
        if claim.listed_under and claim.kb is not None:
            builds[name, claim.kb, claim.build.build].append(claim)
            lists[name, claim.kb, claim.build].add(claim.listed_under)
    found: Misprints = {}
    for (name, kb, _), claims in builds.items():
        newest = max(claims, key=lambda each: order_of("", each.listed_under.rpartition(" ")[2]))
        for claim in claims:
            alone = tellers[claim.build, kb] == {name} and (claim.build, kb) not in known
            if alone and claim.build != newest.build and newest.listed_under not in lists[name, kb, claim.build]:
                found[name, claim] = f"the same page has {newest.build.short} for {kb}, under {newest.listed_under}"
    return found


def _against_others(statements: Sequence[Statement], known: Collection[Key]) -> Misprints:
    """The security guide is often wrong about builds: it had 22H2 fixed in .7417 with the KB of .7291."""
    kbs: defaultdict[Build, set[str]] = defaultdict(set)
    builds: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    told = ((each.build, each.kb or "") for _, each, weight in _claims(statements) if weight > Weight.SECURITY)
    for build, kb in (*known, *told):
        if kb:
            kbs[build].add(kb)
            builds[kb, build.build].add(build.short)
    found: Misprints = {}
    for name, claim, weight in _claims(statements):
        if weight is not Weight.SECURITY or claim.kb is None:
            continue
        others, own = builds.get((claim.kb, claim.build.build), set()), kbs.get(claim.build, set())
        if others and claim.build.short not in others:
            found[name, claim] = f"the build of {claim.kb} is {' or '.join(sorted(others))} by all others"
        elif own and claim.kb not in own:
            found[name, claim] = f"that build is of {' and '.join(sorted(own))} by all others"
    return found


def _claims(statements: Sequence[Statement]) -> Iterable[tuple[str, UpdateClaim, Weight]]:
    for statement in statements:
        for claim in statement.claims:
            if isinstance(claim, UpdateClaim):
                yield statement.origin.name, claim, statement.origin.weight
