"""What a source says, before anything is decided: claims about updates, releases, ends of support and bulletins.

An importer turns a page or document into claims; `merging.py` turns the claims of all sources into facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import IntEnum, StrEnum

import msgspec

from osimages.windows.builds import Build
from osimages.windows.servicing import Servicing

HOME_AND_PRO = Servicing.HOME_PRO.value
ENTERPRISE_AND_EDUCATION = Servicing.ENTERPRISE.value
GROUPS = (HOME_AND_PRO, ENTERPRISE_AND_EDUCATION)


class Title(StrEnum):
    """What the title of an update's page says of its kind. Titles of B releases say nothing: they are plain."""

    NONE = ""  # the source has no titles
    PLAIN = "plain"
    PREVIEW = "preview"
    OUT_OF_BAND = "out-of-band"
    HOTPATCH = "hotpatch"
    HOTPATCH_OUT_OF_BAND = "hotpatch out-of-band"


class Weight(IntEnum):
    """How much a source's word counts where sources differ; a higher one wins."""

    COPY = 10  # another server's images: a copy of somebody's catalogue
    SECURITY = 20  # MSRC and CVE records: right about days, often wrong about builds
    THIRD_PARTY = 30
    TABLE = 40  # Microsoft's tables: their dates are those of general availability where a build came with it
    DECIDED = 45  # the facts that a release of osimages is shipped with, which were decided from several sources
    TITLE = 50  # the title that Microsoft gave to the update's own page
    PINNED = 100  # a choice in the overrides file


class UpdateClaim(msgspec.Struct, frozen=True, tag="update", omit_defaults=True):
    """An update as one source has it. `listed_under` is the release whose list it stands in, which a title that names
    builds of several releases goes beyond; `position` counts the builds of one family in a title from 0. `month` is
    that of a B release as another server has it, which says neither day nor KB. `is_in_table` tells that the update
    stands in a table of Microsoft's, where a line without a label and a KB is that of general availability.
    """

    build: Build
    kb: str | None = None
    day: date | None = None
    label: str = ""  # Microsoft's own, as "2026-09 B"
    title: Title = Title.NONE
    is_hotpatch: bool = False
    is_expired: bool = False
    is_in_msrc: bool = False
    is_in_table: bool = False
    month: tuple[int, int] | None = None
    listed_under: str = ""
    position: int = 0

    @property
    def topic(self) -> str:
        """What the claim is about: what a source said of it before, it says no more once it says this.

        That is the KB for a release, so that a build that was printed wrong goes once its page prints another.
        """
        return f"update {self.build} " if self.kb is None else f"update {self.build.build} {self.kb}"

    @property
    def subject(self) -> str:
        """Tells this claim from the others of its source, which may have the update in several lists."""
        return f"{self.topic} {self.build} {self.listed_under} {self.label or self.title}"


class ReleaseClaim(msgspec.Struct, frozen=True, tag="release", omit_defaults=True):
    """A release of Windows: `Windows 11`, `26H2`, its build, and the day on which it became generally available."""

    product: str
    version: str
    os_build: int | None = None
    general_availability: date | None = None

    @property
    def release(self) -> str:
        """The id of the release, such as `Windows 11 26H2`."""
        return f"{self.product} {self.version}"

    @property
    def topic(self) -> str:
        """What the claim is about."""
        return f"release {self.release}"

    @property
    def subject(self) -> str:
        """A page may say the build in one place and the day in another."""
        return f"{self.topic} {self.os_build or ''} {self.general_availability or ''}"


class EndClaim(msgspec.Struct, frozen=True, tag="end", omit_defaults=True):
    """The last day of support of a group of editions (one of GROUPS) of a release."""

    release: str
    group: str
    day: date
    note: str = ""

    @property
    def topic(self) -> str:
        """What the claim is about."""
        return f"end {self.release} {self.group}"

    subject = topic


class BulletinClaim(msgspec.Struct, frozen=True, tag="bulletin", omit_defaults=True):
    """A KB that Microsoft's security guide lists for a release without saying the build. The day is the guide's."""

    kb: str
    release: str
    day: date | None = None

    @property
    def topic(self) -> str:
        """What the claim is about."""
        return f"bulletin {self.kb} {self.release}"

    subject = topic


Claim = UpdateClaim | ReleaseClaim | EndClaim | BulletinClaim


class Origin(msgspec.Struct, frozen=True):
    """A source as merging sees it: how it is named and described, and how much its word counts.

    `as_of` is the day of its state; `complete_until` says up to which day it lists every update of a product
    ("Windows 11"), where it does.
    """

    name: str
    what: str
    licence: str
    as_of: date
    weight: Weight
    complete_until: tuple[tuple[str, date], ...] = ()


class Statement(msgspec.Struct, frozen=True):
    """All that one source says."""

    origin: Origin
    claims: tuple[Claim, ...]


class Rejection(msgspec.Struct, frozen=True, rename="camel"):
    """Something that a source says and that is not taken up, and why."""

    source: str
    what: str
    why: str
    is_misprint: bool = False  # what a page of Microsoft's prints differs from what all others have


class Parsed(msgspec.Struct, frozen=True):
    """What an importer read: the claims, what it could not take up, and the day of the document, where it says so."""

    claims: tuple[Claim, ...]
    rejected: tuple[tuple[str, str], ...] = ()  # what, why
    as_of: date | None = None


def latest(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims without those that a later one about the same subject replaces, in the order of first appearance."""
    found: dict[str, Claim] = {}
    for claim in claims:
        found[claim.subject] = claim
    return tuple(found.values())
