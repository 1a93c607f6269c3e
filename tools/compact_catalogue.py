"""Writes the facts of releases.csv, editions.csv and updates.csv in the compact form of osimages/catalogue/facts.py.

    python tools/compact_catalogue.py DIR [OUTPUT]

DIR holds the three files, and disagreements.csv; OUTPUT is src/osimages/catalogue/windows.json unless another file is
named, and the disagreements stand beside it. The same input gives the same output, byte for byte. Left out is only what
follows from the rest: a build's full and short form, the year and month of a release date, the number of sources, the
end dates of a release (its editions have them), and the state of servicing on the day of compilation.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

Row = Mapping[str, str]

OUTPUT = Path(__file__).parent.parent / "src" / "osimages" / "catalogue" / "windows.json"
# The README beside the CSV files: complete to this day; builds alone, or some of them, for the Patch Tuesdays after it.
COMPLETE_UNTIL = "2026-09-30"
# The column that tells the state of servicing carries the day of compilation in its name.
STATE_COLUMN = "servicing_state_"

KINDS = {
    "B": "B",
    "C-D preview": "preview",
    "OOB": "out-of-band",
    "hotpatch": "hotpatch",
    "GA": "general availability",
    "non-B (unlabelled)": "unlabelled",
    "unknown": "unknown",
}

_FACTS = "facts only"
_RELEASE_INFORMATION = "Microsoft, Windows release information, https://learn.microsoft.com/windows/release-health/"
_UPDATE_HISTORY = "Microsoft, Windows update history, https://support.microsoft.com/"
_DATA_FOR_GEEKS = "DataForGeeks content/ms/mswin at 6846a6a0, https://github.com/altrhombus/DataForGeeks"
SOURCES = {
    "DataForGeeks": (_DATA_FOR_GEEKS, "MIT", "2026-06-23"),
    "DataForGeeks-2026-06": (_DATA_FOR_GEEKS, "MIT", "2026-06-23"),
    "cve5-2026-11": (
        "Fixed builds in Microsoft's CVE records, https://github.com/CVEProject/cvelistV5",
        _FACTS,
        "2026-11",
    ),
    "endoflife.date": (
        "endoflife.date at a70eca33, https://endoflife.date/windows",
        "MIT",
        "",
    ),
    "inferred-sibling": (
        "Inferred: the same month's build of a version that shares its revisions",
        "inferred",
        "2026-11-23",
    ),
    "ms-release-health-2025-10": (_RELEASE_INFORMATION, _FACTS, "2025-10"),
    "ms-release-health-2026-05": (_RELEASE_INFORMATION, _FACTS, "2026-05"),
    "ms-release-health-2026-09": (_RELEASE_INFORMATION, _FACTS, "2026-09-30"),
    "ms-update-history-2026-09": (_UPDATE_HISTORY, _FACTS, "2026-09-26"),
    "ms-update-history-toc-2026-08": (_UPDATE_HISTORY, _FACTS, "2026-08"),
    "msrc-wesng": (
        "Microsoft security updates in definitions.zip of wesng at 026a581d, https://github.com/bitsadmin/wesng",
        "BSD-3-Clause",
        "2026-06-28",
    ),
    "thkn-hofa-2026-08": ("A list of Windows updates that a third party keeps", _FACTS, "2026-08"),
    "vuls-2026-07": ("Table of Windows builds in vuls, https://github.com/future-architect/vuls", _FACTS, "2026-07"),
}


class Compactor:
    """Turns rows of the three files into the compact form; raises ValueError where they contradict each other."""

    def __init__(self, releases: Sequence[Row], editions: Sequence[Row], updates: Sequence[Row]) -> None:
        self._releases = releases
        self._editions = editions
        self._updates = updates
        named = {name for row in releases for name in row["ga_sources"].split(";")}
        named |= {name for row in updates for name in row["sources"].split(";")}
        named |= {name for row in editions for name in _agreeing(row)}
        unknown = named - set(SOURCES)
        if unknown:
            raise ValueError(f"sources without a description in {Path(__file__).name}: {', '.join(sorted(unknown))}")
        self._sources = sorted(named)
        self._bases = sorted({row["type_basis"] for row in updates})

    def text(self) -> str:
        """The whole file."""
        state = next(name for name in self._releases[0] if name.startswith(STATE_COLUMN))
        sources = [(name, *SOURCES[name]) for name in self._sources]
        members = [
            _member("asOf", state.removeprefix(STATE_COLUMN).replace("_", "-"), 1),
            _member("completeUntil", COMPLETE_UNTIL, 1),
            _list(
                "sources",
                [_json(dict(zip(("name", "what", "licence", "asOf"), each, strict=True))) for each in sources],
                1,
            ),
            _list("bases", [_json(basis) for basis in self._bases], 1),
            _list("releases", [self._release(row) for row in self._releases], 1),
        ]
        return "{\n" + ",\n".join(members) + "\n}\n"

    def _release(self, row: Row) -> str:
        editions = [each for each in self._editions if each["id"] == row["id"]]
        updates = sorted((each for each in self._updates if each["id"] == row["id"]), key=_age)
        _check_ends(row, editions)
        members = [
            _member("id", row["id"], 3),
            _member("product", row["product"], 3),
            _member("version", row["version"], 3),
            _member("osBuild", int(row["os_build_major"]), 3),
            _member("generalAvailability", row["ga_date"], 3),
            _member("architectures", row["architectures"].split(";"), 3),
            _member("sources", self._numbers(row["ga_sources"].split(";")), 3),
            _list("editions", [self._edition(each) for each in editions], 3),
            _list("updates", [self._update(each, row["os_build_major"]) for each in updates], 3),
        ]
        return "{\n" + ",\n".join(members) + "\n  }"

    def _edition(self, row: Row) -> str:
        sources = self._numbers(_agreeing(row))
        return _json([row["editionType"], row["supportEndDate"], row["servicing_group"], row["note"], sources])

    def _update(self, row: Row, os_build: str) -> str:
        family, _, revision = row["build_short"].partition(".")
        if family != os_build or row["build_version"] != f"10.0.{row['build_short']}":
            raise ValueError(f"build {row['build_version']} is not one of {row['id']} ({os_build})")
        is_b = row["servicing_type"] == "B"
        if is_b != bool(row["canonical_b"]):
            raise ValueError(f"canonical_b does not go with the servicing type of {row['build_version']}")
        month = f"{row['release_year']}-{int(row['release_month']):02}" if is_b else None
        return _json(
            [
                int(revision),
                row["kb"] or None,
                row["release_date"] or None,
                KINDS[row["servicing_type"]],
                month,
                row["canonical_b"] == "yes",
                row["ms_update_type"],
                row["scope"],
                self._bases.index(row["type_basis"]),
                row["in_msrc"] == "yes",
                row["expired"] == "yes",
                self._numbers(row["sources"].split(";")),
            ]
        )

    def _numbers(self, names: Iterable[str]) -> list[int]:
        return sorted(self._sources.index(name) for name in names)


def _age(row: Row) -> tuple[int, str, str]:
    """Oldest first: by build, and where one build has several KBs by day and KB, as catalogue/merging.py does."""
    return (int(row["build_short"].partition(".")[2]), row["release_date"], row["kb"])


def _agreeing(row: Row) -> list[str]:
    """The sources that give the end date that was chosen for an edition."""
    given = (each.partition("=") for each in row["sources"].split(";"))
    found = [name for name, _, day in given if day == row["supportEndDate"]]
    if not found:
        raise ValueError(f"no source gives {row['supportEndDate']} for {row['id']} {row['editionType']}")
    return found


def _check_ends(release: Row, editions: Sequence[Row]) -> None:
    ends = {"Home/Pro": release["end_pro"], "Enterprise/Education": release["end_enterprise"]}
    for edition in editions:
        if edition["supportEndDate"] != ends[edition["servicing_group"]]:
            raise ValueError(f"{release['id']} {edition['editionType']} ends on another day than its release says")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": ") if isinstance(value, dict) else (",", ":"))


def _member(name: str, value: object, indent: int) -> str:
    return f'{" " * indent}"{name}": {_json(value)}'


def _list(name: str, items: Sequence[str], indent: int) -> str:
    """A member whose items stand on a line each."""
    inner = " " * (indent + 1)
    lines = ",\n".join(f"{inner}{item}" for item in items)
    return f'{" " * indent}"{name}": [\n{lines}\n{" " * indent}]'


def disagreements(rows: Iterable[Row]) -> str:
    """The disagreements that the facts themselves do not show, as these hold what was chosen alone."""
    found = []
    for row in rows:
        if row["field"] == "date":
            values = {day: sorted(names) for day, names in sorted(json.loads(row["values"]).items())}
            why = "the day of the update's own page, not that of general availability"
        elif row["field"].startswith("build typo"):
            values, why = {row["values"]: []}, "no other source has that build"
        else:
            continue
        item = {"subject": row["subject"], "field": row["field"], "values": values, "chosen": row["chosen"], "why": why}
        found.append(json.dumps(item, ensure_ascii=False))
    return "[\n " + ",\n ".join(found) + "\n]\n"


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def main(arguments: Sequence[str]) -> None:
    """Reads and writes; ends with a usage text unless one directory and at most one file are named."""
    if len(arguments) not in (1, 2):
        sys.exit("usage: python tools/compact_catalogue.py DIR [OUTPUT]")
    directory = Path(arguments[0])
    files = (_rows(directory / f"{name}.csv") for name in ("releases", "editions", "updates"))
    output = Path(arguments[1]) if len(arguments) == 2 else OUTPUT
    output.write_text(Compactor(*files).text(), encoding="utf-8", newline="\n")
    listed = directory / "disagreements.csv"
    if listed.exists():
        beside = output.with_suffix(".disagreements.json")
        beside.write_text(disagreements(_rows(listed)), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
