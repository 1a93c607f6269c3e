"""Exports of device inventories (Intune, Configuration Manager and others): read as streams, checked, and added up."""

from osimages.windows.fleet.columns import Columns, ColumnsError, Named
from osimages.windows.fleet.device_export import Wanted, check_file, open_export
from osimages.windows.fleet.devices import Device, Export, Skipped
from osimages.windows.fleet.rows import Broken, ExportError
from osimages.windows.fleet.source import Source, file_source, stream_source
from osimages.windows.fleet.tally import Group, Leaving, Summary, Tally

__all__ = [
    "Broken",
    "Columns",
    "ColumnsError",
    "Device",
    "Export",
    "ExportError",
    "Group",
    "Leaving",
    "Named",
    "Skipped",
    "Source",
    "Summary",
    "Tally",
    "Wanted",
    "check_file",
    "file_source",
    "open_export",
    "stream_source",
]
