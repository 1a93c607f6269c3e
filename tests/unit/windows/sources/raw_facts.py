"""The files that the facts were compiled from, where they are present, as statements of their sources."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from osimages.windows.builds import Build
from osimages.windows.merge.claims import (
    ENTERPRISE_AND_EDUCATION,
    HOME_AND_PRO,
    BulletinClaim,
    Claim,
    EndClaim,
    Origin,
    ReleaseClaim,
    Statement,
    UpdateClaim,
    Weight,
)
from osimages.windows.merge.merging import NOTHING, Merged, merge
from osimages.windows.sources import data_for_geeks, endoflife_date, graph_products
from osimages.windows.sources.msrc import release_of_product
from osimages.windows.sources.parsing import day_of, from_titles, joined, release_of
from tests.unit.windows.csv_facts import FACTS

RAW = FACTS / "raw"
DATA_FOR_GEEKS = ("buildnumbers", "lifecycle-client", "lifecycle-client-ltsc", "releases")


@lru_cache(1)
def rebuilt() -> Merged:
    """The catalogue that the files give."""
    return merge(NOTHING, statements())


def statements() -> list[Statement]:
    """What each of the files says; those with the name of a page were copied from it by hand."""
    geeks = joined(
        [data_for_geeks.parse((RAW / f"DataForGeeks.mswin.{name}.json").read_bytes()) for name in DATA_FOR_GEEKS]
    )
    return [
        _statement("DataForGeeks-2026-06", Weight.THIRD_PARTY, geeks.claims),
        _statement(
            "endoflife.date",
            Weight.THIRD_PARTY,
            endoflife_date.parse((RAW / "endoflife.date.api.v1.products.windows.derived.json").read_bytes()).claims,
        ),
        _statement(
            "graph",
            Weight.TABLE,
            graph_products.parse(
                (RAW / "graph.windowsUpdates.products.findByKbNumber.example.json").read_bytes()
            ).claims,
        ),
        _statement("cve5-2026-11", Weight.SECURITY, _fixed_builds()),
        _statement("ms-release-health-2026-09", Weight.TABLE, [*_history(), *_current()]),
        _statement("ms-update-history-2026-09", Weight.TITLE, from_titles(_titles(), "in the file").claims),
        _statement("msrc-wesng", Weight.SECURITY, _bulletins()),
    ]


def _statement(name: str, weight: Weight, claims: Iterable[Claim]) -> Statement:
    return Statement(Origin(name, "", "", date(2026, 11, 23), weight), tuple(claims))


def _rows(name: str) -> list[dict[str, str]]:
    lines = (RAW / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(lines[1:]))  # the first names the page


def _fixed_builds() -> Iterable[Claim]:
    for row in _rows("manual.cve5-fixed-builds.csv"):
        yield UpdateClaim(Build.parse(row["build"]), None, day_of(row["date"]))


def _history() -> Iterable[Claim]:
    for row in _rows("manual.release-health.2026-09-30.csv"):
        build = Build.parse(row["build"])
        yield UpdateClaim(build, row["kb"] or None, day_of(row["date"]), label=row["update_type"], is_in_table=True)


def _current() -> Iterable[Claim]:
    for row in _rows("manual.release-health-lifecycle.2026-09-30.csv"):
        build = Build.parse(row["latest_build"])
        yield ReleaseClaim("Windows 11", row["version"], build.build, day_of(row["availability_date"]))
        for column, group in (("end_home_pro", HOME_AND_PRO), ("end_ent_edu", ENTERPRISE_AND_EDUCATION)):
            end = day_of(row[column])
            if end is not None:
                yield EndClaim(f"Windows 11 {row['version']}", group, end)


def _titles() -> list[tuple[str, str]]:
    lines = (RAW / "manual.update-history.2026-09-26.txt").read_text(encoding="utf-8").splitlines()[1:]
    return [(release_of(category), title) for category, _, title in (line.partition("\t") for line in lines)]


def _bulletins() -> Iterable[Claim]:
    with gzip.open(RAW / "wesng.msrc-windows-client-kb.2026-06-28.csv.gz", "rt", encoding="utf-8") as text:
        for row in csv.DictReader(text):
            release = release_of_product(row["affected_product"])
            if release:
                yield BulletinClaim(f"KB{row['kb']}", release, date.fromisoformat(row["date_posted"]))
