"""Items chosen of collections, by random options for random specimens, are those that plain Python chooses."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osimages.odata.text.parser import parse_select
from tests.support.evaluator import Evaluator
from tests.support.evaluator_items import chosen_places
from tests.support.second_model import SPECIMEN
from tests.support.vault import Vault
from tests.unit.odata.plan.test_language_any import ITEMS, PROPERTIES, SPECIMENS, Filters
from tests.unit.odata.plan.test_options_any import kept

_EVALUATOR = Evaluator(SPECIMEN)
_RANDOM = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
_OF_SPECIMEN = {type_: [f"$it/{name}" for name in names] for type_, names in PROPERTIES.items()}


@st.composite
def choices(draw: st.DrawFn) -> str:
    """A collection with options in parentheses."""
    drawn = Filters(draw, "$it/")
    collection = drawn.pick(*ITEMS)
    own = {type_: text.format("$this") for type_, text in ITEMS[collection].items()}
    if collection == "parts":
        own = {type_: drawn.pick(text, text.removeprefix("$this/")) for type_, text in own.items()}
    names = {type_: [*given, *([own[type_]] * 6 if type_ in own else [])] for type_, given in _OF_SPECIMEN.items()}
    options = []
    if draw(st.booleans()):
        options.append(f"$filter={drawn.condition(names, 2)}")
    if draw(st.booleans()):
        terms = [drawn.value(drawn.pick(*own), names, 1) for _ in range(draw(st.integers(1, 2)))]
        options.append("$orderby=" + ",".join(f"{each}{drawn.pick('', ' asc', ' desc')}" for each in terms))
    if draw(st.booleans()):
        options.append(f"$top={draw(st.integers(0, 2))}")
    if draw(st.booleans()):
        options.append(f"$skip={draw(st.integers(0, 2))}")
    options.append(f"$count={drawn.pick('true', 'false')}")
    return f"{collection}({';'.join(draw(st.permutations(options)))})"


def _with_more(one: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, Any]:
    """A specimen with the items of others in its collections, so that there is something to sort and to leave out."""
    return one | {name: [item for each in (one, *others) for item in each.get(name, [])] for name in ITEMS}


_FULL = st.builds(_with_more, SPECIMENS, st.lists(SPECIMENS, min_size=1, max_size=2))


@_RANDOM
@given(
    specimens=st.lists(_FULL, min_size=2, max_size=4).map(kept),
    texts=st.lists(choices(), min_size=3, max_size=3, unique_by=lambda text: text.partition("(")[0]),
    size=st.integers(1, 4),
)
def test_items_are_chosen(vault: Vault, specimens: dict[str, Any], texts: list[str], size: int) -> None:
    vault.fill(specimens)
    text = ",".join(texts)
    asked = {item.path[0]: item.options for item in parse_select(text)}
    plain = [each for page in vault.pages("") for each in page]
    found = [each for page in vault.pages(f"$select=id,{quote(text, safe='')}", size) for each in page]
    assert [each["id"] for each in found] == sorted(specimens)
    for body, whole in zip(found, plain, strict=True):
        properties = {"id": body["id"], **specimens[body["id"]]}
        for name, options in asked.items():
            assert options is not None
            places, total = chosen_places(_EVALUATOR, SPECIMEN.by_name[name], properties, options)
            assert body[name] == [whole[name][place] for place in places], text
            assert body.get(f"{name}@odata.count") == (total if options.count else None), text
