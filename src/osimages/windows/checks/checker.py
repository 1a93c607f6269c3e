"""Is a build still supported, and how far behind is it? Answered from the catalogue, for a day and an edition."""

from __future__ import annotations

from datetime import date

import msgspec

from osimages.windows.calendar import pacific_today
from osimages.windows.checks.agreement import agreed
from osimages.windows.checks.answers import Answer, Family, Patch, Support, Verdict, verdict
from osimages.windows.checks.esu import EsuChoice, UnknownEsuError, esu_choice
from osimages.windows.checks.evidence import Evidence
from osimages.windows.checks.identification import Candidate, Identity, identify
from osimages.windows.checks.patch_level import KnownUpdates, PatchState, known_updates, patch_state
from osimages.windows.checks.release_index import release_index
from osimages.windows.checks.spelling import Numbers, Stated, read
from osimages.windows.checks.support_state import SupportState, support_state
from osimages.windows.checks.upgrades import upgrade_for
from osimages.windows.facts import Catalogue, EsuProgram, Release, bundled
from osimages.windows.servicing import Servicing

USUAL_AGE_DAYS = 2


class Checker:
    """Checks devices against the facts of a catalogue on a day in Pacific Time.

    `age_days` is how old a Patch Tuesday must be to count, as in publishing; `esu` is the programme of Extended
    Security Updates (ESU) of all devices about which the evidence says nothing else (True is the commercial one);
    `max_behind` is how many Patch Tuesdays behind still is current. With `allow_stale` the verdict on a build that is
    current as far as the catalogue knows is good.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        today: date,
        *,
        age_days: int = USUAL_AGE_DAYS,
        esu: EsuProgram | bool = False,
        max_behind: int = 0,
        allow_stale: bool = False,
    ) -> None:
        self.catalogue = catalogue
        self.today = today
        self.age_days = age_days
        self._program = esu if isinstance(esu, EsuProgram) else EsuProgram.COMMERCIAL
        self._esu = EsuChoice(self._program) if esu else None
        self._max_behind = max_behind
        self.allow_stale = allow_stale
        self._index = release_index(catalogue)
        self._updates: dict[str, KnownUpdates] = {}
        self._supports: dict[tuple[str, Servicing | None, EsuChoice | None], tuple[SupportState, str | None]] = {}

    def check(self, text: str, edition: str | None = None, esu: str | None = None) -> Answer:
        """Return what is known about a build or version, in any spelling. Raises nothing: see `check_device`.

        `edition` overrules an edition that the text names; one that is not understood is named in the notes.
        """
        return self.check_device(Evidence(build=text, edition=edition or "", esu=esu or ""))

    def check_device(self, evidence: Evidence) -> Answer:
        """Return what is known about a device. Raises nothing: what is not understood is unknown, with a note."""
        stated = read(evidence)
        identity = identify(self._index, stated)
        esu, notes = self._esu_of(evidence)
        answers = [self._answer(evidence, stated, identity, candidate, esu) for candidate in identity.candidates]
        if not answers:
            return _unknown(evidence, identity, (identity.problem, *identity.notes))
        answer = answers[0] if len(answers) == 1 and not identity.outside else agreed(answers, identity)
        return msgspec.structs.replace(answer, notes=(*answer.notes, *notes)) if notes else answer

    def verdict(self, answer: Answer) -> Verdict:
        """Return the one state in which a device is counted."""
        return verdict(answer, self.allow_stale)

    def _esu_of(self, evidence: Evidence) -> tuple[EsuChoice | None, tuple[str, ...]]:
        """Return the ESU of a device: its own where the evidence names them, else those of all."""
        if not evidence.esu.strip():
            return self._esu, ()
        try:
            return esu_choice(evidence.esu, self._program), ()
        except UnknownEsuError as error:
            return self._esu, (str(error),)

    def _answer(
        self, evidence: Evidence, stated: Stated, identity: Identity, candidate: Candidate, esu: EsuChoice | None
    ) -> Answer:
        """Return the answer for one of the releases that a device can run."""
        release, build = candidate.release, candidate.build
        servicing = identity.servicing if candidate.family is not Family.SERVER else None
        support, upgrade = self._support(release, servicing, esu)
        updates = self._known(release)
        is_truncated = build is not None and self._index.is_truncated(
            Numbers(build.major, build.minor, build.build, build.revision), stated.is_rounded
        )
        patch = patch_state(updates, build, is_truncated, support.last_day, support.last_day_of_others)
        if servicing is None and candidate.family is Family.SERVER and len(support.groups) == 1:
            servicing = support.groups[0].servicing
        end = support.support_end_date
        latest = updates.newest[0] if updates.newest else None
        return Answer(
            asked=evidence.build,
            family=candidate.family,
            release=release.id,
            candidates=(release.id,),
            build_version=None if build is None else str(build),
            servicing=servicing,
            support=support.support,
            is_supported=support.is_supported,
            support_end_date=end,
            days_left=None if end is None else (end - self.today).days,
            ends=support.ends,
            extended_until=support.extended_until,
            esu=support.esu,
            patch=patch.patch,
            is_current=self._is_current(patch),
            patch_tuesdays_behind=patch.behind,
            patch_level=patch.level,
            current_as_of=None if latest is None else latest.patch_tuesday,
            update=patch.update,
            latest=None if latest is None else latest.fact,
            missing=patch.missing,
            unknown_patch_tuesdays=patch.unknown,
            upgrade=upgrade,
            notes=(*identity.notes, *patch.notes, *_final_notes(patch, support), *support.notes),
        )

    def _is_current(self, patch: PatchState) -> bool:
        if patch.patch is Patch.BEHIND:
            if patch.unknown and not self.allow_stale:
                return False
            return patch.behind is not None and patch.behind <= self._max_behind
        return patch.patch is Patch.CURRENT

    def _support(
        self, release: Release, servicing: Servicing | None, esu: EsuChoice | None
    ) -> tuple[SupportState, str | None]:
        """Return the support of a release and the upgrade that helps; both are the same for every build."""
        key = (release.id, servicing, esu)
        if key not in self._supports:
            state = support_state(release, servicing, self.today, esu)
            upgrade = upgrade_for(self.catalogue, release, servicing, state, self.today)
            self._supports[key] = state, upgrade
        return self._supports[key]

    def _known(self, release: Release) -> KnownUpdates:
        if release.id not in self._updates:
            is_server = release.product == "Windows Server"
            complete = (self.catalogue.servers_complete_until if is_server else None) or self.catalogue.complete_until
            self._updates[release.id] = known_updates(release, self.today, self.age_days, complete)
        return self._updates[release.id]


def check(
    text: str,
    edition: str | None = None,
    *,
    esu: str | None = None,
    today: date | None = None,
    catalogue: Catalogue | None = None,
) -> Answer:
    """Return what is known about one build or version, in any spelling.

    The facts are those of this release of osimages, or of `catalogue`; the day is today in Pacific Time, or `today`.
    `esu` names Extended Security Updates: "commercial", "consumer", "no". Raises nothing: what is not understood is
    unknown, with a note. `Checker` checks many builds.

    >>> check("26100.9445", "Pro", today=date(2026, 11, 23)).support
    <Support.ENDED: 'ended'>
    """
    return Checker(catalogue or bundled(), today or pacific_today()).check(text, edition, esu)


def _final_notes(patch: PatchState, support: SupportState) -> tuple[str, ...]:
    if patch.patch is not Patch.FINAL:
        return ()
    which = "edition" if len(support.groups) == 1 else "release"
    if patch.is_beyond:
        return (f"newer than the last update of this {which}; support ended on {support.support_end_date}",)
    if support.support is Support.EXTENDED and support.esu is None:
        end = f"support ended on {support.support_end_date}, Extended Security Updates until {support.extended_until}"
        return (f"last free update of this {which} installed; {end}",)
    return (f"last update of this {which} installed; support ended on {support.support_end_date}",)


def _unknown(evidence: Evidence, identity: Identity, notes: tuple[str, ...]) -> Answer:
    return Answer(
        asked=evidence.build,
        family=identity.family,
        release=None,
        candidates=(),
        build_version=None,
        servicing=identity.servicing,
        support=Support.UNKNOWN,
        is_supported=False,
        support_end_date=None,
        days_left=None,
        ends=(),
        extended_until=None,
        esu=None,
        patch=Patch.UNKNOWN,
        is_current=False,
        patch_tuesdays_behind=None,
        patch_level=None,
        current_as_of=None,
        update=None,
        latest=None,
        missing=(),
        unknown_patch_tuesdays=(),
        upgrade=None,
        notes=notes,
    )
