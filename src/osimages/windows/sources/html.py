"""HTML, parsed as browsers do, but for documents that nest so deeply that parsing them would take for ever."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

from osimages.windows.sources.parsing import LayoutError

# Parsing takes the square of the depth: 2,000 levels 30 ms, 200,000 for ever. Microsoft's pages have about 40 levels;
# tags that are left open without need count as levels here, so that there is room for some.
_DEEPEST = 2000
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
# Elements that have no end, or whose end the next one of their kind is: they do not nest by themselves.
_FLAT = frozenset(
    (
        *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"),
        *("p", "li", "td", "th", "tr", "dt", "dd", "option"),
    )
)


def parsed(text: str) -> LexborHTMLParser:
    """Return the document. Raises LayoutError where it nests too deeply."""
    depth = 0
    for end, name in _TAG.findall(text):
        if name.lower() not in _FLAT:
            depth += -1 if end else 1
            if depth > _DEEPEST:
                raise LayoutError(f"expected a page, found elements that lie more than {_DEEPEST:,} deep")
            depth = max(depth, 0)
    return LexborHTMLParser(text)
