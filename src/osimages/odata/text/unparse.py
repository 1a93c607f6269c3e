"""From trees back to text: parsing what is written here gives the same tree, positions apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from osimages.odata.text.query_tree import (
    AggregateStep,
    ComputeItem,
    ComputeStep,
    ConcatStep,
    ExpandItem,
    FilterStep,
    GroupByStep,
    IdentityStep,
    JoinStep,
    OrderByStep,
    OrderItem,
    PageStep,
    QueryOptions,
    RankStep,
    Rollup,
    SearchStep,
    SelectItem,
    Step,
    UnsupportedStep,
)
from osimages.odata.text.search_tree import Search
from osimages.odata.text.tree import Expression
from osimages.odata.text.unparse_expressions import aggregate_text, expression_text, search_text

Item = OrderItem | ComputeItem | SelectItem | ExpandItem | Step
Node = Expression | Search | Item
# What may stand as it is in the value of an option (RFC 3986, section 3.4); `&`, `+` and `#` would end it or mislead.
_UNENCODED = "$'()*,:;=@/!?~"


def render(node: Node | Sequence[Item] | QueryOptions) -> str:
    """The text of a node; of several items or steps with what stands between them.

    The text is decoded, but for that of QueryOptions, which is a query string as it stands in a URL.
    """
    if isinstance(node, QueryOptions):
        pairs = [*_option_texts(node), *((f"{name}", value) for name, value in node.custom.items())]
        return "&".join(f"{quote(name, safe=_UNENCODED)}={quote(value, safe=_UNENCODED)}" for name, value in pairs)
    if isinstance(node, tuple | list):
        return ("/" if node and isinstance(node[0], Step) else ",").join(map(render, node))
    if isinstance(node, Search):
        return search_text(node)
    if isinstance(node, Item):
        return _WRITERS[type(node)](node)
    return expression_text(node)  # type: ignore[arg-type]


def _order_item(item: OrderItem) -> str:
    text = expression_text(item.expression)
    # A property may be called like a direction.
    return f"{text} desc" if item.descending else f"{text} asc" if text.lower() in ("asc", "desc") else text


def _compute_item(item: ComputeItem) -> str:
    return f"{expression_text(item.expression)} as {item.alias}"


def _select_item(item: SelectItem) -> str:
    parameters = "" if item.parameters is None else f"({','.join(item.parameters)})"
    return "/".join(item.path) + parameters + _nested(item.options)


def _expand_item(item: ExpandItem) -> str:
    return "/".join(item.path) + _nested(item.options)


def _nested(options: QueryOptions | None) -> str:
    return "" if options is None else f"({';'.join(f'{name}={value}' for name, value in _option_texts(options))})"


def _option_texts(options: QueryOptions) -> list[tuple[str, str]]:
    texts = [(f"${name}", _OPTIONS.get(name, _shown)(getattr(options, name))) for name in sorted(options.given)]
    return texts + [(name, expression_text(tree)) for name, tree in options.aliases.items()]


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_OPTIONS: Mapping[str, Callable[[Any], str]] = {
    **dict.fromkeys(("filter", "search", "compute", "apply", "select", "expand", "orderby"), render),
    "levels": lambda value: str(value or "max"),
}


# --- $apply ---
def _steps(steps: tuple[Step, ...]) -> str:
    return "/".join(map(render, steps))


def _and_steps(steps: tuple[Step, ...]) -> str:
    return f",{_steps(steps)}" if steps else ""


def _group_by(step: GroupByStep) -> str:
    return f"groupby(({','.join(map(_group, step.groups))}){_and_steps(step.steps)})"


def _group(group: Expression | Rollup | UnsupportedStep) -> str:
    match group:
        case Rollup(paths, _):
            return f"rollup({','.join(map(expression_text, paths))})"
        case UnsupportedStep(name, text, _):
            return f"{name}({text})"
    return expression_text(group)


def _join(step: JoinStep) -> str:
    name = "outerjoin" if step.is_outer else "join"
    return f"{name}({expression_text(step.path)} as {step.alias}{_and_steps(step.steps)})"


_WRITERS: Mapping[type, Callable[[Any], str]] = {
    OrderItem: _order_item,
    ComputeItem: _compute_item,
    SelectItem: _select_item,
    ExpandItem: _expand_item,
    AggregateStep: lambda step: f"aggregate({','.join(map(aggregate_text, step.items))})",
    GroupByStep: _group_by,
    FilterStep: lambda step: f"filter({expression_text(step.condition)})",
    SearchStep: lambda step: f"search({search_text(step.search)})",
    ComputeStep: lambda step: f"compute({render(step.items)})",
    OrderByStep: lambda step: f"orderby({render(step.items)})",
    PageStep: lambda step: f"{step.name}({step.number})",
    RankStep: lambda step: f"{step.name}({expression_text(step.amount)},{expression_text(step.by)})",
    IdentityStep: lambda step: "identity",
    ConcatStep: lambda step: f"concat({','.join(map(_steps, step.sequences))})",
    JoinStep: _join,
    UnsupportedStep: lambda step: f"{step.name}({step.text})",
}
