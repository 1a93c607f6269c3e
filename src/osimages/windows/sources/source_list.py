"""The sources: what each is, under which licence, where it is, how much its word counts, and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import msgspec

from osimages.windows.merge.claims import Parsed, Weight
from osimages.windows.sources import (
    cve,
    data_for_geeks,
    endoflife_date,
    graph_products,
    images,
    msrc,
    release_information,
    servicing_index,
    update_history,
)

_JSON = "application/json"
# The release information is served as Markdown to those who prefer it; that is smaller, and changes less often.
_MARKDOWN = "text/markdown, text/html;q=0.9"
_HTML = "text/html"
_MICROSOFTS_FACTS = "facts only"


class Place(msgspec.Struct, frozen=True):
    """An address of a source, or the path of a file, and the media type to ask for."""

    url: str
    accept: str = _JSON


class SourceDefinition(msgspec.Struct, frozen=True):
    """One source. `follow` finds the documents of an index from a day on, newest first, as relative references.
    `is_list` tells that each document lists all that there is, so that a much shorter one is a fault; `lists_updates`
    that it has every update of the products in it. Those that are not asked by themselves need to be named, or given a
    file. A source with a `permission` is a collection of Graph that needs a token with it.
    """

    name: str
    what: str
    licence: str
    weight: Weight
    parse: Callable[[bytes], Parsed]
    places: tuple[Place, ...] = ()
    hosts: frozenset[str] = frozenset()
    follow: Callable[[bytes, date], tuple[str, ...]] | None = None
    is_list: bool = True
    lists_updates: bool = False
    is_asked: bool = True
    permission: str = ""


_SUPPORT = frozenset({"support.microsoft.com", "aka.ms"})
_LEARN = "https://learn.microsoft.com/en-us/windows/release-health/"
_GEEKS = "https://raw.githubusercontent.com/altrhombus/DataForGeeks/HEAD/content/ms/mswin/"
_GRAPH_PRODUCTS = (
    "https://graph.microsoft.com/beta/admin/windows/updates/products"
    "?$expand=revisions($expand=catalogEntry,knowledgeBaseArticle),editions"
)

SOURCES: tuple[SourceDefinition, ...] = (
    SourceDefinition(
        "servicing-index",
        "Microsoft's servicing index of Windows 11, https://support.microsoft.com/servicing/os/windows-11/toc.json",
        _MICROSOFTS_FACTS,
        Weight.TITLE,
        servicing_index.parse,
        (Place("https://support.microsoft.com/en-us/servicing/os/windows-11/toc.json", _JSON),),
        _SUPPORT,
        lists_updates=True,
    ),
    SourceDefinition(
        "update-history",
        "Microsoft's update history of Windows 10, https://aka.ms/WindowsUpdateHistory",
        _MICROSOFTS_FACTS,
        Weight.TITLE,
        update_history.parse,
        (Place("https://aka.ms/WindowsUpdateHistory", _HTML),),
        _SUPPORT,
        lists_updates=True,
    ),
    SourceDefinition(
        "release-information",
        f"Microsoft's release information, {_LEARN}",
        _MICROSOFTS_FACTS,
        Weight.TABLE,
        release_information.parse,
        (
            Place(f"{_LEARN}windows11-release-information", _MARKDOWN),
            Place(f"{_LEARN}release-information", _MARKDOWN),
        ),
        lists_updates=True,
    ),
    SourceDefinition(
        "endoflife.date",
        "endoflife.date, https://endoflife.date/windows",
        "MIT",
        Weight.THIRD_PARTY,
        endoflife_date.parse,
        (Place("https://endoflife.date/api/v1/products/windows/"),),
    ),
    SourceDefinition(
        "msrc",
        "Microsoft's security guide (CVRF), https://msrc.microsoft.com/update-guide",
        _MICROSOFTS_FACTS,
        Weight.SECURITY,
        msrc.parse,
        (Place("https://api.msrc.microsoft.com/cvrf/v3.0/updates"),),
        follow=msrc.months,
        is_list=False,
    ),
    SourceDefinition(
        "dataforgeeks",
        "DataForGeeks, https://github.com/altrhombus/DataForGeeks",
        "MIT",
        Weight.THIRD_PARTY,
        data_for_geeks.parse,
        tuple(Place(f"{_GEEKS}{name}.json") for name in ("buildnumbers", "lifecycle-client", "releases")),
        is_asked=False,
    ),
    SourceDefinition(
        "cve",
        "CVE records of Microsoft, https://github.com/CVEProject/cvelistV5",
        "CVE terms of use",
        Weight.SECURITY,
        cve.parse,
        is_list=False,
        is_asked=False,
    ),
    SourceDefinition(
        "graph",
        "The windowsUpdates catalogue of Microsoft Graph",
        _MICROSOFTS_FACTS,
        Weight.TABLE,
        graph_products.parse,
        (Place(_GRAPH_PRODUCTS),),
        is_asked=False,
        permission="WindowsUpdates.ReadWrite.All",
    ),
    SourceDefinition(
        "images",
        "The images of another server: managedDeviceWindowsOSImages",
        _MICROSOFTS_FACTS,
        Weight.COPY,
        images.parse,
        is_list=False,
        is_asked=False,
        permission=images.PERMISSION,
    ),
)
BY_NAME = {each.name: each for each in SOURCES}
