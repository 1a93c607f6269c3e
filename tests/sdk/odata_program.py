"""A program with python-odata, told nothing about certificates: its arguments are the service's address and a token.

It creates, reads, changes, filters and deletes images, and prints what it found as JSON.
"""

# The client carries no types (no py.typed), so that all of its names are Any here.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import json
import sys
from typing import Any

import requests
from odata import ODataService
from odata.exceptions import ODataError
from odata.property import StringProperty


def main() -> None:
    """Runs the program."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {sys.argv[2]}"
    service: Any = ODataService(f"{sys.argv[1]}/beta/", session=session, reflect_entities=True, quiet_progress=True)

    class Image(service.Entity):  # type: ignore[misc]
        """An image, in the way of that library."""

        __odata_type__ = "microsoft.graph.managedDeviceWindowsOperatingSystemImage"
        __odata_collection__ = "deviceManagement/managedDeviceWindowsOSImages"
        id = StringProperty("id", primary_key=True)
        architectures = StringProperty("supportedArchitectures", is_collection=True)

    def add(key: str, *architectures: str) -> None:
        image = Image()
        image.id, image.architectures = key, list(architectures)
        service.save(image)

    for key in ("a b", "it's", "c/d"):
        add(key, "x64")
    images: Any = service.query(Image)
    found: dict[str, object] = {
        "reflected": sorted(service.entities),
        "all": [each.id for each in service.query(Image)],
        "equal": [each.id for each in service.query(Image).filter(Image.id == "it's")],
        "contains": [each.id for each in service.query(Image).filter(Image.id.contains("a")).order_by(Image.id.desc())],
        "limited": [each.id for each in service.query(Image).order_by(Image.id.desc()).offset(1).limit(1)],
        "count": images.count(),
    }
    image = service.query(Image).get("it's")
    image.architectures = ["arM64"]
    service.save(image)
    found["changed"] = service.query(Image).get("it's").architectures
    service.delete(image)
    found["left"] = [each.id for each in service.query(Image)]
    try:
        add("a b")
    except ODataError as error:
        found["taken"] = str(error)
    print(json.dumps(found))  # noqa: T201 (it is what it is for)


if __name__ == "__main__":
    main()
