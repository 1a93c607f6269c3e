"""`cast` and `isof` between every two types, and every value through text and back."""

from __future__ import annotations

import pytest

from osimages.odata.model.types import Primitive
from osimages.odata.plan.constants import NUMBERS
from osimages.odata.plan.scope import BindError
from tests.support.second_model import ORDINARY, Cabinet, bound

_PROPERTIES = {
    each: each.value.removeprefix("Edm.")[0].lower() + each.value.removeprefix("Edm.")[1:] for each in Primitive
}
_PAIRS = [(source, target) for source in Primitive for target in Primitive]


@pytest.fixture(scope="module", autouse=True)
def one(cabinet: Cabinet) -> None:
    """There is one specimen."""
    cabinet.clear()
    cabinet.put({"one": ORDINARY})


def holds(cabinet: Cabinet, text: str) -> bool:
    """Whether the specimen passes a filter."""
    return bool(cabinet.found(text))


def _can_be_cast(source: Primitive, target: Primitive) -> bool:
    """URL conventions, section 5.1.1.10.1: to itself, numbers to numbers, everything to text, text to everything."""
    return source is target or Primitive.STRING in (source, target) or (source in NUMBERS and target in NUMBERS)


@pytest.mark.parametrize(("source", "target"), _PAIRS, ids=lambda each: each.name)
def test_every_cast(cabinet: Cabinet, source: Primitive, target: Primitive) -> None:
    cast = f"cast({_PROPERTIES[source]},{target.value})"
    if not _can_be_cast(source, target):
        with pytest.raises(BindError, match=f"{source.value} cannot be cast to {target.value}, at position 0"):
            bound(f"{cast} eq null")
        return
    assert holds(cabinet, f"({cast} eq null) ne ({cast} ne null)")
    assert holds(cabinet, f"cast(null,{target.value}) eq null")
    assert holds(cabinet, f"cast({_PROPERTIES[source]}OrNull,{target.value}) eq null")
    if source is target:
        assert holds(cabinet, f"{cast} eq {_PROPERTIES[source]}")


@pytest.mark.parametrize(("source", "target"), _PAIRS, ids=lambda each: each.name)
def test_every_isof(cabinet: Cabinet, source: Primitive, target: Primitive) -> None:
    assert holds(cabinet, f"isof({_PROPERTIES[source]},{target.value})") is (source is target)


@pytest.mark.parametrize("type_", Primitive, ids=lambda each: each.name)
def test_every_value_is_the_same_after_it_was_text(cabinet: Cabinet, type_: Primitive) -> None:
    name = _PROPERTIES[type_]
    assert holds(cabinet, f"cast(cast({name},Edm.String),{type_.value}) eq {name}")


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        ("Collection(Edm.Int32)", "Edm.Int32"),
        ("example.museum.place", "example.museum.place"),
        ("nothing", "nothing"),
        ("Edm.Stream", "Edm.Stream"),
    ],
)
def test_types_that_no_value_has(type_: str, name: str) -> None:
    for function in ("cast", "isof"):
        with pytest.raises(BindError, match=f"'{name}' is not a type that a value can have here"):
            bound(f"{function}(int32,{type_}) eq null")


@pytest.mark.parametrize("operator", ["add", "sub", "mul", "div", "divby", "mod"])
def test_a_time_of_day_is_not_calculated_with(operator: str) -> None:
    """Section 5.1.1.2 has arithmetic for dates, moments and durations alone."""
    with pytest.raises(BindError, match=f"The operator '{operator}' is not for Edm.TimeOfDay and Edm.Duration"):
        bound(f"timeOfDay {operator} duration eq timeOfDay")
