"""OData 4.01 URL text and its trees: parsers, trees, and text from trees. Knows no model and no SQL.

It imports nothing else of this project, and can be used alone: docs/odata-parser.md.
"""

from osimages.odata.text.options_parser import OptionError, parse_options
from osimages.odata.text.parser import (
    parse_apply,
    parse_compute,
    parse_expand,
    parse_expression,
    parse_filter,
    parse_literal,
    parse_orderby,
    parse_search,
    parse_select,
)
from osimages.odata.text.query_tree import QueryOptions
from osimages.odata.text.resource_path import Segment, Url, parse_path, parse_url
from osimages.odata.text.syntax_errors import ODataLimitError, ODataSyntaxError
from osimages.odata.text.text_limits import Bounds
from osimages.odata.text.unparse import render

__all__ = [
    "Bounds",
    "ODataLimitError",
    "ODataSyntaxError",
    "OptionError",
    "QueryOptions",
    "Segment",
    "Url",
    "parse_apply",
    "parse_compute",
    "parse_expand",
    "parse_expression",
    "parse_filter",
    "parse_literal",
    "parse_options",
    "parse_orderby",
    "parse_path",
    "parse_search",
    "parse_select",
    "parse_url",
    "render",
]
