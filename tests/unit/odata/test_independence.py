"""The engine knows nothing of the service that is built with it: no word of its domain is in its source."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import osimages.odata

ROOT = Path(osimages.odata.__file__).parent
# Words of the service. `published` is about images; a standard may be published. Links and the names of files may
# contain anything.
_FOREIGN = re.compile(r"\b(images?|intune|graph|licen[cs]es?|licensed)\b|osimages_|\bpublished\b", re.IGNORECASE)
# Elsewhere these are words of OData and of Python.
_OTHERWISE = re.compile(r"https?://\S+|from osimages\S*|osimages\.\S+|published vocabulary|osimages/\S+")
FILES = sorted([*ROOT.rglob("*.py"), *ROOT.rglob("*.sql")])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_word_of_the_service(path: Path) -> None:
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    found = [f"{number}: {line.strip()}" for number, line in lines if _FOREIGN.search(_OTHERWISE.sub("", line))]
    assert found == []
