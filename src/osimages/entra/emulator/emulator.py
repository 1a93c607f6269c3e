"""`EntraEmulator`: an ASGI application that issues tokens as Microsoft Entra ID does, and all its endpoints."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, auto
from functools import partial
from pathlib import Path
from urllib.parse import unquote, unquote_plus

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from osimages.entra.emulator import pages
from osimages.entra.emulator.directory import Directory
from osimages.entra.emulator.directory_file import DirectoryFile
from osimages.entra.emulator.encrypted_tokens import Sealer
from osimages.entra.emulator.error_catalogue import CROSS_ORIGIN, UNAVAILABLE, EntraError
from osimages.entra.emulator.forms import basic_credentials, form_of
from osimages.entra.emulator.key_ring import KeyRing
from osimages.entra.emulator.managed_identity import INSTANCE_METADATA_PATH, TOKEN_PATH, identity_token, platform_of
from osimages.entra.emulator.openid_connect import configuration, configuration_v1, instance, user_realm, userinfo
from osimages.entra.emulator.private_files import UnusableError
from osimages.entra.emulator.redirects import is_registered_origin
from osimages.entra.emulator.request_context import Call, RequestContext, tenant_of
from osimages.entra.emulator.shared_state import EmulatorState
from osimages.entra.emulator.token_claims import Issuers
from osimages.entra.emulator.token_endpoint import authorize_device, token, token_v1
from osimages.entra.emulator.token_signing import AUDIENCE
from osimages.entra.reloading_file import ReloadingFile

# RFC 6749, section 5.1: no cache may keep a token.
_NOT_CACHED = {
    "cache-control": "no-store",
    "pragma": "no-cache",
    "expires": "-1",
    "x-content-type-options": "nosniff",
}


class Readers(Enum):
    """The origins whose scripts may read a response in a browser (CORS).

    As with Entra, scripts of every origin may read metadata and public keys; of tokens, those for a page's own grants.
    """

    EVERY_ORIGIN = auto()
    REGISTERED_ORIGINS = auto()
    NOBODY = auto()


@dataclass(frozen=True)
class Endpoint:
    """One path. `failed` turns an error of the catalogue into a response; without `has_form` nothing is parsed."""

    path: str
    methods: tuple[str, ...]
    respond: Callable[[Call], Response]
    failed: Callable[[Call, EntraError], Response]
    readers: Readers = Readers.NOBODY
    has_form: bool = True


def _json(call: Call, found: object, status: int = 200, trace: str = "") -> Response:
    headers = {**_NOT_CACHED, "x-ms-request-id": trace or str(uuid.uuid4()), "client-request-id": call.correlation}
    return Response(msgspec.json.encode(found), status, headers, "application/json; charset=utf-8")


def _json_error(call: Call, error: EntraError) -> Response:
    trace = str(uuid.uuid4())
    response = _json(call, error.body(call.context.now, call.correlation, trace), error.kind.status, trace)
    if error.kind.status == 401 and "authorization" in call.request.headers:
        response.headers["www-authenticate"] = 'Basic realm=""'
    return response


def _userinfo_error(call: Call, error: EntraError) -> Response:
    response = _json_error(call, error)
    response.headers["www-authenticate"] = f'Bearer error="{error.kind.error}"'
    return response


def _identity(call: Call) -> Response:
    return _json(call, identity_token(call))


def _identity_error(call: Call, error: EntraError) -> Response:
    return _json(call, platform_of(call).error(error), error.kind.status)


def _document(path: str, answer: Callable[[Call], object], readers: Readers = Readers.EVERY_ORIGIN) -> Endpoint:
    """Return an endpoint that describes the emulator."""
    return Endpoint(path, ("GET",), lambda call: _json(call, answer(call)), _json_error, readers, has_form=False)


def _grant(path: str, answer: Callable[[Call], object], readers: Readers = Readers.REGISTERED_ORIGINS) -> Endpoint:
    """Return an endpoint that issues tokens or codes for a form."""
    return Endpoint(path, ("POST",), lambda call: _json(call, answer(call)), _json_error, readers)


def _page(path: str, respond: Callable[[Call], Response], *methods: str) -> Endpoint:
    """Return an endpoint for browsers."""
    return Endpoint(path, methods, respond, pages.error_page)


def _signed_in_user(call: Call) -> Response:
    return _json(call, userinfo(call.context, call.request.headers.get("authorization")))


def _user_realm(call: Call) -> dict[str, object]:
    return user_realm(call.context, unquote(call.request.path_params["user"]))


ENDPOINTS = (
    Endpoint(
        "/oidc/userinfo",
        ("GET", "POST"),
        _signed_in_user,
        _userinfo_error,
        Readers.EVERY_ORIGIN,
        has_form=False,
    ),
    *(
        Endpoint(f"{root}/{path}", methods, _identity, _identity_error)
        for root in ("", "/{tenant}")
        for path, methods in ((TOKEN_PATH, ("GET", "POST")), (INSTANCE_METADATA_PATH, ("GET",)))
    ),
    _page("/devicelogin", pages.flow_page(pages.device_code), "GET"),
    _document("/{tenant}/v2.0/.well-known/openid-configuration", configuration),
    _document("/{tenant}/.well-known/openid-configuration", configuration_v1),
    _document("/{tenant}/discovery/v2.0/keys", lambda call: call.context.keys.public_jwks()),
    _document("/{tenant}/discovery/keys", lambda call: call.context.keys.public_jwks()),
    _document("/{tenant}/discovery/instance", lambda call: instance(call.context.origin)),
    _document("/{tenant}/userrealm/{user}", _user_realm, Readers.NOBODY),
    _grant("/{tenant}/oauth2/v2.0/token", token),
    _grant("/{tenant}/oauth2/token", token_v1),
    _grant("/{tenant}/oauth2/v2.0/devicecode", authorize_device, Readers.NOBODY),
    _page("/{tenant}/oauth2/v2.0/authorize", pages.flow_page(pages.authorize), "GET", "POST"),
    _page("/{tenant}/oauth2/authorize", pages.flow_page(pages.authorize_v1), "GET", "POST"),
    _page("/{tenant}/oauth2/deviceauth", pages.flow_page(pages.device_code), "GET"),
    _page("/{tenant}/oauth2/v2.0/logout", pages.sign_out, "GET", "POST"),
    _page("/{tenant}/oauth2/logout", pages.sign_out, "GET", "POST"),
    _page("/{tenant}/signin/code", pages.flow_page(pages.code_entered), "POST"),
    _page("/{tenant}/signin/account", pages.flow_page(pages.account_picked), "POST"),
    _page("/{tenant}/signin/consent", pages.flow_page(pages.consent_decided), "POST"),
)


# Grants that a page in a browser may use: the secrets of the emulator are public, so that a grant which needs no more
# than those would make every page the developer.
_GRANTS_OF_PAGES = frozenset(("authorization_code", "refresh_token"))
_DAY_SECONDS = "86400"
_PATHS = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", each.path)), each.path) for each in ENDPOINTS]
_log = structlog.get_logger()


class EntraEmulator:
    """Entra ID for development and tests, in a folder that holds its keys and grants.

    `directory` are the applications and users (None: the file `authority.json` in the folder, read again when it
    changes, or the default directory without one). `issuers` are the names under which tokens are issued, `graph_root`
    is the audience of tokens for Microsoft Graph. `now` gives the time for a tenant, `clock` the id of the tenant's
    clock where that is not real time. `http_error` answers what no endpoint does: 405, 413, and bodies that break off.

    `app` is the ASGI application; `keys` are the `KeySource` that verifies its tokens; `directory()` returns the
    applications and users as they are now. Several processes may serve the same folder. Raises OSError, ValueError,
    UnusableError if a file in it cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        directory: Directory | None = None,
        *,
        issuers: Issuers | None = None,
        graph_root: str = AUDIENCE,
        now: Callable[[str], datetime] = lambda tenant: datetime.now(UTC),
        clock: Callable[[str], str] = lambda tenant: "",
        http_error: Callable[[Request, Exception], Response] | None = None,
    ) -> None:
        self.keys = KeyRing(folder, lambda: now(""))
        self.state = EmulatorState(folder)
        self.directory = partial(_same, directory) if directory is not None else _reloading(DirectoryFile(folder))
        self._sealer = Sealer.load_or_create(folder)
        self._issuers = issuers or Issuers()
        self._graph_root = graph_root
        self._now = now
        self._clock = clock
        routes = [Route(each.path, _Served(partial(self._respond, each))) for each in ENDPOINTS]
        handlers = {HTTPException: http_error or _plain_error}
        self.app: ASGIApp = _NormalizedPaths(Starlette(routes=routes, exception_handlers=handlers))

    def context(self, origin: str, tenant_name: str = "common") -> RequestContext:
        """Return the context of a request that reached the emulator at `origin`, for a tenant by id or domain."""
        directory, tenant = self.directory(), ""
        with contextlib.suppress(EntraError):  # the endpoint itself reports an unknown tenant
            tenant = tenant_of(tenant_name, directory) or ""
        return RequestContext(
            keys=self.keys.current(),
            directory=directory,
            sealer=self._sealer,
            state=self.state,
            issuers=self._issuers,
            graph_root=self._graph_root,
            origin=origin,
            now=self._now(tenant),
            clock=self._clock(tenant),
        )

    async def _respond(self, endpoint: Endpoint, request: Request) -> Response:
        """Return the response of an endpoint: the whole path of a request."""
        method = "GET" if request.method == "HEAD" else request.method
        if method == "OPTIONS":
            return self._preflight(endpoint, request)
        if method not in endpoint.methods:
            raise HTTPException(405, headers={"Allow": ", ".join(endpoint.methods)})
        tenant = unquote_plus(request.path_params.get("tenant", "common"))
        call = Call(self.context(str(request.base_url).rstrip("/"), tenant), request, tenant)
        reader = "*" if endpoint.readers is Readers.EVERY_ORIGIN else ""
        try:
            with _unavailable():
                if endpoint.has_form:
                    call = replace(call, form=await form_of(request))
                if endpoint.readers is Readers.REGISTERED_ORIGINS:
                    call.form.update(basic_credentials(request.headers.get("authorization", "")))
                    reader = _reader(call)
                response = endpoint.respond(call)
        except EntraError as error:
            response = endpoint.failed(call, error)
        return _readable(response, reader)

    def _preflight(self, endpoint: Endpoint, request: Request) -> Response:
        """Return the response to OPTIONS (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol).

        At the token endpoint nobody knows yet which application will ask: any that has registered the origin may.
        """
        allowed = ", ".join(sorted(endpoint.methods))
        response, origin = Response(status_code=204, headers={"Allow": allowed}), request.headers.get("origin", "")
        registered = endpoint.readers is Readers.REGISTERED_ORIGINS and any(
            is_registered_origin(origin, each.redirect_uris) for each in self.directory().applications
        )
        if not origin or (endpoint.readers is not Readers.EVERY_ORIGIN and not registered):
            return _readable(response, "")
        asked = request.headers.get("access-control-request-headers", "authorization, content-type")
        response.headers["access-control-allow-methods"] = allowed
        response.headers["access-control-allow-headers"] = asked
        response.headers["access-control-max-age"] = _DAY_SECONDS
        return _readable(response, origin if registered else "*")


class _Served:
    """A route's application for all methods, so that it answers OPTIONS and names its methods itself."""

    def __init__(self, respond: Callable[[Request], Awaitable[Response]]) -> None:
        self._respond = respond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)


class _NormalizedPaths:
    """Matches routes as Entra does: repeated and trailing slashes do not count, percent-encoding stays in its segment,
    and the case of paths without a tenant does not matter.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            root, raw = scope.get("root_path", ""), scope.get("raw_path") or scope["path"].encode()
            path = raw.decode("latin-1").partition("?")[0]
            path = _normalized(path[len(root) :] if root and path.startswith(root) else path)
            scope = {**scope, "path": root + path}
        await self._app(scope, receive, send)


def route_of(path: str) -> str | None:
    """Return the route of a raw path, as `/{tenant}/oauth2/v2.0/token`; None if the emulator has none."""
    normalized = _normalized(path)
    return next((route for pattern, route in _PATHS if pattern.fullmatch(normalized)), None)


def _normalized(path: str) -> str:
    path = "/" + re.sub("/+", "/", path).strip("/")
    lower = path.lower()
    return lower if any(each.path == lower for each in ENDPOINTS) else path


@contextlib.contextmanager
def _unavailable() -> Iterator[None]:
    """Turn a file that cannot be used into an error like any other, and log it."""
    try:
        yield
    except UnusableError as error:
        _log.error("the emulator cannot use its state", reason=str(error))
        raise UNAVAILABLE(reason=error) from None


def _reader(call: Call) -> str:
    """Return the registered origin whose page asks for a token; empty if no page of another origin does.

    Raises EntraError for any other page.
    """
    origin = call.request.headers.get("origin")
    if origin is None or origin == "/".join(call.context.origin.split("/", 3)[:3]):
        return ""
    application = call.context.directory.application(call.form.get("client_id", ""))
    uris = () if application is None else application.redirect_uris
    if call.form.get("grant_type") not in _GRANTS_OF_PAGES or not is_registered_origin(origin, uris):
        raise CROSS_ORIGIN(origin=origin)
    return origin


def _readable(response: Response, reader: str) -> Response:
    """Let scripts of an origin read a response: `*` for every one, empty for none."""
    if reader:
        response.headers["access-control-allow-origin"] = reader
    if reader != "*":
        response.headers.add_vary_header("Origin")
    return response


def _reloading(file: DirectoryFile) -> Callable[[], Directory]:
    """Return what gives the content of a file as it is now. Raises UnusableError if it is wrong at first."""
    return ReloadingFile((file.path,), file.load, (UnusableError,)).current


def _same(directory: Directory) -> Directory:
    return directory


def _plain_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return PlainTextResponse(error.detail, error.status_code, error.headers)
