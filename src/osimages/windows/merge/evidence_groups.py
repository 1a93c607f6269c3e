"""Brings together what all sources say of the same update, and leaves out what cannot be right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

import msgspec

from osimages.windows.builds import Build
from osimages.windows.facts import Update
from osimages.windows.merge.claims import BulletinClaim, Origin, Rejection, Statement, UpdateClaim, Weight
from osimages.windows.merge.outlier_filter import Key, misprints
from osimages.windows.merge.rules import has_server_packages, is_server_revision


class Voice(msgspec.Struct, frozen=True):
    """One claim with the source that makes it."""

    origin: Origin
    claim: UpdateClaim


class Pool(msgspec.Struct):
    """One update: what the shipped facts have (`known`), and what sources say of it."""

    build: Build
    kb: str | None
    known: Update | None = None
    voices: list[Voice] = msgspec.field(default_factory=list)
    bulletins: list[tuple[Origin, BulletinClaim]] = msgspec.field(default_factory=list)

    def days(self) -> dict[date, list[tuple[Weight, str]]]:
        """Return every day that is named, with weight and name of those who name it; bulletins' only where no other."""
        found: defaultdict[date, list[tuple[Weight, str]]] = defaultdict(list)
        for voice in self.voices:
            if voice.claim.day is not None:
                found[voice.claim.day].append((voice.origin.weight, voice.origin.name))
        if not found:
            for origin, bulletin in self.bulletins:
                if bulletin.day is not None:
                    found[bulletin.day].append((origin.weight, origin.name))
        return dict(found)

    def sources(self) -> set[str]:
        """Return the names of all sources that have this update, beside those of the shipped facts."""
        return {each.origin.name for each in self.voices} | {origin.name for origin, _ in self.bulletins}


class Pools(msgspec.Struct):
    """All updates by build and KB, and what was left out."""

    by_key: dict[Key, Pool]
    rejected: list[Rejection]


def gather(
    known: Iterable[Update],
    statements: Sequence[Statement],
    families: Mapping[int, str],
    dropped: Iterable[Build] = (),
    servers: Iterable[Build] = (),
) -> Pools:
    """Return every update that is known or claimed and can be one of a release in `families` (release ids by build).

    `dropped` are builds that the overrides file takes out, `servers` the known builds of Windows Server.
    """
    out: set[Build] = set(dropped)
    pools: dict[Key, Pool] = {}
    rejected: list[Rejection] = []
    for update in known:
        if update.build not in out:
            pools[update.build, update.kb or ""] = Pool(update.build, update.kb, update)
    known_builds = {build for build, _ in pools}
    of_servers = {each for each in servers if has_server_packages(each.build) and each not in known_builds}
    wrong = misprints(statements, pools.keys(), families)
    for statement in statements:
        for claim in statement.claims:
            if not isinstance(claim, UpdateClaim) or claim.build in out:
                continue
            misprint = wrong.get((statement.origin.name, claim), "")
            why = misprint or _refusal(claim, families, of_servers)
            if why:
                rejected.append(Rejection(statement.origin.name, _named(claim), why, bool(misprint)))
                continue
            pool = pools.setdefault((claim.build, claim.kb or ""), Pool(claim.build, claim.kb))
            pool.voices.append(Voice(statement.origin, claim))
    return Pools(_with_bulletins(_joined(pools), statements, families), rejected)


def _refusal(claim: UpdateClaim, families: Mapping[int, str], of_servers: Collection[Build]) -> str:
    build = claim.build
    if (build.major, build.minor) != (10, 0):
        return "no build of Windows 10 or 11"
    if build.build not in families:
        return "its build is not that of a known client release of Windows"
    if is_server_revision(build.build, build.revision) or build in of_servers:
        return "a revision of Windows Server, not of the client release of that build"
    return ""


def _named(claim: UpdateClaim) -> str:
    kb = f" {claim.kb}" if claim.kb else ""
    day = f" of {claim.day}" if claim.day else ""
    return f"{claim.build.short}{kb}{day}"


def _joined(pools: Mapping[Key, Pool]) -> dict[Key, Pool]:
    """Put what names no KB to the update of that build which has one; where there are several, to that of its day."""
    kbs: defaultdict[Build, list[Pool]] = defaultdict(list)
    for pool in pools.values():
        if pool.kb is not None:
            kbs[pool.build].append(pool)
    found = {key: pool for key, pool in pools.items() if pool.kb is not None}
    for key, pool in pools.items():
        if pool.kb is not None:
            continue
        with_kb = kbs[pool.build]
        days = pool.days().keys() | ({pool.known.release_date} if pool.known else set())
        same_day = [each for each in with_kb if days & _all_days(each)]
        target = with_kb[0] if len(with_kb) == 1 else same_day[0] if same_day else None
        if target is None:
            found[key] = pool
        else:
            target.voices += pool.voices
            target.known = target.known or pool.known
    return found


def _all_days(pool: Pool) -> set[date | None]:
    return {*pool.days(), pool.known.release_date if pool.known else None} - {None}


def _with_bulletins(
    pools: dict[Key, Pool], statements: Sequence[Statement], families: Mapping[int, str]
) -> dict[Key, Pool]:
    listed: defaultdict[tuple[str, str], list[Pool]] = defaultdict(list)
    for pool in pools.values():
        if pool.kb is not None:
            listed[pool.kb, families[pool.build.build]].append(pool)
    for statement in statements:
        for claim in statement.claims:
            if isinstance(claim, BulletinClaim):
                for pool in listed[claim.kb, claim.release]:
                    pool.bulletins.append((statement.origin, claim))
    return pools
