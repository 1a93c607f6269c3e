"""What `$orderby`, `$search`, `$compute` and `$apply` mean, in plain Python: more of the oracle in evaluator.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from osimages.odata.model.types import ComplexType, EnumType, Primitive, Property
from osimages.odata.text.query_tree import OrderItem
from osimages.odata.text.search_tree import Search, SearchAnd, SearchNot, SearchOr, SearchTerm
from tests.support.evaluator import Evaluator
from tests.support.evaluator_values import Clock, Duration, EnumValue, Moment, Single, decode
from tests.support.second_model import COLOUR, FLAVOUR, SPECIMEN

Specimen = Mapping[str, Any]
_ENUMS = {f"example.museum.{each.name}": each for each in (COLOUR, FLAVOUR)}


def comparable(value: Any) -> Any:
    """A value as Python orders it."""
    match value:
        case Moment(instant, _):
            return instant
        case EnumValue(number):
            return number
        case Duration(microseconds) | Clock(microseconds):
            return microseconds
        case Single(number):
            return number
        case UUID():
            return str(value)
    return value


def sorted_keys(evaluator: Evaluator, items: tuple[OrderItem, ...], kept: Mapping[str, Specimen]) -> list[str]:
    """The keys in that order: null before every value, and by key what is alike."""
    found = sorted(kept)
    for item in reversed(items):

        def term(key: str, item: OrderItem = item) -> tuple[bool, Any]:
            value = evaluator.value_of(item.expression, {"id": key, **kept[key]})
            return (False, 0) if value is None else (True, comparable(value))

        found.sort(key=term, reverse=item.descending)
    return found


# --- $search ----------------------------------------------------------------------------------------------------------
def finds(tree: Search, specimen: Specimen) -> bool:
    """Whether a search finds a specimen."""
    match tree:
        case SearchAnd(operands, _):
            return all(finds(each, specimen) for each in operands)
        case SearchOr(operands, _):
            return any(finds(each, specimen) for each in operands)
        case SearchNot(operand, _):
            return not finds(operand, specimen)
        case SearchTerm(text=text):
            return any(text.lower() in each.lower() for each in _texts(SPECIMEN.properties, specimen))
    raise AssertionError(tree)


def _texts(properties: Iterable[Property], value: Any) -> Iterable[str]:
    for declared in properties:
        found = None if value is None else value.get(declared.name)
        items = found if isinstance(found, list) else [found]
        for item in items:
            if isinstance(declared.type, ComplexType):
                yield from _texts(declared.type.properties, item)
            elif declared.capabilities.search and item is not None:
                yield from str(item).split(",") if isinstance(declared.type, EnumType) else [str(item)]


# --- values in JSON ---------------------------------------------------------------------------------------------------
def read_members(body: Mapping[str, Any]) -> dict[str, Any]:
    """Dynamic members of a body as values, by the types that it tells."""
    found = {}
    for name, value in body.items():
        if "@" in name:
            continue
        told = str(body.get(f"{name}@odata.type", "")).removeprefix("#")
        type_ = _ENUMS.get(told) or (Primitive(f"Edm.{told}") if told else None)
        if type_ is not None:
            found[name] = comparable(decode(type_, value))
        else:
            is_double = isinstance(value, Decimal | int) and not isinstance(value, bool)
            found[name] = float(value) if is_double else value
    return found


# --- totals -----------------------------------------------------------------------------------------------------------
def total(method: str, values: list[Any]) -> Any:
    """What a method makes of values, of which null is none."""
    present = [comparable(each) for each in values if each is not None]
    if method == "countdistinct":
        return len(set(present))
    if not present:
        return None
    if method == "average":
        exact = [each if isinstance(each, float) else Decimal(each) for each in present]
        return sum(exact[1:], exact[0]) / len(exact)
    simple: Mapping[str, Callable[[list[Any]], Any]] = {
        "min": min,
        "max": max,
        "sum": lambda all_: sum(all_[1:], all_[0]),
    }
    return simple[method](present)
