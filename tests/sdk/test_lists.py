"""Lists through the SDK: query options, counts, the bound function, and its own iterator over pages."""

from __future__ import annotations

import asyncio
import ssl
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from kiota_abstractions.serialization import Parsable, ParseNode, SerializationWriter

from osimages.graph.model import GRAPH
from osimages.graph.tables import IMAGES
from osimages.graph.tenant_storage import Tenant, add_tenant
from osimages.odata.sql.sqlite.database import SqliteDatabase
from tests.sdk.graph import Builder, Client, Sdk, asking, image, images, iterator, with_headers
from tests.sdk.models import Architecture, EditionType, edition, update, windows
from tests.support.server import Server

MANY = [f"Image {number:04}" for number in range(2500)]
ARM = MANY[::25]


@pytest.fixture
def three(sdk: Sdk) -> Sdk:
    """A tenant with three images."""

    async def steps(client: Client) -> None:
        for model in (
            windows("Windows 10 22H2", Architecture.X86, Architecture.X64),
            windows(
                "Windows 11 24H2",
                Architecture.X64,
                Architecture.ArM64,
                supported_editions=[edition(EditionType.Professional, date(2026, 10, 13))],
                available_updates=[update("10.0.26100.9711", 10, 2026)],
            ),
            windows(
                "Windows 11 25H2",
                Architecture.ArM64,
                supported_editions=[edition(EditionType.Enterprise, date(2028, 10, 10))],
                available_updates=[update("10.0.26200.9711", 10, 2026), update("10.0.26200.9445", 9, 2026)],
            ),
        ):
            await images(client).post(model)

    sdk.run(steps)
    return sdk


def ids(page: Any) -> list[str]:
    """The ids of a page in order, without what all of them begin with."""
    return [each.id.removeprefix("Windows ") for each in page.value]


QUERIES = pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["10 22H2", "11 24H2", "11 25H2"]),
        ({"filter": "supportedArchitectures/any(a:a eq 'arM64')"}, ["11 24H2", "11 25H2"]),
        ({"filter": "supportedArchitectures/any(a:a eq microsoft.graph.managedDeviceArchitecture'x86')"}, ["10 22H2"]),
        ({"filter": "not supportedArchitectures/any(a:a eq 'x64')"}, ["11 25H2"]),
        ({"filter": "supportedEditions/any(e:e/editionType eq 'enterprise')"}, ["11 25H2"]),
        ({"filter": "supportedEditions/any(e:e/supportEndDate lt 2027-01-01)"}, ["11 24H2"]),
        ({"filter": "availableUpdates/any(u:u/releaseMonth eq 9 and u/releaseYear eq 2026)"}, ["11 25H2"]),
        ({"filter": "id eq 'Windows 11 24H2' or startswith(id,'Windows 10')"}, ["10 22H2", "11 24H2"]),
        ({"orderby": ["id desc"]}, ["11 25H2", "11 24H2", "10 22H2"]),
        ({"orderby": ["id desc"], "top": 1, "skip": 1}, ["11 24H2"]),
        ({"filter": "availableUpdates/any()", "orderby": ["id desc"], "top": 1}, ["11 25H2"]),
    ],
)


@QUERIES
def test_query_options(three: Sdk, query: dict[str, Any], expected: list[str]) -> None:
    assert ids(three.run(lambda client: images(client).get(asking(**query)))) == expected


@QUERIES
def test_the_function_of_an_image_gives_all_images(three: Sdk, query: dict[str, Any], expected: list[str]) -> None:
    async def steps(client: Client) -> Any:
        return await image(client, "Windows 10 22H2").get_all_managed_device_windows_o_s_images.get(asking(**query))

    assert ids(three.run(steps)) == expected


def test_select_leaves_the_rest_unset(three: Sdk) -> None:
    async def steps(client: Client) -> tuple[Any, Any]:
        selected = asking(select=["id", "supportedArchitectures"], filter="id eq 'Windows 11 25H2'")
        return await images(client).get(selected), await image(client, "Windows 11 25H2").get(asking(select=["id"]))

    page, alone = three.run(steps)
    (listed,) = page.value
    assert (listed.id, listed.supported_architectures) == ("Windows 11 25H2", [Architecture.ArM64])
    assert listed.supported_editions is listed.available_updates is None
    assert alone.id == "Windows 11 25H2"
    assert alone.supported_architectures is alone.supported_editions is alone.available_updates is None


def test_counts(three: Sdk) -> None:
    async def steps(client: Client) -> tuple[Any, ...]:
        few = await images(client).get(asking(count=True, top=1))
        return (
            await images(client).count.get(),
            await images(client).count.get(asking(filter="supportedArchitectures/any(a:a eq 'arM64')")),
            few.odata_count,
            len(few.value),
        )

    assert three.run(steps) == (3, 2, 3, 1)


def test_a_tenant_without_images_has_an_empty_list(sdk: Sdk) -> None:
    async def steps(client: Client) -> tuple[Any, Any]:
        return (await images(client).get()).value, await images(client).count.get()

    assert sdk.run(steps) == ([], 0)


@dataclass
class Listed(Parsable):
    """An image of which a program wants the id only.

    The SDK's own model takes about 10 ms to read each image: too long to read 2,500 of them more than once.
    """

    id: str | None = None

    @staticmethod
    def create_from_discriminator_value(_: ParseNode | None = None) -> Listed:
        return Listed()

    def get_field_deserializers(self) -> dict[str, Callable[[ParseNode], None]]:
        return {"id": lambda node: setattr(self, "id", node.get_str_value())}

    def serialize(self, writer: SerializationWriter) -> None:
        writer.write_str_value("id", self.id)


@dataclass
class ListedPage(Parsable):
    """A page of them."""

    value: list[Listed] | None = None
    odata_next_link: str | None = None

    @staticmethod
    def create_from_discriminator_value(_: ParseNode | None = None) -> ListedPage:
        return ListedPage()

    def get_field_deserializers(self) -> dict[str, Callable[[ParseNode], None]]:
        return {
            "value": lambda node: setattr(self, "value", node.get_collection_of_object_values(Listed)),
            "@odata.nextLink": lambda node: setattr(self, "odata_next_link", node.get_str_value()),
        }

    def serialize(self, writer: SerializationWriter) -> None:
        writer.write_collection_of_object_values("value", self.value)


async def every_id(client: Client, source: Builder) -> list[str]:
    """The ids that the SDK's iterator meets, from the first page of that request builder on."""
    first = await client.request_adapter.send_async(source.to_get_request_information(), ListedPage, {})
    return await met_by(iterator(first, client))


async def met_by(pages: Any) -> list[str]:
    """The ids of all images that an iterator meets."""
    met: list[str] = []

    def go_on(each: Any) -> bool:
        met.append(each.id)
        return True

    await pages.iterate(go_on)
    return met


@pytest.fixture(scope="module")
def crowded(secure: Server) -> str:
    """A tenant with 2,500 images, stored without the way over HTTP, which would take several seconds."""
    tenant = str(uuid.uuid4())
    database = SqliteDatabase(secure.data_dir / "osimages.db")
    store = database.store(GRAPH, IMAGES)

    async def fill() -> None:
        await database.change(add_tenant(Tenant(tenant, "Contoso", licensed=True, catalogue="none")))
        await asyncio.gather(
            *(
                store.create(
                    tenant,
                    key,
                    {
                        "supportedArchitectures": ["arM64"] if key in ARM else ["x64"],
                        "supportedEditions": [],
                        "availableUpdates": [],
                    },
                )
                for key in MANY
            )
        )

        await database.close()

    asyncio.run(fill())
    return tenant


@pytest.fixture
def many(secure: Server, trust: ssl.SSLContext, crowded: str) -> Sdk:
    """The SDK as the tenant with 2,500 images uses it."""
    return Sdk(secure.url, secure.data_dir, trust, crowded)


def test_the_iterator_meets_every_image_once_and_in_order(many: Sdk) -> None:
    """With the SDK's own models, as a program reads them; that takes most of a minute, all of it in the SDK."""

    async def steps(client: Client) -> list[str]:
        return await met_by(iterator(await images(client).get(), client))

    assert many.run(steps, base="/beta/") == MANY
    assert [len(reply.json()["value"]) for reply in many.replies] == [1000, 1000, 500]


def test_the_iterator_over_the_functions_pages(many: Sdk) -> None:
    async def steps(client: Client) -> list[str]:
        return await every_id(client, image(client, MANY[0]).get_all_managed_device_windows_o_s_images)

    assert many.run(steps) == MANY


def test_query_options_hold_on_all_pages_of_the_iterator(many: Sdk) -> None:
    async def steps(client: Client) -> list[str]:
        query = asking(filter="supportedArchitectures/any(a:a eq 'arM64')", orderby=["id desc"], select=["id"])
        query.headers.add("Prefer", "odata.maxpagesize=30")
        pages = iterator(await images(client).get(query), client)
        pages.headers.add("Prefer", "odata.maxpagesize=30")
        return await met_by(pages)

    assert many.run(steps) == ARM[::-1]
    pages = [reply.json()["value"] for reply in many.replies]
    assert [len(page) for page in pages] == [30, 30, 30, 10]
    assert all(set(each) <= {"id", "@odata.type"} for page in pages for each in page)


def test_an_iterator_that_paused_goes_on_where_it_was(many: Sdk) -> None:
    async def steps(client: Client) -> tuple[int, list[str]]:
        met: list[str] = []

        def until_the_fifth(each: Any) -> bool:
            met.append(each.id)
            return len(met) != 5

        first = await images(client).get(asking(filter="id lt 'Image 0009'", top=4))
        pages = iterator(first, client)
        await pages.iterate(until_the_fifth)
        paused_at = len(met)
        await pages.iterate(until_the_fifth)
        return paused_at, met

    assert many.run(steps) == (5, MANY[:9])


@pytest.mark.parametrize("top", [400, 999, 1000, 5000])
def test_the_iterator_sees_the_whole_set_in_pages_of_top(many: Sdk, top: int) -> None:
    async def steps(client: Client) -> list[str]:
        return await met_by(iterator(await images(client).get(asking(top=top)), client))

    assert many.run(steps) == MANY
    sizes = [len(reply.json()["value"]) for reply in many.replies]
    assert set(sizes[:-1]) == {min(top, 1000)}
    assert all(f"$top={top}&" in reply.json()["@odata.nextLink"] for reply in many.replies[:-1])


def test_the_iterator_over_the_functions_pages_of_top(many: Sdk) -> None:
    async def steps(client: Client) -> list[str]:
        function = image(client, MANY[0]).get_all_managed_device_windows_o_s_images
        return await met_by(iterator(await function.get(asking(top=800, orderby=["id desc"])), client))

    assert many.run(steps) == MANY[::-1]
    assert [len(reply.json()["value"]) for reply in many.replies] == [800, 800, 800, 100]


def test_page_size_as_a_preference(many: Sdk) -> None:
    page = many.run(lambda client: images(client).get(with_headers(Prefer="odata.maxpagesize=3")))
    assert [each.id for each in page.value] == MANY[:3]
    assert page.odata_next_link.startswith(f"{many.url}/beta/deviceManagement/managedDeviceWindowsOSImages?")
    assert many.replies[0].headers["preference-applied"] == "odata.maxpagesize=3"
