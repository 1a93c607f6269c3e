"""Microsoft's update-history pages: the navigation at the side lists every update of every release by title.

Until July 2026 the classes of its markup began with `supLeftNav`, since then with `learnRenderLeftNav`.
"""

from __future__ import annotations

from collections.abc import Iterator

from selectolax.lexbor import LexborNode

from osimages.windows.merge.claims import Parsed
from osimages.windows.sources.html import parsed
from osimages.windows.sources.parsing import LayoutError, from_titles, is_of_client, page_of, release_of

_PREFIXES = ("learnRenderLeftNav", "supLeftNav")
_EXPECTED = (
    "div.learnRenderLeftNavCategory with a div.learnRenderLeftNavCategoryTitle "
    "and ul.learnRenderLeftNavArticles > li > a (or the same with supLeftNav)"
)


def parse(content: bytes) -> Parsed:
    """Return the claims of a page's navigation. Raises LayoutError."""
    tree = parsed(page_of(content))
    for prefix in _PREFIXES:
        categories = tree.css(f"div.{prefix}Category")
        if categories:
            return from_titles(list(_titles(categories, prefix)), f"in a.{prefix}Link")
    raise LayoutError(f"expected {_EXPECTED}; found no such navigation")


def _titles(categories: list[LexborNode], prefix: str) -> Iterator[tuple[str, str]]:
    for category in categories:
        heading = category.css_first(f".{prefix}CategoryTitle")
        name = heading.text() if heading is not None else ""
        if not is_of_client(name):
            continue
        for link in category.css(f"ul.{prefix}Articles a"):
            title = " ".join(link.text().split())
            if title and not title.casefold().startswith("windows") and "update history" not in title.casefold():
                yield release_of(name), title
