"""What each source says, put together again from the fact files: every row is a claim of each source that it names."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from functools import lru_cache

from osimages.windows.builds import Build
from osimages.windows.merge.claims import Claim, EndClaim, Origin, ReleaseClaim, Statement, Title, UpdateClaim, Weight
from osimages.windows.merge.kinds import HOTPATCH_CALENDAR, OWN_LABELS, TITLE
from osimages.windows.merge.merging import NOTHING, Merged, merge
from tests.unit.windows.csv_facts import disagreements, rows

TITLES = {
    "C-D preview": Title.PREVIEW,
    "OOB": Title.OUT_OF_BAND,
    "hotpatch": Title.HOTPATCH,
    "hotpatch OOB": Title.HOTPATCH_OUT_OF_BAND,
}
# The rows of msrc-wesng have their builds from another source, so that they are not held against the security guide.
WEIGHTS = {
    "ms-release-health": Weight.TABLE,
    "ms-update-history": Weight.TITLE,
    "cve5": Weight.SECURITY,
    "inferred": Weight.COPY,
}


def weight(source: str) -> Weight:
    """How much the word of a source in the fact files counts."""
    return next((each for start, each in WEIGHTS.items() if source.startswith(start)), Weight.THIRD_PARTY)


def has_titles(source: str) -> bool:
    """Whether a source reads the titles of Microsoft's pages."""
    return source.startswith(("DataForGeeks", "ms-update-history"))


def knows_no_days(source: str) -> bool:
    """vuls keeps builds and KBs alone."""
    return source.startswith("vuls")


def claim(row: dict[str, str], source: str) -> UpdateClaim:
    """What one of the sources of a row says of it."""
    title = Title.NONE
    if row["type_basis"] in (TITLE, HOTPATCH_CALENDAR):
        title = TITLES[row["servicing_type"]]
    elif has_titles(source):
        title = Title.PLAIN
    said = other_days().get(row["build_short"], {})
    told = [day for day, names in said.items() if source in names]
    has_label = row["type_basis"] in OWN_LABELS and source.startswith("ms-release-health")
    day = told[0] if told else "" if knows_no_days(source) else row["release_date"]
    return UpdateClaim(
        Build.parse(row["build_short"]),
        row["kb"] or None,
        date.fromisoformat(day) if day else None,
        label=row["ms_update_type"] if has_label else "",
        title=title,
        is_expired=row["expired"] == "yes",
        is_in_msrc=row["in_msrc"] == "yes",
        is_in_table=row["type_basis"] == "no KB in release table",
    )


@lru_cache(1)
def other_days() -> dict[str, dict[str, list[str]]]:
    """Where sources give a build another day, by build: each day with those who give it."""
    return {row["subject"]: json.loads(row["values"]) for row in disagreements() if row["field"] == "date"}


def misprints() -> list[Claim]:
    """What Microsoft's update-history page of 2026-09-26 prints wrong, in the lists in which it does."""
    day = date(2026, 9, 8)
    found: list[Claim] = [UpdateClaim(Build.parse("22621.7582"), "KB5122880", day, listed_under="Windows 11 23H2")]
    for version, revision in (("22H2", 7725), ("21H2", 7720)):
        for build in (19045, 19044):
            listed = f"Windows 10 {version}"
            found.append(UpdateClaim(Build(10, 0, build, revision), "KB5122878", day, listed_under=listed))
    return found


@lru_cache(1)
def merged() -> Merged:
    """The catalogue that the merging makes of all of this."""
    claims: defaultdict[str, list[Claim]] = defaultdict(list)
    for row in rows("releases"):
        for source in row["ga_sources"].split(";"):
            day = date.fromisoformat(row["ga_date"])
            claims[source].append(ReleaseClaim(row["product"], row["version"], int(row["os_build_major"]), day))
    for row in rows("editions"):
        for said in row["sources"].split(";"):
            source, _, day_text = said.partition("=")
            claims[source].append(
                EndClaim(row["id"], row["servicing_group"], date.fromisoformat(day_text), row["note"])
            )
    for row in rows("updates"):
        for source in row["sources"].split(";"):
            claims[source].append(claim(row, source))
    claims["ms-update-history-2026-09"] += misprints()
    as_of = date(2026, 11, 23)
    return merge(
        NOTHING,
        [Statement(Origin(name, "", "", as_of, weight(name)), tuple(said)) for name, said in claims.items()],
    )
