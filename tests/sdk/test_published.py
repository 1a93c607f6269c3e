"""The published catalogue as a program that uses the SDK sees it."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Iterator
from datetime import date

import pytest

from tests.sdk.graph import Sdk, asking, image, images
from tests.sdk.models import Architecture, EditionType
from tests.support.server import running


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sdk]:
    """A tenant of a server whose calendar stands a week after a Patch Tuesday."""
    folder = tmp_path_factory.mktemp("published")
    with running(folder, "--today", "2026-10-20") as server:
        trust = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        yield Sdk(server.url, folder, trust, str(uuid.uuid4()))


def test_a_release_with_its_last_three_builds(published: Sdk) -> None:
    found = published.run(lambda client: image(client, "Windows 11 25H2").get())
    assert [(each.build_version, each.release_month, each.release_year) for each in found.available_updates] == [
        ("10.0.26200.9711", 10, 2026),
        ("10.0.26200.9445", 9, 2026),
        ("10.0.26200.9168", 8, 2026),
    ]
    assert found.supported_architectures == [Architecture.X64, Architecture.ArM64]
    ends = {each.edition_type: each.support_end_date for each in found.supported_editions}
    assert ends[EditionType.Professional] == date(2027, 10, 12)
    assert ends[EditionType.Enterprise] == ends[EditionType.Education] == date(2028, 10, 10)


def test_what_runs_on_arm_and_is_supported_for_long(published: Sdk) -> None:
    query = asking(
        filter="supportedArchitectures/any(a:a eq 'arM64') and supportedEditions/any(e:e/editionType eq 'enterprise' "
        "and e/supportEndDate gt 2027-10-01)",
        orderby=["id desc"],
        select=["id"],
    )
    found = [each.id for each in published.run(lambda client: images(client).get(query)).value]
    assert found == sorted(found, reverse=True)
    assert {"Windows 11 24H2", "Windows 11 25H2"} <= set(found)
    assert "Windows 11 23H2" not in found, "its support ends in 2026"
