"""Every command of docs/install.md, in a copy of the checkout, with the registry that this machine reaches.

A clone stands for the repository's address, and the built wheel for the release on a registry.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import distribution
from tests.docs.test_examples import ROOT, blocks
from tests.support.server import environment

PAGE = ROOT / "docs" / "install.md"
_ADDRESS = "https://HOST/OWNER/osimages"
# The last example, which every other page runs in the same way.
_FIRST_ANSWER = ("osimages serve\n", 'eval "$(osimages env)"')
_UNINSTALL = "pip uninstall -q -y osimages; pipx uninstall osimages > pipx.log 2>&1 || true"

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="the examples are for a POSIX shell"),
    pytest.mark.xdist_group("install"),
]


def commands() -> list[str]:
    """The commands of the page: examples that set an environment up as a whole, others line by line, and tables."""
    found: list[str] = []
    for block in blocks(PAGE):
        if not block.text.startswith(_FIRST_ANSWER):
            found += [block.text] if "activate" in block.text else block.text.splitlines()
    text = PAGE.read_text(encoding="utf-8")
    return found + [each.removesuffix(" serve") + " --version" for each in re.findall(r"\| `(uvx [^`]*)` \|", text)]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone with what `make dist` leaves in it, an environment, and a command `pipx`."""
    folder = tmp_path_factory.mktemp("install") / "osimages"
    probe = (sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder.parent), "click")
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("this machine reaches no package registry")
    subprocess.run(["git", "clone", "-q", ROOT, folder], check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1764374400")
        distribution.build(folder / "dist")
    subprocess.run([sys.executable, "-m", "venv", folder / ".venv"], check=True)
    pipx = folder / ".venv" / "bin" / "pipx"
    pipx.write_text(f'#!/bin/sh\nexec {Path(sys.executable).parent / "uvx"} --from pipx pipx "$@"\n')
    pipx.chmod(0o755)
    return folder


@pytest.mark.parametrize("command", commands())
def test_a_command(command: str, checkout: Path) -> None:
    script = f"{_UNINSTALL}\n{command.replace(_ADDRESS, f'file://localhost{checkout}')}\n"
    if command.startswith("pip "):
        script += "osimages --version\n"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=checkout,
        env=environment(
            PATH=f"{checkout / '.venv' / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            PIP_FIND_LINKS=f"{os.environ.get('PIP_FIND_LINKS', '')} {checkout / 'dist'}",
            UV_FIND_LINKS=str(checkout / "dist"),
            PIPX_HOME=str(checkout.parent / "pipx"),
            PIPX_BIN_DIR=str(checkout.parent / "bin"),
        ),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
