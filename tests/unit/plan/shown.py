"""Bound conditions as short text with their constants filled in, so that a test can say one in a line."""

from __future__ import annotations

from osimages.plan.bind import Bound
from osimages.plan.expressions import (
    AnyItem,
    Both,
    Compare,
    Condition,
    Either,
    EveryItem,
    Field,
    Match,
    Negation,
    OneOf,
    Operand,
    Slot,
    Truth,
)


def shown(bound: Bound) -> str:
    """Operators stand in front; a field of an item is collection[depth].name."""
    return _condition(bound.condition, bound.constants)


def _condition(condition: Condition, constants: tuple[object, ...]) -> str:
    match condition:
        case Truth(value):
            return str(value)
        case Compare(operator, left, right):
            return f"({operator.value} {_operand(left, constants)} {_operand(right, constants)})"
        case Match(function, text, pattern):
            return f"({function.value} {_operand(text, constants)} {_operand(pattern, constants)})"
        case OneOf(operand, slots):
            return f"({_operand(operand, constants)} in {', '.join(_operand(slot, constants) for slot in slots)})"
        case Both(operands):
            return f"(and {' '.join(_condition(each, constants) for each in operands)})"
        case Either(operands):
            return f"(or {' '.join(_condition(each, constants) for each in operands)})"
        case Negation(operand):
            return f"(not {_condition(operand, constants)})"
        case AnyItem(collection, None, depth):
            return f"any {collection}[{depth}]"
        case AnyItem(collection, inner, depth):
            assert inner is not None
            return f"any {collection}[{depth}]: {_condition(inner, constants)}"
        case EveryItem(collection, inner, depth):
            return f"all {collection}[{depth}]: {_condition(inner, constants)}"


def _operand(operand: Operand, constants: tuple[object, ...]) -> str:
    match operand:
        case Slot(number):
            return repr(constants[number])
        case Field(None, name, 0):
            return str(name)
        case Field(collection, name, depth):
            return f"{collection}[{depth}]{f'.{name}' if name else ''}"
