"""The fact files as rows: those of a directory, with the additions and corrections of its newest dated directory.

The directory itself has the client releases as of 2026-11-23; `2026-11-29/` beside them has Windows Server, HoloLens,
support beyond Graph's editions, hotpatch months, and the rows to add, amend and confirm in the client updates.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Row = dict[str, str]

# The column with the state of servicing carries the day of compilation in its name.
STATE_COLUMN = "servicing_state_"
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}")
_PARENTHESES = re.compile(r"\s*\([^)]*\)")
_CHANNELS = {
    "LTSC": "Server LTSC",
    "Annual Channel": "Server Annual Channel",
    "Semi-Annual Channel": "Server Semi-Annual Channel",
}
_NOT_IN_GRAPH = re.compile(r"not a Graph windowsEdition value(; )?")
# The products of the hotpatch calendar, by how they begin, with the releases that they are.
_HOTPATCH_PRODUCTS = {
    "Windows Server 2022": ("Windows Server 2022",),
    "Windows Server 2025": ("Windows Server 2025",),
    "Windows 11 Enterprise 24H2/25H2": ("Windows 11 24H2", "Windows 11 25H2"),
}
_ESU_YEARS = ("esu_y1_end", "esu_y2_end", "esu_y3_end")
_SE = "Windows 11 SE"
_NEWEST_HOLOLENS = "HoloLens 2 23H2"
_INFERRED = "inferred-lifecycle"
_UPDATE_COLUMNS = (
    *("kb", "release_date", "release_year", "release_month", "ms_update_type", "scope", "canonical_b"),
    *("in_msrc", "expired"),
)


@dataclass
class Details:
    """The members of a release beside editions and updates; sources by name."""

    nt_version: tuple[int, int] = (10, 0)
    mainstream_end: str = ""
    hotpatch_until: str = ""
    note: str = ""
    groups: list[tuple[str, str, str, bool, str, list[str]]] = field(default_factory=list)
    esu: list[tuple[str, list[str], list[str], bool, str, list[str]]] = field(default_factory=list)
    hotpatch_months: list[tuple[str, str, str, str]] = field(default_factory=list)


@dataclass
class FactFiles:
    """All rows; `editions` and `updates` are those of clients, servers and others; their ids differ."""

    as_of: str
    releases: list[Row]
    servers: list[Row]
    others: list[Row]
    editions: list[Row]
    updates: list[Row]
    details: dict[str, Details]
    disagreements: list[Row]


def read_files(directory: Path) -> FactFiles:
    """Read the files of a directory, and of its newest dated directory where there is one. Raises ValueError."""
    releases, editions, updates = (_rows(directory / f"{name}.csv") for name in ("releases", "editions", "updates"))
    state = next(name for name in releases[0] if name.startswith(STATE_COLUMN))
    as_of = state.removeprefix(STATE_COLUMN).replace("_", "-")
    disagreements = [_shipped_disagreement(row) for row in _rows_if_any(directory / "disagreements.csv")]
    files = FactFiles(as_of, releases, [], [], editions, updates, {}, [row for row in disagreements if row])
    dated = sorted(each for each in directory.iterdir() if each.is_dir() and _DATED.fullmatch(each.name))
    if dated:
        _add_dated(files, dated[-1])
    return files


def _add_dated(files: FactFiles, directory: Path) -> None:
    files.as_of = directory.name
    servers = _rows(directory / "releases.csv")
    names = {row["id"]: row["ms_name"] for row in servers}
    files.updates = corrected(files.updates, _rows(directory / "client-gaps.csv"), names)
    files.servers = sorted((_server(row) for row in servers), key=_order_of_server)
    channels = {row["ms_name"]: _CHANNELS[row["channel"]] for row in servers}
    for row in servers:
        files.details[row["ms_name"]] = _server_details(row)
    for row in _rows(directory / "editions.csv"):
        name = names[row["id"]]
        note = _NOT_IN_GRAPH.sub("", row["note"])
        files.editions.append(row | {"id": name, "servicing_group": channels[name], "note": note})
    for row in _rows(directory / "updates.csv"):
        is_second_b = row["servicing_type"] == "B" and not row["canonical_b"]
        files.updates.append(row | {"id": names[row["id"]], "canonical_b": "no" if is_second_b else row["canonical_b"]})
    _add_hotpatch_months(files, _rows(directory / "hotpatch-calendar.csv"))
    for row in _rows(directory / "client-lifecycle.csv"):
        _add_lifecycle(files, row)
    _add_earlier_se(files)
    files.disagreements += [_disagreement(row) for row in _rows(directory / "disagreements.csv")]


def corrected(updates: Iterable[Row], gaps: Sequence[Row], servers: Mapping[str, str]) -> list[Row]:
    """Return the client updates with rows added, amended and confirmed; `servers` are names of servers by id.

    An amendment takes the place of the row with that build; where it is one of a server, the row goes, as the server
    has it already. A confirmation adds its sources to those of the row that there is.
    """
    found = list(updates)
    for gap in gaps:
        row = {name: value for name, value in gap.items() if name != "action"}
        row["sources"] = ";".join(_names(row["sources"]))
        places = [n for n, each in enumerate(found) if row["build_short"] and each["build_short"] == row["build_short"]]
        if (gap["action"] == "add") == bool(places):
            raise ValueError(f"cannot {gap['action']} {row['id']} {row['build_short']}: {len(places)} rows have it")
        if gap["action"] == "add":
            found.append(row | {"canonical_b": row["canonical_b"] or ("yes" if row["servicing_type"] == "B" else "")})
        elif row["id"] in servers:
            del found[places[0]]
        elif gap["action"] == "confirm":
            before = found[places[0]]["sources"].split(";")
            found[places[0]] = row | {"sources": ";".join(sorted({*before, *row["sources"].split(";")}))}
        else:
            found[places[0]] = row
    return found


def _server(row: Row) -> Row:
    return row | {"id": row["ms_name"], "ga_sources": ";".join(_names(row["ga_sources"]))}


def _order_of_server(row: Row) -> tuple[str, bool]:
    return (row["ga_date"], row["channel"] != "LTSC")


def _server_details(row: Row) -> Details:
    sharing = row["shares_build_with"].removeprefix("no Windows client; ")
    notes = [f"shares its build with {sharing}" if sharing else "", row["note"]]
    ends = [row[name] for name in _ESU_YEARS if row[name]]
    is_inferred = "inferred" in row["note"]
    esu = [("commercial", [_CHANNELS[row["channel"]]], ends, is_inferred, "", _names(row["end_sources"]))]
    return Details(
        nt_version=(6, 3) if row["first_build"].startswith("6.3.") else (10, 0),
        mainstream_end=row["mainstream_end"],
        hotpatch_until=row["hotpatch_until"].partition(" ")[0],
        note="; ".join(each for each in notes if each),
        esu=esu if ends else [],
    )


def _add_hotpatch_months(files: FactFiles, calendar: Sequence[Row]) -> None:
    available = {row["id"]: row["ga_date"][:7] for row in (*files.releases, *files.servers)}
    for row in calendar:
        product = next(each for each in _HOTPATCH_PRODUCTS if row["product"].startswith(each))
        is_known = row["actual"] in ("baseline", "hotpatch", "unplanned baseline")
        month = (row["month"], row["planned"], row["actual"] if is_known else "", row["basis"])
        for name in _HOTPATCH_PRODUCTS[product]:
            if row["month"] >= available[name]:
                files.details.setdefault(name, Details()).hotpatch_months.append(month)


def _add_lifecycle(files: FactFiles, row: Row) -> None:
    """One row of client-lifecycle.csv: a group of editions, a year of ESU, a HoloLens release, or a remark."""
    kind, end, note = row["editionType"], row["supportEndDate"], row["note"]
    sources, is_inferred = _names(row["sources"], end) or [_INFERRED], "inferred" in row["sources"]
    details = files.details.setdefault(row["id"], Details())
    if kind == "holographic":
        _add_hololens(files, row, sources)
    elif "ESU" in kind:
        program = "consumer" if kind.startswith("consumer") else "commercial"
        groups = ["Home/Pro"] if program == "consumer" else ["Home/Pro", "Enterprise/Education"]
        if row["servicing_group"] == "LTSC ESU":
            groups = [_long_term_group(kind)]
        _add_esu_year(details, program, groups, end, is_inferred, note, sources)
    elif kind == "(preview updates)":
        details.note = f"last preview on {end}; {note}"
    elif row["servicing_group"] == "LTSC":
        name = kind[kind.index("(") + 1 : kind.index(")")]
        details.groups.append((_long_term_group(kind), name, end, is_inferred, note, sources))
    elif kind == _SE:
        details.groups.append((_SE, "", end, is_inferred, note, sources))
    elif row["servicing_group"] == "Team":
        details.groups.append(("Team (Surface Hub)", "", end, is_inferred, note, sources))
    else:
        raise ValueError(f"{row['id']} {kind}: of no kind that is known here")


def _long_term_group(kind: str) -> str:
    return "IoT Enterprise LTSC" if kind.startswith("iot") else "Enterprise LTSC"


def _add_esu_year(
    details: Details, program: str, groups: list[str], end: str, is_inferred: bool, note: str, sources: list[str]
) -> None:
    """A year of a programme; it is inferred where the end of its last year is."""
    for number, (of, groups_before, ends, _, text, names) in enumerate(details.esu):
        if (of, groups_before) == (program, groups):
            every = sorted({*names, *sources})
            details.esu[number] = (of, groups, sorted([*ends, end]), is_inferred, text or note, every)
            return
    details.esu.append((program, groups, [end], is_inferred, note, sources))


def _add_hololens(files: FactFiles, row: Row, sources: list[str]) -> None:
    if row["id"] == "HoloLens 2":
        # Support of the product is support of its newest release: when that of the earlier ones ended is not known.
        del files.details["HoloLens 2"]
        files.editions.append(row | {"id": _NEWEST_HOLOLENS, "servicing_group": "Holographic"})
        return
    found = re.match(r"release build (\d+)\.(\d+), month (\d{4}-\d{2}); (.*)", row["note"])
    if found is None:
        raise ValueError(f"{row['id']}: no build and month in '{row['note']}'")
    build, revision, month, note = found.groups()
    product, _, version = row["id"].rpartition(" ")
    release = {"id": row["id"], "product": product, "version": version, "os_build_major": build}
    rest = {"ga_date": f"{month}-01", "architectures": "", "ga_sources": ";".join(sources)}
    files.others.append(release | rest)
    files.details[row["id"]].note = f"the month of its release is known, not the day; {note}"
    update = dict.fromkeys(_UPDATE_COLUMNS, "")
    numbers = {"build_version": f"10.0.{build}.{revision}", "build_short": f"{build}.{revision}"}
    kind = {"servicing_type": "GA", "type_basis": "HoloLens release notes", "sources": ";".join(sources)}
    files.updates.append({"id": row["id"], **update, **numbers, **kind})


def _add_earlier_se(files: FactFiles) -> None:
    """Windows 11 SE came with 21H2; each version of it ended with Home and Pro."""
    last = next((row for row in files.releases if _is_se(files, row["id"])), None)
    for row in files.releases:
        if last is not None and row["product"] == "Windows 11" and row["ga_date"] < last["ga_date"]:
            details = files.details.setdefault(row["id"], Details())
            sources = next(each[5] for each in files.details[last["id"]].groups if each[0] == _SE)
            note = "each version of Windows 11 SE ends with Home/Pro"
            details.groups.append((_SE, "", row["end_pro"], True, note, sources))


def _is_se(files: FactFiles, release: str) -> bool:
    return release in files.details and any(each[0] == _SE for each in files.details[release].groups)


def _names(sources: str, value: str = "") -> list[str]:
    """Return the names in a list of sources, each once, in order; given a value, without those that state another day.

    Sources are written `name`, `name(remark)`, `name=day (remark)` or `name: remark`; a claim marked as inferred is
    none.
    """
    found = []
    for each in _PARENTHESES.sub("", sources).split(";"):
        name, _, said = each.partition(":")[0].partition("=")
        is_other = _DATED.fullmatch(said.strip()) is not None and value and said.strip() != value
        if not is_other and "inferred" not in name.replace("inferred-sibling", ""):
            found.append(name.strip())
    return list(dict.fromkeys(found))


def agreeing(row: Mapping[str, str]) -> list[str]:
    """Return the sources of the end date that was chosen for an edition. Raises ValueError if there are none."""
    given = (each.partition("=") for each in _PARENTHESES.sub("", row["sources"]).split(";"))
    found = [name for name, _, day in given if day == row["supportEndDate"]]
    if not found:
        raise ValueError(f"no source gives {row['supportEndDate']} for {row['id']} {row['editionType']}")
    return found


def _shipped_disagreement(row: Row) -> Row | None:
    """Return a disagreement that the facts do not show themselves, as these hold what was chosen alone; else None."""
    if row["field"] == "date":
        values = {day: sorted(names) for day, names in sorted(json.loads(row["values"]).items())}
        why = "the day of the update's own page, not that of general availability"
    elif row["field"].startswith("build typo"):
        values, why = {row["values"]: []}, "no other source has that build"
    else:
        return None
    return {**row, "values": json.dumps(values), "why": why}


def _disagreement(row: Row) -> Row:
    """Return a disagreement of the dated directory: values by text, with their sources where these are named."""
    values: dict[str, list[str]] = {}
    text = row["values"]
    said = json.loads(text) if text.startswith(("{", "[")) else text
    if isinstance(said, str):
        values[said] = []
    elif isinstance(said, list):
        values = {each if isinstance(each, str) else " ".join(each): [] for each in said}
    else:
        for key, value in said.items():
            if row["field"] == "date":
                values[key] = sorted(value)
                continue
            for each in value if isinstance(value, list) else [value]:
                values.setdefault(str(each), []).append(key)
    return {**row, "values": json.dumps(values, ensure_ascii=False), "why": "decided when the facts were compiled"}


def _rows(file: Path) -> list[Row]:
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def _rows_if_any(file: Path) -> list[Row]:
    return _rows(file) if file.exists() else []
