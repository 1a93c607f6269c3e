"""A request on one of the pages below `/-/` that change something for a tenant, and the reply to it."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from osimages.entra.tokens.verification import VerifiedToken
from osimages.graph.service import Service
from osimages.odata.errors import BODY_UNREADABLE, ODataError
from osimages.odata.service.reply import JSON, Reply
from osimages.odata.service.request import ApiRequest
from osimages.odata.service.request_body import json_body

_Said = TypeVar("_Said")


class DevelopmentRequest(msgspec.Struct, frozen=True):
    """A request of somebody who may use the page. `rest` is what follows the page's name."""

    service: Service
    request: ApiRequest
    actor: VerifiedToken
    rest: str

    def body(self, expected: type[_Said]) -> _Said:
        """What the body says. Raises ODataError(BODY_UNREADABLE)."""
        try:
            return msgspec.convert(json_body(self.request), expected)
        except (msgspec.ValidationError, ValueError) as error:
            raise ODataError(BODY_UNREADABLE, reason=f"{error}.") from None


def json_reply(status: int, found: object) -> Reply:
    """A reply with a JSON document of this service's own."""
    return Reply(status, msgspec.json.encode(found), JSON, odata=False)
