"""Wheel and source distribution: reproducible, complete, and working without the sources beside them."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import distribution
from tests.support.server import environment

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What `make dist` builds, twice, before it asks a registry for anything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1764374400")
        return distribution.build(tmp_path_factory.mktemp("built") / "dist")


@pytest.fixture
def installed(files: list[Path], tmp_path: Path) -> Path:
    """A command that runs the wheel's own files, with the packages of this environment."""
    wheel = next(each for each in files if each.suffix == ".whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    command = tmp_path / "osimages"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path / "site"} exec {sys.executable} -m osimages "$@"\n')
    command.chmod(0o755)
    return command


def test_two_builds_that_differ_are_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def built(folder: Path, epoch: str) -> list[Path]:
        folder.mkdir()
        (folder / "a.whl").write_text(f"{folder.name}, {epoch}")
        return [folder / "a.whl"]

    monkeypatch.setattr(distribution, "built", built)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    with pytest.raises(SystemExit, match=r"a\.whl is not reproducible"):
        distribution.build(tmp_path)


def test_the_wheel_holds_the_package_alone(files: list[Path]) -> None:
    wheel = next(each for each in files if each.suffix == ".whl")
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
        times = {each.date_time for each in opened.infolist()}
        metadata = next(opened.read(each).decode() for each in names if each.endswith(".dist-info/METADATA"))
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"osimages"}
    assert len(times) == 1, "they are the release's"
    sources = ROOT / "src"
    expected = {
        each.relative_to(sources).as_posix()
        for each in (sources / "osimages").rglob("*")
        if each.is_file() and "__pycache__" not in each.parts
    }
    assert expected <= set(names), "facts, templates and migrations are in it, too"
    assert "Provides-Extra: graph" in metadata
    assert "Requires-Dist: azure-identity>=1.25; extra == 'graph'" in metadata


def test_the_source_distribution_can_be_tested(files: list[Path]) -> None:
    source = next(each for each in files if each.suffix == ".gz")
    with tarfile.open(source) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert {"pyproject.toml", "Makefile", "LICENSE", "README.md", "docs/install.md", "tests/conftest.py"} <= names
    assert not any(name.startswith((".ci", ".venv", "dist")) or "node_modules" in name for name in names)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_the_wheel_serves_and_checks(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribution, "clean", environment)
    distribution.try_command(str(installed), tmp_path)
