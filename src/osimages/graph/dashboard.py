"""The pages below `/dashboard/`: the catalogue's facts, which are public, and of tenants at most how many there are."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from urllib.parse import parse_qs, unquote

from osimages.graph.dashboard_pages import Shown, check_page, not_found, overview, release_page
from osimages.graph.known_hosts import is_loopback
from osimages.graph.service import Service
from osimages.odata.errors import METHOD_NOT_ALLOWED, ODataError
from osimages.odata.service.reply import Header, Reply
from osimages.odata.service.request import ApiRequest
from osimages.odata.sql.transaction_script import Script, Statement
from osimages.windows.release_history import UnknownReleaseError, find_release
from osimages.windows.report.template_environment import style

_PREFIX = "/dashboard"
_HTML = b"text/html;charset=utf-8"
# No script runs on these pages, and nothing comes from elsewhere.
_HEADERS: tuple[Header, ...] = (
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_MOST_COUNTED = 100_000
_METHODS = "GET, HEAD"


def is_dashboard(path: str) -> bool:
    """Whether a path belongs to the dashboard."""
    return path.startswith(_PREFIX) and path[len(_PREFIX) : len(_PREFIX) + 1] in ("", "/")


def is_front_door(request: ApiRequest) -> bool:
    """Whether somebody opened the service's address alone in a browser; programs do not ask for HTML."""
    return request.path == "/" and request.method == "GET" and "text/html" in (request.header(b"accept") or "")


async def dashboard(service: Service, request: ApiRequest) -> Reply:
    """The reply to a request below `/dashboard/`, and of a browser to `/`. Raises ODataError (405)."""
    if request.path == "/":
        location = f"{request.origin}{_PREFIX}/".encode()
        return Reply(302, headers=((b"location", location), (b"vary", b"Accept"), *_HEADERS), odata=False)
    if request.method != "GET":
        raise ODataError(METHOD_NOT_ALLOWED, headers={"Allow": _METHODS})
    if request.path == _PREFIX:
        return Reply(308, headers=((b"location", f"{request.origin}{_PREFIX}/".encode()), *_HEADERS), odata=False)
    page = request.path.removeprefix(f"{_PREFIX}/")
    if page == "style.css":
        return Reply(200, style().encode(), b"text/css;charset=utf-8", _HEADERS, odata=False)
    shown = await _shown(service)
    if page == "":
        return _page(200, overview(shown))
    if page == "check":
        given = parse_qs(request.query)
        return _page(200, check_page(shown, given.get("build", [""])[-1], given.get("edition", [""])[-1]))
    folder, _, name = page.partition("/")
    if folder == "releases" and name:
        try:
            return _page(200, release_page(shown, find_release(shown.catalogue, unquote(name)).id))
        except UnknownReleaseError:
            return _page(404, not_found(shown, "../"))
    return _page(404, not_found(shown, "../" * page.count("/")))


def _page(status: int, text: str) -> Reply:
    # It shows how many tenants there are on loopback: a page of another origin need not know.
    return Reply(status, text.encode("utf-8", "replace"), _HTML, _HEADERS, odata=False, readers=b"")


async def _shown(service: Service) -> Shown:
    settings = service.settings
    tenants = images = None
    if settings.authority == "dev" and is_loopback(settings.host):
        tenants, images = await service.database.read(_counts())
    return Shown(
        service.current.catalogue,
        service.clock.today(),
        service.current.age_days,
        _version(),
        settings.authority,
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
