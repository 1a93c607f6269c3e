"""`osimages catalogue show` and `history`, as they are called."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from osimages.cli.catalogue import catalogue
from osimages.graph.facts_storage import write_catalogue
from osimages.graph.migrations import MIGRATIONS
from osimages.odata.sql.sqlite.execution import execute
from osimages.odata.sql.sqlite.file import connect, migrate
from osimages.settings import Settings
from osimages.windows.facts import bundled
from osimages.windows.feeds.export import FORMATS
from osimages.windows.images import published


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for each in fields(Settings):
        monkeypatch.delenv(f"OSIMAGES_{each.name.upper()}", raising=False)
    monkeypatch.setenv("OSIMAGES_DATA_DIR", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(catalogue, list(arguments))


def output(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def document(*arguments: str) -> Any:
    return json.loads(output(*arguments, "--json"))


def line(text: str, key: str) -> str:
    return next(each for each in text.splitlines() if each.startswith(key))


def test_show_prints_a_line_for_each_image() -> None:
    text = output("show", "--today", "2026-10-20")
    found = line(text, "Windows 11 24H2")
    assert "ended 2026-10-13: professional, proEducation, proWorkstation (and N)" in found
    assert "until 2027-10-12: enterprise, education (and N)" in found
    assert "x64, arM64" in found
    assert "10.0.26100.9711 (2026-10); 10.0.26100.9445 (2026-09); 10.0.26100.9168 (2026-08)" in found
    assert line(text, "Windows 10 22H2").endswith("ESU only")
    assert "Windows 10 1507" not in text


def test_the_last_day_of_support_has_not_ended() -> None:
    assert "until 2026-10-13: professional" in line(output("show", "--today", "2026-10-13"), "Windows 11 24H2")
    assert "ended 2026-10-13: professional" in line(output("show", "--today", "2026-10-14"), "Windows 11 24H2")


def test_show_says_as_of_when() -> None:
    last = output("show", "--today", "2026-10-20").splitlines()[-1]
    assert last == (
        "As of 2026-11-29, complete to 2026-09-30: the newest Patch Tuesday on 2026-10-20 is that of 2026-10-13; "
        "its build is known for 9 of 9 images."
    )
    assert "its build is known for 9 of 9 images" in output("show", "--today", "2026-11-29", "--all")


def test_show_says_what_is_missing() -> None:
    text = output("show", "--today", "2027-02-01")
    assert text.splitlines()[-1] == "Builds of the Patch Tuesday of 2027-01-12 are not known yet."
    assert "no Patch Tuesday is known on 2015-01-01" in output("show", "--today", "2015-01-01")


def test_a_release_without_a_patch_tuesday_says_so() -> None:
    assert "none yet" in line(output("show", "--today", "2026-09-30"), "Windows 11 26H2")


def test_show_as_json_is_what_is_published() -> None:
    today = date(2026, 10, 20)
    found = document("show", "--today", "2026-10-20")
    expected = {"asOf": "2026-11-29", "today": "2026-10-20", "value": list(published(bundled(), today, 2).values())}
    assert found == expected
    assert list(found) == ["asOf", "today", "value"]


def test_all_shows_ended_releases_too() -> None:
    assert len(document("show", "--today", "2026-11-23", "--all")["value"]) == 21
    assert "Windows 10 1507" in output("show", "--today", "2026-11-23", "--all")


def test_servers_have_a_table_of_their_own() -> None:
    text = output("show", "--servers", "--today", "2026-11-29")
    found = line(text, "Windows Server 2022")
    assert "mainstream ended 2026-10-13; support until 2031-10-14" in found
    assert "10.0.20348.5870 (2026-11); 10.0.20348.5761 (2026-10); 10.0.20348.5622 (2026-09)" in found
    assert "2026-11 hotpatch planned; 2026-10 baseline; 2026-09 unplanned baseline; until 2027-10" in found
    assert "commercial ESU until 2030-01-08 (inferred)" in line(text, "Windows Server 2016")
    assert "2012 R2" not in text
    assert text.splitlines()[-1] == "As of 2026-11-29, complete to 2026-09-14: 4 of 13 releases."
    ended = line(output("show", "--servers", "--all", "--today", "2026-11-29"), "Windows Server 2012 R2")
    assert "6.3.9600.23470 (2026-10); KB5123066 (2026-09); 6.3.9600.23338 (2026-08)" in ended
    assert "Windows Server 2012 R2" in output("show", "--servers", "--today", "2026-10-13")
    assert "Windows Server" not in output("show", "--all")


def test_servers_as_json() -> None:
    found = {each["id"]: each for each in document("show", "--servers", "--all", "--today", "2026-11-29")["value"]}
    assert len(found) == 13
    (group,) = found["Windows Server, version 23H2"]["support"]
    assert (group["servicing"], group["supportEndDate"]) == ("Server Annual Channel", "2026-05-12")
    months = {each["month"]: each for each in found["Windows Server 2022"]["hotpatchMonths"]}
    assert [each["buildVersion"] for each in months["2026-01"]["hotpatches"]] == ["10.0.20348.4655"]
    assert found["Windows Server 2012 R2"]["updates"][1]["buildVersion"] is None
    assert document("show", "--servers", "--today", "2012-01-01")["value"] == []


def test_the_history_of_a_server_has_updates_without_a_build_too() -> None:
    text = output("history", "Server 2012 R2")
    assert text.splitlines()[-1].startswith("Windows Server 2012 R2: 60 updates, as of 2026-11-29")
    without = next(each for each in document("history", "Server 2012 R2")["value"] if each["kb"] == "KB5123066")
    assert (without["buildVersion"], without["releaseMonth"]) == (None, 9)


def test_age_days_moves_the_day_on_which_a_patch_tuesday_counts() -> None:
    def newest(*options: str) -> Any:
        images = document("show", "--today", "2026-10-13", *options)["value"]
        return next(each for each in images if each["id"] == "Windows 11 25H2")["availableUpdates"][0]["releaseMonth"]

    assert (newest(), newest("--age-days", "0"), newest("--age-days", "60")) == (9, 10, 8)


def test_settings_are_the_defaults(data_dir: Path) -> None:
    (data_dir / "osimages.toml").write_text("today = 2026-10-13\npublish_age_days = 0\n", encoding="utf-8")
    found = document("show")
    assert found["today"] == "2026-10-13"
    assert "10.0.26200.9711" in output("show")
    assert document("show", "--today", "2026-09-01")["today"] == "2026-09-01"


def test_the_facts_of_the_database_come_first(data_dir: Path) -> None:
    kept = msgspec.structs.replace(bundled(), as_of=date(2026, 12, 9), releases=bundled().releases[-1:])
    migrate(data_dir / "osimages.db", MIGRATIONS)
    assert document("show")["asOf"] == "2026-11-29"
    connection = connect(data_dir / "osimages.db")
    execute(connection, write_catalogue(kept))
    connection.close()
    found = document("show", "--today", "2026-11-23")
    assert found["asOf"] == "2026-12-09"
    assert [image["id"] for image in found["value"]] == ["Windows 11 26H2"]
    other = document("show", "--today", "2026-11-23", "--data-dir", str(data_dir / "other"))
    assert other["asOf"] == "2026-11-29"


def test_looking_makes_no_files(data_dir: Path) -> None:
    output("show", "--data-dir", str(data_dir / "new"))
    assert list(data_dir.iterdir()) == []


def test_history_lists_every_update() -> None:
    text = output("history", "25h2")
    assert "complete to 2026-09-30" in text.splitlines()[-1]
    assert text.splitlines()[-1].startswith("Windows 11 25H2: 47 updates, as of 2026-11-29")
    assert len(text.splitlines()) == 47 + 2
    hotpatch = line(text, "10.0.26200.8390")
    assert hotpatch.split() == [
        "10.0.26200.8390",
        "KB5089466",
        "2026-05-12",
        "hotpatch",
        *["2026.05", "B", "(Hotpatch)", "GA"],
    ]
    assert line(text, "10.0.26200.9711").split() == [
        *("10.0.26200.9711", "2026-10-13", "B", "2026-10-13", "2026-10", "GA"),
    ]


def test_history_as_json() -> None:
    found = document("history", "26H2")
    assert (found["asOf"], found["id"]) == ("2026-11-29", "Windows 11 26H2")
    assert [each["buildVersion"] for each in found["value"]] == [
        "10.0.26300.9974",
        "10.0.26300.9711",
        "10.0.26300.9550",
        "10.0.26300.9457",
    ]
    assert found["value"][1] == {
        "buildVersion": "10.0.26300.9711",
        "kb": None,
        "releaseDate": "2026-10-13",
        "kind": "B",
        "patchTuesday": "2026-10-13",
        "isCanonicalB": True,
        "releaseMonth": 10,
        "releaseYear": 2026,
        "label": "",
        "scope": "GA",
        "basis": "second Tuesday",
        "isExpired": False,
        "sources": ["cve5-2026-11"],
    }


@pytest.mark.parametrize(
    ("arguments", "reason", "code"),
    [
        (("history", "27H2"), "There is no release '27H2'", 1),
        (("history", "22H2"), "could be Windows 10 22H2 or Windows 11 22H2", 1),
        (("show", "--today", "2026-13-01"), "is no day: write YYYY-MM-DD", 2),
        (("show", "--age-days", "-1"), "is not in the range", 2),
        (("history",), "Name one release", 2),
        (("history", "24H2", "--version", "23H2"), "Name one release", 2),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[str, ...], reason: str, code: int) -> None:
    result = run(*arguments)
    assert result.exit_code == code
    assert reason in result.output


def test_a_file_that_is_no_database_is_an_error(data_dir: Path) -> None:
    (data_dir / "osimages.db").write_text("this is no database, however long the text in it may be" * 20)
    result = run("show")
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "is not an SQLite database" in result.output


def test_wrong_settings_are_an_error(data_dir: Path) -> None:
    (data_dir / "osimages.toml").write_text("publish_age_days = 'soon'\n", encoding="utf-8")
    result = run("show")
    assert result.exit_code == 1
    assert "publish_age_days" in result.output


def test_on_a_terminal_it_is_a_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "140")
    catalogue.main(["show", "--today", "2026-10-20"], standalone_mode=False)
    text = capsys.readouterr().out
    assert all(image in text for image in published(bundled(), date(2026, 10, 20), 2))
    assert "10.0.26200.9711 (2026-10)" in line(text, "│ Windows 11 25H2")
    assert not any("(2026-10)" in each and "(2026-09)" in each for each in text.splitlines())
    assert text.splitlines()[-1].startswith("As of 2026-11-29")


def test_history_takes_its_release_as_an_option_too() -> None:
    assert output("history", "--version", "Windows 11 24H2") == output("history", "24H2")


@pytest.mark.parametrize("form", ["json", "csv", "atom", "ics"])
def test_an_export_goes_to_standard_output_or_a_file(tmp_path: Path, form: str) -> None:
    shown = run("export", "--format", form).stdout_bytes
    assert shown == FORMATS[form].write(bundled(), "")
    assert run("export", "--format", form, "-o", str(tmp_path / "x")).stdout_bytes == b""
    assert (tmp_path / "x").read_bytes() == shown


def test_an_export_of_one_release_and_what_cannot_be() -> None:
    assert [each["id"] for each in json.loads(output("export", "--release", "26H2"))["releases"]] == ["Windows 11 26H2"]
    assert "say which" in run("export", "--release", "22H2").output
    assert "cannot be written" in run("export", "-o", "/nowhere/at/all").output
