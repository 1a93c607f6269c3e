"""The groups of editions of a release that are supported to the same days, with Extended Security Updates (ESU)."""

from __future__ import annotations

import msgspec

from osimages.windows.facts import Edition, Release, SupportGroup
from osimages.windows.servicing import Servicing


def support_groups(release: Release) -> tuple[SupportGroup, ...]:
    """Return every group of editions of a release with its ends and ESU, Graph's editions included."""
    editions: dict[Servicing, list[Edition]] = {}
    for each in release.editions:
        editions.setdefault(Servicing(each.servicing), []).append(each)
    graph = [
        SupportGroup(
            servicing,
            "",
            release.mainstream_end,
            max(each.support_end_date for each in group),
            False,
            "; ".join(dict.fromkeys(each.note for each in group if each.note)),
            tuple(sorted({number for each in group for number in each.sources})),
            tuple(each.edition_type for each in group),
        )
        for servicing, group in editions.items()
    ]
    return tuple(
        msgspec.structs.replace(each, esu=tuple(esu for esu in release.esu if each.servicing in esu.servicing))
        for each in (*graph, *release.groups)
    )
