"""`osimages catalogue update`, `sources` and `verify`, as they are called."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from osimages.cli.catalogue import catalogue
from osimages.settings import Settings
from tests.support.web import Reply, serving
from tests.unit.windows.sources.sampled import SAMPLES, sample


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data directory, on the day after the Patch Tuesday of the samples."""
    for each in fields(Settings):
        monkeypatch.delenv(f"OSIMAGES_{each.name.upper()}", raising=False)
    monkeypatch.setenv("OSIMAGES_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("OSIMAGES_TODAY", "2026-12-09")
    return tmp_path


def run(*arguments: str, given: bytes | None = None) -> Result:
    """The outcome of a command."""
    return CliRunner().invoke(catalogue, list(arguments), input=given)


def output(*arguments: str) -> str:
    """What a command prints that succeeds."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def document(*arguments: str) -> Any:
    """What a command prints for machines."""
    return json.loads(output(*arguments, "--json"))


def of(name: str, file: str) -> tuple[str, str]:
    """A source that is read from a sample."""
    return ("--from", f"{name}={SAMPLES / file}")


def test_what_is_new_changed_and_not_taken_up() -> None:
    text = output(
        "update",
        *of("servicing-index", "servicing-index.json"),
        *of("update-history", "update-history.html"),
        *of("release-information", "release-information.md"),
        *of("release-information", "release-information.html"),
    )
    assert "servicing-index      read   11\n" in text
    assert "  new 26200.9999 KB5990001 2026-12-08 B\n" in text
    assert "update-history: 19045.7920 KB5990011 of 2026-11-10: the same page has 19045.7925" in text
    assert "  19045.7920, build typo on a Microsoft page (row dropped): dropped" in text
    assert "26100.1742" not in text, "that disagreement is as old as the shipped facts"
    assert text.endswith("As of 2026-12-09, complete to 2026-12-09.\n")
    history = document("history", "25H2")
    assert (history["asOf"], history["value"][0]["buildVersion"]) == ("2026-12-09", "10.0.26200.9999")
    assert history["value"][0]["sources"] == ["servicing-index"]
    newest = document("show", "--today", "2026-12-10")["value"]
    assert next(each for each in newest if each["id"] == "Windows 11 25H2")["availableUpdates"][0]["releaseMonth"] == 12


def test_a_kb_that_became_known_is_a_change() -> None:
    given = sample("servicing-index.json").decode()
    given = given.replace(
        "November 10, 2026—KB5990004 (OS Builds 26200.9801", "October 13, 2026—KB5990004 (OS Builds 26200.9711"
    )
    result = run("update", "--from", "servicing-index=-", given=given.encode())
    assert result.exit_code == 0
    assert "  changed 26200.9711 KB5990004 KB none -> KB5990004\n" in result.output


def test_the_same_as_a_document() -> None:
    found = document("update", *of("servicing-index", "servicing-index.json"), *of("cve", "cve.json"))
    assert found["asOf"] == "2026-12-08"
    assert found["sources"][0] == {"name": "servicing-index", "state": "read", "detail": "", "facts": 11}
    assert {"what": "new", "subject": "28000.3500", "field": "update", "before": "", "after": "2026-12-08 B"} in found[
        "changes"
    ]
    assert [each["what"] for each in found["rejected"]] == ["19044.8001 of 2026-12-08"]
    two_builds = {f"Windows 11 {version} 2026-11" for version in ("23H2", "24H2", "25H2")}
    assert {each["subject"] for each in found["newDisagreements"]} == {"19044.8001", *two_builds}


def test_a_source_that_fails_is_an_exit_code_and_no_loss() -> None:
    result = run(
        "update", *of("servicing-index", "cve.json"), *of("cve", "cve.json"), "--from", "endoflife.date=nowhere"
    )
    assert result.exit_code == 1
    assert "servicing-index  failed" in result.output
    assert "expected 'items' as in" in result.output
    assert "nowhere cannot be read: No such file or directory" in result.output
    assert "  new 28000.3500 2026-12-08 B" in result.output
    states = {each["name"]: each["state"] for each in document("sources")["value"]}
    assert states["cve"] == "read"
    assert states["servicing-index"] == states["endoflife.date"] == "failed"
    assert states["msrc"] is None


def test_a_page_that_lost_most_of_its_rows_is_an_error_that_says_what_to_do(data_dir: Path) -> None:
    lines = sample("servicing-index.json").decode()
    few = data_dir / "few.json"
    few.write_text(lines[: lines.index(',\n    {"href": "2026/11/november-24')] + "]}]}", encoding="utf-8")
    with serving(lambda given: Reply(sample("servicing-index.json"))) as web:
        (data_dir / "catalogue.toml").write_text(f'[sources.servicing-index]\nurls = ["{web.url}"]\n', encoding="utf-8")
        assert run("update", "--source", "servicing-index").exit_code == 0
        web.answer = lambda given: Reply(few.read_bytes())
        result = run("update", "--source", "servicing-index")
        assert result.exit_code == 1
        assert "expected about as many facts as the 11 at the last time, found 2" in result.output
        assert "Changes: none" in result.output
        assert run("update", "--source", "servicing-index", "--accept-fewer").exit_code == 0
    assert len(document("history", "25H2")["value"]) == 47 + 5, "what was known stays known"


def test_offline_after_the_source_is_gone(data_dir: Path) -> None:
    with serving(lambda given: Reply(sample("endoflife.date.json"))) as web:
        (data_dir / "catalogue.toml").write_text(
            f'[sources."endoflife.date"]\nurls = ["{web.url}"]\n', encoding="utf-8"
        )
        output("update", "--source", "endoflife.date")
    result = run("update", "--source", "endoflife.date")
    assert result.exit_code == 1
    assert "endoflife.date  from the cache  8" in result.output
    assert "from the cache  8" in output("update", "--source", "endoflife.date", "--offline")


def test_a_token_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSIMAGES_SOURCE_TOKEN", "sesame")
    with serving(lambda given: Reply(sample("graph-products.json"))) as web:
        text = output("update", "--from", f"graph={web.url}/products")
        assert web.asked[0].headers["authorization"] == "Bearer sesame"
    assert "new 26200.9999 KB5990001 2026-12-08 B" in text
    assert "sesame" not in text


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("update", "--source", "x"), "there is no source 'x'; there are servicing-index, update-history"),
        (("update", "--from", "cve"), "'cve' is not NAME=FILE|URL|-"),
        (("update", "--from", "cve="), "'cve=' is not NAME=FILE|URL|-"),
        (("update", "--from", "x=y"), "there is no source 'x'"),
        (("mirror",), "Missing option '--from'"),
        (("mirror", "--from", "x", "--dry-run"), "--dry-run goes with --to"),
    ],
)
def test_what_is_wrong_with_a_command_is_said(arguments: tuple[str, ...], what: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert what in result.output


def test_an_overrides_file_that_cannot_be_read_stops_everything(data_dir: Path) -> None:
    (data_dir / "catalogue.toml").write_text("[[pin]]\nfield = 'kind'\n", encoding="utf-8")
    for command in ("update", "sources", "verify"):
        result = run(command)
        assert result.exit_code == 1
        assert "catalogue.toml" in result.output
        assert "reason" in result.output


def test_a_database_that_cannot_be_used(data_dir: Path) -> None:
    (data_dir / "osimages.db").write_bytes(b"no database at all, but long enough to look at it as one" * 20)
    result = run("update", *of("cve", "cve.json"))
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")


PIN = '[[pin]]\nbuild = "26200.9999"\nfield = "kind"\nvalue = "out-of-band"\nreason = "By chance."\n'


def test_verify_lists_disagreements_gaps_and_idle_pins(data_dir: Path) -> None:
    text = output("verify")
    assert "Windows 11 25H2: no build is known of the Patch Tuesday of 2026-12\n" in text
    assert "113 disagreements, 0 resolved by pins." in text
    assert "\none build, two KBs: 5\n  Why so: one build was offered by more than one KB.\n" in text
    assert (
        "\n  10240.17113: both kept as two rows\n"
        "    said: KB3185611 (DataForGeeks-2026-06, vuls-2026-07); KB3193821\n"
        "      (DataForGeeks-2026-06, vuls-2026-07)\n"
    ) in text
    assert max(map(len, text.splitlines())) <= 80
    assert run("verify", "--strict").exit_code == 1
    (data_dir / "catalogue.toml").write_text(PIN, encoding="utf-8")
    assert "26200.9999: the pin is about a build that is not known" in output("verify")
    output("update", *of("servicing-index", "servicing-index.json"))
    found = document("verify")
    assert [each for each in found["disagreements"] if each["isPinned"]] == [
        {
            "subject": "26200.9999",
            "field": "kind",
            "values": {"B": ["second Tuesday, no Preview/Out-of-band in title"], "out-of-band": ["pinned"]},
            "chosen": "out-of-band",
            "why": "pinned",
            "isPinned": True,
        }
    ]
    assert "26200.9999: the pin" not in output("verify")
    assert "1 resolved by pins." in output("verify")


@pytest.mark.parametrize("command", ["show", "verify", "history 25H2"])
def test_other_commands_load_nothing_that_fetches(command: str) -> None:
    """Connections and HTML are for those who ask sources."""
    program = (
        "import sys; from osimages.cli import main; main(['catalogue', *sys.argv[1:]], standalone_mode=False); "
        "sys.exit(bool({'httpx', 'selectolax', 'azure'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *command.split()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_a_source_says_and_since_when_and_forgetting_it() -> None:
    output("update", *of("endoflife.date", "endoflife.date.json"), *of("cve", "cve.json"))
    text = output("sources", "cve")
    assert "update 10.0.28000.3500" in text
    assert "build 10.0.28000.3500, day 2026-12-08, listed_under Windows 11 26H1" in text
    assert text.endswith("cve says 4 things.\n")
    said = document("sources", "endoflife.date")["value"]
    versions = {each["claim"]["version"] for each in said if each["claim"]["type"] == "release"}
    assert versions == {"27H1", "22H2", "1803"}
    assert all(each["firstSeen"] == each["lastSeen"] for each in said)
    assert "  gone 28000.3500\n" in output("sources", "cve", "--forget")
    assert output("sources", "cve") == "cve says 0 things.\n"
    assert run("sources", "--forget").exit_code == run("sources", "x").exit_code == 2


def test_sources_with_their_licences() -> None:
    text = output("sources")
    assert "endoflife.date       yes         MIT" in text
    assert "dataforgeeks         when named  MIT" in text
    assert "never" in text
    assert len(document("sources")["value"]) == 9


def test_the_overrides_file_says_which_sources_are_asked(data_dir: Path) -> None:
    usual = {each["name"]: each["isAsked"] for each in document("sources")["value"]}
    lines = [f"[sources.'{name}']\nasked = false" for name, is_asked in usual.items() if is_asked]
    place = json.dumps(str(SAMPLES / "cve.json"))
    (data_dir / "catalogue.toml").write_text(
        "\n".join([*lines, f"[sources.cve]\nasked = true\nurls = [{place}]"]), "utf-8"
    )
    assert [each["name"] for each in document("sources")["value"] if each["isAsked"]] == ["cve"]
    assert [(each["name"], each["state"]) for each in document("update")["sources"]] == [("cve", "read")]
