"""Requirements are printed without what has no wheel for a Python, and otherwise as they are."""

from __future__ import annotations

import runpy
import sysconfig
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TOOL: dict[str, Any] = runpy.run_path(str(ROOT / "tools" / "requirements_for.py"))


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_one_requirement_is_left_out(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    left = TOOL["without"](text, ("google-re2==",))
    assert "google-re2" in text
    assert "google-re2" not in left
    names = [line.partition("==")[0] for line in text.splitlines() if line[0].isalpha()]
    assert [line.partition("==")[0] for line in left.splitlines() if line[0].isalpha()] == [
        each for each in names if each != "google-re2"
    ]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"SOABI": "cpython-312-x86_64-linux-gnu", "Py_GIL_DISABLED": 0}, True),
        ({"SOABI": None, "Py_GIL_DISABLED": None}, True),  # on Windows
        ({"SOABI": "cpython-312-x86_64-linux-musl", "Py_GIL_DISABLED": 0}, False),
        ({"SOABI": "cpython-314t-x86_64-linux-gnu", "Py_GIL_DISABLED": 1}, False),
    ],
)
def test_which_pythons_have_wheels(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, object], expected: bool
) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", variables.get)
    assert TOOL["has_wheels"]() is expected
