"""docs/settings.md says what settings.py says."""

from __future__ import annotations

import re
import runpy
from dataclasses import fields
from pathlib import Path

from osimages.settings import Settings

ROOT = Path(__file__).parents[2]


def test_the_page_is_up_to_date() -> None:
    tool = runpy.run_path(str(ROOT / "tools" / "settings_page.py"))
    written = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == tool["page"](), "run python tools/settings_page.py"


def test_the_page_names_every_setting_and_its_variable() -> None:
    written = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\w+)` \| `(\w+)` \|", written, re.MULTILINE)
    assert named == [(each.name, f"OSIMAGES_{each.name.upper()}") for each in fields(Settings)]
