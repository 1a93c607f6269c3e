"""Whole trees made at random, and trees without their positions, so that what was parsed can be compared."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

from osimages.odata.text import query_tree as q
from osimages.odata.text import tree as t
from osimages.odata.text.search_tree import Search, SearchAnd, SearchIncomplete, SearchNot, SearchOr, SearchTerm

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_PHRASES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
_LETTERS = string.ascii_letters + "0123é*+,:@/?$="
_WORDS = st.builds(str.__add__, st.sampled_from(_LETTERS), st.text(_LETTERS + "'", max_size=6))
_PLAIN = ("id", "größe", "_", "x1", "y", "items")
# Also words of the language, which are names where they stand for one.
_NAMES = (*_PLAIN, "desc", "asc", "any", "as", "with", "from", "filter", "eq", "in", "NaN2")
_QUALIFIED = ("n.Type", "name.space.Other")
_METHODS = ("sum", "min", "max", "average", "countdistinct", "Custom.method")
_SHAPES = ("geography'SRID=0;Point(1 2)'", "geometry'SRID=5;LineString(1 2,3 4)'")
_DECIMALS = st.decimals(allow_nan=False, allow_infinity=False).filter(
    lambda value: abs(value.adjusted()) < 900 and len(str(value)) < 60
)
_INFINITE = st.sampled_from([float("inf"), float("-inf"), Decimal("1e5")])
_VALUES: Sequence[tuple[t.LiteralKind, st.SearchStrategy[Any]]] = (
    (t.LiteralKind.NULL, st.none()),
    (t.LiteralKind.BOOLEAN, st.booleans()),
    (t.LiteralKind.INTEGER, st.integers(-(10**30), 10**30)),
    (t.LiteralKind.DECIMAL, _DECIMALS | _INFINITE),
    (t.LiteralKind.STRING, _TEXTS),
    (t.LiteralKind.GUID, st.uuids().map(str)),
    (t.LiteralKind.DATE, st.dates().map(str)),
    (t.LiteralKind.TIMEOFDAY, st.times().map(lambda each: each.isoformat())),
    (t.LiteralKind.DATETIMEOFFSET, st.datetimes().map(lambda each: each.isoformat() + "-08:30")),
    (t.LiteralKind.DURATION, st.sampled_from(["P1D", "-PT1H2M3.5S", "P1DT0S"])),
    (t.LiteralKind.BINARY, st.sampled_from(["", "AA==", "AAEC_w", "abcd"])),
    (t.LiteralKind.GEO, st.sampled_from(_SHAPES)),
)

# What stands in the parentheses of transformations that are known by name alone.
_INNER = ("", "$root/a,b,c", "x=(1),y=')'", "identity as z")

# Keys as segments of a path.
_SEGMENTS = (
    t.Literal(t.LiteralKind.INTEGER, 1, 0),
    t.Literal(t.LiteralKind.STRING, "P-12", 0),
    t.Literal(t.LiteralKind.STRING, "4711x", 0),
    t.Literal(t.LiteralKind.DATE, "2026-11-24", 0),
)


def without_positions(node: Any) -> Any:
    """The same tree with every position 0."""
    if isinstance(node, tuple):
        return tuple(map(without_positions, node))
    if isinstance(node, dict):
        return {name: without_positions(each) for name, each in node.items()}
    if not isinstance(node, msgspec.Struct):
        return node
    fields = {name: without_positions(getattr(node, name)) for name in node.__struct_fields__}
    return type(node)(**(fields | ({"position": 0} if "position" in fields else {})))


class _Maker:
    """Draws trees that are at most so deep."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def one(self, values: Sequence[Any]) -> Any:
        return self._draw(st.sampled_from(values))

    def flag(self) -> bool:
        return bool(self._draw(st.booleans()))

    def some(self, make: Callable[[], Any], least: int = 1, most: int = 3) -> tuple[Any, ...]:
        return tuple(make() for _ in range(self._draw(st.integers(least, most))))

    def maybe(self, make: Callable[[], Any]) -> Any:
        return make() if self.flag() else None

    # --- expressions ---
    def expression(self, depth: int) -> t.Expression:
        if depth == 0:
            return self.constant() if self.flag() else self.start()
        made: t.Expression = self.one(
            (
                *(self.constant, self.start, self._binary, self._in, self._logical, self._unary, self._list),
                *(self._object, self.path, self.path, self._ending, self._method, self._case),
            )
        )(depth - 1)
        return made

    def constant(self, _: int = 0) -> t.Literal | t.EnumLiteral:
        if self._draw(st.integers(0, 12)) == 0:
            return t.EnumLiteral(self.one(_QUALIFIED), self.one(("a", "a,b", "-1")), 0)
        kind, values = self.one(_VALUES)
        return t.Literal(kind, self._draw(values), 0)

    def _key(self) -> t.Literal | t.EnumLiteral:
        found = self.constant()
        return _SEGMENTS[0] if isinstance(found, t.Literal) and found.value is None else found

    def alias(self) -> t.Alias:
        return t.Alias(self.one(("@p", "@größe")), 0)

    def start(self, _: int = 0) -> t.Expression:
        return self.one(  # type: ignore[no-any-return]
            (
                t.Name(self.one((*_NAMES, "$it", "$this")), 0),
                self.alias(),
                t.Annotation(None, self.one(("@a.b", "@a.b#c")), 0),
                t.Member(t.Name("$root", 0), self.one(_PLAIN), 0),
                t.Member(t.Cast(None, self.one(_QUALIFIED), 0), self.one(_PLAIN), 0),
            )
        )

    def _binary(self, depth: int) -> t.Expression:
        operator = self.one(("eq", "ne", "gt", "le", "add", "sub", "mul", "divby", "mod", "has"))
        right = self.one((self._member_constant, self.path))(depth) if operator == "has" else self.expression(depth)
        return t.Binary(operator, self.expression(depth), right, 0)

    def _member_constant(self, _: int) -> t.Expression:
        text = self.one(("a", "a,b", "-1"))
        return self.one((t.EnumLiteral("n.Type", text, 0), t.Literal(t.LiteralKind.STRING, text, 0)))  # type: ignore[no-any-return]

    def _in(self, depth: int) -> t.Expression:
        right = self.one((self._list, self._constants, self.path))(depth)
        return t.Binary("in", self.expression(depth), right, 0)

    def _constants(self, _: int) -> t.Expression:
        return t.ListExpression(self.some(self.constant, 0), 0)

    def _list(self, depth: int) -> t.Expression:
        return t.ListExpression(self.some(lambda: self.expression(depth), 0), 0)

    def _object(self, depth: int) -> t.Expression:
        return t.ObjectExpression(self.some(lambda: (self._draw(_TEXTS), self.expression(depth)), 0), 0)

    def _logical(self, depth: int) -> t.Expression:
        return t.Logical(self.one(("and", "or")), self.some(lambda: self.expression(depth), 2), 0)

    def _unary(self, depth: int) -> t.Expression:
        return t.Unary(self.one(("not", "-")), self.expression(depth), 0)

    def _case(self, depth: int) -> t.Expression:
        return t.Case(self.some(lambda: (self.expression(depth), self.expression(depth))), 0)

    def _method(self, depth: int) -> t.Expression:
        arguments: tuple[t.Expression, ...]
        name, count = self.one(
            (
                *(("now", 0), ("length", 1), ("TRIM", 1), ("isdefined", 1), ("contains", 2), ("geo.distance", 2)),
                *(("substring", 2), ("substring", 3), ("cast", 1), ("cast", 2), ("isof", 1), ("isof", 2)),
            )
        )
        arguments = tuple(self.path(depth) if name == "isdefined" else self.expression(depth) for _ in range(count))
        if name in ("cast", "isof"):
            type_ = t.TypeName(self.one((*_QUALIFIED, "Edm.String", "id")), self.flag(), 0)
            arguments = (*arguments[:-1], type_)
        return t.Call(None, name, tuple(t.Argument(None, each) for each in arguments), 0)

    # --- paths ---
    def path(self, depth: int) -> t.Expression:
        found = self.start() if self.flag() else self._call(None, depth)
        for _ in range(self._draw(st.integers(0, 3))):
            found = self.one((self._member, self._member, self._cast, self._annotation, self._filtered, self._call))(
                found, depth
            )
            if self.flag() and (
                isinstance(found, t.Filtered | t.Call) or (isinstance(found, t.Member) and found.name in _PLAIN)
            ):
                value = self._key() if self.flag() else self.alias()
                found = t.Key(found, (t.Argument(None, value),), 0)
                if self.flag():
                    found = t.Key(found, (t.Argument(None, self.one(_SEGMENTS)),), 0)
        return found

    def _member(self, of: t.Expression, _: int) -> t.Expression:
        return t.Member(of, self.one(_NAMES), 0)

    def _cast(self, of: t.Expression, _: int) -> t.Expression:
        return t.Cast(of, self.one(_QUALIFIED), 0)

    def _annotation(self, of: t.Expression, _: int) -> t.Expression:
        return t.Annotation(of, "@a.b#c", 0)

    def _filtered(self, of: t.Expression, depth: int) -> t.Expression:
        return t.Filtered(of, self.expression(depth), 0)

    def _call(self, of: t.Expression | None, depth: int) -> t.Expression:
        names = self._draw(st.lists(st.sampled_from(_PLAIN), max_size=2, unique=True))
        arguments = tuple(t.Argument(name, self.expression(depth)) for name in names)
        return t.Call(of, self.one((*_PLAIN, *_QUALIFIED)), arguments, 0)

    def _ending(self, depth: int) -> t.Expression:
        of = self.path(depth)
        found: t.Expression = self.one(
            (
                t.Lambda(of, t.Quantifier.ANY, None, None, 0),
                t.Lambda(of, self.one(tuple(t.Quantifier)), self.one(_PLAIN), self.expression(depth), 0),
                t.Count(of, self.maybe(lambda: self.expression(depth)), self.maybe(lambda: self.search(1)), 0),
                t.Aggregated(self.one((of, t.Name("$these", 0))), self.aggregate(depth, None), 0),
            )
        )
        return found

    def data_path(self) -> t.Expression:
        found: t.Expression = t.Name(self.one(_PLAIN), 0)
        for _ in range(self._draw(st.integers(0, 2))):
            of = t.Cast(found, self.one(_QUALIFIED), 0) if self.flag() else found
            found = t.Member(of, self.one(_PLAIN), 0)
        return found

    def aggregate(self, depth: int, alias: str | None) -> t.Aggregate:
        def stage() -> t.AggregateFrom:
            return t.AggregateFrom(self.some(self.data_path), self.one(_METHODS))

        def custom_stage() -> t.AggregateFrom:
            return t.AggregateFrom(self.some(self.data_path), self.maybe(lambda: self.one(_METHODS)))

        match self._draw(st.integers(0, 2)):
            case 0:
                return t.Aggregate(self.expression(depth), self.one(_METHODS), self.some(stage, 0), alias, 0)
            case 1:
                return t.Aggregate(None, None, self.some(stage, 0), alias, 0)
        return t.Aggregate(self.data_path(), None, self.some(custom_stage, 0), alias, 0)

    # --- searches ---
    def search(self, depth: int) -> Search:
        if depth and not self._draw(st.integers(0, 4)):
            return SearchIncomplete(self._draw(_TEXTS), 0)
        return self._terms(depth)

    def _terms(self, depth: int) -> Search:
        match self._draw(st.integers(0, 5 if depth else 2)):
            case 0:
                return SearchTerm(self._draw(_PHRASES), True, 0)
            case 1 | 2:
                return SearchTerm(self._draw(_WORDS | st.sampled_from(["AND", "OR", "NOT"])), False, 0)
            case 3:
                return SearchNot(self._terms(depth - 1), 0)
            case 4:
                return SearchAnd(self.some(lambda: self._terms(depth - 1), 2), 0)
        return SearchOr(self.some(lambda: self._terms(depth - 1), 2), 0)

    # --- items ---
    def order_items(self, depth: int) -> tuple[q.OrderItem, ...]:
        return self.some(lambda: q.OrderItem(self.expression(depth), self.flag()))

    def compute_items(self, depth: int) -> tuple[q.ComputeItem, ...]:
        return self.some(lambda: q.ComputeItem(self.expression(depth), self.one(_PLAIN), 0))

    def _names(self) -> tuple[str, ...]:
        return self.some(lambda: self.one((*_PLAIN, *_QUALIFIED, "@a.b")))

    def select_items(self, depth: int) -> tuple[q.SelectItem, ...]:
        return self.some(lambda: self._select_item(depth))

    def _select_item(self, depth: int) -> q.SelectItem:
        match self._draw(st.integers(0, 2)):
            case 0:
                return q.SelectItem(self.one((("*",), ("n.*",), self._names())), None, None, 0)
            case 1:
                path = (*self._names(), self.one((*_PLAIN, *_QUALIFIED)))
                return q.SelectItem(path, self.some(lambda: self.one(_PLAIN)), None, 0)
        return q.SelectItem((*self._names(), self.one(_PLAIN)), None, self._options(depth, "paged"), 0)

    def expand_items(self, depth: int) -> tuple[q.ExpandItem, ...]:
        return self.some(lambda: self._expand_item(depth))

    def _expand_item(self, depth: int) -> q.ExpandItem:
        match self._draw(st.integers(0, 4)):
            case 0:
                return q.ExpandItem(self.one((("*",), ("a", "*", "$ref"), ("$value",), self._expanded())), None, 0)
            case 1:
                return q.ExpandItem(("*",), self._options(depth, "levels"), 0)
            case 2:
                return q.ExpandItem((*self._expanded(), "$ref"), self._options(depth, "paged"), 0)
            case 3:
                return q.ExpandItem((*self._expanded(), "$count"), self._options(depth, "counted"), 0)
        return q.ExpandItem(self._expanded(), self._options(depth, "all"), 0)

    def _expanded(self) -> tuple[str, ...]:
        return (*self._names(), self.one(_PLAIN))

    def _options(self, depth: int, which: str) -> q.QueryOptions:
        """Options in parentheses."""
        number = st.integers(0, 10**9)
        values: dict[str, Any] = {}
        if which in ("levels", "all"):
            values["levels"] = self._draw(st.integers(0, 9))
        if which != "levels":
            values |= {"filter": self.expression(depth), "search": self.search(1)}
        if which in ("paged", "all"):
            values |= {"orderby": self.order_items(0), "top": self._draw(number), "count": self.flag()}
        if which == "all":
            values |= {"compute": self.compute_items(0), "select": self.select_items(0), "apply": self.steps(0)}
            if depth:
                values["expand"] = self.expand_items(depth - 1)
        kept = {name for name in values if self.flag()} or {min(values)}
        values = {name: value for name, value in values.items() if name in kept}
        aliases = {"@a": self.expression(0)} if which == "all" and self.flag() else {}
        return q.QueryOptions(**values, aliases=aliases, given=frozenset(values))

    # --- $apply ---
    def steps(self, depth: int) -> tuple[q.Step, ...]:
        return self.some(lambda: self._step(depth), 1, 2)

    def _step(self, depth: int) -> q.Step:
        simple = (self._aggregate_step, self._compute_step, self._preserving)
        made: q.Step = self.one((*simple, self._group_step, self._nesting_step) if depth else simple)(
            depth - 1 if depth else 0
        )
        return made

    def _aggregate_step(self, depth: int) -> q.Step:
        return q.AggregateStep(self.some(lambda: self.aggregate(depth, self.one(_PLAIN))), 0)

    def _compute_step(self, depth: int) -> q.Step:
        return q.ComputeStep(self.compute_items(depth), 0)

    def _preserving(self, depth: int = 0) -> q.Step:
        match self._draw(st.integers(0, 6)):
            case 0:
                return q.FilterStep(self.expression(depth), 0)
            case 1:
                return q.SearchStep(self.search(1), 0)
            case 2:
                return q.OrderByStep(self.order_items(depth), 0)
            case 3:
                return q.PageStep(self.one(("top", "skip")), self._draw(st.integers(0, 10**9)), 0)
            case 4:
                name = self.one(("topcount", "topsum", "toppercent", "bottomcount", "bottomsum", "bottompercent"))
                return q.RankStep(name, self.expression(depth), self.expression(depth), 0)
            case 5:
                return q.UnsupportedStep(self.one((*_QUALIFIED, "ancestors", "nest")), self.one(_INNER), 0)
        return q.IdentityStep(0)

    def _group_step(self, depth: int) -> q.Step:
        def group() -> Any:
            match self._draw(st.integers(0, 2)):
                case 0:
                    return q.Rollup(self.some(self.data_path, 2), 0)
                case 1:
                    return q.UnsupportedStep("rolluprecursive", self.one(_INNER), 0)
            return self.data_path()

        return q.GroupByStep(self.some(group), self.steps(depth) if self.flag() else (), 0)

    def _nesting_step(self, depth: int) -> q.Step:
        if self.flag():
            return q.ConcatStep(self.some(lambda: self.steps(depth), 2), 0)
        steps = self.steps(depth) if self.flag() else ()
        return q.JoinStep(self.flag(), self.data_path(), self.one(_PLAIN), steps, 0)


def _made(rule: Callable[[_Maker], Any]) -> st.SearchStrategy[Any]:
    @st.composite
    def make(draw: Any) -> Any:
        return rule(_Maker(draw))

    return make()


EXPRESSIONS = _made(lambda maker: maker.expression(3))
SEARCHES = _made(lambda maker: maker.search(3))
ORDER_ITEMS = _made(lambda maker: maker.order_items(2))
COMPUTE_ITEMS = _made(lambda maker: maker.compute_items(2))
SELECT_ITEMS = _made(lambda maker: maker.select_items(1))
EXPAND_ITEMS = _made(lambda maker: maker.expand_items(1))
STEPS = _made(lambda maker: maker.steps(2))
