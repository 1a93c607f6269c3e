"""The table of errors: every condition has a row, and every row can be sent."""

from __future__ import annotations

import string

import pytest

from osimages.graph import errors
from osimages.graph.errors import TABLE, message_of, row_of
from osimages.graph.model import GRAPH
from osimages.odata.errors import CONDITIONS, NO_ROUTE_FOR_METHOD, Condition, ODataError
from osimages.odata.plan.resolve import resolve
from tests.support.museum import MUSEUM


def test_no_condition_is_missing() -> None:
    own = {value for value in vars(errors).values() if isinstance(value, Condition)}
    assert set(TABLE) == own | set(CONDITIONS)


@pytest.mark.parametrize("condition", TABLE, ids=lambda each: each.name)
def test_a_row_has_a_status_and_a_code_and_needs_no_other_facts(condition: Condition) -> None:
    row = TABLE[condition]
    assert 400 <= row.status < 600
    assert row.code
    places = {name for _, name, _, _ in string.Formatter().parse(row.text or "") if name}
    known = {name for _, name, _, _ in string.Formatter().parse(condition.text) if name}
    assert places <= known | {"template"}


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("deviceManagement", "singleton"),
        ("deviceManagement/id", "singleton/property"),
        ("deviceManagement/managedDeviceWindowsOSImages", "singleton/navigation"),
        ("deviceManagement/managedDeviceWindowsOSImages/x", "singleton/navigation/key"),
        ("specimens", "entityset"),
        ("specimens/x", "entityset/key"),
    ],
)
def test_an_unknown_verb_names_the_route_template(path: str, template: str) -> None:
    error = ODataError(
        NO_ROUTE_FOR_METHOD,
        target_of_path=resolve(MUSEUM if path[0] == "s" else GRAPH, path),
        method="PUT",
        path=f"/beta/{path}",
    )
    assert row_of(error).status == 400
    assert message_of(error) == (
        f"No OData route exists that match template ~/{template} with http verb PUT for request /beta/{path}."
    )


def test_an_injected_fault_has_its_own_code() -> None:
    error = ODataError(Condition("teapot", 418, "{message}"), message="short and stout")
    assert (row_of(error).status, row_of(error).code, message_of(error)) == (418, "teapot", "short and stout")
