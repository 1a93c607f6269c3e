"""The pytest plugin in a fresh environment: the wheel, pytest, and the file of tests that readers copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import distribution

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "docs" / "samples" / "test_with_osimages.py"

pytestmark = pytest.mark.xdist_group("install")


def test_a_file_of_tests_in_a_fresh_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = (sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(tmp_path / "probe"), "click")
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("this machine reaches no package registry")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764374400")
    wheel = next(each for each in distribution.build(tmp_path / "dist") if each.suffix == ".whl")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    install: list[str | Path] = [python, "-m", "pip", "install", "-q", wheel, "pytest", "pytest-xdist"]
    subprocess.run(install, check=True, cwd=tmp_path, env=distribution.clean())
    project = tmp_path / "project"
    project.mkdir()
    shutil.copy(SAMPLE, project)
    done = subprocess.run(
        [python, "-m", "pytest", "-rs", "-W", "error", "-n", "2", SAMPLE.name],
        cwd=project,
        env=distribution.clean(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "8 passed, 1 skipped" in done.stdout, done.stdout + done.stderr
    assert "osimages_graph needs the Graph SDK: pip install msgraph-beta-sdk" in done.stdout
