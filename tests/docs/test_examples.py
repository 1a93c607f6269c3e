"""Every example in the documentation is run, in order, as a reader would; answers that are shown must be real."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import pytest

from tests.support import chromium
from tests.support.compliance_policies import PolicyStandIn, build_range
from tests.support.graph import graph_stand_in
from tests.support.patience import PATIENCE_SECONDS
from tests.support.server import Server, environment, running
from tests.support.web import Given, Reply

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# These are run by tests/distribution, in folders and environments of their own, and by other modules of this folder.
_ELSEWHERE = ("install.md", "testing.md", "odata.md")
PAGES = [each for each in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if each.name not in _ELSEWHERE]
NODE = ROOT / "tests" / "node"
# Examples that need the browser, which the test's environment names.
OPENS_BROWSER = "InteractiveBrowserCredential"
# The reader's first command: the test has started the server already.
_SERVE = "make serve\n"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the examples are for a POSIX shell")


@dataclass(frozen=True)
class Block:
    """A piece of code in a page: its language and its text."""

    language: str
    text: str


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [Block(*found) for found in _BLOCK.findall(page.read_text(encoding="utf-8"))]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server as `make serve` starts it, on the day that the examples were written."""
    with running(tmp_path_factory.mktemp("docs"), "--today", "2026-11-23") as started:
        yield started


@pytest.fixture(scope="module")
def graph_url() -> Iterator[str]:
    """A stand-in for Graph with the devices and the compliance policies of a tenant, which takes any token."""
    with graph_stand_in(2500, token="") as devices:
        policies = PolicyStandIn(devices.web, token="")
        policies.add("24H2", validOperatingSystemBuildRanges=[build_range("10.0.26100.4946", "10.0.26100.9999")])
        policies.add("Minimum", osMinimumVersion="10.0.26200.6584")

        def answer(given: Given) -> Reply:
            return (policies if "deviceCompliancePolicies" in given.path else devices).answer(given)

        devices.web.answer = answer
        yield devices.url


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=lambda page: page.name)
def test_examples(page: Path, server: Server, graph_url: str, tmp_path: Path) -> None:
    # Those that name no server of Graph ask the stand-in, with a token of the emulator.
    script = f'eval "$(.venv/bin/osimages env)"\nexport OSIMAGES_GRAPH_URL={graph_url}\n'
    shown = ""
    for block in blocks(page):
        if block.language == "json":
            assert comparable(block.text) == comparable(shown.replace(server.url, "https://localhost:8443"))
        elif block.language == "python":
            file = tmp_path / "example.py"
            file.write_text(block.text, encoding="utf-8")
            if OPENS_BROWSER not in block.text or chromium.EXECUTABLE.exists():
                assert run(f"{script}python {file}\n", server), "it prints something"
        elif block.language == "javascript":
            assert run_node(script, block.text, server), "it prints something"
        elif block.language in ("powershell", "csharp", "go", "sh"):
            continue  # the page says that nobody runs these
        elif block.language in ("yaml", "ini"):
            # test_policy_schedule.py and tests/distribution/test_action.py check those of these pages.
            assert page.name in ("policy-apply.md", "github-action.md")
        elif block.language == "bash" and block.text != _SERVE:
            # Variables that a block sets are there in the next one, as in the reader's shell.
            shown = run(script + block.text, server)
            script += "".join(re.findall(r"^\w+=(?:.*\\\n)*.*\n", block.text, re.MULTILINE))
        else:
            assert block.language == "bash", f"{page.name} has a block that nobody runs: {block}"


def comparable(text: str) -> Any:
    """An answer without what differs from run to run: paging tokens, and how this version of curl encodes a query."""
    found = json.loads(text)
    if isinstance(found, dict) and (link := found.get("@odata.nextLink")):
        found["@odata.nextLink"] = re.sub(r"(skiptoken=)[^&]+", r"\1...", unquote_plus(link))
    return found


def run_node(script: str, text: str, server: Server) -> str:
    """What a JavaScript example prints, run where its packages are."""
    if shutil.which("node") is None or not (NODE / "node_modules").is_dir():
        return "not run: node or its packages are not installed"
    file = NODE / f"example-{os.getpid()}.mjs"
    file.write_text(text, encoding="utf-8")
    try:
        return run(f"{script}node {file}\n", server)
    finally:
        file.unlink()


def run(script: str, server: Server) -> str:
    """What a shell script prints, where this Python's commands come first; it must succeed and say no error."""
    folder = Path(sys.executable).parent
    temporary = server.data_dir / "examples"
    temporary.mkdir(exist_ok=True)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(".venv/bin/", f"{folder}/")],
        cwd=ROOT,
        env=environment(
            OSIMAGES_DATA_DIR=str(server.data_dir),
            OSIMAGES_TODAY="2026-11-23",
            BROWSER=f"{sys.executable} -m tests.sdk.browse %s &",
            SIGN_IN_AS="Megan Bowen",
            PATH=f"{folder}{os.pathsep}{os.environ['PATH']}",
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    assert '"error"' not in done.stdout, done.stdout
    return done.stdout
