"""The exports of `osimages.entra`: complete, documented, and loaded when they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import osimages.entra as door


def test_every_export_is_there_and_documented() -> None:
    assert sorted(door.__all__) == sorted(door._MODULE_OF)
    for name in door.__all__:
        found = getattr(door, name)
        assert not callable(found) or found.__doc__, f"{name} has no docstring"


def test_a_name_that_is_none() -> None:
    with pytest.raises(AttributeError, match="no attribute 'TokenMaker'"):
        _ = door.TokenMaker


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import osimages.entra", {"starlette", "joserfc", "msgspec", "cryptography", "apsw", "httpx"}),
        ("from osimages.entra import TokenVerifier, StaticKeys", {"starlette", "apsw", "httpx", "jinja2"}),
        ("from osimages.entra import EntraEmulator", {"jinja2", "httpx", "osimages.odata", "osimages.graph"}),
    ],
)
def test_nothing_is_loaded_that_is_not_needed(statement: str, absent: set[str]) -> None:
    script = f"import sys\n{statement}\nprint(sorted({absent!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
