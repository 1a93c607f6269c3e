"""The GitHub Action: its steps, and the workflow in docs/github-action.md, run with bash as a runner does.

https://docs.github.com/actions/reference/workflows-and-actions/metadata-syntax
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from tests.docs.test_examples import blocks
from tests.support.api import IMAGES, Json
from tests.support.server import environment

ROOT = Path(__file__).parents[2]
ACTION: Json = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
PAGE = ROOT / "docs" / "github-action.md"
OSIMAGES = str(Path(sys.executable).parent / "osimages")
_EXPRESSION = re.compile(r"\$\{\{ (.*?) \}\}")

pytestmark = pytest.mark.skipif(
    os.name != "posix" or shutil.which("bash") is None or shutil.which("curl") is None, reason="needs bash and curl"
)


@dataclass
class Runner:
    """A runner's state between steps: variables, search path, and the outputs of steps."""

    temporary: Path
    variables: dict[str, str] = field(default_factory=environment)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    masked: set[str] = field(default_factory=set)
    log: str = ""

    def use(self, **inputs: str) -> dict[str, str]:
        """Run the action's steps. Return its outputs."""
        unknown = set(inputs) - {name.replace("-", "_") for name in ACTION["inputs"]}
        assert not unknown, unknown
        values = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()}
        values |= {name.replace("_", "-"): value for name, value in inputs.items()}
        context = {f"inputs.{name}": value for name, value in values.items()}
        inner = Runner(self.temporary, self.variables)
        for step in ACTION["runs"]["steps"]:
            try:
                inner.run(step, context)
            finally:
                self.log += inner.log
        self.variables = inner.variables
        self.masked |= inner.masked
        return {name: inner.expand(each["value"], context) for name, each in ACTION["outputs"].items()}

    def run(self, step: Json, context: dict[str, str]) -> None:
        """Run a step with a script; it must succeed."""
        files = {name: self.temporary / name for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH")}
        for file in files.values():
            file.write_text("")
        script = self.temporary / "step.sh"
        script.write_text(self.expand(step["run"], context))
        values = {name: self.expand(str(value), context) for name, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script],
            env=self.variables | {name: str(file) for name, file in files.items()} | values,
            cwd=self.temporary,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=600,
        )
        self.masked |= set(re.findall(r"^::add-mask::(.*)$", done.stdout, re.MULTILINE))
        self.log += re.sub(r"^::add-mask::.*\n", "", done.stdout, flags=re.MULTILINE)
        assert done.returncode == 0, done.stdout
        self.variables = self.variables | assignments(files["GITHUB_ENV"].read_text())
        for line in files["GITHUB_PATH"].read_text().splitlines():
            self.variables["PATH"] = f"{line}{os.pathsep}{self.variables['PATH']}"
        if "id" in step:
            self.outputs[step["id"]] = assignments(files["GITHUB_OUTPUT"].read_text())

    def expand(self, text: str, context: dict[str, str]) -> str:
        """Replace expressions by their values; an unknown one is an error."""
        known = context | {"github.action_path": str(ROOT), "runner.temp": str(self.temporary)}
        for step, outputs in self.outputs.items():
            known |= {f"steps.{step}.outputs.{name}": value for name, value in outputs.items()}
        return _EXPRESSION.sub(lambda found: known[found[1]], text)


def assignments(text: str) -> dict[str, str]:
    """The variables in a file of a step: `NAME=value` or `NAME<<END`, lines and `END`."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, separator, value = re.match(r"([\w-]+)(<<|=)(.*)", line).groups()  # type: ignore[union-attr]
        if separator == "<<":
            inner = []
            while (each := next(lines)) != value:
                inner.append(each)
            value = "\n".join(inner)
        found[name] = value
    return found


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    """A runner on a machine of its own; what it has started ends with it."""
    found = Runner(tmp_path)
    found.variables |= {"RUNNER_TEMP": str(tmp_path), "GITHUB_ACTIONS": "true"}
    yield found
    for file in tmp_path.rglob("server.json"):
        process = int(yaml.safe_load(file.read_text())["pid"])
        os.kill(process, signal.SIGTERM)


def accepted(*command: str | Path) -> bool:
    """Whether a linter finds nothing."""
    return subprocess.run([sys.executable, "-m", *command], capture_output=True, check=False).returncode == 0


def test_the_metadata() -> None:
    assert accepted("check_jsonschema", "--builtin-schema", "vendor.github-actions", ROOT / "action.yml")
    assert accepted("yamllint", "--strict", "-c", ROOT / ".yamllint.yaml", ROOT / "action.yml")
    for step in ACTION["runs"]["steps"]:
        # An input in a script is a script of whoever sets it.
        assert "${{" not in step["run"], step["name"]
        assert subprocess.run(["bash", "-n"], input=step["run"], text=True, check=False).returncode == 0


def test_a_server_for_the_steps_that_follow(runner: Runner) -> None:
    outputs = runner.use(command=OSIMAGES, port="0", arguments="--today 2026-10-20 --empty")
    assert outputs["url"] == runner.variables["OSIMAGES_URL"]
    assert Path(outputs["data-dir"], "ca.pem").is_file()
    assert not Path(outputs["data-dir"], "job.env").exists()
    token = runner.variables["OSIMAGES_TOKEN"]
    assert runner.masked == {token}
    assert token not in runner.log
    script = f'curl -sS --fail "$OSIMAGES_URL{IMAGES}" -H "Authorization: Bearer $OSIMAGES_TOKEN"'
    runner.run({"run": script}, {})
    assert '"value":[]' in runner.log
    program = (
        "from azure.identity import DefaultAzureCredential as D; D().get_token('https://graph.microsoft.com/.default')"
    )
    runner.run({"run": f'{sys.executable} -c "{program}"'}, {})
    runner.run({"run": f'test "$({OSIMAGES} token | wc -c)" -gt 100'}, {})


def test_plain_http(runner: Runner) -> None:
    outputs = runner.use(command=OSIMAGES, port="0", arguments="--http")
    assert outputs["url"].startswith("http://localhost:")
    runner.run({"run": 'curl -sS --fail "$OSIMAGES_URL/-/ready"'}, {})


def test_a_server_that_does_not_start(runner: Runner) -> None:
    with pytest.raises(AssertionError, match="::error title=osimages::"):
        runner.use(command=OSIMAGES, port="0", arguments="--host 0.0.0.0")
    assert "--expose-development" in runner.log, "the server's own words are shown"
    with pytest.raises(AssertionError, match="did not get ready within 1 seconds"):
        runner.use(command=_sleeper(runner), timeout="1")


def _sleeper(runner: Runner) -> str:
    """A program that starts and never says that it listens."""
    file = runner.temporary / "sleeper"
    file.write_text('#!/bin/sh\n[ "$1" = --version ] || exec sleep 60\n')
    file.chmod(0o755)
    return str(file)


def test_the_workflow_of_the_page(runner: Runner) -> None:
    (text,) = (each.text for each in blocks(PAGE) if each.language == "yaml")
    file = runner.temporary / "workflow.yml"
    file.write_text(text, encoding="utf-8")
    assert accepted("check_jsonschema", "--builtin-schema", "vendor.github-workflows", file)
    for step in yaml.safe_load(text)["jobs"]["test"]["steps"]:
        if step.get("uses", "").startswith("OWNER/osimages"):
            given = {name.replace("-", "_"): value for name, value in step["with"].items()}
            runner.outputs[step["id"]] = runner.use(command=OSIMAGES, port="0", **given)
        elif "run" in step:
            runner.run(step, {})
    assert re.search(r"^[1-9]\d*", runner.log, re.MULTILINE), "the count of the images"
    assert "Listening on" in runner.log, "the log of the server"


def test_the_page_names_every_input_and_output() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name in (*ACTION["inputs"], *ACTION["outputs"]):
        assert f"| `{name}` |" in page
    for name, each in ACTION["inputs"].items():
        if each["default"]:
            assert f"| `{name}` | `{each['default']}` |" in page


@pytest.mark.xdist_group("install")
def test_it_installs_its_own_checkout(runner: Runner, tmp_path: Path) -> None:
    probe = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(tmp_path / "probe"), "click"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("this machine reaches no package registry")
    runner.variables["PATH"] = os.defpath
    runner.use(python=sys.executable, port="0")
    runner.run({"run": 'test "$(command -v osimages)" = "$RUNNER_TEMP/osimages-venv/bin/osimages"'}, {})
    runner.run({"run": "osimages --version"}, {})
