"""Writes expressions and searches as text, with parentheses where operators need them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal

from osimages.odata.text.operators import BINDING, UNARY
from osimages.odata.text.search_tree import Search, SearchAnd, SearchIncomplete, SearchNot, SearchOr, SearchTerm
from osimages.odata.text.tree import (
    Aggregate,
    Aggregated,
    Alias,
    Annotation,
    Argument,
    Binary,
    Call,
    Case,
    Cast,
    Count,
    EnumLiteral,
    Expression,
    Filtered,
    Key,
    Lambda,
    ListExpression,
    Literal,
    LiteralKind,
    Logical,
    Member,
    Name,
    ObjectExpression,
    TypeName,
    Unary,
)

_PREFIXED: Mapping[LiteralKind, str] = {LiteralKind.DURATION: "duration", LiteralKind.BINARY: "binary"}
_OPERATORS = ("AND", "OR", "NOT")


def expression_text(tree: Expression, binding: int = 0) -> str:
    """The text of an expression that stands beside an operator of that binding power, which its own must exceed."""
    match tree:
        case Binary():
            own = BINDING[tree.operator]
            left = expression_text(tree.left, own - 1)
            text = f"{left} {tree.operator} {_right(tree, own)}"
        case Logical():
            own = BINDING[tree.operator]
            text = f" {tree.operator} ".join(expression_text(each, own) for each in tree.operands)
        case Unary():
            own, text = UNARY, _unary(tree)
        case _:
            return _primary(tree)
    return text if own > binding else f"({text})"


def _right(tree: Binary, own: int) -> str:
    if tree.operator == "in" and isinstance(tree.right, ListExpression):
        items = ",".join(map(expression_text, tree.right.items))
        is_literal = all(isinstance(each, Literal | EnumLiteral | Alias) for each in tree.right.items)
        return f"({items})" if is_literal else f"[{items}]"
    return expression_text(tree.right, own)


def _unary(tree: Unary) -> str:
    operand = expression_text(tree.operand, UNARY - 1)
    if tree.operator == "not":
        # A property may be called like an operator: `not eq` would be a property called `not`.
        return f"not ({operand})" if operand.split("/")[0].split(" ")[0].lower() in BINDING else f"not {operand}"
    # A sign right before a number would be part of it.
    return f"-({operand})" if operand[0] in "+-.0123456789" or operand.startswith("INF") else f"-{operand}"


def _primary(tree: Expression) -> str:
    match tree:
        case Literal():
            return literal_text(tree)
        case EnumLiteral(type_name, member, _):
            return f"{type_name}{_quoted(member)}"
        case ListExpression(items, _):
            return f"[{','.join(map(expression_text, items))}]"
        case ObjectExpression(members, _):
            pairs = (f"{json.dumps(name, ensure_ascii=False)}:{expression_text(value)}" for name, value in members)
            return f"{{{','.join(pairs)}}}"
        case Case(branches, _):
            # With a space: `10:30` would be a time of day.
            return f"case({','.join(f'{expression_text(each)}: {expression_text(value)}' for each, value in branches)})"
        case TypeName(name, collection, _):
            return f"Collection({name})" if collection else name
    return _path(tree)


def _path(tree: Expression) -> str:
    match tree:
        case Name(name, _) | Alias(name, _):
            return name
        case Annotation(of, name, _) | Member(of, name, _) | Cast(of, name, _):
            return f"{_before(of)}{name}"
        case Call(of, name, arguments, _):
            return f"{_before(of)}{name}({_arguments(arguments)})"
        case Key(of, arguments, _):
            if isinstance(of, Key) and isinstance(arguments[0].value, Literal):
                return f"{_path(of)}/{arguments[0].value.value}"  # a segment, where a text has no quotes
            return f"{_path(of)}({_arguments(arguments)})"
        case Count():
            return f"{_before(tree.of)}$count{_count_options(tree)}"
        case Filtered(of, condition, _):
            return f"{_before(of)}$filter({expression_text(condition)})"
        case Lambda(of, quantifier, None, _, _):
            return f"{_before(of)}{quantifier.value}()"
        case Lambda(of, quantifier, variable, condition, _):
            return (
                f"{_before(of)}{quantifier.value}({variable}:{'' if condition is None else expression_text(condition)})"
            )
        case Aggregated(of, aggregate, _):
            return f"{_before(of)}aggregate({aggregate_text(aggregate)})"
    raise TypeError(f"{type(tree).__name__} is not part of a path")


def _before(of: Expression | None) -> str:
    return "" if of is None else f"{_path(of)}/"


def _arguments(arguments: tuple[Argument, ...]) -> str:
    return ",".join(
        f"{each.name}={expression_text(each.value)}" if each.name else expression_text(each.value) for each in arguments
    )


def _count_options(tree: Count) -> str:
    options = []
    if tree.condition is not None:
        options.append(f"$filter={expression_text(tree.condition)}")
    if tree.search is not None:
        options.append(f"$search={search_text(tree.search)}")
    return f"({';'.join(options)})" if options else ""


def literal_text(literal: Literal) -> str:
    """The text of a constant."""
    value = literal.value
    match literal.kind:
        case LiteralKind.NULL:
            return "null"
        case LiteralKind.BOOLEAN:
            return "true" if value else "false"
        case LiteralKind.STRING:
            return _quoted(str(value))
        case LiteralKind.DURATION | LiteralKind.BINARY:
            return f"{_PREFIXED[literal.kind]}{_quoted(str(value))}"
        case LiteralKind.DECIMAL if isinstance(value, Decimal):
            text = str(value)
            return text if "." in text or "E" in text else f"{text}e0"
        case LiteralKind.DECIMAL:
            return {"inf": "INF", "-inf": "-INF"}.get(str(value), "NaN")
    return str(value)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def aggregate_text(item: Aggregate) -> str:
    """expression with method from properties with method as alias."""
    parts = ["$count" if item.expression is None else expression_text(item.expression)]
    parts += _with(item.method)
    for stage in item.stages:
        parts += ["from", ",".join(map(expression_text, stage.properties)), *_with(stage.method)]
    return " ".join(parts if item.alias is None else [*parts, "as", item.alias])


def _with(method: str | None) -> list[str]:
    return [] if method is None else ["with", method]


# --- searches ---
def search_text(tree: Search, binding: int = 0) -> str:
    """The text of a search; OR binds with 1, AND with 2, NOT with 3."""
    match tree:
        case SearchIncomplete(text, _):
            return _quoted(text)
        case SearchTerm(text, True, _):
            escaped = text.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case SearchTerm(text, _, _):
            return f"({text})" if text in _OPERATORS else text
        case SearchNot(operand, _):
            return f"NOT {search_text(operand, 3)}"
        case SearchAnd(operands, _):
            own, text = 2, " AND ".join(search_text(each, 2) for each in operands)
        case SearchOr(operands, _):
            own, text = 1, " OR ".join(search_text(each, 1) for each in operands)
    return text if own > binding else f"({text})"
