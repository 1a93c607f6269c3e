"""From the text of an `$apply` to its steps.

Grammar: https://github.com/oasis-tcs/odata-abnf/blob/main/abnf/odata-aggregation-abnf.txt
Meaning: https://docs.oasis-open.org/odata/odata-data-aggregation-ext/v4.0/odata-data-aggregation-ext-v4.0.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from osimages.odata.text.expression_parser import ExpressionReader
from osimages.odata.text.lexer import ANNOTATION, NAME, NUMBER, SYSTEM
from osimages.odata.text.query_tree import (
    AggregateStep,
    ComputeStep,
    ConcatStep,
    FilterStep,
    FunctionStep,
    GroupByStep,
    Hierarchy,
    IdentityStep,
    JoinStep,
    NestStep,
    OrderByStep,
    OrderItem,
    PageStep,
    RankStep,
    RelativesStep,
    Rollup,
    RollupRecursive,
    SearchStep,
    Step,
    TraverseStep,
)
from osimages.odata.text.syntax_errors import ODataSyntaxError
from osimages.odata.text.tree import (
    Aggregate,
    AggregateFrom,
    Alias,
    Annotation,
    Call,
    Cast,
    Count,
    Expression,
    Member,
    Name,
)

_METHODS = ("sum", "min", "max", "average", "countdistinct")
_HIERARCHICAL = (RelativesStep, TraverseStep, FunctionStep)
_PRESERVING = (*_HIERARCHICAL, FilterStep, IdentityStep, OrderByStep, PageStep, RankStep, SearchStep)
_LONGEST_NUMBER = 18
Steps = tuple[Step, ...]


class ApplyReader(ExpressionReader):
    """Reads the steps of an `$apply`; each method reads one transformation, from behind its name on."""

    __slots__ = ()

    def steps(self, allowed: tuple[type, ...] = ()) -> Steps:
        """Steps with slashes between them; all of the types that are allowed, where some are named."""
        self.enter()
        found = [self._step(allowed)]
        while self.take("/"):
            found.append(self._step(allowed))
        self.leave()
        return tuple(found)

    def _step(self, allowed: tuple[type, ...]) -> Step:
        self.count_node()
        word, start = self.word, self.start
        if self.kind != NAME:
            self.fail("Expected a transformation")
        if word == "identity":
            self.advance()
            found: Step = IdentityStep(start)
        elif "." in word:
            self.advance()
            call = self.call(None, word, start) if self.is_mark("(") else None
            if not isinstance(call, Call):
                raise ODataSyntaxError("Expected a function with its parameters", start, self.text)
            found = FunctionStep(call, start)
        else:
            found = self._named_step(word, start)
        if allowed and not isinstance(found, allowed):
            raise ODataSyntaxError(f"'{word}' cannot stand here", start, self.text)
        return found

    def _named_step(self, word: str, start: int) -> Step:
        read = _STEPS.get(word)
        if read is None:
            self.fail("Expected a transformation")
        self.advance()
        if not self.is_mark("("):
            self.fail(f"Expected '(' after '{word}'")
        if word != "search":
            self.advance()
        found = read(self, word, start)
        self.expect(")")
        return found

    # --- aggregate ---
    def _aggregate_step(self, _: str, start: int) -> Step:
        items = [self._aggregate_item()]
        while self.take(","):
            items.append(self._aggregate_item())
        return AggregateStep(tuple(items), start)

    def _aggregate_item(self) -> Aggregate:
        """An aggregate with its name; without one only custom aggregates may stand, which have a name of their own."""
        found = self.aggregate(named=True)
        if found.alias is None and (found.method or found.stages or not isinstance(found.expression, Name | Member)):
            self.fail("Expected 'as' and a name")
        return found

    def aggregate(self, named: bool = False) -> Aggregate:
        """What is aggregated, how, in which stages, and under which name where it may have one."""
        self.count_node()
        start = self.start
        expression = self._aggregated()
        behind = self.start
        method = self._method()
        if expression is None and method is not None:
            raise ODataSyntaxError("'$count' is aggregated already", behind, self.text)
        if method is None and not (expression is None or isinstance(expression, Count | Name | Member)):
            self.fail("Expected 'with' and a method")
        is_custom = method is None and not (expression is None or isinstance(expression, Count))
        stages = []
        while self.take_spaced("from"):
            properties = self._grouping_properties()
            stages.append(AggregateFrom(properties, self._method()))
            if stages[-1].method is None and not is_custom:
                self.fail("Expected 'with' and a method")
        alias = self.alias() if named and self.kind == NAME and self.word.lower() == "as" else None
        return Aggregate(expression, method, tuple(stages), alias, start)

    def _aggregated(self) -> Expression | None:
        if self.kind == SYSTEM and self.word.lower() == "$count":
            self.advance()
            return None
        if self.kind == NAME and "." in self.word:  # a type alone: Model.Product with Custom.discount
            after = self.following()
            if after.kind == NAME and after.word.lower() == "with":
                return self.path(may_be_type=True)
        return self.expression()

    def _method(self) -> str | None:
        if not self.take_spaced("with"):
            return None
        method = self.word
        if self.kind != NAME or not (method in _METHODS or "." in method):
            self.fail("Expected a method such as sum, min, max, average, countdistinct")
        self.advance()
        return method

    # --- paths of data ---
    def _data_path(self, may_end_with_type: bool = True) -> Expression:
        """A path of properties and types, without annotations, keys and functions."""
        self.count_node()
        found = self.path(may_be_type=True)
        step: Expression | None = found
        other: Expression | None = None  # the first step that is neither a property nor a type
        while step is not None:
            if not isinstance(step, Member | Cast | Name) or (isinstance(step, Name) and step.name.startswith("$")):
                other = step
            step = getattr(step, "of", None)
        if other is not None:
            raise ODataSyntaxError("Expected a path of properties", other.position, self.text)
        if isinstance(found, Cast) and not may_end_with_type:
            raise ODataSyntaxError("A path to group by does not end with a type", found.position, self.text)
        return found

    def _grouping_properties(self) -> tuple[Expression, ...]:
        found = [self._data_path(may_end_with_type=False)]
        while self.take(","):
            found.append(self._data_path(may_end_with_type=False))
        return tuple(found)

    # --- groupby ---
    def _group_by(self, _: str, start: int) -> Step:
        self.expect("(")
        groups = [self._group()]
        while self.take(","):
            groups.append(self._group())
        self.expect(")")
        return GroupByStep(tuple(groups), self.steps() if self.take(",") else (), start)

    def _group(self) -> Expression | Rollup | RollupRecursive:
        word, start = self.word, self.start
        if self.kind != NAME or word not in ("rollup", "rolluprecursive") or not self.following().is_mark("("):
            return self._data_path(may_end_with_type=False)
        self.advance()
        self.advance()
        found: Rollup | RollupRecursive
        if word == "rollup":
            found = Rollup(self._grouping_properties(), start)
            if len(found.paths) == 1 and not isinstance(found.paths[0], Name):
                self.fail("Expected ','")
        else:
            hierarchy = self._hierarchy()
            found = RollupRecursive(hierarchy, self.steps(_HIERARCHICAL) if self.take(",") else (), start)
        self.expect(")")
        return found

    # --- transformations of one form each ---
    def _filter(self, _: str, start: int) -> Step:
        return FilterStep(self.expression(), start)

    def _search(self, _: str, start: int) -> Step:
        return SearchStep(self.search_after("("), start)

    def _compute(self, _: str, start: int) -> Step:
        return ComputeStep(self.compute_items(), start)

    def _order_by(self, _: str, start: int) -> Step:
        return OrderByStep(self.order_items(), start)

    def _page(self, word: str, start: int) -> Step:
        return PageStep(word, self.number(), start)

    def _rank(self, word: str, start: int) -> Step:
        amount = self.expression()
        self.expect(",")
        return RankStep(word, amount, self.expression(), start)

    def _concat(self, _: str, start: int) -> Step:
        sequences = [self.steps()]
        self.expect(",")
        sequences.append(self.steps())
        while self.take(","):
            sequences.append(self.steps())
        return ConcatStep(tuple(sequences), start)

    def _nest(self, word: str, start: int) -> Step:
        path = None
        if word == "addnested":
            path = self._data_path()
            self.expect(",")
        sequences = [(self.steps(), self.alias())]
        while self.take(","):
            sequences.append((self.steps(), self.alias()))
        return NestStep(path, tuple(sequences), start)

    def _join(self, word: str, start: int) -> Step:
        path = self.path() if self.kind == ANNOTATION else self._data_path()
        if isinstance(path, Alias):
            path = Annotation(None, path.name, path.position)
        if isinstance(path, Cast) and path.of is None:
            raise ODataSyntaxError("Expected a collection, not a type", path.position, self.text)
        alias = self.alias()
        return JoinStep(word == "outerjoin", path, alias, self.steps() if self.take(",") else (), start)

    def number(self) -> int:
        """A number without a sign."""
        word = self.word
        if self.kind != NUMBER or not word.isdigit() or len(word) > _LONGEST_NUMBER:
            self.fail(f"Expected a number without a sign, of at most {_LONGEST_NUMBER} digits")
        self.advance()
        return int(word)

    # --- hierarchies ---
    def _hierarchy(self) -> Hierarchy:
        start = self.start
        nodes = self.path()
        self._check_nodes(nodes, start)
        self.expect(",")
        qualifier = self.name("the qualifier of a hierarchy")
        self.expect(",")
        return Hierarchy(nodes, qualifier, self._data_path(may_end_with_type=False), start)

    def _check_nodes(self, nodes: Expression, start: int) -> None:
        """Nodes are reached from `$root`: Name and its members, keys, types, filters and functions."""
        step: Expression | None = nodes
        while step is not None and not isinstance(step, Name):
            step = getattr(step, "of", None)
        if not isinstance(step, Name) or step.name != "$root":
            raise ODataSyntaxError("Expected a path that starts with '$root/'", start, self.text)

    def _relatives(self, word: str, start: int) -> Step:
        hierarchy = self._hierarchy()
        self.expect(",")
        steps = self.steps(_PRESERVING)
        distance, keeps = None, False
        if self.take(","):
            if self.kind == NUMBER:
                distance = self.number()
                keeps = self.take(",")
            else:
                keeps = True
            if keeps and not (self.take_word("keep") and self.take_word("start")):
                self.fail("Expected a distance or 'keep start'")
        return RelativesStep(word, hierarchy, steps, distance, keeps, start)

    def _traverse(self, _: str, start: int) -> Step:
        hierarchy = self._hierarchy()
        self.expect(",")
        order = self.take_word("preorder", "postorder")
        if order is None:
            self.fail("Expected 'preorder' or 'postorder'")
        steps: Steps = ()
        orderby: tuple[OrderItem, ...] = ()
        if self.take(","):
            if self._is_step():
                steps = self.steps(_PRESERVING)
                orderby = self.order_items() if self.take(",") else ()
            else:
                orderby = self.order_items()
        return TraverseStep(hierarchy, order == "preorder", steps, orderby, start)

    def _is_step(self) -> bool:
        """Whether a transformation stands here, and not an expression."""
        if self.kind != NAME:
            return False
        is_named = self.word in _STEPS or "." in self.word
        return self.word == "identity" or (is_named and self.following().is_mark("("))


_Read = Callable[[ApplyReader, str, int], Step]
_RANKS = ("topcount", "topsum", "toppercent", "bottomcount", "bottomsum", "bottompercent")
_STEPS: Mapping[str, _Read] = {
    "aggregate": ApplyReader._aggregate_step,
    "groupby": ApplyReader._group_by,
    "filter": ApplyReader._filter,
    "search": ApplyReader._search,
    "compute": ApplyReader._compute,
    "orderby": ApplyReader._order_by,
    "concat": ApplyReader._concat,
    "traverse": ApplyReader._traverse,
    **dict.fromkeys(("top", "skip"), ApplyReader._page),
    **dict.fromkeys(_RANKS, ApplyReader._rank),
    **dict.fromkeys(("nest", "addnested"), ApplyReader._nest),
    **dict.fromkeys(("join", "outerjoin"), ApplyReader._join),
    **dict.fromkeys(("ancestors", "descendants"), ApplyReader._relatives),
}
