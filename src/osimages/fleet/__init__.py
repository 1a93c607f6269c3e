"""Exports of device inventories (Intune, Configuration Manager and others): read as streams, checked, and added up."""

from osimages.fleet.columns import Columns, ColumnsError
from osimages.fleet.devices import Broken, Device, Export, ExportError
from osimages.fleet.exports import Named, check_file, open_export
from osimages.fleet.tally import Group, Leaving, Summary, Tally

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
    "Summary",
    "Tally",
    "check_file",
    "open_export",
]
