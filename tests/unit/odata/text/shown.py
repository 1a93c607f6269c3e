"""Trees as short text, so that a test can say in one line what a parser should have read."""

from __future__ import annotations

from decimal import Decimal

from osimages.odata.text.tree import (
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
    Logical,
    Member,
    Name,
    ObjectExpression,
    TypeName,
    Unary,
)


def shown(tree: Expression | None) -> str:
    """Operators stand in front: `a eq 1 and not b` is (and (eq a 1) (not b))."""
    match tree:
        case None:
            return ""
        case Literal():
            return str(tree.value) if isinstance(tree.value, Decimal) else repr(tree.value)
        case EnumLiteral():
            return f"{tree.type_name}'{tree.member}'"
        case Unary():
            return f"({tree.operator} {shown(tree.operand)})"
        case Binary():
            return f"({tree.operator} {shown(tree.left)} {shown(tree.right)})"
        case Logical():
            return f"({tree.operator} {' '.join(map(shown, tree.operands))})"
        case ListExpression():
            return f"[{', '.join(map(shown, tree.items))}]"
        case ObjectExpression():
            return f"{{{', '.join(f'{name}: {shown(value)}' for name, value in tree.members)}}}"
    return _path(tree)


def _path(tree: Expression) -> str:
    match tree:
        case Name() | Alias():
            return tree.name
        case Annotation():
            return f"{shown(tree.of)}{'/' if tree.of else ''}{tree.name}"
        case Member():
            return f"{shown(tree.of)}/{tree.name}"
        case Cast():
            return f"{shown(tree.of)}/<{tree.type_name}>"
        case Call():
            return f"{shown(tree.of)}{'/' if tree.of else ''}{tree.name}({', '.join(map(_argument, tree.arguments))})"
        case Key():
            return f"{shown(tree.of)}[{', '.join(map(_argument, tree.arguments))}]"
        case TypeName():
            return f"<{tree.name}>{'*' if tree.collection else ''}"
        case Case():
            return f"case({', '.join(f'{shown(condition)}: {shown(value)}' for condition, value in tree.branches)})"
        case Aggregated():
            return f"{shown(tree.of)}/aggregate({shown(tree.aggregate.expression)} {tree.aggregate.method})"
        case Count():
            return f"{shown(tree.of)}/$count({shown(tree.condition)})"
        case Filtered():
            return f"{shown(tree.of)}/$filter({shown(tree.condition)})"
        case Lambda():
            return f"{shown(tree.of)}/{tree.quantifier.value}({tree.variable or ''}:{shown(tree.condition)})"
    raise AssertionError(tree)


def _argument(argument: Argument) -> str:
    return f"{argument.name}={shown(argument.value)}" if argument.name else shown(argument.value)
