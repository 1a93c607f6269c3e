"""What a program sees of an error: the SDK's ODataError, with everything that it can hold."""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest

from osimages.entra.tokens.clouds import CONSUMER_TENANT
from tests.sdk.graph import Client, Sdk, asking, image, images, with_headers
from tests.sdk.models import Architecture, Image, ODataError, windows
from tests.support.api import READ, WRITE, token

Steps = Callable[[Client], Awaitable[Any]]


def refused(sdk: Sdk, steps: Steps, status: int, code: str, bearer: str | None = None) -> Any:
    """The error object of the ODataError that a program ends with, which must say what the reply's headers say."""
    with pytest.raises(ODataError) as caught:
        sdk.run(steps, bearer=bearer)
    error, reply = caught.value, sdk.replies[-1]
    assert (error.response_status_code, error.error.code) == (status, code)
    assert reply.status_code == status
    assert error.response_headers["request-id"] == reply.headers["request-id"]
    assert str(error) == f"{error.error.message} (status {status})"
    inner = error.error.inner_error
    assert inner.request_id == reply.headers["request-id"]
    assert inner.client_request_id == reply.headers["client-request-id"]
    assert inner.date == datetime.fromisoformat(reply.json()["error"]["innerError"]["date"])
    assert error.error.additional_data == error.additional_data == {}, "the SDK knows all that we send"
    return error.error


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"filter": "id eq"}, "Invalid filter clause"),
        ({"filter": "supportedArchitectures/any(a:a eq 'amd64')"}, "Invalid filter clause"),
        ({"select": ["displayVersion"]}, "Parsing OData Select and Expand failed"),
        ({"orderby": ["supportedEditions"]}, "Invalid orderby clause"),
        ({"search": "(windows"}, "Invalid query option '$search'"),
        ({"top": -1}, "Invalid query option '$top'"),
    ],
)
def test_400_for_a_query(sdk: Sdk, query: dict[str, Any], message: str) -> None:
    error = refused(sdk, lambda client: images(client).get(asking(**query)), 400, "BadRequest")
    assert error.message.startswith(message)


def test_400_for_a_count(sdk: Sdk) -> None:
    error = refused(sdk, lambda client: images(client).count.get(asking(filter="nothing")), 400, "BadRequest")
    assert error.message.startswith("Invalid filter clause")


def _with_unknown_property() -> Image:
    model = windows("a")
    model.additional_data = {"displayVersion": "25H2"}
    return model


def _with_nothing_as_editions() -> Image:
    """The SDK writes its own attribute's name for a property that was set to None."""
    model = windows("a")
    model.supported_editions = []
    model.supported_editions = None
    return model


@pytest.mark.parametrize(
    ("model", "named"),
    [(_with_unknown_property, "displayVersion"), (_with_nothing_as_editions, "supported_editions")],
)
def test_400_for_a_model_that_does_not_fit(sdk: Sdk, model: Callable[[], Image], named: str) -> None:
    error = refused(sdk, lambda client: images(client).post(model()), 400, "ModelValidationFailure")
    assert f"'{named}'" in error.message
    assert error.inner_error.additional_data == {"message": error.message}
    assert error.target.endswith(named)


def test_400_for_a_personal_account(sdk: Sdk) -> None:
    personal = token(sdk.data_dir, CONSUMER_TENANT, user=True)
    error = refused(sdk, lambda client: images(client).get(), 400, "BadRequest", personal)
    assert "not supported for MSA accounts" in error.message


@pytest.mark.parametrize(
    ("seconds", "spoilt", "message"),
    [
        (-1, "", "Lifetime validation failed, the token is expired."),
        (3600, "AAAA", "Access token validation failure. Signature is invalid."),
    ],
)
def test_401_for_a_token_that_does_not_hold(sdk: Sdk, seconds: int, spoilt: str, message: str) -> None:
    bearer = token(sdk.data_dir, sdk.tenant, expires_in=seconds) + spoilt
    error = refused(sdk, lambda client: images(client).get(), 401, "InvalidAuthenticationToken", bearer)
    assert error.message == message
    assert len(sdk.replies) == 1, "without a claims challenge it is not tried again"


def test_401_for_what_is_no_token(sdk: Sdk) -> None:
    error = refused(sdk, lambda client: images(client).get(), 401, "InvalidAuthenticationToken", "abc")
    assert error.message.startswith("IDX14100")


@pytest.mark.parametrize("user", [False, True])
@pytest.mark.parametrize(
    "steps",
    [
        lambda client: images(client).post(windows("a")),
        lambda client: image(client, "a").patch(windows("a")),
        lambda client: image(client, "a").delete(),
    ],
)
def test_403_for_a_reader_that_writes(sdk: Sdk, steps: Steps, user: bool) -> None:
    reader = token(sdk.data_dir, sdk.tenant, (READ,), user=user)
    error = refused(sdk, steps, 403, "Forbidden", reader)
    told = json.loads(error.message)["Message"]
    assert f"one of the following scopes: {WRITE} - " in told
    assert f"Activity ID: {error.inner_error.client_request_id}" in told


def test_403_for_another_permission(sdk: Sdk) -> None:
    other = token(sdk.data_dir, sdk.tenant, ("User.Read.All",))
    error = refused(sdk, lambda client: images(client).get(), 403, "Forbidden", other)
    assert f"one of the following scopes: {READ}, {WRITE} - " in json.loads(error.message)["Message"]


@pytest.mark.parametrize(
    "steps",
    [
        lambda client: image(client, "Windows 12").get(),
        lambda client: image(client, "Windows 12").patch(windows("Windows 12", Architecture.X64)),
        lambda client: image(client, "Windows 12").delete(),
        lambda client: image(client, "Windows 12").get_all_managed_device_windows_o_s_images.get(),
    ],
)
def test_404_for_an_image_that_is_not_there(sdk: Sdk, steps: Steps) -> None:
    error = refused(sdk, steps, 404, "ResourceNotFound")
    assert "'Windows 12'" in json.loads(error.message)["Message"]


def test_409_for_an_id_that_is_taken(sdk: Sdk) -> None:
    async def steps(client: Client) -> None:
        await images(client).post(windows("Windows 11 25H2"))
        await images(client).post(windows("Windows 11 25H2", Architecture.X64))

    error = refused(sdk, steps, 409, "nameAlreadyExists")
    assert "'Windows 11 25H2'" in error.message
    assert sdk.run(lambda client: image(client, "Windows 11 25H2").get()).supported_architectures == []


def test_412_for_a_version_that_has_passed(sdk: Sdk) -> None:
    async def steps(client: Client) -> None:
        await images(client).post(windows("a"))
        seen = with_headers(If_Match=sdk.replies[-1].headers["etag"])
        await image(client, "a").patch(windows("a", Architecture.X64), seen)
        await image(client, "a").delete(seen)

    refused(sdk, steps, 412, "resourceModified")
    assert [reply.status_code for reply in sdk.replies] == [201, 200, 412]


def test_the_programs_own_request_id_comes_back(sdk: Sdk) -> None:
    own = str(uuid.uuid4())
    error = refused(
        sdk, lambda client: image(client, "none").get(with_headers(client_request_id=own)), 404, "ResourceNotFound"
    )
    assert error.inner_error.client_request_id == own
    assert error.inner_error.request_id != own
