"""Microsoft's servicing index: `toc.json`, in which each release of Windows is a lane of titles.

    {"items": [{"toc_title": "Windows 11, version 25H2", "children": [{"href", "toc_title"}, ...]}], "metadata": {...}}

The first child of a lane is its landing page. https://support.microsoft.com/en-us/servicing/os/windows-11/toc.json
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from osimages.windows.merge.claims import Parsed
from osimages.windows.sources.parsing import (
    LayoutError,
    from_titles,
    is_of_client,
    json_object,
    objects,
    release_of,
    text_of,
)

_EXPECTED = '{"items": [{"toc_title": "Windows 11, version 25H2", "children": [{"toc_title": "July 14, 2026—KB..."}]}]}'


def parse(content: bytes) -> Parsed:
    """Return the claims of a servicing index. Raises LayoutError."""
    items = objects(json_object(content, _EXPECTED).get("items"), f"'items' as in {_EXPECTED}")
    lanes = [each for each in items if is_of_client(text_of(each, "toc_title"))]
    if not lanes:
        raise LayoutError(f"expected lanes named as in {_EXPECTED}, found none")
    return from_titles(_titles(lanes), "in 'toc_title' of the children of a lane")


def _titles(lanes: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for lane in lanes:
        name = text_of(lane, "toc_title")
        children = objects(lane.get("children"), f"'children' of the lane '{name}' as in {_EXPECTED}")
        for child in children:
            title = text_of(child, "toc_title")
            if not _is_landing_page(title):
                yield release_of(name), title


def _is_landing_page(title: str) -> bool:
    """Each lane begins with its own page, "Windows 11, version 25H2 update history"."""
    return title.casefold().startswith("windows") or "update history" in title.casefold()
