"""Images created, read, changed and removed through the SDK's models."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.sdk.graph import Client, Sdk, image, images
from tests.sdk.models import Architecture, EditionType, edition, told, update, windows

KEY = "Windows 11 24H2"
EDITIONS = [(EditionType.EnterpriseN, date(2027, 10, 12)), (EditionType.ProWorkstation, date(2026, 10, 13))]
UPDATES = [("10.0.26100.9711", 10, 2026), ("10.0.26100.9445", 9, 2026)]
BASES = pytest.mark.parametrize("base", ["/beta", "/beta/"])


def whole(key: str) -> Any:
    """An image with something in every property."""
    return windows(
        key,
        Architecture.X64,
        Architecture.ArM64,
        supported_editions=[edition(*each) for each in EDITIONS],
        available_updates=[update(*each) for each in UPDATES],
    )


@BASES
def test_an_image_is_created_and_comes_back_as_it_was(sdk: Sdk, base: str) -> None:
    async def steps(client: Client) -> tuple[Any, Any]:
        return await images(client).post(whole(KEY)), await image(client, KEY).get()

    made, got = sdk.run(steps, base=base)
    assert told(made) == told(got) == (KEY, [Architecture.X64, Architecture.ArM64], EDITIONS, UPDATES)
    assert [reply.status_code for reply in sdk.replies] == [201, 200]


def test_the_sdks_usual_double_slash_is_really_sent(sdk: Sdk) -> None:
    sdk.run(lambda client: images(client).get(), base="/beta/")
    (reply,) = sdk.replies
    assert reply.request.url.raw_path == b"/beta//deviceManagement/managedDeviceWindowsOSImages"
    assert reply.json()["@odata.context"] == f"{sdk.url}/beta/$metadata#deviceManagement/managedDeviceWindowsOSImages"


def test_enumeration_members_and_dates_are_such(sdk: Sdk) -> None:
    sdk.run(lambda client: images(client).post(whole(KEY)))
    got = sdk.run(lambda client: image(client, KEY).get())
    assert got.supported_architectures[1] is Architecture.ArM64
    assert [each.edition_type for each in got.supported_editions] == [
        EditionType.EnterpriseN,
        EditionType.ProWorkstation,
    ]
    assert all(type(each.support_end_date) is date for each in got.supported_editions)
    assert all(type(each.release_month) is type(each.release_year) is int for each in got.available_updates)


@pytest.mark.parametrize("kind", list(EditionType)[:-1])
def test_every_edition_arrives(sdk: Sdk, kind: Any) -> None:
    made = sdk.run(
        lambda client: images(client).post(windows(KEY, supported_editions=[edition(kind, date(2027, 1, 31))]))
    )
    assert [each.edition_type for each in made.supported_editions] == [kind]


def test_every_architecture_arrives(sdk: Sdk) -> None:
    made = sdk.run(lambda client: images(client).post(windows(KEY, *Architecture)))
    assert made.supported_architectures == list(Architecture)


def test_an_image_without_an_id_is_given_one(sdk: Sdk) -> None:
    async def steps(client: Client) -> tuple[Any, Any]:
        made = await images(client).post(windows(None))
        return made, await image(client, made.id).get()

    made, got = sdk.run(steps)
    assert made.id
    assert told(got) == told(made) == (made.id, [], [], [])


@BASES
@pytest.mark.parametrize(
    "key",
    ["Windows 11 25H2", "a/b", "50%", "%2F", "it's", "a?b#c", "a+b&c=d", "é 東 🪟", "{id}", "(a)", "a;b,c:d@e", "a\\b"],
)
def test_any_id_reaches_its_image(sdk: Sdk, key: str, base: str) -> None:
    async def steps(client: Client) -> tuple[Any, ...]:
        await images(client).post(windows("another"))
        await images(client).post(windows(key))
        changed = await image(client, key).patch(windows(key, Architecture.X86))
        found = await image(client, key).get()
        assert await image(client, key).delete() is None
        left = await images(client).get()
        return told(changed), told(found), [each.id for each in left.value]

    same: tuple[Any, ...] = (key, [Architecture.X86], [], [])
    assert sdk.run(steps, base=base) == (same, same, ["another"])


def test_a_whole_model_goes_back_after_a_change(sdk: Sdk) -> None:
    """The SDK sends back all it was given: `id`, `@odata.context` and `@odata.type` as well."""

    async def steps(client: Client) -> tuple[Any, Any]:
        await images(client).post(whole(KEY))
        got = await image(client, KEY).get()
        got.supported_architectures.append(Architecture.Arm)
        got.supported_editions[0].support_end_date = date(2030, 1, 1)
        got.available_updates = got.available_updates[:1]
        return await image(client, KEY).patch(got), await image(client, KEY).get()

    changed, found = sdk.run(steps)
    sent = sdk.replies[2].request.content
    assert all(each in sent for each in (b'"id"', b'"@odata.context"', b'"@odata.type"'))
    assert told(changed) == told(found)
    assert told(found) == (
        KEY,
        [Architecture.X64, Architecture.ArM64, Architecture.Arm],
        [(EditionType.EnterpriseN, date(2030, 1, 1)), EDITIONS[1]],
        UPDATES[:1],
    )


def test_a_model_with_one_property_changes_only_that(sdk: Sdk) -> None:
    async def steps(client: Client) -> Any:
        await images(client).post(whole(KEY))
        return await image(client, KEY).patch(windows(None, Architecture.X86))

    assert told(sdk.run(steps)) == (KEY, [Architecture.X86], EDITIONS, UPDATES)


def test_the_device_management_of_a_tenant(sdk: Sdk) -> None:
    async def steps(client: Client) -> list[Any]:
        return [await client.device_management.get() for _ in range(2)]

    first, second = sdk.run(steps)
    assert (first.id, second.id) == ("deviceManagement", "deviceManagement")
