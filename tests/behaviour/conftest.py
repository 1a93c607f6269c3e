"""Which tests are about data, and so run on every store: what they expect is written once."""

from __future__ import annotations

import pytest

_ABOUT_DATA = (
    *("audit", "batch", "conditions", "decisions", "delta", "options", "paging", "query", "surface"),
    *("apply", "search", "compute", "limits", "dashboard", "addresses", "annotations", "batch_multipart", "isolation"),
    *("items", "collection_tags", "links", "patterns"),
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs the tests about data once for each store; the others are about what comes before the store."""
    name = metafunc.module.__name__.rpartition(".test_")[2]
    if name in _ABOUT_DATA and "server" in metafunc.fixturenames:
        metafunc.parametrize("server", ["sqlite", "postgresql"], indirect=True, scope="session")
