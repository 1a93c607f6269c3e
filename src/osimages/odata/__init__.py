"""OData 4.01 URL text and its trees: parsers, trees, and text from trees. Knows no model and no SQL.

It imports nothing else of this project, and can be used alone: docs/odata-parser.md.
"""

from osimages.odata.errors import ODataLimitError, ODataSyntaxError
from osimages.odata.limits import Bounds
from osimages.odata.options import OptionError, parse_options
from osimages.odata.parser import (
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
from osimages.odata.path import Segment, Url, parse_path, parse_url
from osimages.odata.query_tree import QueryOptions
from osimages.odata.render import render

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
