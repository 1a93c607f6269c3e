"""Five rooms, one direction: what a room may import (docs/architecture.md)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import osimages

ROOT = Path(osimages.__file__).parent
# What each part may import beside itself.
MAY_IMPORT = {
    "odata": set[str](),
    "entra": set[str](),
    "windows": set[str](),
    "observability": set[str](),
    "settings": set[str](),
    "graph": {"odata", "entra", "windows"},
    "app": {"odata", "entra", "windows", "graph", "settings", "observability"},
    "cli": {"odata", "entra", "windows", "graph", "settings", "observability", "app"},
    "testing": {"odata", "entra", "windows", "graph", "settings", "observability", "app", "cli"},
    "__main__": {"cli"},
}
# Imports against the direction that are still to be turned: every one removed here stays away.
STILL: dict[str, list[str]] = {}
FILES = sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT or path.stem != "__init__")


def part(path: Path) -> str:
    """Return the room, or the module at the top, that a file belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def statements(path: Path) -> ast.Module:
    """Return the module without what only type checkers read: a lazily loaded package names its exports there."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if path.stem == "__init__":
        is_typing = "TYPE_CHECKING"
        tree.body = [
            each for each in tree.body if not (isinstance(each, ast.If) and ast.unparse(each.test) == is_typing)
        ]
    return tree


def imported(path: Path) -> list[tuple[str, bool]]:
    """Return the modules of this project that a file imports, and whether it does so inside a function."""
    tree = statements(path)
    top = {id(node) for node in tree.body}
    found = []
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names = [node.module or ""]
        elif isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        found += [
            (name.removeprefix("osimages."), id(node) not in top) for name in names if name.startswith("osimages.")
        ]
    return found


def test_every_part_has_a_place() -> None:
    assert {part(path) for path in FILES} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_follow_the_direction(path: Path) -> None:
    own = part(path)
    name = path.relative_to(ROOT).as_posix()
    against = set()
    for module, hidden in imported(path):
        other = module.split(".")[0]
        assert not hidden or own == "cli", f"{name} hides an import of {module} in a function"
        if other != own and other not in MAY_IMPORT[own]:
            against.add(other)
    assert against == set(STILL.get(name, ())), f"{name} must not import {sorted(against)}"


def test_no_cycle_inside_a_package() -> None:
    graph: dict[str, set[str]] = {}
    for path in FILES:
        module = ".".join(["osimages", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__")
        tree = statements(path)
        graph[module] = {
            name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for name in (node.module, *(f"{node.module}.{each.name}" for each in node.names))
            if name.startswith("osimages.")
        }
    left = {module: {name for name in names if name in graph and name != module} for module, names in graph.items()}
    while free := {module for module, names in left.items() if not names}:
        left = {module: names - free for module, names in left.items() if module not in free}
    assert not left, f"these import each other in a circle: {sorted(left)}"
