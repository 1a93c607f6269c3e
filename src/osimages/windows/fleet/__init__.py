"""Exports of device inventories (Intune, Configuration Manager and others): read as streams, checked, and added up."""
