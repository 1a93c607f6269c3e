"""Whatever the text is, it is read or refused; and what is built by the grammar is read as it was built."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import example, given
from hypothesis import strategies as st

from osimages.odata.text.options_parser import OptionError, parse_options
from osimages.odata.text.parser import Bounds, parse_expression, parse_orderby
from osimages.odata.text.syntax_errors import ODataLimitError, ODataSyntaxError
from tests.unit.odata.text.filters import ALMOST_FILTERS, FILTERS, Pair
from tests.unit.odata.text.shown import shown


@given(FILTERS)
def test_valid_filters_are_read_as_they_were_built(pair: Pair) -> None:
    text, tree = pair
    assert shown(parse_expression(text, Bounds(depth=100))) == tree


@given(ALMOST_FILTERS)
@example("-INF(1)")
@example('"\\ud800"')
@example("\ud800")
@example("1" * 5000)
@example("[" * 5000)
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_expression, parse_orderby):
        try:
            parse(text)
        except ODataSyntaxError as error:
            assert error.text == text
            assert 0 <= error.position <= len(text)
        except ODataLimitError as error:
            assert error.setting.startswith("max_filter_")


@given(st.text() | ALMOST_FILTERS.map(lambda text: f"$filter={text}") | ALMOST_FILTERS.map(lambda text: f"@p={text}"))
def test_any_query_is_read_or_refused(query: str) -> None:
    with suppress(OptionError, ODataLimitError):
        parse_options(query)
