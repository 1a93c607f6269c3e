"""Random images and random filters, each filter with its own evaluation in plain Python.

Nothing here knows how the service reads, binds or renders a filter: a filter is a text, and beside it a function that
says what it means for an image (True, False, or None for OData's null).
Semantics: https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html#sec_SystemQueryOptionfilter
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.unit.odata.sql.stores import edition, image, quality_update

# Names and numbers as Graph documents them.
ARCHITECTURES = ("unknown", "x86", "x64", "arm", "arM64")
EDITIONS = ("professional", "professionalN", "enterprise", "enterpriseN", "education")
DAYS = ("2024-12-31", "2025-01-01", "2025-10-14", "0001-01-01", "9999-12-31")
# Few characters, so that texts meet, and among them those that are special somewhere.
CHARACTERS = "aA1.%_\\'\"*?[ıiİIß😀é\u0301 +&#/"

Value = str | int
Truth = bool | None
Items = Mapping[str, Any]  # values of lambda variables


@dataclass(frozen=True)
class Image:
    """An image as the oracle sees it."""

    key: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, repr=False)
class Filter:
    """A filter's text and its meaning, given an image and the items that lambda variables stand for."""

    text: str
    truth: Callable[[Image, Items], Truth]

    def __repr__(self) -> str:
        return self.text

    def holds(self, of: Image) -> bool:
        """Whether the filter lets an image through."""
        return self.truth(of, {}) is True


@dataclass(frozen=True)
class Operand:
    """A property's path in the text, the value of it, and the literals that it may be compared with."""

    text: str
    value: Callable[[Image, Items], Any]
    literals: st.SearchStrategy[tuple[str, Any]]
    is_text: bool = False


# --- data -------------------------------------------------------------------------------------------------------------
texts = st.text(CHARACTERS, max_size=3)
numbers = st.integers(1, 4)
images = st.builds(
    image,
    st.lists(st.builds(edition, st.sampled_from(EDITIONS), st.sampled_from(DAYS)), max_size=3).map(tuple),
    st.lists(st.sampled_from(ARCHITECTURES), max_size=3).map(tuple),
    st.lists(st.builds(quality_update, texts, numbers, numbers), max_size=3).map(tuple),
)
catalogues = st.dictionaries(st.text(CHARACTERS, min_size=1, max_size=3), images, max_size=8)


# --- literals ---------------------------------------------------------------------------------------------------------
def quoted(text: str) -> str:
    """A string literal."""
    return "'" + text.replace("'", "''") + "'"


def _members(names: tuple[str, ...], type_name: str) -> st.SearchStrategy[tuple[str, Any]]:
    spelled: Callable[[str], st.SearchStrategy[str]] = lambda name: st.sampled_from(  # noqa: E731
        (quoted(name), quoted(name.upper()), f"microsoft.graph.{type_name}{quoted(name)}")
    )
    return st.sampled_from(names).flatmap(lambda name: st.tuples(spelled(name), st.just(names.index(name))))


text_literals = texts.map(lambda text: (quoted(text), text))
day_literals = st.sampled_from(DAYS).map(lambda day: (day, day))
number_literals = st.one_of(
    numbers.map(lambda number: (str(number), number)),
    st.sampled_from([("2.5", 2.5), ("-1", -1), ("1e3", 1e3), ("99999999999999999999", 99999999999999999999)]),
)
edition_literals = _members(EDITIONS, "managedDeviceWindowsOperatingSystemEditionType")
architecture_literals = _members(ARCHITECTURES, "managedDeviceArchitecture")

KEY = Operand("id", lambda of, items: of.key, text_literals, is_text=True)


def operands_of(collection: str, variable: str) -> list[Operand]:
    """The properties of an item that a lambda variable stands for."""

    def part(name: str, literals: st.SearchStrategy[tuple[str, Any]], names: tuple[str, ...] = ()) -> Operand:
        def value(_: Image, items: Items) -> Any:
            found = items[variable][name]
            return names.index(found) if names else found

        return Operand(f"{variable}/{name}", value, literals, is_text=name == "buildVersion")

    if collection == "supportedArchitectures":
        return [Operand(variable, lambda _, items: ARCHITECTURES.index(items[variable]), architecture_literals)]
    if collection == "supportedEditions":
        return [part("editionType", edition_literals, EDITIONS), part("supportEndDate", day_literals)]
    return [
        part("buildVersion", text_literals),
        part("releaseMonth", number_literals),
        part("releaseYear", number_literals),
    ]


# --- filters ----------------------------------------------------------------------------------------------------------
MIRRORED = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
TEXT_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    "endswith": str.endswith,
    "contains": operator.contains,
}
constants = st.sampled_from(
    [
        Filter("true", lambda of, items: True),
        Filter("false", lambda of, items: False),
        Filter("null", lambda of, items: None),
        Filter("contains(id,null)", lambda of, items: None),
        Filter("id eq null", lambda of, items: False),
        Filter("id ne null", lambda of, items: True),
        Filter("id gt null", lambda of, items: False),
    ]
)


@st.composite
def comparisons(draw: st.DrawFn, operand: Operand) -> Filter:
    """operand operator literal, or the other way round."""
    name = draw(st.sampled_from(sorted(MIRRORED)))
    text, constant = draw(operand.literals)
    compare = getattr(operator, name)

    def truth(of: Image, items: Items) -> Truth:
        return bool(compare(operand.value(of, items), constant))

    if draw(st.booleans()):
        return Filter(f"{operand.text} {name} {text}", truth)
    return Filter(f"{text} {MIRRORED[name]} {operand.text}", truth)


@st.composite
def memberships(draw: st.DrawFn, operand: Operand) -> Filter:
    """operand in (literal, ...), sometimes with null among them."""
    found = draw(st.lists(operand.literals, min_size=1, max_size=4))
    items_text = [text for text, _ in found] + draw(st.sampled_from([[], ["null"]]))
    allowed = [constant for _, constant in found]
    return Filter(f"{operand.text} in ({','.join(items_text)})", lambda of, items: operand.value(of, items) in allowed)


@st.composite
def text_tests(draw: st.DrawFn, operand: Operand) -> Filter:
    """A string function of a property and a literal, either of them first."""
    name = draw(st.sampled_from(sorted(TEXT_TESTS)))
    text, constant = draw(text_literals)
    test = TEXT_TESTS[name]
    if draw(st.integers(0, 3)):
        return Filter(f"{name}({operand.text},{text})", lambda of, items: test(operand.value(of, items), constant))
    return Filter(f"{name}({text},{operand.text})", lambda of, items: test(constant, operand.value(of, items)))


@st.composite
def pairs(draw: st.DrawFn, left: Operand, right: Operand) -> Filter:
    """Two properties compared with each other."""
    name = draw(st.sampled_from(sorted(MIRRORED)))
    compare = getattr(operator, name)
    return Filter(
        f"{left.text} {name} {right.text}",
        lambda of, items: bool(compare(left.value(of, items), right.value(of, items))),
    )


def leaves(operands: list[Operand]) -> st.SearchStrategy[Filter]:
    """Conditions that look at one or two of some properties."""
    found: list[st.SearchStrategy[Filter]] = [constants]
    for each in operands:
        found += [comparisons(each), memberships(each), text_tests(each) if each.is_text else comparisons(each)]
    for left in operands:
        # Comparable where the literals are of one kind.
        found += [pairs(left, right) for right in operands if left is not right and left.literals is right.literals]
    return st.one_of(found)


def negation(operand: Filter) -> Filter:
    """not (operand); null stays null."""

    def truth(of: Image, items: Items) -> Truth:
        known = operand.truth(of, items)
        return None if known is None else not known

    return Filter(f"not ({operand.text})", truth)


def chain(word: str, operands: list[Filter]) -> Filter:
    """(a) and (b) and ...: false as soon as one is false, else null as soon as one is null; `or` the other way."""
    decides = word == "or"

    def truth(of: Image, items: Items) -> Truth:
        known = [each.truth(of, items) for each in operands]
        if decides in known:
            return decides
        return None if None in known else not decides

    return Filter(f" {word} ".join(f"({each.text})" for each in operands), truth)


def quantified(collection: str, variable: str, word: str, condition: Filter) -> Filter:
    """collection/any(variable: condition); what is null of an item is not true of it."""

    def truth(of: Image, items: Items) -> Truth:
        known = [condition.truth(of, {**items, variable: item}) is True for item in of.properties[collection]]
        return any(known) if word == "any" else all(known)

    return Filter(f"{collection}/{word}({variable}: {condition.text})", truth)


def not_empty(collection: str) -> Filter:
    """collection/any()."""
    return Filter(f"{collection}/any()", lambda of, items: bool(of.properties[collection]))


COLLECTIONS = ("supportedEditions", "supportedArchitectures", "availableUpdates")


@st.composite
def lambdas(draw: st.DrawFn, around: list[Operand], depth: int) -> Filter:
    """A lambda whose condition may look at the items of lambdas around it, and at the image's key."""
    collection = draw(st.sampled_from(COLLECTIONS))
    if draw(st.integers(0, 7)) == 0:
        return not_empty(collection)
    variable = f"v{depth}"
    inner = operands_of(collection, variable)
    condition = draw(conditions([*inner, *inner, *around], depth))
    return quantified(collection, variable, draw(st.sampled_from(("any", "any", "all"))), condition)


def conditions(operands: list[Operand], depth: int = 0, size: int = 7) -> st.SearchStrategy[Filter]:
    """Any condition over some properties, with lambdas as far as two deep."""
    simple = leaves(operands)
    if depth < 2:
        simple = st.one_of(simple, lambdas(operands, depth + 1))
    return st.recursive(
        simple,
        lambda part: st.one_of(
            part.map(negation),
            st.builds(chain, st.sampled_from(("and", "or")), st.lists(part, min_size=2, max_size=6)),
        ),
        max_leaves=size,
    )


filters = conditions([KEY])
# Without lambdas, but with long and deep chains in which much is true, false or null beforehand.
chains = conditions([KEY], depth=2, size=30)
