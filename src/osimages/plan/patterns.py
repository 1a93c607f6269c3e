"""Regular expressions in linear time: a pattern becomes a finite automaton of bounded size, or is refused.

Python's `re` goes back and tries again, which takes exponential time for some patterns; whoever may send a filter could
stop the service with one. An automaton reads each character once. It cannot look ahead, look behind or refer back:
those are refused. Syntax: https://tc39.es/ecma262/#sec-patterns, with characters as code points (the flag `u`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import cached_property, lru_cache

LONGEST = 256
_MOST_STATES = 200
_MOST_STEPS = 4000
_LAST = 0x10FFFF
_ACCEPT = 0

Ranges = tuple[tuple[int, int], ...]
_DIGITS: Ranges = ((48, 57),)
_WORDS: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACES: Ranges = (
    *((9, 13), (32, 32), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A)),
    *((0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
)
_LINE_ENDS: Ranges = ((10, 10), (13, 13), (0x2028, 0x2029))
_CONTROLS = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "0": 0}
_COUNTED = re.compile(r"\{([0-9]{1,3})(?:(,)([0-9]{0,3}))?\}")
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]+")
_GROUP = re.compile(r"\?(?::|<[A-Za-z_]\w*>)")


class PatternError(ValueError):
    """A pattern that is malformed, too large, or asks for what an automaton cannot do; the text says which."""


def _others(ranges: Ranges) -> Ranges:
    found, start = [], 0
    for first, last in sorted(ranges):
        if first > start:
            found.append((start, first - 1))
        start = max(start, last + 1)
    return (*found, (start, _LAST)) if start <= _LAST else tuple(found)


_CLASSES: dict[str, Ranges] = {"d": _DIGITS, "w": _WORDS, "s": _SPACES}
_CLASSES |= {name.upper(): _others(ranges) for name, ranges in _CLASSES.items()}


class _Reader:
    """Reads a pattern into states; each method takes the state that follows and gives the one that starts.

    The pattern is read from its structure, so that a part that is repeated is built as often as it may occur.
    """

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        # What a state reads and where it goes then; without characters, where it goes at once; or an assertion.
        self.reads: list[tuple[Ranges, int] | None] = [None]
        self.goes: list[tuple[int, ...]] = [()]
        self.asserts: list[str] = [""]

    def start(self) -> int:
        """The first state of the whole pattern."""
        tree = self._alternatives()
        if self._at < len(self._pattern):
            raise PatternError("')' without '('")
        return self._build(tree, _ACCEPT)

    # --- text to tree ---
    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _next(self) -> str:
        letter = self._peek()
        if not letter:
            raise PatternError("it ends too early")
        self._at += 1
        return letter

    def _alternatives(self) -> tuple[object, ...]:
        found = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            found.append(self._sequence())
        return ("or", *found)

    def _sequence(self) -> tuple[object, ...]:
        found: list[object] = []
        while self._peek() not in ("", "|", ")"):
            found.append(self._repeated(self._atom()))
        return ("and", *found)

    def _atom(self) -> tuple[object, ...]:
        letter = self._next()
        if letter in "^$":
            return ("assert", letter)
        if letter == "(":
            return self._group()
        if letter == "[":
            return ("read", self._set())
        if letter == ".":
            return ("read", _others(_LINE_ENDS))
        if letter in "*+?{":
            raise PatternError(f"'{letter}' has nothing to repeat")
        return ("read", self._escaped() if letter == "\\" else ((ord(letter), ord(letter)),))

    def _group(self) -> tuple[object, ...]:
        if self._peek() == "?":
            opening = _GROUP.match(self._pattern, self._at)
            if opening is None:
                raise PatternError("looking ahead or behind is not supported")
            self._at = opening.end()
        found = self._alternatives()
        if self._next() != ")":
            raise PatternError("'(' without ')'")
        return found

    def _repeated(self, atom: tuple[object, ...]) -> tuple[object, ...]:
        counted = _COUNTED.match(self._pattern, self._at)
        if counted is not None:
            self._at = counted.end()
            least = int(counted[1])
            most = least if counted[2] is None else int(counted[3]) if counted[3] else None
        elif self._peek() and self._peek() in "*+?":
            sign = self._next()
            least, most = (1 if sign == "+" else 0), (1 if sign == "?" else None)
        else:
            return atom
        if atom[0] == "assert" or (most is not None and most < least):
            raise PatternError("what is repeated is not a number of times")
        if self._peek() == "?":  # the shortest match is a match, too
            self._at += 1
        return ("repeat", atom, least, most)

    def _escaped(self) -> Ranges:
        letter = self._next()
        if letter in _CLASSES:
            return _CLASSES[letter]
        if letter in _CONTROLS:
            return ((_CONTROLS[letter],) * 2,)
        if letter in "xu":
            digits = self._pattern[self._at : self._at + (2 if letter == "x" else 4)]
            if not re.fullmatch(r"[0-9A-Fa-f]{2}(?:[0-9A-Fa-f]{2})?", digits) or len(digits) != (
                2 if letter == "x" else 4
            ):
                raise PatternError(f"'\\{letter}' needs its digits")
            self._at += len(digits)
            return ((int(digits, 16),) * 2,)
        if letter.isalnum():
            raise PatternError(f"'\\{letter}' is not supported")
        return ((ord(letter),) * 2,)

    def _set(self) -> Ranges:
        negated = self._peek() == "^"
        self._at += negated
        found: list[tuple[int, int]] = []
        while self._peek() != "]":
            first = self._member()
            if self._peek() == "-" and self._pattern[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                last = self._member()
                if len(first) != 1 or len(last) != 1 or first[0][0] > last[0][1]:
                    raise PatternError("a range in '[...]' runs backwards")
                first = ((first[0][0], last[0][1]),)
            found += first
        self._at += 1
        return _others(tuple(found)) if negated else tuple(found)

    def _member(self) -> Ranges:
        letter = self._next()
        if letter != "\\":
            return ((ord(letter),) * 2,)
        if self._peek() == "b":
            self._at += 1
            return ((8, 8),)
        return self._escaped()

    # --- tree to states ---
    def _state(self, reads: tuple[Ranges, int] | None, goes: tuple[int, ...], asserts: str = "") -> int:
        if len(self.reads) > _MOST_STATES:
            raise PatternError("it is too large")
        self.reads.append(reads)
        self.goes.append(goes)
        self.asserts.append(asserts)
        return len(self.reads) - 1

    def _build(self, tree: tuple[object, ...], after: int) -> int:
        match tree:
            case ("read", ranges):
                return self._state((ranges, after), ())  # type: ignore[arg-type]
            case ("assert", letter):
                return self._state(None, (after,), str(letter))
            case ("repeat", atom, least, most):
                return self._repeat(atom, least, most, after)  # type: ignore[arg-type]
            case ("or", *parts):
                return self._state(None, tuple(self._build(each, after) for each in parts))  # type: ignore[arg-type]
        for each in reversed(tree[1:]):
            after = self._build(each, after)  # type: ignore[arg-type]
        return after

    def _repeat(self, atom: tuple[object, ...], least: int, most: int | None, after: int) -> int:
        if most is None:
            loop = self._state(None, (after,))
            self.goes[loop] = (self._build(atom, loop), after)
            after = loop
        else:
            end = after
            for _ in range(most - least):
                after = self._state(None, (self._build(atom, after), end))
        for _ in range(least):
            after = self._build(atom, after)
        return after


class Pattern:
    """A pattern as a table: each state and kind of character give the next state."""

    def __init__(self, pattern: str) -> None:
        if len(pattern) > LONGEST:
            raise PatternError(f"it has more than {LONGEST} characters")
        self._reader = _Reader(pattern)
        self._start = self._reader.start()
        bounds = {
            bound for each in self._reader.reads if each for first, last in each[0] for bound in (first, last + 1)
        }
        self._bounds = sorted(bounds)
        self._numbers: dict[frozenset[int], int] = {}
        self._table: list[list[int]] = []
        self._accepts: list[bool] = []
        self._accepts_at_end: list[bool] = []
        self._make_table()

    def matches(self, text: str) -> bool:
        """Whether the pattern matches somewhere in the text."""
        state, table, bounds = 0, self._table, self._bounds
        for letter in text:
            if self._accepts[state]:
                return True
            state = table[state][bisect_right(bounds, ord(letter))]
        return self._accepts[state] or self._accepts_at_end[state]

    @cached_property
    def automaton(self) -> list[int]:
        """The table as one list, for who matches elsewhere: the number of kinds of characters and of states, the bounds
        between the kinds, each state's next ones, and for each state 1 where it accepts, 2 where it does at the end.
        """
        flags = [
            1 if now else 2 if at_end else 0 for now, at_end in zip(self._accepts, self._accepts_at_end, strict=True)
        ]
        rows = (state for row in self._table for state in row)
        return [len(self._bounds) + 1, len(self._table), *self._bounds, *rows, *flags]

    def _make_table(self) -> None:
        waiting = [self._closure((self._start,), at_start=True)]  # no other state is like the first: only there holds ^
        count = 1
        begins = self._closure((self._start,))  # a match may begin anywhere
        samples = [0, *self._bounds]
        steps = 0
        for states in waiting:
            self._accepts.append(_ACCEPT in states)
            is_first = not self._table
            self._accepts_at_end.append(_ACCEPT in self._closure(states, at_start=is_first, at_end=True))
            row = []
            for sample in samples:
                steps += 1
                if steps > _MOST_STEPS:
                    raise PatternError("it is too large")
                following = begins | self._closure(self._read(states, sample))
                if following not in self._numbers:
                    self._numbers[following] = count
                    count += 1
                    waiting.append(following)
                row.append(self._numbers[following])
            self._table.append(row)

    def _read(self, states: frozenset[int], character: int) -> list[int]:
        reads = (self._reader.reads[state] for state in states)
        return [each[1] for each in reads if each and any(first <= character <= last for first, last in each[0])]

    def _closure(self, states: Iterable[int], *, at_start: bool = False, at_end: bool = False) -> frozenset[int]:
        """These states and all that are reached from them without reading."""
        found: set[int] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state in found:
                continue
            found.add(state)
            asserts = self._reader.asserts[state]
            if not asserts or (asserts == "^" and at_start) or (asserts == "$" and at_end):
                waiting += self._reader.goes[state]
        return frozenset(found)


@lru_cache(256)
def compiled(pattern: str) -> Pattern:
    """The automaton of a pattern, made once. Raises PatternError."""
    try:
        return Pattern(pattern)
    except RecursionError:
        raise PatternError("it is nested too deep") from None
