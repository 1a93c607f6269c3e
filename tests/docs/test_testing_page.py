"""The worked examples of docs/testing.md, run as tests of this suite."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_examples import ROOT, Block, blocks
from tests.support.server import environment

PAGE = ROOT / "docs" / "testing.md"
EXAMPLES = [block for block in blocks(PAGE) if block.language == "python"]
# The first one runs on two databases, the last one with two methods.
PASSED = (2, 1, 2)


def test_there_are_three_worked_examples() -> None:
    assert len(EXAMPLES) == len(PASSED)


@pytest.mark.parametrize(
    ("example", "passed"), list(zip(EXAMPLES, PASSED, strict=True)), ids=["filter", "error", "endpoint"]
)
def test_an_example(example: Block, passed: int, tmp_path: Path, postgres: object) -> None:
    file = tmp_path / "test_example.py"
    file.write_text(example.text, encoding="utf-8")
    options = ("-q", "-p", "tests.conftest", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", str(ROOT), str(file)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{passed} passed" in done.stdout, done.stdout + done.stderr
