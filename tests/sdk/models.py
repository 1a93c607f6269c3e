"""The SDK's models of an image, and short ways to make them."""

# The SDK carries no types (no py.typed), so that all of its names are Any here.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

from datetime import date
from typing import Any

from msgraph_beta.generated.models.managed_device_architecture import ManagedDeviceArchitecture as Architecture
from msgraph_beta.generated.models.managed_device_windows_operating_system_edition import (
    ManagedDeviceWindowsOperatingSystemEdition,
)
from msgraph_beta.generated.models.managed_device_windows_operating_system_edition_type import (
    ManagedDeviceWindowsOperatingSystemEditionType as EditionType,
)
from msgraph_beta.generated.models.managed_device_windows_operating_system_image import (
    ManagedDeviceWindowsOperatingSystemImage,
)
from msgraph_beta.generated.models.managed_device_windows_operating_system_update import (
    ManagedDeviceWindowsOperatingSystemUpdate,
)
from msgraph_beta.generated.models.o_data_errors.o_data_error import ODataError

__all__ = ["Architecture", "EditionType", "Image", "ODataError", "edition", "told", "update", "windows"]

Image = Any  # ManagedDeviceWindowsOperatingSystemImage


def edition(kind: Any, end: date) -> Any:
    """An item of `supportedEditions`."""
    return ManagedDeviceWindowsOperatingSystemEdition(edition_type=kind, support_end_date=end)


def update(build: str, month: int, year: int) -> Any:
    """An item of `availableUpdates`."""
    return ManagedDeviceWindowsOperatingSystemUpdate(build_version=build, release_month=month, release_year=year)


def windows(key: str | None, *architectures: Any, **properties: Any) -> Image:
    """An image with that id, or without one."""
    return ManagedDeviceWindowsOperatingSystemImage(id=key, supported_architectures=list(architectures), **properties)


def told(found: Image) -> tuple[Any, ...]:
    """What an image says, to compare: id, architectures, editions and updates."""
    return (
        found.id,
        found.supported_architectures,
        [(each.edition_type, each.support_end_date) for each in found.supported_editions],
        [(each.build_version, each.release_month, each.release_year) for each in found.available_updates],
    )
