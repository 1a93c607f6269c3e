"""What costs more than it is worth is refused, whatever option or path it stands in; nothing exhausts the stack."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from osimages.odata import (
    ODataLimitError,
    ODataSyntaxError,
    OptionError,
    parse_apply,
    parse_expand,
    parse_filter,
    parse_options,
    parse_path,
    parse_select,
)
from osimages.odata.text.context_url import parse_context

_MANY = 50_000


@pytest.mark.parametrize(
    ("parse", "text", "setting"),
    [
        (parse_apply, "concat(" * _MANY, "max_filter_depth"),
        (parse_apply, "groupby((a)," * _MANY, "max_filter_depth"),
        (parse_apply, "nest(" * _MANY, "max_filter_depth"),
        (parse_apply, "identity/" * _MANY + "identity", "max_filter_nodes"),
        (parse_apply, "aggregate(" + "a with sum as b," * _MANY, "max_filter_nodes"),
        (parse_apply, "aggregate(a with sum" + " from b with sum" * _MANY + " as c)", "max_filter_nodes"),
        (parse_apply, "groupby((" + "a," * _MANY + "a))", "max_filter_nodes"),
        (parse_select, "a," * _MANY + "a", "max_filter_nodes"),
        (parse_select, "a" + "/a" * _MANY, "max_filter_nodes"),
        (parse_select, "a(" + "b," * _MANY + "b)", "max_filter_nodes"),
        (parse_select, "a($select=" * _MANY, "max_filter_depth"),
        (parse_expand, "*," * _MANY + "*", "max_filter_nodes"),
        (parse_expand, "a($expand=" * _MANY, "max_filter_depth"),
        (parse_expand, "a($apply=filter(" + "(" * _MANY, "max_filter_depth"),
        (parse_path, "a/" * _MANY, "max_filter_nodes"),
        (parse_path, "a(" * _MANY, "max_filter_depth"),
        (parse_path, "a/$filter(" + "(" * _MANY, "max_filter_depth"),
        (parse_path, "$crossjoin(" + "a," * _MANY, "max_filter_nodes"),
        (parse_context, "#a" + "(a" * _MANY, "max_filter_depth"),
        (parse_context, "#a" + "/a" * _MANY, "max_filter_nodes"),
    ],
)
def test_too_much(parse: Callable[[str], object], text: str, setting: str) -> None:
    with pytest.raises(ODataLimitError) as caught:
        parse(text)
    assert caught.value.setting == setting


@pytest.mark.parametrize(
    "text",
    [
        *("-" * _MANY + "1x", "1:" * _MANY, "a." * _MANY, "'" * (2 * _MANY + 1), '"' + "\\" * (2 * _MANY)),
        "a.b'" + "a," * _MANY + "'",
        "duration'P" + "1" * _MANY + "'",
        "case(a gt " + "10:" * _MANY + ",b:1)",
    ],
)
def test_long_nonsense(text: str) -> None:
    with pytest.raises((ODataSyntaxError, ODataLimitError)):
        parse_filter(text)


def test_many_options_are_counted_before_they_are_read() -> None:
    with pytest.raises(OptionError, match="more than 100 options"):
        parse_options("%" + "&" * _MANY)
