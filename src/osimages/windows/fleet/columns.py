"""The columns of an export that are read: their roles, and the options that name them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

DEVICE_IDS, SERIAL_NUMBERS = "its heading: ids of devices", "its heading: serial numbers"


class ColumnsError(Exception):
    """The columns that are needed are not there; the text says which there are."""


class Choice(msgspec.Struct, frozen=True, rename="camel"):
    """A column and why it was chosen."""

    column: str
    place: int
    why: str


class Columns(msgspec.Struct, frozen=True, rename="camel"):
    """The columns that are read. Of `system`, the first that is not empty counts.

    Rows with the same value in one of the columns of `identity`, or with the same values in all of `identity_together`,
    are the same device. `name` separates devices that have the same serial number.
    """

    build: Choice | None = None
    revision: Choice | None = None
    version: Choice | None = None
    edition: Choice | None = None
    system: tuple[Choice, ...] = ()
    product_type: Choice | None = None
    installation_type: Choice | None = None
    sku: Choice | None = None
    lab: Choice | None = None
    esu: Choice | None = None
    identity: tuple[Choice, ...] = ()
    identity_together: tuple[Choice, ...] = ()
    name: Choice | None = None
    last_seen: Choice | None = None
    is_day_first: bool = False

    def listed(self) -> Iterator[tuple[str, Choice]]:
        """Give every role in use with its column."""
        for field, name in zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True):
            value = getattr(self, field)
            if isinstance(value, Choice):
                yield name, value
            elif isinstance(value, tuple):
                yield from ((name, each) for each in value)


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """The columns as somebody names them; those that are None are chosen."""

    build: str | None = None
    revision: str | None = None
    edition: str | None = None
    system: str | None = None
    esu: str | None = None
    identity: str | None = None
    last_seen: str | None = None


OPTIONS = {
    "build": "--build-column",
    "revision": "--revision-column",
    "edition": "--edition-column",
    "system": "--os-column",
    "esu": "--esu-column",
    "identity": "--id-column",
    "last_seen": "--seen-column",
}

ROLE_WORDS = {
    "build": "Build",
    "revision": "Revision",
    "version": "Version",
    "edition": "Edition",
    "system": "Operating system",
    "productType": "ProductType",
    "installationType": "InstallationType",
    "sku": "OperatingSystemSKU",
    "lab": "BuildLabEx",
    "esu": "Extended Security Updates",
    "identity": "Same device",
    "identityTogether": "Same device, all of",
    "name": "Name of the device",
    "lastSeen": "Last seen",
}
