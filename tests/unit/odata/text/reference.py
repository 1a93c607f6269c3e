"""Where the conformance material lies that is not part of the project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

_DIRECTORY = Path(__file__).parents[5] / "shared" / "reference" / "odata"


def reference(name: str) -> Any:
    """The content of a JSON file there; skips the module where it is absent."""
    path = _DIRECTORY / name
    if not path.is_file():
        pytest.skip(f"{name} is not here", allow_module_level=True)
    return json.loads(path.read_text(encoding="utf-8"))
