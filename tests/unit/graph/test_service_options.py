"""The values of settings that the service works with: named and defaulted as the settings are."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from osimages.app import service_options
from osimages.graph.service_options import ServiceOptions
from osimages.settings import Settings


def test_names_and_defaults_are_those_of_the_settings() -> None:
    settings = Settings()
    for each in fields(ServiceOptions):
        if each.name not in ("data_path", "limits"):
            assert each.default == getattr(settings, each.name), each.name


def test_values_come_from_the_settings() -> None:
    options = service_options(Settings(data_dir="somewhere", workers=3, max_body_bytes=1000, page_size=7))
    assert (options.data_path, options.workers, options.max_body_bytes) == (Path("somewhere"), 3, 1000)
    assert (options.limits["max_body_bytes"], options.limits["page_size"]) == (1000, 7)
    assert set(options.limits) == {
        each.name for each in fields(Settings) if each.name.startswith(("max_", "throttle")) or each.name == "page_size"
    }
