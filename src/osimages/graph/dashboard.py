"""The pages below `/dashboard/`: the catalogue's facts, which are public, and of tenants at most how many there are."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from osimages.graph.dashboard_pages import Shown, check_page, not_found, overview, release_page
from osimages.graph.known_hosts import is_loopback
from osimages.graph.routing import EVERY_ORIGIN, origin_of, public_response, route, service_of
from osimages.graph.service import Service
from osimages.odata.service.request import ApiRequest
from osimages.odata.sql.transaction_script import Script, Statement
from osimages.windows.release_history import UnknownReleaseError, find_release
from osimages.windows.report.template_environment import style

_PREFIX = "/dashboard"
_HTML = "text/html;charset=utf-8"
# No script runs on these pages, and nothing comes from elsewhere.
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
_MOST_COUNTED = 100_000


def is_dashboard(path: str) -> bool:
    """Return whether a path belongs to the dashboard."""
    return path.startswith(_PREFIX) and path[len(_PREFIX) : len(_PREFIX) + 1] in ("", "/")


def is_front_door(request: ApiRequest) -> bool:
    """Return whether a browser requests the service's root; programs do not ask for HTML."""
    return request.path == "/" and request.method == "GET" and "text/html" in (request.header(b"accept") or "")


async def _front_door(request: Request) -> Response:
    return RedirectResponse(f"{origin_of(request)}{_PREFIX}/", 302, {"vary": "Accept", **EVERY_ORIGIN, **_HEADERS})


async def _slash(request: Request) -> Response:
    return RedirectResponse(f"{origin_of(request)}{_PREFIX}/", 308, {**EVERY_ORIGIN, **_HEADERS})


async def _style(_: Request) -> Response:
    return public_response(style().encode(), "text/css;charset=utf-8", _HEADERS)


async def _overview(request: Request) -> Response:
    return _page(200, overview(await _shown(service_of(request))))


async def _check(request: Request) -> Response:
    given = request.query_params
    shown = await _shown(service_of(request))
    return _page(200, check_page(shown, given.get("build", ""), given.get("edition", "")))


async def _release(request: Request) -> Response:
    shown = await _shown(service_of(request))
    try:
        return _page(200, release_page(shown, find_release(shown.catalogue, request.path_params["name"]).id))
    except UnknownReleaseError:
        return _page(404, not_found(shown, "../"))


async def _not_found(request: Request) -> Response:
    return _page(404, not_found(await _shown(service_of(request)), "../" * request.path_params["page"].count("/")))


def _page(status: int, text: str) -> Response:
    # It shows how many tenants there are on loopback, which pages of other origins need not know: no CORS headers.
    return Response(text.encode("utf-8", "replace"), status, {"content-type": _HTML, **_HEADERS})


async def _shown(service: Service) -> Shown:
    options = service.options
    tenants = images = None
    if options.authority == "dev" and is_loopback(options.host):
        tenants, images = await service.database.read(_counts())
    return Shown(
        service.current.catalogue,
        service.clock.today(),
        service.current.age_days,
        _version(),
        options.authority,
        tenants,
        images,
    )


@cache
def _version() -> str:
    return version("osimages")


def _counts() -> Script[tuple[str, str]]:
    """How many tenants and images there are; counting ends where it would take long."""
    found = []
    for table in ("tenant", "image"):
        rows = yield Statement(f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT {_MOST_COUNTED + 1}) AS counted")  # noqa: S608
        count = int(rows[0][0])
        found.append(f"{count:,}" if count <= _MOST_COUNTED else f"more than {_MOST_COUNTED:,}")
    return found[0], found[1]


DASHBOARD_ROUTES = [
    route(path, preflight=False, GET=handler)
    for path, handler in (
        ("/", _front_door),
        (_PREFIX, _slash),
        (f"{_PREFIX}/", _overview),
        (f"{_PREFIX}/style.css", _style),
        (f"{_PREFIX}/check", _check),
        (f"{_PREFIX}/releases/{{name:path}}", _release),
        (f"{_PREFIX}/{{page:path}}", _not_found),
    )
]
