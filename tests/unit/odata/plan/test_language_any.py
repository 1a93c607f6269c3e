"""Random typed filters over random specimens find what plain Python finds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.evaluator import Evaluator, keys
from tests.support.second_model import SPECIMEN, Cabinet, tree_of

# --- values: few and near each other, so that they meet ---------------------------------------------------------------
_LETTERS = st.sampled_from(
    ["", "a", "A", "ab", "ba", " a ", "ß", "É", "é", "😀", "%", "_", "it's", "\u3000x", "ǆ", "Σ", "12"]
)
_WHOLE = st.integers(-5, 5)
_LARGE = st.sampled_from([0, 1, -1, 7, 1 << 40, (1 << 63) - 1, -(1 << 63)])
_FLOATS = st.sampled_from([0.0, 0.5, -0.5, 2.5, -2.5, 0.1, 1e10, 1e300, -1e300, 0.49999999999999994, 3.0])
_DECIMALS = st.sampled_from([0, 0.5, -0.5, 0.1, 0.2, 0.3, 12.75, -12.75, 1e15, 99999999999999.99, 1e-18, 3])
_DATES = st.sampled_from(["0001-01-01", "2024-02-29", "2026-11-24", "2026-11-25", "9999-12-31"])
_MOMENTS = st.sampled_from(
    [
        *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-11-24T00:00:00Z", "2026-11-24T01:00:00+01:00"),
        *(
            "2026-11-24T23:59:59.999999-11:00",
            "1969-12-31T23:59:59.5Z",
            "0001-01-01T00:00:00+14:00",
            "2024-02-29T12:30Z",
        ),
        "9999-12-31T23:30:00-02:00",
    ]
)
_TIMES = st.sampled_from(["00:00:00", "23:59:59.999999", "12:30:00", "12:30:15.5"])
_DURATIONS = st.sampled_from(
    ["PT0S", "P1D", "-P1D", "PT1H30M", "PT0.5S", "-PT0.000001S", "P3652058D", "-PT23H59M59S", "P100000000D"]
)
_GUIDS = st.sampled_from(["00000000-0000-0000-0000-000000000000", "32a4ac62-1b1a-4a4c-9a3b-0123456789ab"])
_BYTES = st.sampled_from(["", "AAEC", "AAEC_w"])
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": _LETTERS,
    "boolean": st.booleans(),
    "byte": st.sampled_from([0, 1, 255]),
    "sByte": _WHOLE,
    "int16": _WHOLE,
    "int32": _WHOLE | st.sampled_from([(1 << 31) - 1, -(1 << 31)]),
    "int64": _LARGE,
    "single": st.sampled_from([0.0, 0.1, 0.5, -2.5, 1e10, 3.0]),
    "double": _FLOATS | st.sampled_from(["INF", "-INF"]),
    "decimal": _DECIMALS,
    "guid": _GUIDS,
    "date": _DATES,
    "dateTimeOffset": _MOMENTS,
    "timeOfDay": _TIMES,
    "duration": _DURATIONS,
    "binary": _BYTES,
    "flavour": st.sampled_from(["none", "sweet", "sweet,hot", "sour", "hot,sour,sweet"]),
    "colour": st.sampled_from(["red", "green", "blue"]),
}
_PLACES = st.fixed_dictionaries(
    {"city": _LETTERS, "height": st.none() | _WHOLE, "founded": st.none() | _MOMENTS},
)
_PARTS = st.fixed_dictionaries(
    {
        "name": _LETTERS,
        "weight": st.none() | _DECIMALS,
        "made": st.none() | _MOMENTS,
        "origin": st.none() | _PLACES,
    }
)
_COLLECTED = ("string", "int32", "double", "decimal", "dateTimeOffset", "duration", "boolean")
SPECIMENS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        **_VALUES,
        **{f"{name}OrNull": st.none() | values for name, values in _VALUES.items()},
        **{f"{name}s": st.lists(_VALUES[name], max_size=2) for name in _COLLECTED},
        "colours": st.lists(_VALUES["colour"], max_size=2),
        "maybes": st.lists(st.none() | _WHOLE, max_size=3),
        "place": _PLACES,
        "placeOrNull": st.none() | _PLACES,
        "parts": st.lists(_PARTS, max_size=2),
    }
)


# --- filters by type --------------------------------------------------------------------------------------------------
def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


LITERALS: dict[str, st.SearchStrategy[str]] = {
    "string": _LETTERS.map(_quoted),
    "boolean": st.sampled_from(["true", "false"]),
    "integer": (_WHOLE | _LARGE).map(str),
    "decimal": _DECIMALS.map(lambda value: f"{Decimal(repr(value)):f}")
    | st.sampled_from(["1e10", "1e-20", "123456789.123456789"]),
    "double": st.sampled_from(["0.5", "2.5", "-2.5", "1e300", "INF", "-INF", "3"]),
    "guid": _GUIDS,
    "date": _DATES,
    "moment": _MOMENTS | st.sampled_from(["mindatetime()", "maxdatetime()"]),
    "time": _TIMES,
    "duration": _DURATIONS.map(lambda text: f"duration'{text}'"),
    "binary": _BYTES.map(lambda text: f"binary'{text}'"),
    "flavour": _VALUES["flavour"].map(_quoted),
    "colour": _VALUES["colour"].map(_quoted),
}
PROPERTIES: dict[str, list[str]] = {
    "string": ["string", "stringOrNull", "id", "place/city", "placeOrNull/city"],
    "boolean": ["boolean", "booleanOrNull"],
    "integer": [
        *("byte", "sByte", "int16", "int32", "int64", "int32OrNull", "int64OrNull", "place/height"),
        *("parts/$count", "maybes/$count", "int32s/$count($filter=$this gt 0)"),
    ],
    "decimal": ["decimal", "decimalOrNull"],
    "double": ["double", "doubleOrNull", "single", "singleOrNull"],
    "guid": ["guid", "guidOrNull"],
    "date": ["date", "dateOrNull"],
    "moment": ["dateTimeOffset", "dateTimeOffsetOrNull", "place/founded", "placeOrNull/founded"],
    "time": ["timeOfDay", "timeOfDayOrNull"],
    "duration": ["duration", "durationOrNull"],
    "binary": ["binary", "binaryOrNull"],
    "flavour": ["flavour", "flavourOrNull"],
    "colour": ["colour", "colourOrNull"],
}
ITEMS: dict[str, dict[str, str]] = {
    "strings": {"string": "{}"},
    "int32s": {"integer": "{}"},
    "maybes": {"integer": "{}"},
    "doubles": {"double": "{}"},
    "decimals": {"decimal": "{}"},
    "dateTimeOffsets": {"moment": "{}"},
    "durations": {"duration": "{}"},
    "booleans": {"boolean": "{}"},
    "colours": {"colour": "{}"},
    "parts": {"string": "{}/name", "decimal": "{}/weight", "moment": "{}/made", "integer": "{}/origin/height"},
}
# A date and time that `case` gives has no time zone, and functions of it need one; numbers are promoted.
_CHOSEN = ("string", "integer", "boolean", "guid", "date", "time", "duration")
_SCALES = ("integer", "decimal", "double")
_DATED = ("year({})", "month({})", "day({})")
_CLOCKED = ("hour({})", "minute({})", "second({})")

Names = dict[str, list[str]]
Option = TypeVar("Option")


# They mean the same to RE2, PostgreSQL and Python, as no text has a line feed in it.
_PATTERNS = ("^a", "[a-z]+$", "", "^$", "a|B", r"\d", r"\bx", r"(\w.){2}", "ß+?", "[^A-Z]", r"^\S{1,3}$", "(?:é|ı)*a")


class Filters:
    """Draws filters; `names` are the properties in reach by type, `depth` what may still be nested.

    `start` comes before the names of the specimen's own collections and flags.
    """

    def __init__(self, draw: st.DrawFn, start: str = "") -> None:
        self._draw = draw
        self._start = start
        self._variables = 0

    def pick(self, *options: Option) -> Option:
        return self._draw(st.sampled_from(options))

    def value(self, type_: str, names: Names, depth: int) -> str:
        """An expression of a type, in parentheses where it needs them."""
        compound = getattr(self, f"_{type_}", None)
        if depth > 0 and compound is not None and self._draw(st.booleans()):
            found: str = compound(names, depth - 1)
            return found
        if depth > 0 and type_ in _CHOSEN and self._draw(st.integers(0, 3)) == 0:
            branches = [
                f"{self.condition(names, depth - 1)} :{self.value(type_, names, depth - 1)}"
                for _ in range(self._draw(st.integers(1, 2)))
            ]
            return f"case({','.join(branches)})"
        if self._draw(st.integers(0, 3)):
            return self._draw(st.sampled_from(names[type_]))
        return self._draw(LITERALS[type_])

    def _arithmetic(self, left: str, operators: tuple[str, ...], right: str) -> str:
        return f"({left} {self.pick(*operators)} {right})"

    def _integer(self, names: Names, depth: int) -> str:
        def given(type_: str) -> str:
            return self.value(type_, names, depth)

        operators = ("add", "sub", "mul", "div", "mod")
        found: str = self._draw(
            st.one_of(
                st.builds(lambda: self._arithmetic(given("integer"), operators, given("integer"))),
                st.builds(lambda: f"(-{self._draw(st.sampled_from(names['integer']))})"),
                st.builds(lambda: f"length({given('string')})"),
                st.builds(lambda: f"indexof({given('string')},{given('string')})"),
                st.builds(lambda: self.pick(*_DATED).format(given(self.pick("date", "moment")))),
                st.builds(lambda: self.pick(*_CLOCKED).format(given(self.pick("time", "moment")))),
                st.builds(lambda: f"totaloffsetminutes({given('moment')})"),
                st.builds(lambda: f"cast({given(self.pick(*_SCALES))},Edm.{self.pick('Int32', 'Int64', 'Byte')})"),
            )
        )
        return found

    def _decimal(self, names: Names, depth: int) -> str:
        def given(type_: str) -> str:
            return self.value(type_, names, depth)

        operators = ("add", "sub", "mul", "div", "divby", "mod")
        found: str = self._draw(
            st.one_of(
                st.builds(lambda: self._arithmetic(given("decimal"), operators, given("decimal"))),
                st.builds(lambda: self._arithmetic(given("integer"), operators, given("decimal"))),
                st.builds(lambda: self._arithmetic(given("integer"), ("divby",), given("integer"))),
                st.builds(lambda: f"{self.pick('round', 'floor', 'ceiling')}({given('decimal')})"),
                st.builds(lambda: f"fractionalseconds({given(self.pick('time', 'moment'))})"),
                st.builds(lambda: f"totalseconds({given('duration')})"),
                st.builds(lambda: f"cast({given(self.pick('integer', 'double'))},Edm.Decimal)"),
            )
        )
        return found

    def _double(self, names: Names, depth: int) -> str:
        def given(type_: str) -> str:
            return self.value(type_, names, depth)

        operators = ("add", "sub", "mul", "div", "divby", "mod")
        property_ = self._draw(st.sampled_from(names["double"]))
        return self._draw(
            st.one_of(
                st.builds(lambda: self._arithmetic(property_, operators, given(self.pick(*_SCALES)))),
                st.builds(lambda: self._arithmetic(given(self.pick(*_SCALES)), operators, property_)),
                st.builds(lambda: f"{self.pick('round', 'floor', 'ceiling')}({property_})"),
                st.builds(lambda: f"cast({given(self.pick(*_SCALES))},Edm.{self.pick('Double', 'Single')})"),
            )
        )

    def _string(self, names: Names, depth: int) -> str:
        def given(type_: str) -> str:
            return self.value(type_, names, depth)

        return self._draw(
            st.one_of(
                st.builds(lambda: f"concat({given('string')},{given('string')})"),
                st.builds(lambda: f"{self.pick('tolower', 'toupper', 'trim')}({given('string')})"),
                st.builds(lambda: f"substring({given('string')},{self._draw(_WHOLE)})"),
                st.builds(lambda: f"substring({given('string')},{self._draw(_WHOLE)},{self._draw(st.integers(0, 3))})"),
                st.builds(lambda: f"cast({given('integer')},Edm.String)"),
            )
        )

    def _date(self, names: Names, depth: int) -> str:
        if self._draw(st.booleans()):
            return f"date({self.value('moment', names, depth)})"
        left, right = self.value("date", names, depth), self.value("duration", names, depth)
        return self._arithmetic(left, ("add", "sub"), right)

    def _moment(self, names: Names, depth: int) -> str:
        left, right = self.value("moment", names, depth), self.value("duration", names, depth)
        return self._arithmetic(left, ("add", "sub"), right)

    def _time(self, names: Names, depth: int) -> str:
        return f"time({self.value('moment', names, depth)})"

    def _duration(self, names: Names, depth: int) -> str:
        same = self.pick("date", "moment", "duration")
        left, right = self.value(same, names, depth), self.value(same, names, depth)
        if self._draw(st.booleans()):
            return self._arithmetic(left, ("sub",), right)
        scaled = self.value("duration", names, depth)
        return self._arithmetic(scaled, ("mul", "div", "divby"), self.value(self.pick(*_SCALES), names, depth))

    def _boolean(self, names: Names, depth: int) -> str:
        return f"({self.condition(names, depth)})"

    # --- conditions ---
    def condition(self, names: Names, depth: int) -> str:
        """A condition."""
        kinds = [self._comparison, self._membership, self._text, self._flags, self._null, self._containment]
        if depth > 0:
            kinds += [self._logical, self._negation, self._lambda, self._lambda, self._comparison]
        return self.pick(*kinds)(names, depth - 1)

    def _comparison(self, names: Names, depth: int) -> str:
        type_ = self.pick(*LITERALS)
        other = self.pick(*_SCALES) if type_ in _SCALES else type_
        if type_ in ("flavour", "colour") or (type_, other) == ("double", "integer"):
            left = self._draw(st.sampled_from(names[type_]))
        else:
            left = self.value(type_, names, depth)
        operator = self.pick("eq", "ne") if type_ == "binary" else self.pick("eq", "ne", "gt", "ge", "lt", "le")
        if (type_, other) == ("integer", "double"):
            return f"{left} {operator} {self._draw(st.sampled_from(names[other]))}"  # INF beside an integer is refused
        return f"{left} {operator} {self.value(other, names, depth)}"

    def _membership(self, names: Names, depth: int) -> str:
        type_ = self.pick("string", "integer", "date", "moment", "colour", "duration")
        items = self._draw(st.lists(LITERALS[type_].filter(lambda text: "(" not in text) | st.just("null"), max_size=3))
        return f"{self._draw(st.sampled_from(names[type_]))} in ({','.join(items)})"

    def _containment(self, names: Names, depth: int) -> str:
        collection = self.pick("strings", "int32s", "maybes", "decimals", "dateTimeOffsets", "colours")
        [type_] = ITEMS[collection]
        literals = LITERALS[type_].filter(lambda text: "(" not in text)
        items = f"[{','.join(self._draw(st.lists(literals | st.just('null'), max_size=3)))}]"
        own = f"{self._start}{collection}"
        if self.pick(True, False):
            return f"hassubsequence({own},{items})"
        other = f"{self._start}{self.pick('int32s', 'maybes')}" if type_ == "integer" else items
        return self.pick(f"hassubset({own},{items})", f"hassubset({items},{own})", f"hassubset({own},{other})")

    def _text(self, names: Names, depth: int) -> str:
        text, part = self.value("string", names, depth), self.value("string", names, depth)
        return self.pick(
            f"{self.pick('contains', 'startswith', 'endswith')}({text},{part})",
            f"matchesPattern({text},{_quoted(self.pick(*_PATTERNS))})",
        )

    def _flags(self, names: Names, depth: int) -> str:
        return f"({self._start}{self.pick('flavour', 'flavourOrNull')} has {self._draw(LITERALS['flavour'])})"

    def _null(self, names: Names, depth: int) -> str:
        type_ = self.pick(*(each for each in LITERALS if each not in ("flavour", "colour", "boolean")))
        return f"{self.value(type_, names, depth)} {self.pick('eq', 'ne')} null"

    def _logical(self, names: Names, depth: int) -> str:
        operands = [f"({self.condition(names, depth)})" for _ in range(self._draw(st.integers(2, 3)))]
        return f" {self.pick('and', 'or')} ".join(operands)

    def _negation(self, names: Names, depth: int) -> str:
        return f"not ({self.condition(names, depth)})"

    def _lambda(self, names: Names, depth: int) -> str:
        collection = self.pick(*ITEMS)
        self._variables += 1
        variable = f"v{self._variables}"
        items = {type_: text.format(variable) for type_, text in ITEMS[collection].items()}
        inner = {type_: [*given, *([items[type_]] * 4 if type_ in items else [])] for type_, given in names.items()}
        return f"{self._start}{collection}/{self.pick('any', 'all')}({variable}:{self.condition(inner, depth)})"


@st.composite
def filters(draw: st.DrawFn) -> str:
    """A filter over specimens."""
    return Filters(draw).condition(PROPERTIES, 3)


@settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
@given(kept=st.lists(SPECIMENS, min_size=2, max_size=3), texts=st.lists(filters(), min_size=4, max_size=4))
def test_a_filter_finds_what_plain_python_finds(cabinet: Cabinet, kept: list[dict[str, Any]], texts: list[str]) -> None:
    cabinet.clear()
    specimens = {str(number): each for number, each in enumerate(kept)}
    cabinet.put(specimens)
    for text in texts:
        assert cabinet.found(text) == list(keys(Evaluator(SPECIMEN), tree_of(text), specimens)), text
