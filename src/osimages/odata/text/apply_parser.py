"""From the text of an `$apply` to its steps.

Grammar: https://github.com/oasis-tcs/odata-abnf/blob/main/abnf/odata-aggregation-abnf.txt
Meaning: https://docs.oasis-open.org/odata/odata-data-aggregation-ext/v4.0/odata-data-aggregation-ext-v4.0.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from osimages.odata.text.expression_parser import ExpressionReader
from osimages.odata.text.lexer import ANNOTATION, BAD, END, NAME
from osimages.odata.text.query_tree import (
    AggregateStep,
    ComputeStep,
    ConcatStep,
    FilterStep,
    GroupByStep,
    IdentityStep,
    JoinStep,
    OrderByStep,
    PageStep,
    RankStep,
    Rollup,
    SearchStep,
    Step,
    UnsupportedStep,
)
from osimages.odata.text.syntax_errors import ODataSyntaxError
from osimages.odata.text.tree import (
    Alias,
    Annotation,
    Cast,
    Expression,
    Name,
)

# Read by name alone: no model here declares a hierarchy, a function of a service, or navigation to nest.
_UNSUPPORTED = ("ancestors", "descendants", "traverse", "nest", "addnested")
Steps = tuple[Step, ...]


class ApplyReader:
    """Reads the steps of an `$apply` at a cursor; each method reads one transformation, from behind its name on."""

    __slots__ = ("_at",)

    def __init__(self, at: ExpressionReader) -> None:
        self._at = at

    def steps(self) -> Steps:
        """Steps with slashes between them."""
        self._at.enter()
        found = [self._step()]
        while self._at.take("/"):
            found.append(self._step())
        self._at.leave()
        return tuple(found)

    def _step(self) -> Step:
        self._at.count_node()
        word, start = self._at.word, self._at.start
        if self._at.kind != NAME:
            self._at.fail("Expected a transformation")
        if word == "identity":
            self._at.advance()
            found: Step = IdentityStep(start)
        elif "." in word or word in _UNSUPPORTED:
            found = self._unsupported(word, start)
        else:
            found = self._named_step(word, start)
        return found

    def _unsupported(self, word: str, start: int) -> UnsupportedStep:
        """What is read up to its closing parenthesis only: binding it answers that it is not supported."""
        self._at.advance()
        if not self._at.is_mark("("):
            self._at.fail(f"Expected '(' after '{word}'")
        opening, depth = self._at.end, 0
        while True:
            self._at.count_node()
            depth += self._at.is_mark("(") - self._at.is_mark(")")
            self._at.check_depth(depth)
            if self._at.kind in (BAD, END):
                self._at.fail("Expected ')'")
            if depth == 0:
                break
            self._at.advance()
        text = self._at.text[opening : self._at.start]
        self._at.advance()
        return UnsupportedStep(word, text, start)

    def _named_step(self, word: str, start: int) -> Step:
        read = _STEPS.get(word)
        if read is None:
            self._at.fail("Expected a transformation")
        self._at.advance()
        if not self._at.is_mark("("):
            self._at.fail(f"Expected '(' after '{word}'")
        if word != "search":
            self._at.advance()
        found = read(self, word, start)
        self._at.expect(")")
        return found

    # --- aggregate ---
    def _aggregate_step(self, _: str, start: int) -> Step:
        items = [self._at.aggregate_item()]
        while self._at.take(","):
            items.append(self._at.aggregate_item())
        return AggregateStep(tuple(items), start)

    # --- groupby ---
    def _group_by(self, _: str, start: int) -> Step:
        self._at.expect("(")
        groups = [self._group()]
        while self._at.take(","):
            groups.append(self._group())
        self._at.expect(")")
        return GroupByStep(tuple(groups), self.steps() if self._at.take(",") else (), start)

    def _group(self) -> Expression | Rollup | UnsupportedStep:
        word, start = self._at.word, self._at.start
        if self._at.kind != NAME or word not in ("rollup", "rolluprecursive") or not self._at.following().is_mark("("):
            return self._at.data_path(may_end_with_type=False)
        if word == "rolluprecursive":
            return self._unsupported(word, start)
        self._at.advance()
        self._at.advance()
        found = Rollup(self._at.grouping_properties(), start)
        if len(found.paths) == 1 and not isinstance(found.paths[0], Name):
            self._at.fail("Expected ','")
        self._at.expect(")")
        return found

    # --- transformations of one form each ---
    def _filter(self, _: str, start: int) -> Step:
        return FilterStep(self._at.expression(), start)

    def _search(self, _: str, start: int) -> Step:
        return SearchStep(self._at.search_after("("), start)

    def _compute(self, _: str, start: int) -> Step:
        return ComputeStep(self._at.compute_items(), start)

    def _order_by(self, _: str, start: int) -> Step:
        return OrderByStep(self._at.order_items(), start)

    def _page(self, word: str, start: int) -> Step:
        return PageStep(word, self._at.number(), start)

    def _rank(self, word: str, start: int) -> Step:
        amount = self._at.expression()
        self._at.expect(",")
        return RankStep(word, amount, self._at.expression(), start)

    def _concat(self, _: str, start: int) -> Step:
        sequences = [self.steps()]
        self._at.expect(",")
        sequences.append(self.steps())
        while self._at.take(","):
            sequences.append(self.steps())
        return ConcatStep(tuple(sequences), start)

    def _join(self, word: str, start: int) -> Step:
        path = self._at.path() if self._at.kind == ANNOTATION else self._at.data_path()
        if isinstance(path, Alias):
            path = Annotation(None, path.name, path.position)
        if isinstance(path, Cast) and path.of is None:
            raise ODataSyntaxError("Expected a collection, not a type", path.position, self._at.text)
        alias = self._at.alias()
        return JoinStep(word == "outerjoin", path, alias, self.steps() if self._at.take(",") else (), start)


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
    **dict.fromkeys(("top", "skip"), ApplyReader._page),
    **dict.fromkeys(_RANKS, ApplyReader._rank),
    **dict.fromkeys(("join", "outerjoin"), ApplyReader._join),
}
