"""Atom feeds of updates for each product, with the titles that Microsoft gives to the pages of its updates.

    September 8, 2026—KB5124008 (OS Builds 26200.9445 and 26100.9445)
    September 22, 2026—KB5124010 (OS Builds 26200.9550 and 26100.9550) Preview
    September 14, 2026—KB5129194 (OS Build 28000.2956) Out-of-band

Elements and their order are those of the feeds that support.microsoft.com had: id, title with a type, published,
updated, link, content. Scripts read them with regular expressions and with `$feed.feed.entry.title.'#text'`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from xml.sax.saxutils import escape, quoteattr

import msgspec

from osimages.windows.checks.freshness import month_name
from osimages.windows.facts import Catalogue, Kind, Release, Update
from osimages.windows.feeds.feeds import HELP, TAG, moment

ATOM = "application/atom+xml"
_SUFFIXES = {
    Kind.B: "",
    Kind.UNLABELLED: "",  # a page whose title says no more
    Kind.PREVIEW: " Preview",
    Kind.OUT_OF_BAND: " Out-of-band",
    Kind.HOTPATCH: "",
    Kind.HOTPATCH_OUT_OF_BAND: " Out-of-band",
}
_HOTPATCHES = (Kind.HOTPATCH, Kind.HOTPATCH_OUT_OF_BAND)


class ProductFeed(msgspec.Struct, frozen=True):
    """The updates of a product that have a feed of their own: all but hotpatches, or hotpatches alone.

    Scripts take the first title that names their build and is no preview: a hotpatch must not be among those.
    """

    slug: str
    title: str
    releases: tuple[Release, ...]
    is_of_hotpatches: bool = False


class _Entry(msgspec.Struct):
    day: date
    kb: str
    kind: Kind
    builds: list[tuple[str, Update]]


@lru_cache(4)
def product_feeds(catalogue: Catalogue) -> Mapping[str, ProductFeed]:
    """Return the feeds by their names in addresses: windows-11, windows-11-hotpatch, windows-server-2022..."""
    releases: defaultdict[str, list[Release]] = defaultdict(list)
    for each in catalogue.releases:
        releases[each.product].append(each)
    for each in catalogue.servers:
        releases[each.id].append(each)
    found: dict[str, ProductFeed] = {}
    for name, group in releases.items():
        slug = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")
        found[slug] = ProductFeed(slug, f"{name} update history", tuple(group))
        if any(update.kind in _HOTPATCHES for each in group for update in each.updates):
            slug += "-hotpatch"
            found[slug] = ProductFeed(slug, f"{name} hotpatches", tuple(group), is_of_hotpatches=True)
    return found


def write_feed(feed: ProductFeed, address: str = "") -> bytes:
    """Return a feed as Atom (RFC 4287), newest update first. An update without a known KB or day is not in it.

    `address` is where the feed is found.
    """
    entries = sorted(_entries(feed), key=lambda each: (each.day, each.kb), reverse=True)
    updated = moment(max((each.day for each in entries), default=date(1970, 1, 1)))
    itself = f'<link rel="self" type="{ATOM}" href={quoteattr(address)} />' if address else ""
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><id>{TAG}{feed.slug}</id>',
        f'<title type="text">{escape(feed.title)}</title><updated>{updated}</updated>{itself}',
        "<author><name>osimages</name></author>",
        *(_written(feed, each) for each in entries),
        "</feed>\n",
    ]
    return "\n".join(lines).encode()


def _entries(feed: ProductFeed) -> Iterator[_Entry]:
    """One entry for the builds that one KB brought on one day."""
    found: dict[tuple[date, str, Kind], _Entry] = {}
    for release in feed.releases:
        for update in release.updates:
            is_wanted = update.kind in _SUFFIXES and (update.kind in _HOTPATCHES) == feed.is_of_hotpatches
            if is_wanted and update.kb is not None and update.release_date is not None:
                key = (update.release_date, update.kb, update.kind)
                entry = found.setdefault(key, _Entry(*key, []))
                entry.builds.append((release.id, update))
    for entry in found.values():
        entry.builds.sort(key=lambda each: each[1].build, reverse=True)
        yield entry


def _written(feed: ProductFeed, entry: _Entry) -> str:
    updates = ", ".join(f"{name} ({update.build.short})" for name, update in entry.builds)
    content = f"{entry.kb} of {entry.day} ({entry.kind}) for {updates}."
    kind = str(entry.kind).replace(" ", "-")
    return (
        f"<entry><id>{TAG}{feed.slug}/{entry.day}/{kind}/{escape(entry.kb)}</id>"
        f'<title type="text">{escape(title_of(entry.day, entry.kb, entry.kind, entry.builds))}</title>'
        f"<published>{moment(entry.day)}</published><updated>{moment(entry.day)}</updated>"
        f'<link rel="alternate" href={quoteattr(HELP + entry.kb.removeprefix("KB"))} />'
        f'<content type="text">{escape(content)}</content></entry>'
    )


def title_of(day: date, kb: str, kind: Kind, builds: list[tuple[str, Update]]) -> str:
    """Return a title in Microsoft's form, the builds highest first as Microsoft lists them since 2025."""
    shown = list(dict.fromkeys(update.build.short for _, update in builds))
    joined = " and ".join(shown) if len(shown) < 3 else f"{', '.join(shown[:-1])}, and {shown[-1]}"
    hotpatch = "Hotpatch " if kind in _HOTPATCHES else ""
    number = "OS Build" if len(shown) == 1 else "OS Builds"
    expired = " - EXPIRED" if all(update.is_expired for _, update in builds) else ""
    return f"{month_name(day)} {day.day}, {day.year}\u2014{hotpatch}{kb} ({number} {joined}){_SUFFIXES[kind]}{expired}"
