"""The trees of query options around expressions: items of $orderby, $select, $expand and $compute, steps of $apply."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from osimages.odata.text.search_tree import Search
from osimages.odata.text.tree import Aggregate, Expression


class OrderItem(msgspec.Struct, frozen=True):
    """One item of $orderby."""

    expression: Expression
    descending: bool


class ComputeItem(msgspec.Struct, frozen=True):
    """One item of $compute: expression as alias."""

    expression: Expression
    alias: str
    position: int


class SelectItem(msgspec.Struct, frozen=True):
    """One item of $select: the names of its path, which may be `*`, a type, Namespace.* or an annotation.

    `parameters` are those that tell overloads of a function apart; `options` stand in parentheses after a property.
    """

    path: tuple[str, ...]
    parameters: tuple[str, ...] | None
    options: QueryOptions | None
    position: int


class ExpandItem(msgspec.Struct, frozen=True):
    """One item of $expand: the names of its path; the last may be `*`, and `$ref`, `$count` or `$value` may follow."""

    path: tuple[str, ...]
    options: QueryOptions | None
    position: int


class QueryOptions(msgspec.Struct, frozen=True):
    """What the options of a query say; None or empty where they say nothing.

    `levels` is 0 for `max`. `aliases` are parameter aliases by name with `@`, `custom` are decoded texts by name.
    `given` holds the names, without `$`, of the system query options that are there.
    """

    filter: Expression | None = None
    search: Search | None = None
    compute: tuple[ComputeItem, ...] = ()
    apply: tuple[Step, ...] | None = None
    select: tuple[SelectItem, ...] | None = None
    expand: tuple[ExpandItem, ...] = ()
    orderby: tuple[OrderItem, ...] = ()
    top: int | None = None
    skip: int | None = None
    count: bool | None = None
    index: int | None = None
    levels: int | None = None
    format: str | None = None
    id: str | None = None
    schemaversion: str | None = None
    skiptoken: str | None = None
    deltatoken: str | None = None
    aliases: Mapping[str, Expression] = {}
    custom: Mapping[str, str] = {}
    given: frozenset[str] = frozenset()


NO_OPTIONS = QueryOptions()


# --- $apply: https://docs.oasis-open.org/odata/odata-data-aggregation-ext/v4.0/odata-data-aggregation-ext-v4.0.html ---


class AggregateStep(msgspec.Struct, frozen=True):
    """aggregate(Amount with sum as Total,...)."""

    items: tuple[Aggregate, ...]
    position: int


class Rollup(msgspec.Struct, frozen=True):
    """rollup(Country,City) within groupby, or rollup(Hierarchy) by the name of a levelled hierarchy."""

    paths: tuple[Expression, ...]
    position: int


class UnsupportedStep(msgspec.Struct, frozen=True):
    """A transformation that is known by name alone, with the text within its parentheses: binding it is an error."""

    name: str
    text: str
    position: int


class GroupByStep(msgspec.Struct, frozen=True):
    """groupby((Country,Product/Name),aggregate(...)); `steps` are those applied to each group."""

    groups: tuple[Expression | Rollup | UnsupportedStep, ...]
    steps: tuple[Step, ...]
    position: int


class FilterStep(msgspec.Struct, frozen=True):
    """filter(condition)."""

    condition: Expression
    position: int


class SearchStep(msgspec.Struct, frozen=True):
    """search(text)."""

    search: Search
    position: int


class ComputeStep(msgspec.Struct, frozen=True):
    """compute(expression as alias,...)."""

    items: tuple[ComputeItem, ...]
    position: int


class OrderByStep(msgspec.Struct, frozen=True):
    """orderby(expression desc,...)."""

    items: tuple[OrderItem, ...]
    position: int


class PageStep(msgspec.Struct, frozen=True):
    """top(n) or skip(n), as `name` says."""

    name: str
    number: int
    position: int


class RankStep(msgspec.Struct, frozen=True):
    """topcount, topsum, toppercent, bottomcount, bottomsum or bottompercent, as `name` says, of two expressions."""

    name: str
    amount: Expression
    by: Expression
    position: int


class IdentityStep(msgspec.Struct, frozen=True):
    """identity."""

    position: int


class ConcatStep(msgspec.Struct, frozen=True):
    """concat(steps,steps,...)."""

    sequences: tuple[tuple[Step, ...], ...]
    position: int


class JoinStep(msgspec.Struct, frozen=True):
    """join(path as alias,steps), or outerjoin."""

    is_outer: bool
    path: Expression
    alias: str
    steps: tuple[Step, ...]
    position: int


Step = (
    AggregateStep
    | GroupByStep
    | FilterStep
    | SearchStep
    | ComputeStep
    | OrderByStep
    | PageStep
    | RankStep
    | IdentityStep
    | ConcatStep
    | JoinStep
    | UnsupportedStep
)
