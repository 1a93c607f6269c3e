"""Imports point one way: what lies below never knows what lies above (docs/architecture.md)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import osimages

ROOT = Path(osimages.__file__).parent
# From the ground upwards. What shares a line does not know its neighbours.
LAYERS = (
    ("errors", "clock", "settings", "observe", "remembered", "http_client"),
    ("edm", "odata", "catalogue", "issuer", "graph"),
    ("plan", "fleet", "importers", "windows"),
    ("auth", "wire", "storage", "pages"),
    ("publish",),
    ("http",),
    ("app",),
    ("cli", "testing"),
    ("__main__",),
)
HEIGHT = {name: height for height, layer in enumerate(LAYERS) for name in layer}
FILES = sorted(path for path in ROOT.rglob("*.py") if path.parent != ROOT or path.stem != "__init__")


def part(path: Path) -> str:
    """The package or module at the top that a file belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def statements(path: Path) -> ast.Module:
    """The module, without what only type checkers read: a lazily loaded package names its exports there."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if path.stem == "__init__":
        is_typing = "TYPE_CHECKING"
        tree.body = [
            each for each in tree.body if not (isinstance(each, ast.If) and ast.unparse(each.test) == is_typing)
        ]
    return tree


def imported(path: Path) -> list[tuple[str, bool]]:
    """The parts of this project that a file imports, and whether it does so inside a function."""
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
            (name.split(".")[1], id(node) not in top) for name in names if name.startswith("osimages.") and "." in name
        ]
    return found


def test_every_part_has_a_place() -> None:
    assert {part(path) for path in FILES} == set(HEIGHT)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_downwards(path: Path) -> None:
    own = part(path)
    for name, hidden in imported(path):
        assert name == own or HEIGHT[name] < HEIGHT[own], f"{own} must not import {name}"
        assert not hidden or own == "cli", f"{path.name} hides an import of {name} in a function"


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
