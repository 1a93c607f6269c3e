"""Is a build still supported, and how far behind is it? Answered from the catalogue, for a day and an edition."""

from __future__ import annotations

from datetime import date

import msgspec

from osimages.catalogue.answers import Answer, End, Fact, Family, Patch, Support, Verdict, verdict
from osimages.catalogue.builds import Build
from osimages.catalogue.calendar import patch_tuesdays_until
from osimages.catalogue.evidence import Evidence
from osimages.catalogue.facts import Catalogue, Kind, Release, Update, bundled
from osimages.catalogue.publishing import b_releases, newest_day, patch_tuesday_of
from osimages.catalogue.servicing import EXTENSIONS, LONG_TERM, Servicing, servicing_of
from osimages.catalogue.spelling import Speller, Stated
from osimages.clock import Clock

USUAL_AGE_DAYS = 2
_MOST_UNKNOWN = 24


class _Newest(msgspec.Struct, frozen=True):
    revision: int
    month: tuple[int, int]
    fact: Fact


class _Known(msgspec.Struct, frozen=True):
    """What does not depend on the build: of a release and an edition the support on the day, of its updates the B
    releases that count, newest first, and each by its revision.
    """

    ends: tuple[End, ...]
    support: Support
    support_end_date: date | None
    unknown_patch_tuesdays: tuple[date, ...]
    newest: tuple[_Newest, ...]
    updates: dict[int, Update]
    last_revision: int


class Checker:
    """Checks builds against the facts of a catalogue on a day in Pacific Time.

    `age_days` is how old a Patch Tuesday must be to count, as in publishing; `esu` says that the devices have Extended
    Security Updates, and `max_behind` how many Patch Tuesdays behind still is current.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        today: date,
        *,
        age_days: int = USUAL_AGE_DAYS,
        esu: bool = False,
        max_behind: int = 0,
        allow_stale: bool = False,
    ) -> None:
        self.catalogue = catalogue
        self.today = today
        self._age_days = age_days
        self._esu = esu
        self._max_behind = max_behind
        self._allow_stale = allow_stale
        self._speller = Speller(catalogue)
        self._remembered: dict[tuple[str, Servicing | None], _Known] = {}

    def check(self, text: str, edition: str | None = None) -> Answer:
        """What is known about a build or version, in any spelling. Raises nothing: what is not understood is unknown.

        `edition` overrules an edition that the text names; one that is not understood is told in the notes.
        """
        stated = self._speller.read(text)
        servicing, notes = stated.servicing, stated.notes
        if edition and edition.strip():
            servicing = servicing_of(edition) or servicing
            if servicing is None:
                notes += (f"'{edition.strip()[:64]}' is no edition that is known here",)
        if stated.release is None:
            family = Family.SERVER if stated.is_server else Family.UNKNOWN
            return _unknown(text, family, servicing, (stated.problem, *notes))
        return self._answer(text, stated, stated.release, servicing, notes)

    def check_device(self, evidence: Evidence) -> Answer:
        """Return what is known about a device; never raises."""
        build = evidence.build.strip()
        text = f"{build}.{evidence.revision.strip()}" if build and evidence.revision.strip() else build
        text = " ".join(filter(None, (text or evidence.lab, evidence.version, evidence.system)))
        return self.check(text, evidence.edition or evidence.sku or None)

    def verdict(self, answer: Answer) -> Verdict:
        """Return the one state in which a device is counted."""
        return verdict(answer, self._allow_stale)

    def is_server(self, text: str) -> bool:
        """Whether a text is about Windows Server."""
        return self._speller.read(text).is_server

    def _answer(
        self, text: str, stated: Stated, release: Release, servicing: Servicing | None, notes: tuple[str, ...]
    ) -> Answer:
        known = self._known(release, servicing)
        if not known.ends:
            notes += (f"{release.id} has no {servicing} edition",)
        support, end = known.support, known.support_end_date
        extension = EXTENSIONS.get(release.os_build)
        patch, behind, missing = _patch(known, stated.build)
        if patch is Patch.CURRENT and known.unknown_patch_tuesdays:
            patch = Patch.CURRENT_AS_FAR_AS_KNOWN
        update = None if stated.build is None else known.updates.get(stated.build.revision)
        return Answer(
            asked=text,
            family=Family.CLIENT,
            release=release.id,
            candidates=(release.id,),
            build_version=None if stated.build is None else str(stated.build),
            servicing=servicing,
            support=support,
            is_supported=support is Support.SUPPORTED or (support is Support.EXTENDED and self._esu),
            support_end_date=end,
            days_left=None if end is None else (end - self.today).days,
            ends=known.ends,
            extended_until=None if extension is None else extension.support_end_date,
            esu="commercial" if support is Support.EXTENDED and self._esu else None,
            patch=patch,
            is_current=patch is Patch.CURRENT
            or (patch is Patch.BEHIND and behind is not None and behind <= self._max_behind),
            patch_tuesdays_behind=behind,
            patch_level=None,
            current_as_of=known.newest[0].fact.patch_tuesday if known.newest else None,
            update=None if update is None else _fact(update),
            latest=known.newest[0].fact if known.newest else None,
            missing=missing,
            unknown_patch_tuesdays=known.unknown_patch_tuesdays,
            upgrade=None,
            notes=(*notes, *_remarks(stated.build, update, patch)),
        )

    def _ends(self, release: Release, servicing: Servicing | None) -> tuple[End, ...]:
        """The groups of editions that it can be, soonest end first; none where the release has no such edition."""
        every: dict[str, date] = {}
        for edition in release.editions:
            every[edition.servicing or str(servicing_of(edition.edition_type))] = edition.support_end_date
        every |= {each.servicing: each.support_end_date for each in LONG_TERM.get(release.os_build, ())}
        ends = (
            End(release.id, str(name), last, (last - self.today).days)
            for name, last in every.items()
            if servicing is None or name == servicing
        )
        return tuple(sorted(ends, key=lambda each: each.support_end_date))

    def _support(self, release: Release, ends: tuple[End, ...]) -> tuple[Support, date | None]:
        if self.today < release.general_availability:
            return Support.NOT_RELEASED, None
        if not ends:
            return Support.UNKNOWN, None
        ahead = [each for each in ends if each.days_left >= 0]
        if len(ahead) == len(ends):
            return Support.SUPPORTED, ends[0].support_end_date
        if ahead:
            return Support.DEPENDS, None
        extension = EXTENSIONS.get(release.os_build)
        if extension is not None and self.today <= extension.support_end_date:
            return Support.EXTENDED, ends[-1].support_end_date
        return Support.ENDED, ends[-1].support_end_date

    def _known(self, release: Release, servicing: Servicing | None) -> _Known:
        """What is needed of a release and an edition for each check, worked out once."""
        if (key := (release.id, servicing)) not in self._remembered:
            ends = self._ends(release, servicing)
            newest = tuple(
                _Newest(each.build.revision, (each.year or 0, each.month or 0), _fact(each))
                for each in b_releases(release, self.today, self._age_days)
            )
            # Of several updates with one build the B release counts.
            in_order = sorted(release.updates, key=lambda each: each.is_canonical_b)
            updates = {each.build.revision: each for each in in_order}
            self._remembered[key] = _Known(
                ends,
                *self._support(release, ends),
                self._unknown_patch_tuesdays(release, ends, newest[0].fact.patch_tuesday if newest else None),
                newest,
                updates,
                max(updates, default=0),
            )
        return self._remembered[key]

    def _unknown_patch_tuesdays(self, release: Release, ends: tuple[End, ...], newest: date | None) -> tuple[date, ...]:
        """Patch Tuesdays after that of the newest B release known, on which somebody was still to get one."""
        extension = EXTENSIONS.get(release.os_build)
        last = max((each.support_end_date for each in ends), default=date.min)
        if extension is not None:
            last = max(last, extension.support_end_date)
        due = patch_tuesdays_until(min(newest_day(self.today, self._age_days), last), _MOST_UNKNOWN)
        return tuple(each for each in due if each > (newest or release.general_availability))


def check(
    text: str, edition: str | None = None, *, today: date | None = None, catalogue: Catalogue | None = None
) -> Answer:
    """Checks one build or version with the facts of this release, or of `catalogue`, today in Pacific Time.

    >>> check("26100.9445", "Pro", today=date(2026, 11, 23)).support
    <Support.ENDED: 'ended'>
    """
    return Checker(catalogue or bundled(), today or Clock().today()).check(text, edition)


def _unknown(text: str, family: Family, servicing: Servicing | None, notes: tuple[str, ...]) -> Answer:
    return Answer(
        asked=text,
        family=family,
        release=None,
        candidates=(),
        build_version=None,
        servicing=servicing,
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


def _patch(known: _Known, build: Build | None) -> tuple[Patch, int | None, tuple[Fact, ...]]:
    """How a build stands, how many Patch Tuesdays it is behind, and what it lacks."""
    if build is None:
        return Patch.NOT_STATED, None, ()
    if not known.newest:
        return Patch.UNKNOWN, None, ()
    update = known.updates.get(build.revision)
    hotpatches = (Kind.HOTPATCH, Kind.HOTPATCH_OUT_OF_BAND)
    if update is not None and update.kind in hotpatches and update.release_date is not None:
        # A hotpatch brings the fixes of the B release of its month, whatever its revision.
        month = (update.release_date.year, update.release_date.month)
        missing = [each for each in known.newest if each.month > month]
    else:
        missing = [each for each in known.newest if each.revision > build.revision]
    if missing:
        return Patch.BEHIND, len({each.month for each in missing}), tuple(each.fact for each in missing)
    return (Patch.NEWER if build.revision > known.last_revision else Patch.CURRENT), 0, ()


def _fact(update: Update) -> Fact:
    tuesday = None if update.month is None else patch_tuesday_of(update)
    return Fact(str(update.build), update.kb, update.release_date, str(update.kind), tuesday, update.scope)


def _remarks(build: Build | None, update: Update | None, patch: Patch) -> tuple[str, ...]:
    if build is None:
        return ("no build with a revision was stated, so its updates are not known",)
    if patch is Patch.NEWER:
        return ("newer than every build of this release that the catalogue knows",)
    if update is None:
        return ("the catalogue knows no update with this revision; it is compared by its number",)
    if update.is_expired:
        return ("Microsoft has withdrawn this update",)
    return ()
