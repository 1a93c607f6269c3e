"""Counts the steps that a piece of code takes, so that tests can hold them linear without a clock.

A step is an executed bytecode, a byte that one of these allocates (which is what joining piece by piece costs), a
character of a text whose method is called, or an attempt of a regular expression to match one item of its pattern. The
interpreter does not show the latter: `CountedPattern` runs each pattern once more, as `re` does it, with backtracking.
"""

from __future__ import annotations

import re
import re._constants as op  # type: ignore[import-not-found]
import re._parser  # type: ignore[import-not-found]
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import Any

import pytest

# Methods whose cost does not depend on the length of their text.
_CONSTANT = frozenset(("startswith", "endswith"))
_Continue = Callable[[int], bool]


class Steps:
    """Counts the steps of calls; one object for the code and for the patterns that it uses."""

    def __init__(self) -> None:
        self.count = 0
        self._allocated = 0

    def of(self, function: Callable[[], object]) -> int:
        """Return how many steps a call takes; whatever it raises counts as its end."""
        self.count = 0
        self._resume()
        try:
            function()
        except Exception:
            pass
        finally:
            self._pause()
        return self.count

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Within it nothing counts but what is added by hand."""
        self._pause()
        try:
            yield
        finally:
            self._resume()

    def _resume(self) -> None:
        tracemalloc.start()
        self._allocated = tracemalloc.get_traced_memory()[0]
        sys.setprofile(self._profile)
        sys.settrace(self._trace)

    def _pause(self) -> None:
        sys.settrace(None)
        sys.setprofile(None)
        tracemalloc.stop()

    def _trace(self, frame: FrameType, event: str, _: object) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if event == "opcode":
            current, peak = tracemalloc.get_traced_memory()
            self.count += 1 + max(0, peak - self._allocated)
            tracemalloc.reset_peak()
            self._allocated = current
        return self._trace

    def _profile(self, _: FrameType, event: str, called: Any) -> None:
        if event == "c_call" and called.__name__ not in _CONSTANT:
            text = getattr(called, "__self__", None)
            if isinstance(text, str | bytes):
                self.count += len(text)


@contextmanager
def counted_patterns(modules: Iterator[ModuleType], steps: Steps) -> Iterator[None]:
    """Within it, the compiled patterns of modules count their steps."""
    with pytest.MonkeyPatch.context() as patch:
        for module in modules:
            for name, value in list(vars(module).items()):
                if isinstance(value, re.Pattern):
                    patch.setattr(module, name, CountedPattern(value, steps))
        yield


class CountedPattern:
    """A pattern that counts its steps; everything else is done by the real one."""

    def __init__(self, pattern: re.Pattern[Any], steps: Steps) -> None:
        self._pattern = pattern
        self._steps = steps
        self._matcher = Matcher(pattern, steps)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._pattern, name)
        return found if not callable(found) else lambda *given: self._counted(name, found, *given)

    def _counted(self, name: str, found: Callable[..., Any], *given: Any) -> Any:
        texts = [each for each in given if isinstance(each, str | bytes)]
        places = [each for each in given if isinstance(each, int)]
        # Of `sub` the replacement comes first.
        text = texts[-1]
        start = places[0] if places and name not in ("sub", "split") else 0
        with self._steps.paused():
            if name in ("match", "fullmatch"):
                self._matcher.match(text, start, whole=name == "fullmatch")
            else:
                self._matcher.search_all(text, start, only_first=name == "search")
        return found(*given)


class Matcher:
    """Matches as `re` does, by backtracking in the same order, and counts the attempts. Case is never ignored."""

    def __init__(self, pattern: re.Pattern[Any], steps: Steps) -> None:
        parsed = re._parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
        self._items = list(parsed)
        self._dotall = bool(pattern.flags & re.DOTALL)
        self._folds = bool(pattern.flags & re.IGNORECASE)
        self._steps = steps
        self._text: list[int] = []

    def match(self, text: str | bytes, start: int, *, whole: bool) -> int | None:
        """Return where a match at a place ends."""
        self._text = list(text) if isinstance(text, bytes) else [ord(each) for each in text]
        ends: list[int] = []

        def done(place: int) -> bool:
            if whole and place != len(self._text):
                return False
            ends.append(place)
            return True

        # Restored: with such a limit, a deeply nested JSON text of another test overflows the stack of C.
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, 100_000))
        try:
            return ends[0] if self._sequence(self._items, 0, start, done) else None
        finally:
            sys.setrecursionlimit(limit)

    def search_all(self, text: str | bytes, start: int, *, only_first: bool) -> None:
        """Search for the first match, or for all."""
        while start <= len(text):
            end = self.match(text, start, whole=False)
            if end is not None and only_first:
                return
            start = start + 1 if end is None or end == start else end

    def _sequence(self, items: list[Any], at: int, place: int, then: _Continue) -> bool:
        if at == len(items):
            return then(place)
        return self._item(items[at], place, lambda end: self._sequence(items, at + 1, end, then))

    def _item(self, item: tuple[Any, Any], place: int, then: _Continue) -> bool:
        self._steps.count += 1
        kind, value = item
        if kind in (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY):
            return place < len(self._text) and self._is_in(kind, value, self._text[place]) and then(place + 1)
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            return self._repeat(value, place, then, 0, lazy=kind is op.MIN_REPEAT)
        if kind is op.SUBPATTERN:
            return self._sequence(list(value[3]), 0, place, then)
        if kind is op.BRANCH:
            for each in value[1]:  # noqa: SIM110 (a generator would need the system's stack)
                if self._sequence(list(each), 0, place, then):
                    return True
            return False
        if kind in (op.POSSESSIVE_REPEAT, op.ATOMIC_GROUP):
            end = self._alone(kind, value, place)
            return end is not None and then(end)
        if kind in (op.ASSERT, op.ASSERT_NOT):
            ends: list[int] = []
            start = place if value[0] > 0 else place - 1
            found = start >= 0 and self._sequence(list(value[1]), 0, start, lambda end: not ends.append(end))  # type: ignore[func-returns-value]
            return found is (kind is op.ASSERT) and then(place)
        if kind is op.AT:
            return self._is_at(value, place) and then(place)
        raise NotImplementedError(kind)

    def _alone(self, kind: Any, value: Any, place: int) -> int | None:
        """The end of what is matched once and for all."""
        ends: list[int] = []

        def done(end: int) -> bool:
            ends.append(end)
            return True

        if kind is op.ATOMIC_GROUP:
            return ends[0] if self._sequence(list(value), 0, place, done) else None
        least, most, body = value
        count = 0
        while count < most and self._sequence(list(body), 0, place, done):
            count, end = count + 1, ends.pop()
            if end == place:
                break
            place = end
        return place if count >= least else None

    def _repeat(self, value: Any, place: int, then: _Continue, count: int, *, lazy: bool) -> bool:
        least, most, body = value

        def again(end: int) -> bool:
            return (end > place or count < least) and self._repeat(value, end, then, count + 1, lazy=lazy)

        if lazy and count >= least and then(place):
            return True
        if count < most and self._sequence(list(body), 0, place, again):
            return True
        return not lazy and count >= least and then(place)

    def _is_in(self, kind: Any, value: Any, character: int) -> bool:
        self._steps.count += 1
        if kind is op.ANY:
            return self._dotall or character != 10
        if kind in (op.LITERAL, op.NOT_LITERAL):
            same = character == value or (self._folds and chr(character).lower() == chr(value).lower())
            return same is (kind is op.LITERAL)
        inside, negated = False, False
        for each, detail in value:
            if each is op.NEGATE:
                negated = True
            elif each is op.LITERAL:
                inside |= character == detail
            elif each is op.RANGE:
                inside |= detail[0] <= character <= detail[1]
                inside |= self._folds and detail[0] <= ord(chr(character).swapcase()[0]) <= detail[1]
            else:
                inside |= _in_category(detail, chr(character))
        return inside is not negated

    def _is_at(self, where: Any, place: int) -> bool:
        if where in (op.AT_BEGINNING, op.AT_BEGINNING_STRING):
            return place == 0
        if where in (op.AT_END, op.AT_END_STRING):
            return place == len(self._text) or (where is op.AT_END and self._text[place:] == [10])
        before, after = (
            0 <= each < len(self._text) and _in_category(op.CATEGORY_WORD, chr(self._text[each]))
            for each in (place - 1, place)
        )
        return (before is not after) is (where is op.AT_BOUNDARY)


def _in_category(category: Any, character: str) -> bool:
    return {
        op.CATEGORY_DIGIT: character.isdigit(),
        op.CATEGORY_NOT_DIGIT: not character.isdigit(),
        op.CATEGORY_SPACE: character.isspace(),
        op.CATEGORY_NOT_SPACE: not character.isspace(),
        op.CATEGORY_WORD: character.isalnum() or character == "_",
        op.CATEGORY_NOT_WORD: not (character.isalnum() or character == "_"),
    }[category]
