"""Writes the fact files in the compact form that osimages/windows/facts.py reads.

    python tools/compact_catalogue.py DIR [OUTPUT]

DIR holds releases.csv, editions.csv, updates.csv and disagreements.csv, and dated directories with later facts, of
which the newest counts (`fact_files.py`). OUTPUT is src/osimages/windows/windows.json unless another file is named.
The disagreements are written beside it. The same input gives the same output, byte for byte. Left out is only what
follows from the rest: a build's full and short form, the year and month of a release date, the number of sources, the
end dates of a release (its editions have them), and the state of servicing on the day of compilation.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from fact_files import Details, FactFiles, agreeing, read_files
from fact_sources import SOURCES

Row = Mapping[str, str]

OUTPUT = Path(__file__).parent.parent / "src" / "osimages" / "windows" / "windows.json"
# The READMEs beside the CSV files: every update is known to this day; of those after it, some.
COMPLETE_UNTIL = "2026-09-30"
SERVERS_COMPLETE_UNTIL = "2026-09-14"

KINDS = {
    "B": "B",
    "C-D preview": "preview",
    "OOB": "out-of-band",
    "hotpatch": "hotpatch",
    "hotpatch OOB": "hotpatch out-of-band",
    "GA": "general availability",
    "non-B (unlabelled)": "unlabelled",
    "unknown": "unknown",
}


class Compactor:
    """Turns rows of the fact files into the compact form; raises ValueError where they contradict each other."""

    def __init__(self, files: FactFiles) -> None:
        self._files = files
        every = [*files.releases, *files.servers, *files.others]
        named = {name for row in every for name in row["ga_sources"].split(";")}
        named |= {name for row in files.updates for name in row["sources"].split(";")}
        named |= {name for row in files.editions for name in agreeing(row)}
        for each in files.details.values():
            named |= {name for group in each.groups for name in group[-1]}
            named |= {name for esu in each.esu for name in esu[-1]}
        unknown = named - set(SOURCES)
        if unknown:
            raise ValueError(f"sources without a description in fact_sources.py: {', '.join(sorted(unknown))}")
        self._sources = sorted(named)
        self._bases = sorted({row["type_basis"] for row in files.updates})
        _check_updates(every, files.updates)

    def text(self) -> str:
        """The whole file."""
        files = self._files
        sources = [(name, *SOURCES[name]) for name in self._sources]
        members = [
            _member("asOf", files.as_of, 1),
            _member("completeUntil", COMPLETE_UNTIL, 1),
            *([_member("serversCompleteUntil", SERVERS_COMPLETE_UNTIL, 1)] if files.servers else []),
            _list(
                "sources",
                [_json(dict(zip(("name", "what", "licence", "asOf"), each, strict=True))) for each in sources],
                1,
            ),
            _list("bases", [_json(basis) for basis in self._bases], 1),
            _list("releases", [self._release(row) for row in files.releases], 1),
            *([_list("servers", [self._release(row) for row in files.servers], 1)] if files.servers else []),
            *([_list("others", [self._release(row) for row in files.others], 1)] if files.others else []),
        ]
        return "{\n" + ",\n".join(members) + "\n}\n"

    def _release(self, row: Row) -> str:
        details = self._files.details.get(row["id"], Details())
        editions = [each for each in self._files.editions if each["id"] == row["id"]]
        own = [each for each in self._files.updates if each["id"] == row["id"]]
        updates = sorted((each for each in own if each["build_version"]), key=_age)
        packages = sorted((each for each in own if not each["build_version"]), key=_day)
        _check_ends(row, editions)
        members = [
            _member("id", row["id"], 3),
            _member("product", row["product"], 3),
            _member("version", row["version"], 3),
            _member("osBuild", int(row["os_build_major"]), 3),
            _member("generalAvailability", row["ga_date"], 3),
            _member("architectures", [each for each in row["architectures"].split(";") if each], 3),
            _member("sources", self._numbers(row["ga_sources"].split(";")), 3),
            *_details(details),
            _list("editions", [self._edition(each) for each in editions], 3),
            *self._lists(details),
            *([_list("packages", [self._package(each) for each in packages], 3)] if packages else []),
            _list("updates", [self._update(each, details.nt_version, row) for each in updates], 3),
        ]
        return "{\n" + ",\n".join(members) + "\n  }"

    def _lists(self, details: Details) -> list[str]:
        """Return the lists of a release that are left out where they are empty."""
        lists = {
            "groups": [_json([*each[:-1], self._numbers(each[-1])]) for each in details.groups],
            "esu": [_json([*each[:-1], self._numbers(each[-1])]) for each in details.esu],
            "hotpatchMonths": [_json(each) for each in details.hotpatch_months],
        }
        return [_list(name, items, 3) for name, items in lists.items() if items]

    def _edition(self, row: Row) -> str:
        sources = self._numbers(agreeing(row))
        return _json([row["editionType"], row["supportEndDate"], row["servicing_group"], row["note"], sources])

    def _update(self, row: Row, nt_version: tuple[int, int], release: Row) -> str:
        build = f"{release['os_build_major']}.{row['build_version'].rpartition('.')[2]}"
        full = "{}.{}.".format(*nt_version) + build
        if row["build_version"] != full or row["build_short"] not in (build, full):
            raise ValueError(f"build {row['build_version']} is not one of {row['id']} ({release['os_build_major']})")
        is_b = row["servicing_type"] == "B"
        return _json(
            [
                int(full.rpartition(".")[2]),
                row["kb"] or None,
                row["release_date"] or None,
                KINDS[row["servicing_type"]],
                _month(row) if is_b else None,
                row["canonical_b"] == "yes",
                row["ms_update_type"].strip(),
                row["scope"],
                self._bases.index(row["type_basis"]),
                row["in_msrc"] == "yes",
                row["expired"] == "yes",
                self._numbers(row["sources"].split(";")),
            ]
        )

    def _package(self, row: Row) -> str:
        return _json(
            [
                row["kb"],
                row["release_date"],
                KINDS[row["servicing_type"]],
                _month(row) if row["servicing_type"] == "B" else None,
                row["ms_update_type"].strip(),
                row["scope"],
                self._bases.index(row["type_basis"]),
                row["in_msrc"] == "yes",
                row["expired"] == "yes",
                row.get("note", ""),
                self._numbers(row["sources"].split(";")),
            ]
        )

    def _numbers(self, names: Iterable[str]) -> list[int]:
        return sorted(self._sources.index(name) for name in names)


def _details(details: Details) -> list[str]:
    """Return the members of a release that are left out where they say nothing."""
    members: dict[str, object] = {
        "ntVersion": details.nt_version if details.nt_version != (10, 0) else None,
        "mainstreamEnd": details.mainstream_end,
        "hotpatchUntil": details.hotpatch_until,
        "note": details.note,
    }
    return [_member(name, value, 3) for name, value in members.items() if value]


def _month(row: Row) -> str:
    return f"{row['release_year']}-{int(row['release_month']):02}"


def _age(row: Row) -> tuple[int, str, str]:
    """Oldest first: by build, and where one build has several KBs by day and KB, as windows/merge/merging.py does."""
    return (int(row["build_version"].rpartition(".")[2]), row["release_date"], row["kb"])


def _day(row: Row) -> tuple[str, str]:
    return (row["release_date"], row["kb"])


def _check_updates(releases: Iterable[Row], updates: Iterable[Row]) -> None:
    """Every update belongs to a release, and of the B updates of a month one at most is canonical."""
    ids = {row["id"] for row in releases}
    months: set[tuple[str, str, str]] = set()
    for row in updates:
        if row["id"] not in ids:
            raise ValueError(f"there is no release {row['id']!r}, of which {row['kb'] or row['build_version']} is")
        if (row["servicing_type"] == "B") != bool(row["canonical_b"]):
            raise ValueError(f"canonical_b does not go with the servicing type of {row['build_version']}")
        month = (row["id"], row["release_year"], row["release_month"])
        if row["canonical_b"] == "yes" and month in months:
            raise ValueError(f"two B updates of {month} are canonical")
        if row["canonical_b"] == "yes":
            months.add(month)


def _check_ends(release: Row, editions: Sequence[Row]) -> None:
    ends = {"Home/Pro": release.get("end_pro"), "Enterprise/Education": release.get("end_enterprise")}
    for edition in editions:
        end = ends.get(edition["servicing_group"], release.get("extended_end", edition["supportEndDate"]))
        if edition["supportEndDate"] != end:
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
    found = [{**row, "values": json.loads(row["values"])} for row in rows]
    order = ("subject", "field", "values", "chosen", "why")
    lines = [json.dumps({name: each[name] for name in order}, ensure_ascii=False) for each in found]
    return "[\n " + ",\n ".join(lines) + "\n]\n"


def main(arguments: Sequence[str]) -> None:
    """Reads and writes; ends with a usage text unless one directory and at most one file are named."""
    if len(arguments) not in (1, 2):
        sys.exit("usage: python tools/compact_catalogue.py DIR [OUTPUT]")
    files = read_files(Path(arguments[0]))
    output = Path(arguments[1]) if len(arguments) == 2 else OUTPUT
    output.write_text(Compactor(files).text(), encoding="utf-8", newline="\n")
    if files.disagreements:
        beside = output.with_suffix(".disagreements.json")
        beside.write_text(disagreements(files.disagreements), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
