"""Whatever sequence of transformations is asked for, it is refused with a reason or answered, in pages of any size."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osimages.odata.errors import ODataError
from tests.support.second_model import ORDINARY
from tests.support.vault import Vault

_FULL = {f"{name}OrNull": value for name, value in ORDINARY.items() if not isinstance(value, dict | list)}
_SPECIMENS: dict[str, dict[str, Any]] = {
    "a": ORDINARY,
    "b": ORDINARY | _FULL | {"colours": ["red", "blue"], "maybes": [1, None], "binarys": ["AAEC"]},
    "c": ORDINARY | {"string": "", "parts": [], "placeOrNull": {"city": "X", "height": 3, "founded": None}},
    "d": ORDINARY | _FULL | {"string": "zz", "int32": -1},
}
_PROPERTIES = st.sampled_from(
    [
        *(
            "id",
            "string",
            "int32",
            "int32OrNull",
            "int64",
            "decimalOrNull",
            "doubleOrNull",
            "binaryOrNull",
            "guid",
            "date",
        ),
        *(
            "dateTimeOffset",
            "durationOrNull",
            "booleanOrNull",
            "colour",
            "flavourOrNull",
            "place/city",
            "placeOrNull/height",
        ),
        *("parts/name", "parts/weight", "parts/origin/city", "colours", "maybes", "binarys"),
        *("n", "m", "c", "n", "m", "e", "e/name", "e/weight"),
    ]
)
_ALIASES = st.sampled_from(["n", "m", "c", "x", "id"])
_VALUES = st.one_of(
    _PROPERTIES,
    _PROPERTIES.map(lambda name: f"{name} eq null"),
    _PROPERTIES.map(lambda name: f"{name} add 1"),
    _PROPERTIES.map(lambda name: f"cast({name},Edm.String)"),
    st.sampled_from(["1", "'x'", "null", "true", "parts/$count", "parts/any(p:p/name eq 'lid')", "length(string)"]),
)
_TOTALS = st.one_of(
    _ALIASES.map(lambda alias: f"$count as {alias}"),
    st.builds(
        lambda value, method, alias: f"{value} with {method} as {alias}",
        _VALUES,
        st.sampled_from(["sum", "min", "max", "average", "countdistinct"]),
        _ALIASES,
    ),
)
_AGGREGATE = st.lists(_TOTALS, min_size=1, max_size=2).map(lambda totals: f"aggregate({','.join(totals)})")
_STEPS = st.one_of(
    st.builds(lambda left, right: f"filter({left} ne {right})", _VALUES, _VALUES),
    st.builds(lambda value, alias: f"compute({value} as {alias})", _VALUES, _ALIASES),
    st.builds(lambda value, way: f"orderby({value}{way})", _VALUES, st.sampled_from(["", " desc"])),
    st.sampled_from(["top(1)", "top(3)", "skip(1)", "identity"]),
    st.builds(lambda value, name: f"{name}(2,{value})", _VALUES, st.sampled_from(["topcount", "bottomcount"])),
    st.sampled_from(["join(parts as e)", "outerjoin(parts as e,filter(weight ne null))", "outerjoin(maybes as e)"]),
    st.builds(
        lambda keys, total: f"groupby(({','.join(keys)}){total})",
        st.lists(_PROPERTIES, min_size=1, max_size=2),
        st.just("") | _AGGREGATE.map(lambda text: f",{text}"),
    ),
    _AGGREGATE,
)
_SEQUENCES = st.lists(_STEPS, min_size=1, max_size=4).map("/".join)
_APPLY = st.one_of(
    _SEQUENCES,
    st.builds(
        lambda one, two, then: f"concat({one},{two}){then}", _SEQUENCES, _SEQUENCES, st.sampled_from(["", "/top(2)"])
    ),
)


@pytest.fixture(scope="module")
def filled(vault: Vault) -> Vault:
    """Some specimens."""
    vault.fill(_SPECIMENS)
    return vault


@settings(deadline=None, max_examples=250, suppress_health_check=list(HealthCheck))
@given(apply=_APPLY, order=st.none() | _VALUES, size=st.integers(1, 3))
def test_any_sequence_is_refused_or_answered(filled: Vault, apply: str, order: str | None, size: int) -> None:
    query = f"$apply={quote(apply)}" + ("" if order is None else f"&$orderby={quote(order)}")
    try:
        (whole,) = filled.pages(query)
    except ODataError as refused:
        assert refused.condition.status in (400, 501)
        assert refused.target in ("$apply", "$orderby", None)
        return
    assert [row for page in filled.pages(query, size) for row in page] == whole
    assert filled.count(f"$apply={quote(apply)}") == len(whole)
