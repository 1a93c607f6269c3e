"""Chooses the columns of an export by their headings and by what is in them, and says why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from osimages.windows.checks.editions import named_edition
from osimages.windows.fleet.columns import DEVICE_IDS, OPTIONS, SERIAL_NUMBERS, Choice, Columns, ColumnsError, Named
from osimages.windows.fleet.dates import date_in, is_day_first
from osimages.windows.fleet.headings import (
    DEVICE_ID,
    DEVICE_NAME,
    HEADINGS,
    NOT_DEVICE_ID,
    NOT_LAST_SEEN,
    NOT_SERIAL,
    NOT_THE_SYSTEM,
    SERIAL,
    folded,
    is_known,
    joined,
    last_seen_rank,
    rank,
)
from osimages.windows.fleet.recognise import (
    Recogniser,
    count,
    is_date,
    is_edition,
    is_guid,
    is_identifier,
    is_installation_type,
    is_lab,
    is_neutral,
    is_product_type,
    is_revision,
    is_small_number,
    is_strong_edition,
    is_system,
    share,
)

_MOST_COLUMNS = 1_000
_MOST_CELLS = 60_000
_LEAST_ROWS = 20
_RECENT_DAYS = 120
_MOST_WEIGHT = 1.6


class _Column:
    """One column of the sample."""

    def __init__(self, name: str, place: int, rows: Sequence[Sequence[str]]) -> None:
        self.name = name
        self.place = place
        self.cells = [row[place] if place < len(row) else "" for row in rows]
        self.values = [each for each in self.cells if not is_neutral(each)]
        self.text = joined(name)
        self.is_trap = NOT_THE_SYSTEM.search(self.text) is not None

    def chosen(self, why: str) -> Choice:
        return Choice(self.name, self.place, why)

    def rank(self, role: str) -> int:
        return rank(role, self.name)

    def is_known(self, role: str) -> bool:
        return is_known(role, self.name)

    def weight(self, role: str, found: int) -> float:
        """Return how well the column fits a role: by what was found in its values, then by its heading."""
        return found * (_MOST_WEIGHT - 0.5 * self.rank(role) / len(HEADINGS[role]))

    def reason(self, found: int, what: str, *, known: bool) -> str:
        """Return why the column is chosen: its heading, its values, or both."""
        values = f"{what} in {found} of {len(self.values)} values"
        if not known:
            return f"its values: {values}"
        return f"its heading; {values}" if self.values else "its heading"


def choose(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    recogniser: Recogniser,
    named: Named,
    today: datetime,
) -> Columns:
    """Return the columns to read, by their names and by the first rows. Columns that are named must be there.

    Raises ColumnsError where there is nothing about an operating system, or no column of a given name.
    """
    # The work is bounded whatever the number of columns is; inventories have up to 200.
    columns = names[:_MOST_COLUMNS]
    looked_at = rows[: max(_LEAST_ROWS, _MOST_CELLS // (len(columns) or 1))]
    return _Chooser(columns, looked_at, recogniser, named, today).columns()


class _Chooser:
    """The steps of one choice; each takes what those before it have left."""

    def __init__(
        self,
        names: Sequence[str],
        rows: Sequence[Sequence[str]],
        recogniser: Recogniser,
        named: Named,
        today: datetime,
    ) -> None:
        self._names = names
        self._all = [_Column(name, place, rows) for place, name in enumerate(names)]
        self._recogniser = recogniser
        self._named = named
        self._today = today
        self._taken: set[int] = set()

    def columns(self) -> Columns:
        given = {role: self._given(role) for role in OPTIONS}
        lab = self._lab()
        build = given["build"] or self._build()
        revision = given["revision"] or self._revision(build)
        version = self._version()
        system = (given["system"],) if given["system"] else self._systems(build)
        if build is None and version is None and not any(self._names_system(each) for each in system):
            build = self._build_by_heading()
        if build is None and revision is None and version is None and lab is None and not system:
            raise ColumnsError(
                f"None of the columns holds builds, versions or names of Windows: {_listed(self._names)}. "
                "Name the one of the build with --build-column."
            )
        sku = self._by_heading("sku") or self._numbered_edition()
        edition = given["edition"] or self._edition()
        identity, together = ((given["identity"],), ()) if given["identity"] else self._identity()
        last_seen = given["last_seen"] or self._last_seen()
        return Columns(
            build=build,
            revision=revision,
            version=version,
            edition=edition,
            system=system,
            product_type=self._by_heading("product_type") or self._by_values(is_product_type, "product types"),
            installation_type=self._by_heading("installation_type")
            or self._by_values(is_installation_type, "installation types"),
            sku=sku,
            lab=lab,
            esu=given["esu"],
            identity=identity,
            identity_together=together,
            name=self._name() if identity else None,
            last_seen=last_seen,
            is_day_first=self._is_day_first(last_seen),
        )

    def _given(self, role: str) -> Choice | None:
        wanted = getattr(self._named, role)
        if wanted is None:
            return None
        for column in self._all:
            if column.name.strip().casefold() == wanted.strip().casefold():
                self._taken.add(column.place)
                return column.chosen(f"given by {OPTIONS[role]}")
        raise ColumnsError(f"There is no column '{wanted}' ({OPTIONS[role]}): there are {_listed(self._names)}.")

    def _free(self) -> Iterator[_Column]:
        return (each for each in self._all if each.place not in self._taken)

    def _take(self, column: _Column, why: str) -> Choice:
        self._taken.add(column.place)
        return column.chosen(why)

    def _take_best(self, candidates: list[tuple[float, _Column, int]], what: str, role: str) -> Choice | None:
        """Take the column with the most weight, the first of several; None without candidates."""
        if not candidates:
            return None
        _, column, found = max(candidates, key=lambda each: each[0])
        return self._take(column, column.reason(found, what, known=column.is_known(role)))

    def _build(self) -> Choice | None:
        candidates = []
        for column in self._free():
            weights = [self._recogniser.build(each) for each in column.values]
            found = sum(1 for each in weights if each)
            if found and not column.is_trap and self._may_be_builds(column, found):
                candidates.append((column.weight("build", sum(weights)), column, found))
        return self._take_best(candidates, "builds", "build")

    def _may_be_builds(self, column: _Column, found: int) -> bool:
        """Return whether the builds in a column are no accident: numbers alone have to be most of its values."""
        bare = count(column.values, self._recogniser.is_bare)
        if bare > found / 2:
            return found >= 0.5 * len(column.values)
        return column.is_known("build") or found > bare

    def _build_by_heading(self) -> Choice | None:
        """Return a column that is named like one, although no value in the sample is a build."""
        known = sorted((each for each in self._free() if each.is_known("build")), key=lambda each: each.rank("build"))
        return self._take(known[0], "its heading; no value in the first rows is a build") if known else None

    def _revision(self, build: Choice | None) -> Choice | None:
        """Return the column that completes the builds: named so, or with numbers that make known updates of them."""
        if build is None:
            return None
        builds = self._all[build.place]
        if share(builds.values, lambda text: self._recogniser.build(text) >= 4) > 0.5:
            return None
        for column in sorted(self._free(), key=lambda each: each.rank("revision")):
            numbers = count(column.values, is_revision)
            if not numbers or numbers < 0.8 * len(column.values):
                continue
            pairs = [(a, b) for a, b in zip(builds.cells, column.cells, strict=True) if a and is_revision(b)]
            known = sum(1 for each in pairs if self._recogniser.is_known(*each))
            is_known = column.is_known("revision")
            if is_known or (known and known >= 0.5 * len(pairs)):
                why = f"{known} of {len(pairs)} values make known updates with '{builds.name}'"
                return self._take(column, f"its heading; {why}" if is_known else f"its values: {why}")
        return None

    def _version(self) -> Choice | None:
        candidates = []
        for column in self._free():
            found = count(column.values, self._recogniser.version)
            is_named = column.is_known("version") or "version" in column.text or "release" in column.text
            certain = count(column.values, self._recogniser.is_full_version)
            if found and not column.is_trap and (is_named or (certain and found >= 0.8 * len(column.values))):
                candidates.append((column.weight("version", found), column, found))
        return self._take_best(candidates, "versions", "version")

    def _systems(self, build: Choice | None) -> tuple[Choice, ...]:
        """Up to two columns that name the operating system: the one with most values, and another one."""
        found: list[tuple[tuple[bool, float, float, int], _Column, int]] = []
        for column in self._all:
            if column.place in self._taken and (build is None or column.place != build.place):
                continue
            named = count(column.values, is_system)
            is_known = column.is_known("system")
            is_build = build is not None and column.place == build.place
            if is_build and not named:
                continue
            if is_known and column.text == "name" and named < 0.5 * len(column.values):
                continue
            if not named and (not is_known or column.values):
                continue  # such as Platform = x64
            if not is_known and (column.is_trap or named < 0.6 * len(column.values)):
                continue
            telling = share(column.values, lambda text: any(map(str.isdigit, text)))
            telling += share(column.values, named_edition)
            found.append(
                (
                    (bool(named), round(telling, 1), named / (len(column.cells) or 1), -column.rank("system")),
                    column,
                    named,
                )
            )
        found.sort(key=lambda each: each[0], reverse=True)
        return tuple(
            self._take(column, column.reason(named, "names of operating systems", known=column.is_known("system")))
            for _, column, named in found[:2]
        )

    def _names_system(self, choice: Choice) -> bool:
        return any(is_system(each) for each in self._all[choice.place].values)

    def _edition(self) -> Choice | None:
        for column in sorted(self._free(), key=lambda each: each.rank("edition")):
            found = count(column.values, is_edition)
            if column.is_known("edition") and not all(map(is_small_number, column.values)):
                return self._take(column, column.reason(found, "editions", known=True))
        for column in self._free():
            found = count(column.values, is_edition)
            is_named = any(each in column.text for each in ("sku", "edition"))
            is_certain = found >= 0.8 * len(column.values) and count(column.values, is_strong_edition) > 0
            if found and (is_certain or (is_named and found >= 0.5 * len(column.values))):
                return self._take(column, column.reason(found, "editions", known=is_named))
        return None

    def _by_heading(self, role: str) -> Choice | None:
        for column in sorted(self._free(), key=lambda each: each.rank(role)):
            if column.is_known(role) and column.values:
                return self._take(column, "its heading")
        return None

    def _numbered_edition(self) -> Choice | None:
        """Return a column that is named like one of editions, and holds their numbers (OperatingSystemSKU)."""
        for column in sorted(self._free(), key=lambda each: each.rank("edition")):
            if column.is_known("edition") and column.values and all(map(is_small_number, column.values)):
                found = count(column.values, named_edition)
                return self._take(column, column.reason(found, "numbers of editions", known=True)) if found else None
        return None

    def _by_values(self, test: Callable[[str], bool], what: str) -> Choice | None:
        for column in self._free():
            found = count(column.values, test)
            if found and found == len(column.values):
                return self._take(column, column.reason(found, what, known=False))
        return None

    def _lab(self) -> Choice | None:
        for column in sorted(self._all, key=lambda each: each.rank("lab")):
            found = count(column.values, is_lab)
            if found or (column.is_known("lab") and column.values):
                return self._take(column, column.reason(found, "BuildLabEx", known=column.is_known("lab")))
        return None

    def _identity(self) -> tuple[tuple[Choice, ...], tuple[Choice, ...]]:
        """Columns of device ids and of serial numbers; where no heading names any, all that identify, together."""
        found = []
        for column in self._free():
            words = folded(column.name)
            if len(column.values) >= 10 and len(set(column.values)) < 0.3 * len(column.values):
                continue
            if DEVICE_ID.search(column.text) and not NOT_DEVICE_ID.search(column.text):
                found.append(column.chosen(DEVICE_IDS))
            elif SERIAL.search(words) and not NOT_SERIAL.search(words):
                found.append(column.chosen(SERIAL_NUMBERS))
        if found:
            return tuple(found), ()
        together = [
            each
            for each in self._free()
            if len(each.values) > 1 and share(each.values, is_identifier) >= 0.9 and not share(each.values, is_date)
        ]
        if len(together) < 2 or not any(share(each.values, is_guid) > 0.5 for each in together):
            return (), ()
        return (), tuple(each.chosen("its values: ids; rows that have all of them in common") for each in together)

    def _name(self) -> Choice | None:
        """Return the names of devices: by the heading, else the first column whose values are all different."""
        for column in self._free():
            if DEVICE_NAME.search(column.text):
                return column.chosen("its heading")
        for column in self._free():
            if 1 < len(column.values) == len(set(column.values)) and not share(column.values, is_date):
                return column.chosen("its values: all are different")
        return None

    def _last_seen(self) -> Choice | None:
        candidates = []
        for column in self._free():
            place, dates = last_seen_rank(column.name), count(column.values, is_date)
            if place is not None and dates and dates >= 0.5 * len(column.values):
                candidates.append((place, -dates, column))
        if not candidates:
            return self._latest_dates()
        _, less, column = min(candidates, key=lambda each: each[:2])
        return self._take(column, column.reason(-less, "dates", known=True))

    def _latest_dates(self) -> Choice | None:
        """Return the column of dates with a recent one whose dates are the latest."""
        candidates = []
        for column in self._free():
            day_first = is_day_first(column.values, otherwise=True)
            dates = sorted(each for text in column.values if (each := date_in(text, day_first)) is not None)
            if not dates or len(dates) < 0.5 * len(column.values) or NOT_LAST_SEEN.search(column.text):
                continue
            age = (self._today - dates[-1]).days
            middle = dates[len(dates) // 2]
            if -2 <= age <= _RECENT_DAYS:
                candidates.append((middle, column, len(dates)))
        if not candidates:
            return None
        _, column, found = max(candidates, key=lambda each: each[0])
        return self._take(column, f"{column.reason(found, 'dates', known=False)}, later ones than in other columns")

    def _is_day_first(self, choice: Choice | None) -> bool:
        if choice is None:
            return False
        texts = self._all[choice.place].values
        latest = [
            max((each for text in texts if (each := date_in(text, first))), default=None) for first in (False, True)
        ]
        # If the dates are ambiguous, the reading counts in which no device is seen in the future.
        month_first, day_first = (each is None or (each - self._today).days > 1 for each in latest)
        return is_day_first(texts, otherwise=month_first and not day_first)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name[:40]}'" for name in names[:20])
    return f"{shown} and {len(names) - 20} more" if len(names) > 20 else shown
