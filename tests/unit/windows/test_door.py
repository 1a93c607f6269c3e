"""The door of `osimages.windows`: its public names, loaded when they are first used, and typed."""

from __future__ import annotations

import ast
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from osimages import windows
from osimages.windows import UnknownReleaseError, check, history, load, patch_tuesdays, releases

DOOR = Path(str(windows.__file__))


def typed_names() -> dict[str, str]:
    """Return the names that the door declares for type checkers, and their modules."""
    tree = ast.parse(DOOR.read_text(encoding="utf-8"))
    (block,) = [each for each in tree.body if isinstance(each, ast.If) and ast.unparse(each.test) == "TYPE_CHECKING"]
    return {
        alias.name: str(node.module) for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }


def test_every_public_name_is_typed_and_loaded_from_one_module() -> None:
    assert sorted(typed_names()) == sorted(windows.__all__) == sorted(dir(windows))
    for name, module in typed_names().items():
        assert getattr(windows, name) is getattr(sys.modules[module], name)


def test_no_public_name_is_also_a_module() -> None:
    """A module that is loaded becomes an attribute of its package, in place of the name."""
    modules = {each.stem for each in DOOR.parent.glob("*") if each.suffix in ("", ".py")}
    assert not modules & set(windows.__all__)


def test_names_that_do_not_exist() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'releazes'"):
        windows.releazes  # type: ignore[attr-defined]  # noqa: B018


def loaded_by(statement: str) -> set[str]:
    """Return the modules that a statement loads in a new interpreter."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_only_what_is_used_is_loaded() -> None:
    assert {each for each in loaded_by("import osimages.windows") if each.startswith("osimages.")} == {
        "osimages.windows"
    }
    calendar = loaded_by("from osimages.windows import patch_tuesdays")
    assert {each for each in calendar if each.startswith("osimages.")} == {
        "osimages.windows",
        "osimages.windows.calendar",
    }
    assert not {"msgspec", "jinja2", "httpx"} & calendar
    everything = loaded_by("from osimages.windows import *")
    assert not {"httpx", "starlette", "sqlalchemy", "jinja2"} & everything
    own = {each.split(".")[1] for each in everything if each.startswith("osimages.")}
    assert own == {"windows"}


def test_facts_of_this_release_and_of_a_file(tmp_path: Path) -> None:
    assert load() is load()
    assert load(DOOR.parent / "windows.json") == load()
    other = tmp_path / "facts.json"
    for text in ("", "[]", '{"asOf": "2026-11-29"}', (DOOR.parent / "windows.json").read_text("utf-8")[:-9]):
        other.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=r"facts\.json is no file of release facts: "):
            load(other)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.json")


def test_releases_of_all_products_and_of_one() -> None:
    assert releases() == load().every_release
    servers = releases("windows server")
    assert servers
    assert set(servers) == {each for each in load().servers if each.product == "Windows Server"}
    assert {each.product for each in releases("Windows 11")} == {"Windows 11"}
    with pytest.raises(UnknownReleaseError, match=r"There is no product 'Windows 9' in .* Known are: .*Windows 10, "):
        releases("Windows 9")
    without_servers = releases(catalogue=load().__class__(load().as_of, load().as_of, (), load().releases))
    assert without_servers == load().releases


def test_history_by_name() -> None:
    (release,) = [each for each in releases() if each.id == "Windows 11 24H2"]
    assert history("24h2") == history(release)
    with pytest.raises(UnknownReleaseError):
        history("29H9")


def test_patch_tuesdays_a_day_and_until_today() -> None:
    assert patch_tuesdays(2, date(2026, 11, 29)) == (date(2026, 11, 10), date(2026, 10, 13))
    newest, *_ = known = patch_tuesdays()
    assert len(known) == 12
    assert newest <= windows.pacific_today()


def test_check_with_extended_security_updates() -> None:
    day = date(2026, 11, 23)
    without, bought = (check("19045.6456", "Enterprise", esu=esu, today=day) for esu in (None, "commercial"))
    assert (without.is_supported, bought.is_supported) == (False, True)
    (note,) = check("19045.6456", "Enterprise", esu="gold", today=day).notes[-1:]
    assert "gold" in note
