"""Bound conditions as short text with their constants filled in, so that a test can say one in a line."""

from __future__ import annotations

from osimages.odata.plan.bind import Bound
from osimages.odata.plan.expressions import (
    And,
    Case,
    Chosen,
    Column,
    Compare,
    Convert,
    Exists,
    Field,
    ForAll,
    FunctionCall,
    HasFlags,
    InOrder,
    IsNull,
    IsTrue,
    ItemCount,
    ItemOrdinals,
    Match,
    Negation,
    Null,
    OneOf,
    Or,
    Parameter,
    Truth,
    Value,
)


def shown(bound: Bound) -> str:
    """Operators stand in front; a field of an item is collection[depth].name."""
    return _condition(bound.condition, bound.constants)


def _condition(condition: Value, constants: tuple[object, ...]) -> str:
    def inner(value: Value) -> str:
        return _condition(value, constants)

    match condition:
        case Truth(value):
            return str(value)
        case Compare(operator, left, right, nullable):
            return f"({operator.value}{'?' * nullable} {inner(left)} {inner(right)})"
        case Match(function, text, pattern):
            return f"({function.value} {inner(text)} {inner(pattern)})"
        case HasFlags(operand, flags):
            return f"(has {inner(operand)} {inner(flags)})"
        case OneOf(operand, parameters, for_null):
            null = "" if for_null is None else f" or null: {for_null}"
            return f"({inner(operand)} in {', '.join(map(inner, parameters))}{null})"
        case IsNull(operand):
            return f"(null {inner(operand)})"
        case IsTrue(operand):
            return inner(operand)
        case And(operands):
            return f"(and {' '.join(map(inner, operands))})"
        case Or(operands):
            return f"(or {' '.join(map(inner, operands))})"
        case Negation(operand):
            return f"(not {inner(operand)})"
        case Exists(collection, condition_of_item, depth):
            return f"any {collection}[{depth}]{f': {inner(condition_of_item)}' if condition_of_item else ''}"
        case ForAll(collection, condition_of_item, depth):
            return f"all {collection}[{depth}]: {inner(condition_of_item)}"
        case InOrder(collection, conditions, depth):
            return f"in order {collection}[{depth}]: {' '.join(map(inner, conditions))}"
    return _value(condition, constants)


def _value(
    value: Field | Parameter | Null | FunctionCall | Convert | Case | ItemCount | ItemOrdinals | Column | Chosen,
    constants: tuple[object, ...],
) -> str:
    def inner(value: Value) -> str:
        return _condition(value, constants)

    match value:
        case Parameter(number):
            return repr(constants[number])
        case Null():
            return "null"
        case Field(collection, name, depth, offset):
            place = f"{collection}[{depth}]{f'.{name}' if name else ''}" if collection else str(name)
            return f"{place}@offset" if offset else place
        case FunctionCall(operation, type_, arguments):
            return f"({operation.value}:{type_.name.lower()} {' '.join(map(inner, arguments))})"
        case Convert(operand, source, target):
            return f"({source.name.lower()}->{target.name.lower()} {inner(operand)})"
        case Case(branches):
            return f"(case {', '.join(f'{inner(each)}: {inner(result)}' for each, result in branches)})"
        case Column(number):
            return f"column {number}"
        case Chosen():
            return f"(chosen {inner(value.skip)} {inner(value.top)})"
        case ItemCount(collection, condition, depth):
            return f"(count {collection}[{depth}]{f': {inner(condition)}' if condition else ''})"
        case ItemOrdinals(collection, condition, _, depth):
            return f"(ordinals {collection}[{depth}]{f': {inner(condition)}' if condition else ''})"
