"""Batches of the official SDK, as it writes them: with absolute URLs and `depends_on`
(https://github.com/microsoftgraph/msgraph-sdk-python/issues/1015).
"""

# The SDK carries no types (no py.typed), so that all of its names are Any here.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import importlib
import warnings
from typing import Any

import pytest
from kiota_abstractions.api_error import APIError

from tests.sdk.graph import Client, Sdk, image, images
from tests.sdk.models import windows
from tests.support.api import Json, body_of

with warnings.catch_warnings():
    # These modules warn of their own old names when they are first imported.
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    _REQUESTS = "msgraph_core.requests"
    Builder: Any = importlib.import_module(f"{_REQUESTS}.batch_request_builder").BatchRequestBuilder
    Content: Any = importlib.import_module(f"{_REQUESTS}.batch_request_content").BatchRequestContent
    Item: Any = importlib.import_module(f"{_REQUESTS}.batch_request_item").BatchRequestItem


def item(client: Client, request: Any, key: str, *after: Any) -> Any:
    """A request of the SDK as an item of a batch."""
    request.path_parameters["baseurl"] = client.request_adapter.base_url
    found = Item(request_information=request, id=key)
    if after:
        found.set_depends_on(list(after))
    return found


def send(sdk: Sdk, make: Any) -> tuple[dict[str, int], list[Json]]:
    """The statuses that the SDK sees, and the responses as they came in."""

    async def steps(client: Client) -> Any:
        content = Content({each.id: each for each in make(client)})
        return (await Builder(client.request_adapter).post(content)).get_response_status_codes()

    statuses: dict[str, int] = sdk.run(steps)
    responses: list[Json] = body_of(sdk.replies[-1])["responses"]
    return statuses, responses


def test_writes_and_reads_that_depend_on_each_other(sdk: Sdk) -> None:
    def make(client: Client) -> list[Any]:
        first = item(client, images(client).to_post_request_information(windows("a b")), "1")
        second = item(client, image(client, "a b").to_get_request_information(), "2", first)
        third = item(client, image(client, "a b").to_delete_request_information(), "3", second)
        return [first, second, third]

    statuses, responses = send(sdk, make)
    assert statuses == {"1": 201, "2": 200, "3": 204}
    assert [each.get("body", {}).get("id") for each in responses] == ["a b", "a b", None]
    sent = sdk.replies[-1].request
    assert b'"depends_on"' in sent.content, "the SDK spells it so"
    assert f'"{sdk.url}/beta'.encode() in sent.content.replace(b"\\/", b"/"), "and gives absolute URLs"


def test_what_depends_on_what_failed_is_not_run(sdk: Sdk) -> None:
    def make(client: Client) -> list[Any]:
        first = item(client, image(client, "none").to_get_request_information(), "1")
        second = item(client, images(client).to_post_request_information(windows("never")), "2", first)
        return [first, second, item(client, images(client).to_get_request_information(), "3")]

    statuses, responses = send(sdk, make)
    assert statuses == {"1": 404, "2": 424, "3": 200}
    assert responses[2]["body"]["value"] == []


def test_a_batch_that_is_refused(sdk: Sdk) -> None:
    def make(client: Client) -> list[Any]:
        request = images(client).to_post_request_information(windows("a"))
        request.headers.clear()
        return [item(client, request, "1")]

    with pytest.raises(APIError) as caught:
        send(sdk, make)
    assert caught.value.response_status_code == 400
    told = body_of(sdk.replies[-1])["error"]["message"]
    assert told == "Write request with id '1' does not contain a Content-Type header."
