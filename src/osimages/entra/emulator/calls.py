"""A request to one of the emulator's endpoints, as the functions that answer it take it."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field

from starlette.requests import Request

from osimages.entra.emulator.request_context import RequestContext

_CLIENT_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(frozen=True)
class Call:
    """`tenant` is what the path has in its place; `form` holds the fields of the form, or the query's parameters."""

    context: RequestContext
    request: Request
    tenant: str
    form: dict[str, str] = field(default_factory=dict)

    @property
    def correlation(self) -> str:
        """The id that the client gave its request, another one if it gave none."""
        sent = self.request.headers.get("client-request-id", "")
        return sent if _CLIENT_REQUEST_ID.fullmatch(sent) else str(uuid.uuid4())
