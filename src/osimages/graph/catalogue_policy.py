"""`/-/catalogue/policy.json`: the build ranges that a rule accepts today; public, so without a token."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from osimages.graph.routing import JSON, DocumentResponse, is_unchanged, not_modified, service_of
from osimages.odata.errors import INVALID_OPTION, ODataError
from osimages.odata.service.static_documents import Document
from osimages.odata.wire.openapi import Page
from osimages.windows.facts import Catalogue
from osimages.windows.policy import PolicyRule, RuleError, accepted_ranges, rule_of
from osimages.windows.policy.documents import ranges_json

POLICY_PATH = "/-/catalogue/policy.json"
_MOST_PARAMETERS = 16
POLICY_PAGE = Page(
    "The build ranges that a rule accepts today, for each supported release.",
    JSON,
    {
        "level": "Patch Tuesdays behind: 0, 1 or 2.",
        "grace-days": "A Patch Tuesday counts that many days after it, 0 to 365.",
        "releases": "all, a list of releases such as 24H2,25H2, or newest two.",
        "editions": "Leave out releases in which all of these editions have ended, such as Pro,Enterprise.",
        "include-esu": "true: also releases that get Extended Security Updates only.",
        "servers": "true: also the releases of Windows Server.",
        "highest": "Upper end of a range: family (x.y.z.65535) or known (the newest known build).",
    },
    has_tag=True,
)


async def policy(request: Request) -> Response:
    """Return the ranges of the rule in the query, or 304. Raises ODataError (400, which names the parameter)."""
    service = service_of(request)
    facts = service.current.catalogue
    try:
        rule = rule_of(facts, service.clock.today(), _parameters(request.scope["query_string"].decode("ascii")))
    except RuleError as error:
        name = error.parameter
        raise ODataError(INVALID_OPTION, target=name, option=name, reason=error.reason) from None
    document, tag = _written(facts, rule)
    headers = {"etag": tag}
    return not_modified(headers) if is_unchanged(request, tag) else DocumentResponse(document, JSON, headers)


def _parameters(query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise RuleError("query", f"there are more than {_MOST_PARAMETERS} parameters") from None
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            raise RuleError(name[:64], "it is given twice")
        given[name] = value
    return given


@lru_cache(64)
def _written(facts: Catalogue, rule: PolicyRule) -> tuple[Document, str]:
    """Return the document of a rule and its entity tag."""
    text = ranges_json(accepted_ranges(facts, rule))
    return Document(text), f'W/"{sha256(text).hexdigest()[:24]}"'
