"""`osimages policy diff` and `policy apply` against a stand-in for Graph, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Result, osimages
from tests.cli.test_check_graph import FAKE, fake_identity
from tests.support.compliance_policies import (
    READ,
    PolicyStandIn,
    build_range,
    cut_after,
    cut_before,
    policy_stand_in,
    throttled,
    unavailable,
    unsigned_token,
)
from tests.support.graph import TOKEN
from tests.support.server import command, environment
from tests.support.web import Given

TODAY = ("--today", "2026-11-23")
RANGES = "validOperatingSystemBuildRanges"
OLD_24H2 = build_range("10.0.26100.4946", "10.0.26100.9999", "24H2")
OLD_25H2 = build_range("10.0.26200.6584", "10.0.26200.65535")
SERVER = build_range("10.0.20348.1", "10.0.20348.9999", "Windows Server 2022")

Run = Callable[..., Result]


@pytest.fixture
def stand_in() -> Iterator[PolicyStandIn]:
    """A tenant as they are: some policies about builds, others not, on several pages."""
    with policy_stand_in(page_size=2) as found:
        found.assign(found.add("All", validOperatingSystemBuildRanges=[OLD_24H2, OLD_25H2, SERVER]), "g1", "g2")
        found.add("24H2", validOperatingSystemBuildRanges=[OLD_24H2])
        found.add("Minimum", osMinimumVersion="10.0.26100.4946", bitLockerEnabled=True)
        found.add("Ended", osMinimumVersion="10.0.22631.1")
        found.add("BitLocker", bitLockerEnabled=True)
        found.add("iPads", "#microsoft.graph.iosCompliancePolicy", osMinimumVersion="18.7")
        yield found


@pytest.fixture
def run(stand_in: PolicyStandIn, tmp_path: Path) -> Run:
    """Run a command of `osimages policy` against the tenant."""

    def policy(*arguments: str | Path, **variables: str) -> Result:
        result = osimages("policy", *arguments, **{**variables_of(stand_in, tmp_path), **variables})
        assert "Traceback" not in result.stderr, result.stderr
        return result

    return policy


def variables_of(stand_in: PolicyStandIn, tmp_path: Path) -> dict[str, str]:
    """The environment of a command."""
    return {
        "OSIMAGES_GRAPH_URL": stand_in.url,
        "OSIMAGES_GRAPH_TOKEN": TOKEN,
        "OSIMAGES_DATA_DIR": str(tmp_path / "data"),
    }


def named(stand_in: PolicyStandIn, name: str) -> dict[str, Any]:
    """The policy with a name."""
    return next(each for each in stand_in.policies.values() if each["displayName"] == name)


def lowest(stand_in: PolicyStandIn, name: str) -> list[str]:
    """The lower ends of the ranges of a policy."""
    return [each["lowestVersion"] for each in named(stand_in, name)[RANGES]]


def expected(*releases: str) -> list[str]:
    """The lower ends that `policy builds` prints."""
    document = json.loads(osimages("policy", "builds", "--json", *TODAY).stdout)
    return [each["lowestVersion"] for each in document["ranges"] if each["release"] in releases]


def states(document: dict[str, Any]) -> dict[str, str]:
    """The state, or what became, of each policy."""
    return {each["name"]: each.get("outcome") or each["state"] for each in document["policies"]}


def test_compare_write_and_restore(stand_in: PolicyStandIn, run: Run, tmp_path: Path) -> None:
    """What scripts do: read, compute, write, verify; once more, and back again."""
    before = json.loads(json.dumps(stand_in.policies))
    compared = run("diff", *TODAY, "--json")
    assert compared.returncode == 1, "there is a difference"
    document = json.loads(compared.stdout)
    assert states(document) == {"All": "change", "24H2": "change", "Minimum": "change", "Ended": "unmatched"}
    assert document["notLookedAt"]["otherTypes"] == {"#microsoft.graph.iosCompliancePolicy": 1}
    assert document["policies"][0]["assignments"] == 2
    assert document["isDifferent"]
    dry = run("apply", *TODAY)
    assert dry.returncode == 0
    assert "Dry run: 3 would be written, 1 not matched." in dry.stdout
    assert stand_in.policies == before, "nothing was sent"
    assert {each.method for each in stand_in.web.asked} == {"GET"}

    stand_in.faults = [throttled(), throttled("PATCH"), unavailable("PATCH"), cut_after(), cut_before()]
    record = tmp_path / "record.json"
    applied = run("apply", *TODAY, "--yes", "--record", record, "--json")
    assert applied.returncode == 0, applied.stderr
    assert not stand_in.faults
    document = json.loads(applied.stdout)
    assert states(document) == {"All": "applied", "24H2": "applied", "Minimum": "applied", "Ended": "unmatched"}
    assert document["record"] == str(record)
    names = ("Windows 11 24H2", "Windows 11 25H2", "Windows 11 26H1", "Windows 11 26H2")
    assert sorted(lowest(stand_in, "All")) == sorted([*expected(*names), "10.0.20348.1"])
    assert lowest(stand_in, "24H2") == expected("Windows 11 24H2")
    assert named(stand_in, "Minimum")["osMinimumVersion"] == expected("Windows 11 24H2")[-1]
    for old in before.values():
        touched = {RANGES, "osMinimumVersion", "version", "lastModifiedDateTime"}
        new = stand_in.policies[old["id"]]
        assert {name for name in old if old[name] != new[name]} <= touched, "nothing else is changed"
        assert new["version"] == (2 if old["displayName"] in ("All", "24H2", "Minimum") else 1)
    assert all(body.keys() <= {"@odata.type", RANGES, "osMinimumVersion"} for body in stand_in.sent("PATCH"))
    assert len(stand_in.assignments[document["policies"][0]["id"]]) == 2

    assert run("diff", *TODAY).returncode == 0
    count = len(stand_in.web.asked)
    again = run("apply", *TODAY, "--yes", "--json")
    assert (again.returncode, json.loads(again.stdout)["record"]) == (0, None)
    assert {each.method for each in stand_in.web.asked[count:]} == {"GET"}, "a second run writes nothing"
    assert not (tmp_path / "data").exists()

    assert "Dry run: 3 would be written." in run("apply", "--restore", record).stdout
    restored = run("apply", "--restore", record, "--yes")
    assert restored.returncode == 0, restored.stderr
    for old in before.values():
        new = stand_in.policies[old["id"]]
        assert (
            [new[RANGES], new["osMinimumVersion"]] == [old[RANGES], old["osMinimumVersion"]] if RANGES in old else True
        )
    assert "3 as wanted." in run("apply", "--restore", record, "--yes").stdout, "it can be restored twice"
    (undo,) = (tmp_path / "data" / "policy-records").iterdir()
    assert undo.stat().st_mode & 0o777 == (0o600 if os.name == "posix" else undo.stat().st_mode & 0o777)
    assert run("apply", "--restore", undo, "--yes").returncode == 0, "what is restored is recorded, too"
    assert run("diff", *TODAY).returncode == 0


def test_the_record_is_there_before_anything_is_sent(stand_in: PolicyStandIn, run: Run, tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    seen: list[bool] = []

    def look(given: Given) -> None:
        if given.method == "PATCH":
            seen.append(len(json.loads(record.read_bytes())["policies"]) == 3)

    stand_in.on_request = look
    assert run("apply", *TODAY, "--yes", "--record", record).returncode == 0
    assert seen == [True] * 3
    stand_in.change(named(stand_in, "24H2")["id"], **{RANGES: [OLD_24H2]})
    refused = run("apply", *TODAY, "--yes", "--record", record)
    assert (refused.returncode, len(seen)) == (3, 3), "without a record, nothing is sent"
    assert "exists already and is not overwritten" in refused.stderr


def test_a_table_for_people(run: Run) -> None:
    result = run("diff", *TODAY)
    rows = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert rows[0] == "Policy Assignments Setting Release Change Now Would be"
    new = expected("Windows 11 24H2")[-1]
    assert f"Minimum 0 osMinimumVersion Windows 11 24H2 raise 10.0.26100.4946 {new}" in rows
    assert "Not looked at: 1 other of Windows, 1 #microsoft.graph.iosCompliancePolicy." in rows
    assert (
        "Warning: All: the range 10.0.20348.1 to 10.0.20348.9999 (Windows Server 2022) stays as it is" in result.stderr
    )
    assert "Warning: Ended: osMinimumVersion 10.0.22631.1: Windows 11 23H2 stays as it is" in result.stderr


def test_which_policies(stand_in: PolicyStandIn, run: Run) -> None:
    identity = named(stand_in, "24H2")["id"].upper()
    document = json.loads(run("diff", *TODAY, "--json", "--policy", identity, "--policy", "minimum").stdout)
    assert list(states(document)) == ["24H2", "Minimum"]
    assert run("diff", *TODAY, "--policy", "Ended").returncode == 3, "what was named cannot be compared"
    assert states(json.loads(run("diff", *TODAY, "--json", "--policy", "BitLocker").stdout)) == {"BitLocker": "change"}
    stand_in.add("24H2", validOperatingSystemBuildRanges=[OLD_24H2])
    for name, message in (
        ("24H2", "2 policies have the name '24H2': name one by its id ("),
        ("iPads", "'iPads' is a #microsoft.graph.iosCompliancePolicy"),
        ("Nothing", "no Windows compliance policy is named 'Nothing'; there are: All, 24H2, Minimum"),
    ):
        result = run("diff", *TODAY, "--policy", name)
        assert (result.returncode, result.stdout) == (3, "")
        assert message in result.stderr


def test_nothing_is_lowered(stand_in: PolicyStandIn, run: Run) -> None:
    assert run("apply", *TODAY, "--yes").returncode == 0
    now = json.loads(json.dumps(stand_in.policies))
    result = run("apply", *TODAY, "--level", "1", "--yes")
    assert result.returncode == 3
    assert stand_in.policies == now
    assert "lower (refused)" in result.stdout
    assert "pass --allow-lower" in result.stderr
    assert run("diff", *TODAY, "--level", "1").returncode == 1
    allowed = run("apply", *TODAY, "--level", "1", "--yes", "--allow-lower")
    assert allowed.returncode == 0
    assert stand_in.policies != now


def test_a_stricter_release_does_not_keep_the_others_back(stand_in: PolicyStandIn, run: Run) -> None:
    strict = build_range("10.0.26100.60000", "10.0.26100.65535", "ours")
    stand_in.change(named(stand_in, "All")["id"], **{RANGES: [strict, OLD_25H2]})
    result = run("apply", *TODAY, "--policy", "All", "--yes")
    assert result.returncode == 3, "a part is refused"
    assert "All: applied" in result.stdout
    assert named(stand_in, "All")[RANGES][0] == strict
    assert lowest(stand_in, "All")[1:] == expected("Windows 11 25H2", "Windows 11 26H1", "Windows 11 26H2")
    assert "Warning: All: Windows 11 24H2: too old for the policy now, but accepted: " in result.stderr


def test_stale_facts(stand_in: PolicyStandIn, run: Run) -> None:
    december = ("--today", "2026-12-09")
    refused = run("apply", *december, "--yes")
    assert (refused.returncode, stand_in.web.asked) == (3, [])
    assert "The build of December 2026 is not known" in refused.stderr
    assert run("apply", *december).returncode == 3
    assert run("apply", *december, "--yes", "--allow-stale").returncode == 0
    unclear = run("diff", *december)
    assert (unclear.returncode, "is not known for" in unclear.stderr) == (3, True), "as wanted, as far as is known"
    assert run("diff", *december, "--allow-stale").returncode == 0
    assert run("apply", *december, "--level", "1", "--yes", "--allow-lower").returncode == 0, "not needed for the rule"


def test_create(stand_in: PolicyStandIn, run: Run) -> None:
    assert "Dry run: 1 would be written" in run("apply", *TODAY, "--create", "New").stdout
    assert len(stand_in.policies) == 6
    stand_in.faults = [cut_after("POST")]
    made = run("apply", *TODAY, "--create", "New", "--yes", "--json")
    assert made.returncode == 0, made.stderr
    document = json.loads(made.stdout)
    assert states(document) == {"New": "created"}
    identity = document["policies"][0]["id"]
    assert stand_in.policies[identity]["displayName"] == "New"
    assert stand_in.assignments[identity] == []
    assert len(lowest(stand_in, "New")) == 6
    assert states(json.loads(run("apply", *TODAY, "--create", "New", "--yes", "--json").stdout)) == {"New": "same"}
    assert len(stand_in.policies) == 7
    back = run("apply", "--restore", document["record"], "--yes")
    assert (back.returncode, len(stand_in.policies)) == (0, 7)
    assert "New: the run created it; it stays" in back.stderr


def test_restoring_what_was_changed_since(stand_in: PolicyStandIn, run: Run, tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    assert run("apply", *TODAY, "--policy", "24H2", "--policy", "Minimum", "--yes", "--record", record).returncode == 0
    other = build_range("10.0.26100.9000", "10.0.26100.9001", "somebody else")
    stand_in.change(named(stand_in, "24H2")["id"], **{RANGES: [other]})
    result = run("apply", "--restore", record, "--yes")
    assert result.returncode == 3
    assert "24H2: it has other settings than that run gave it: pass --overwrite" in result.stderr
    assert named(stand_in, "24H2")[RANGES] == [other]
    assert named(stand_in, "Minimum")["osMinimumVersion"] == "10.0.26100.4946"
    assert run("apply", "--restore", record, "--yes", "--overwrite").returncode == 0
    assert named(stand_in, "24H2")[RANGES] == [OLD_24H2]
    del stand_in.policies[named(stand_in, "24H2")["id"]]
    gone = run("apply", "--restore", record, "--yes")
    assert (gone.returncode, "24H2: it is not there any more, or not in this tenant" in gone.stderr) == (3, True)


def test_a_record_of_another_tenant(stand_in: PolicyStandIn, run: Run, tmp_path: Path) -> None:
    record, stand_in.token = tmp_path / "record.json", ""
    ours, theirs = unsigned_token({"tid": "ours"}), unsigned_token({"tid": "theirs"})
    assert run("apply", *TODAY, "--yes", "--record", record, OSIMAGES_GRAPH_TOKEN=ours).returncode == 0
    count = len(stand_in.sent("PATCH"))
    result = run("apply", "--restore", record, "--yes", OSIMAGES_GRAPH_TOKEN=theirs)
    assert result.returncode == 3
    assert "is a record of the tenant ours; the token is for theirs." in result.stderr
    other = record.read_text(encoding="utf-8").replace(stand_in.url, "https://graph.microsoft.us/beta")
    record.write_text(other, encoding="utf-8")
    result = run("apply", "--restore", record, "--yes", OSIMAGES_GRAPH_TOKEN=ours)
    assert (result.returncode, "is a record of https://graph.microsoft.us/beta" in result.stderr) == (3, True)
    record.write_text("{}", encoding="utf-8")
    result = run("apply", "--restore", record, "--yes")
    assert (result.returncode, "is no record of policy apply" in result.stderr) == (3, True)
    assert "cannot be read" in run("apply", "--restore", tmp_path / "none").stderr
    assert len(stand_in.sent("PATCH")) == count


def test_a_missing_permission(stand_in: PolicyStandIn, run: Run) -> None:
    stand_in.scopes = (READ,)
    assert run("diff", *TODAY).returncode == 1, "reading suffices"
    result = run("apply", *TODAY, "--yes")
    assert result.returncode == 3
    assert "All: failed: " in result.stdout
    assert "DeviceManagementConfiguration.ReadWrite.All" in result.stdout
    assert result.stdout.splitlines()[-1] == "1 failed, 2 not tried, 1 not matched."
    stand_in.scopes = ()
    result = run("diff", *TODAY)
    assert (result.returncode, result.stdout) == (3, "")
    assert "lacks a permission: DeviceManagementConfiguration.Read.All" in result.stderr


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_an_interrupted_run_says_what_it_did(stand_in: PolicyStandIn, tmp_path: Path) -> None:
    reached, release = threading.Event(), threading.Event()
    ids: list[str] = []

    def wait(given: Given) -> None:
        if given.method == "PATCH":
            ids.append(given.path.rpartition("/")[2])
            if len(ids) == 2:
                reached.set()
                release.wait(60)

    stand_in.on_request = wait
    process = subprocess.Popen(
        command("policy", "apply", *TODAY, "--yes"),
        env=environment(**variables_of(stand_in, tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert reached.wait(60)
    process.send_signal(signal.SIGTERM)
    printed, _ = process.communicate(timeout=60)
    release.set()
    assert process.returncode == 3
    assert printed.splitlines()[-4:] == [
        "All: applied",
        "24H2: unknown: interrupted: the settings may have been sent",
        "Minimum: not tried: the run was interrupted",
        "1 applied, 1 unknown, 1 not tried, 1 not matched.",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("apply", "--yes", "--dry-run"), "--yes writes and --dry-run does not"),
        (("apply", "--overwrite"), "--overwrite is about --restore"),
        (("apply", "--create", " "), "a policy needs a name"),
        (("apply", "--restore", "x", "--level", "1"), "--restore takes policies and settings from the file"),
        (("apply", "--restore", "x", "--policy", "y"), "--restore takes policies and settings from the file"),
        (("apply", "--servers"), "Intune evaluates no servers"),
        (("diff", "--servers"), "Intune evaluates no servers"),
        (("diff", "--level", "5"), "Invalid value for '--level'"),
        (("diff", "--releases", "Windows 98"), "--releases"),
        (("diff", "--cloud", "mars"), "Invalid value for '--cloud'"),
        (("diff", "--graph-url", "http://graph.microsoft.com"), "a token is sent over HTTPS only"),
        (("diff", "--graph-url", "http://127.0.0.1:1/v1.0"), "v1.0 of Graph has no build ranges"),
    ],
)
def test_usage_errors(run: Run, arguments: tuple[str, ...], message: str) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in " ".join(result.stderr.split())


def test_failures_are_no_difference(stand_in: PolicyStandIn, run: Run) -> None:
    assert run("diff", *TODAY, OSIMAGES_GRAPH_TOKEN="expired").returncode == 3
    assert run("diff", *TODAY, OSIMAGES_GRAPH_URL="http://127.0.0.1:1").returncode == 3
    assert run("diff", "--today", "1999-01-01").returncode == 3, "no release is accepted"
    stand_in.policies.clear()
    empty = run("diff", *TODAY)
    assert (empty.returncode, empty.stdout.splitlines()[0]) == (
        0,
        "No Windows compliance policy has build ranges or a minimum version.",
    )


@pytest.mark.parametrize(
    ("cloud", "root"), [("usgov", "https://graph.microsoft.us"), ("china", "https://microsoftgraph.chinacloudapi.cn")]
)
def test_the_graph_of_a_cloud(tmp_path: Path, cloud: str, root: str) -> None:
    """Nothing is sent: the proxy of the environment is not there."""
    variables = fake_identity(tmp_path, FAKE) | {"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": ""}
    result = osimages("policy", "diff", *TODAY, "--cloud", cloud, **variables)
    assert (result.returncode, "cannot be reached" in result.stderr) == (3, True)
    assert f"Reading compliance policies from {root}/beta" in result.stderr
    assert json.loads((tmp_path / "seen.json").read_text().splitlines()[0])[1] == [f"{root}/.default"]


def test_a_policy_that_cannot_be_read_is_named(stand_in: PolicyStandIn, run: Run) -> None:
    stand_in.policies[stand_in.add("Half")]["displayName"] = "Half \ud800"
    result = run("apply", *TODAY, "--yes")
    assert (result.returncode, "the policy 'Half' is not of Graph's form" in result.stderr) == (3, True)
    assert "3 applied, 1 not matched." in result.stdout
    assert run("diff", *TODAY, "--policy", "All").returncode == 0, "another one was named"


def test_many_ranges_that_match_nothing(stand_in: PolicyStandIn, run: Run) -> None:
    odd = [build_range(f"10.0.{number}.1", f"10.0.{number}.9") for number in range(1, 101)]
    stand_in.add("Odd", validOperatingSystemBuildRanges=[*odd, OLD_24H2])
    result = run("diff", *TODAY, "--policy", "Odd", "--json")
    assert sum(line.startswith("Warning: Odd: the range") for line in result.stderr.splitlines()) == 20
    assert "Warning: Odd: 80 more, which --json lists." in result.stderr
    assert len(json.loads(result.stdout)["policies"][0]["unmatched"]) == 100


def test_names_cannot_move_the_cursor(stand_in: PolicyStandIn, run: Run) -> None:
    stand_in.add("\x1b[2J\u202eevil", validOperatingSystemBuildRanges=[build_range("\x1b[31m", "x", "\x1b]0;y\x07")])
    result = run("diff", *TODAY)
    assert "\x1b" not in result.stdout + result.stderr
    assert "[2J evil" in result.stdout
