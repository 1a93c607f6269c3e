"""The examples of a schedule in docs/policy-apply.md: whether they are valid, and whether their commands work."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.cli.running import osimages
from tests.docs.test_examples import ROOT, blocks
from tests.support.compliance_policies import PolicyStandIn, build_range, policy_stand_in
from tests.support.graph import TOKEN

PAGE = ROOT / "docs" / "policy-apply.md"
WORKFLOW, *UNITS = [each.text for each in blocks(PAGE) if each.language in ("yaml", "ini")]
PREFIX = "osimages policy apply"


@pytest.fixture
def stand_in() -> Iterator[PolicyStandIn]:
    """A tenant with one policy that is behind."""
    with policy_stand_in() as found:
        found.add("Windows", validOperatingSystemBuildRanges=[build_range("10.0.26100.4946", "10.0.26100.9999")])
        yield found


def workflow() -> dict[Any, Any]:
    """The workflow as YAML 1.1 reads it, where the key `on` is a truth value."""
    found = yaml.safe_load(WORKFLOW)
    assert isinstance(found, dict)
    return found


def of_unit(text: str, key: str) -> list[str]:
    """The values of a key in a unit file."""
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def test_the_workflow_is_one() -> None:
    found = workflow()
    assert found[True]["schedule"] == [{"cron": "0 6 * * *"}]
    assert found["permissions"]["id-token"] == "write", "azure/login gets its token with it"
    (job,) = found["jobs"].values()
    assert all(("run" in step) != ("uses" in step) for step in job["steps"])


def commands() -> list[str]:
    """The commands of all examples that write policies."""
    (job,) = workflow()["jobs"].values()
    runs = [step["run"] for step in job["steps"] if "run" in step]
    starts = [each.lstrip("-").removeprefix("/usr/local/bin/") for each in of_unit(UNITS[0], "ExecStart")]
    return [each for each in (*runs, *starts) if each.startswith(PREFIX)]


def test_there_is_a_command_in_each() -> None:
    assert len(commands()) == 2


@pytest.mark.parametrize("command", commands())
def test_the_commands_write(
    stand_in: PolicyStandIn, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    variables = {
        "OSIMAGES_GRAPH_URL": stand_in.url,
        "OSIMAGES_GRAPH_TOKEN": TOKEN,
        "OSIMAGES_DATA_DIR": str(tmp_path / "data"),
        "OSIMAGES_TODAY": "2026-11-23",
    }
    for is_first in (True, False):
        result = osimages(*shlex.split(command)[1:], **variables)
        assert result.returncode == 0, result.stderr
        assert result.stdout.splitlines()[-1] == ("1 applied." if is_first else "1 as wanted.")
    assert len(stand_in.sent("PATCH")) == 1
    assert len([*tmp_path.glob("record.json"), *tmp_path.glob("data/policy-records/*.json")]) == 1


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """The program need not be installed where this runs: `true` stands for it."""
    names = ("osimages-policy.service", "osimages-policy.timer")
    for name, text in zip(names, UNITS, strict=True):
        (tmp_path / name).write_text(text.replace("/usr/local/bin/osimages", shutil.which("true") or ""), "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / name) for name in names)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_folder_of_the_records_is_the_state_directory() -> None:
    (folder,) = of_unit(UNITS[0], "StateDirectory")
    assert of_unit(UNITS[0], "Environment") == [f"OSIMAGES_DATA_DIR=/var/lib/{folder}"]
