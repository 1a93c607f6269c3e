"""The grants without a browser: secrets, certificates, passwords, on behalf of users; and the v1.0 endpoint."""

from __future__ import annotations

import hmac
import json
import time
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from joserfc import jws
from joserfc.jwk import OctKey, RSAKey

from osimages.entra.emulator.client_authentication import JWT_BEARER, thumbprint
from osimages.entra.emulator.default_directory import (
    AZURE_CLI,
    DEFAULT_APPLICATION,
    DEFAULT_PASSWORD,
    DEFAULT_SERVICE_PRINCIPAL,
    DEFAULT_TENANT,
    DEFAULT_USER,
    GRAPH_COMMAND_LINE,
)
from tests.identity.conftest import command
from tests.support.api import IMAGES, READ, body_of
from tests.support.certificates import self_signed
from tests.support.identity import (
    DEFAULT_SCOPE,
    EVERYTHING,
    GRAPH,
    Browser,
    authorize_url,
    claims_of,
    exchange,
    redeem,
    refused_with,
    tokens,
)

GRAPH_ID = "00000003-0000-0000-c000-000000000000"
OWN = f"api://{DEFAULT_APPLICATION}"
PASSWORD = {"grant_type": "password", "username": "megan.bowen@contoso.example", "password": DEFAULT_PASSWORD}
OBO = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "requested_token_use": "on_behalf_of"}
CLIENT = {"grant_type": "client_credentials", "scope": DEFAULT_SCOPE}


@pytest.mark.parametrize(
    ("resource", "audience"),
    [
        (GRAPH, GRAPH),
        (f"{GRAPH}/", GRAPH),
        (GRAPH_ID, GRAPH_ID),
        ("https://localhost", GRAPH),
        ("http://127.0.0.1", GRAPH),
        ("https://localhost:8443", GRAPH),
        (OWN, OWN),
        (DEFAULT_APPLICATION, DEFAULT_APPLICATION),
    ],
)
def test_the_audience_is_the_resource_that_was_asked_for(http: httpx.Client, resource: str, audience: str) -> None:
    access = claims_of(tokens(exchange(http, **CLIENT | {"scope": f"{resource}/.default"}))["access_token"])
    assert access["aud"] == audience
    assert access["roles"] == ([] if audience in (OWN, DEFAULT_APPLICATION) else EVERYTHING)
    assert (access["oid"], access["idtyp"]) == (DEFAULT_SERVICE_PRINCIPAL, "app")
    assert "scp" not in access


def test_a_public_client_has_no_tokens_of_its_own(http: httpx.Client) -> None:
    refused_with(exchange(http, **CLIENT, client_id=AZURE_CLI, client_secret=None), 7000218, "invalid_client", 401)
    refused_with(exchange(http, **CLIENT, client_secret=None), 7000218, "invalid_client", 401)


def test_clients_that_take_challenges_say_so(http: httpx.Client) -> None:
    asks = {"access_token": {"xms_cc": {"values": ["CP1"]}}}
    access = claims_of(tokens(exchange(http, **CLIENT, claims=json.dumps(asks)))["access_token"])
    assert access["xms_cc"] == ["cp1"]
    assert access["iat"] <= time.time() - 299
    # After a revocation: a token from after that time, which is not dated back before it.
    revoked = int(time.time()) - 10
    asks["access_token"]["nbf"] = {"essential": True, "value": str(revoked)}  # type: ignore[dict-item]
    access = claims_of(tokens(exchange(http, **CLIENT, claims=json.dumps(asks)))["access_token"])
    assert access["iat"] == access["nbf"] == revoked
    assert "xms_cc" not in claims_of(tokens(exchange(http, **CLIENT))["access_token"])


class Certified:
    """An application that proves itself with a certificate."""

    def __init__(self, data_dir: Path, folder: Path) -> None:
        self.key, self.certificate = self_signed()
        file = folder / "with private key.pem"
        file.write_bytes(self.key + self.certificate)
        arguments = ("--certificate", str(file), "--permission", READ, "--json")
        made = json.loads(command(data_dir, "app", "add", f"Certified {uuid.uuid4()}", *arguments))
        assert made["secrets"] == []
        assert b"PRIVATE" not in (data_dir / "authority.json").read_bytes()
        self.client: str = made["id"]
        self.x509 = x509.load_pem_x509_certificate(self.certificate)

    def assertion(self, http: httpx.Client, header: dict[str, Any] | None = None, /, **changes: object) -> str:
        """A good assertion with some changes."""
        now = int(time.time())
        right = {
            "aud": str(http.base_url.join(f"/{DEFAULT_TENANT}/oauth2/v2.0/token")),
            "iss": self.client,
            "sub": self.client,
            "nbf": now,
            "exp": now + 600,
            "jti": str(uuid.uuid4()),
        }
        head = header or {"alg": "PS256", "x5t#S256": thumbprint(self.x509, SHA256())}
        claims = {name: value for name, value in (right | changes).items() if value is not None}
        return jws.serialize_compact(head, json.dumps(claims), RSAKey.import_key(self.key), algorithms=[head["alg"]])

    def asked(self, http: httpx.Client, assertion: str, **changes: str | None) -> httpx.Response:
        """The reply to an assertion."""
        given = {"client_id": self.client, "client_secret": None, "client_assertion_type": JWT_BEARER}
        return exchange(http, **(CLIENT | given | {"client_assertion": assertion} | changes))


@pytest.fixture(scope="module")
def certified(identity: Any, tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return Certified(identity.data_dir, tmp_path_factory.mktemp("certificate"))


@pytest.mark.parametrize("kind", ["PS256 x5t#S256", "RS256 x5t#S256", "RS256 x5t", "RS256 x5t padded", "RS256 kid"])
def test_a_certificate_proves_an_application(http: httpx.Client, certified: Certified, kind: str) -> None:
    algorithm, name, *padded = kind.split()
    values = {
        "x5t#S256": thumbprint(certified.x509, SHA256()),
        "x5t": thumbprint(certified.x509, SHA1()),
        "kid": certified.x509.fingerprint(SHA1()).hex(),
    }
    assertion = certified.assertion(http, {"alg": algorithm, name: values[name] + "=" * len(padded)})
    access = claims_of(tokens(certified.asked(http, assertion))["access_token"])
    assert (access["appid"], access["appidacr"], access["roles"]) == (certified.client, "2", [READ])


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"exp": 1}, 700024),
        ({"exp": 1e300, "nbf": 1e299}, 700024),
        ({"nbf": int(time.time()) + 7200}, 700024),
        ({"aud": "https://login.microsoftonline.com/common/oauth2/v2.0/token"}, 700023),
        ({"aud": ""}, 700023),
        ({"aud": None}, 50027),
        ({"aud": ["a"]}, 50027),
        ({"iss": DEFAULT_APPLICATION}, 50048),
        ({"sub": DEFAULT_APPLICATION}, 50048),
    ],
)
def test_assertions_that_say_something_wrong(
    http: httpx.Client, certified: Certified, changes: dict[str, object], number: int
) -> None:
    refused_with(certified.asked(http, certified.assertion(http, None, **changes)), number, "invalid_client", 401)


def test_assertions_that_are_signed_wrong(http: httpx.Client, certified: Certified) -> None:
    good = certified.assertion(http)
    head, payload, signature = good.split(".")
    for bad in (f"{head}.{payload}.", f"{head}.{payload}.{signature[:-6]}AAAAAA", f"{head}.{payload}x.{signature}"):
        refused_with(certified.asked(http, bad), 700027, "invalid_client", 401)
    for bad in ("", "x", "a.b.c", "..", "e30.e30.e30", f"{good}.x", "x" * 20_000, "ä.b.c"):
        number = 50027 if bad else 7000218
        refused_with(certified.asked(http, bad), number, "invalid_client", 401)
    refused_with(certified.asked(http, good, client_assertion_type="other"), 50027, status=401)
    # Somebody else's key under this application's thumbprint.
    stranger, _ = self_signed()
    named = {"alg": "RS256", "x5t#S256": thumbprint(certified.x509, SHA256())}
    content = jws.extract_compact(good.encode()).payload
    forged = jws.serialize_compact(named, content, RSAKey.import_key(stranger))
    refused_with(certified.asked(http, forged), 700027, status=401)
    # The certificate, which is public, as a secret (RFC 8725, section 2.1); and no signature at all.
    first = jws.serialize_compact(named | {"alg": "HS256"}, content, OctKey.generate_key(), algorithms=["HS256"])
    signed = first.rpartition(".")[0]
    tag = hmac.digest(certified.certificate, signed.encode(), "sha256")
    refused_with(certified.asked(http, f"{signed}.{urlsafe_b64encode(tag).decode()}"), 50027, status=401)
    none = urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    refused_with(certified.asked(http, f"{none}.{payload}."), 50027, status=401)
    unknown = certified.assertion(http, {"alg": "RS256", "x5t": "AAAA"})
    assert "'AAAA'" in refused_with(certified.asked(http, unknown), 700027, status=401)["error_description"]


def test_a_password(http: httpx.Client) -> None:
    body = tokens(exchange(http, **PASSWORD, scope=f"{DEFAULT_SCOPE} openid offline_access"))
    assert claims_of(body["access_token"])["oid"] == DEFAULT_USER
    assert http.get(IMAGES, headers={"Authorization": f"Bearer {body['access_token']}"}).status_code == 200
    tokens(exchange(http, grant_type="refresh_token", refresh_token=body["refresh_token"]))
    for changes, number in (
        ({"password": "wrong"}, 50126),
        ({"password": "ä\0"}, 50126),
        ({"password": None}, 900144),
        ({"username": "nobody@contoso.example"}, 50034),
        ({"username": "' OR 1=1 --"}, 50034),
        ({"scope": None}, 900144),
    ):
        refused_with(exchange(http, **({"scope": DEFAULT_SCOPE} | PASSWORD | changes)), number)
    # Nobody can be asked for consent here.
    given = {"client_id": GRAPH_COMMAND_LINE, "client_secret": None, "scope": "Group.Read.All"}
    assert refused_with(exchange(http, **PASSWORD, **given), 65001)["suberror"] == "consent_required"


def test_the_home_of_a_user(http: httpx.Client) -> None:
    found = body_of(http.get("/common/userrealm/megan.bowen%40contoso.example?api-version=1.0"))
    assert (found["account_type"], found["domain_name"]) == ("Managed", "contoso.example")
    found = body_of(http.get("/common/userrealm/%3Cscript%3E"))
    assert found["account_type"] == "Unknown"


def user_token(http: httpx.Client, scope: str = f"{OWN}/access_as_user") -> str:
    """A token of the development user."""
    return str(tokens(exchange(http, **PASSWORD, scope=scope))["access_token"])


def test_on_behalf_of_a_user(http: httpx.Client) -> None:
    incoming = user_token(http)
    assert (claims_of(incoming)["aud"], claims_of(incoming)["scp"]) == (OWN, "access_as_user")
    # It is not for this service.
    assert http.get(IMAGES, headers={"Authorization": f"Bearer {incoming}"}).status_code == 401
    body = tokens(exchange(http, **OBO, assertion=incoming, scope=f"{GRAPH}/{READ} offline_access"))
    access = claims_of(body["access_token"])
    assert (access["oid"], access["scp"], access["aud"]) == (DEFAULT_USER, READ, GRAPH)
    tokens(exchange(http, grant_type="refresh_token", refresh_token=body["refresh_token"]))


def test_on_behalf_of_nobody(http: httpx.Client) -> None:
    good = user_token(http)
    asks = OBO | {"scope": DEFAULT_SCOPE}
    own = str(tokens(exchange(http, **CLIENT | {"scope": f"{OWN}/.default"}))["access_token"])
    refused_with(exchange(http, **asks, assertion=own), 50013)
    refused_with(exchange(http, **asks, assertion=user_token(http, DEFAULT_SCOPE)), 500131)
    head, payload, signature = good.split(".")
    for bad in ("x", "a.b.c", f"{head}.{payload}.", f"{head}.{payload}.{signature[:-6]}AAAAAA", "x" * 40_000):
        refused_with(exchange(http, **asks, assertion=bad), 50013)
    refused_with(exchange(http, **asks), 900144)
    refused_with(exchange(http, **asks, assertion=good, client_secret=None), 7000218, status=401)
    refused_with(exchange(http, **asks | {"requested_token_use": "other"}, assertion=good), 70000)
    refused_with(exchange(http, str(uuid.uuid4()), **asks, assertion=good), 700005)
    refused_with(exchange(http, **asks | {"scope": "Group.Read.All"}, assertion=good), 65001)


def test_the_older_endpoint_takes_a_resource(http: httpx.Client) -> None:
    secret = {"client_id": DEFAULT_APPLICATION, "client_secret": "osimages-development-secret"}
    form = {"grant_type": "client_credentials", "resource": GRAPH, **secret}
    body = tokens(http.post(f"/{DEFAULT_TENANT}/oauth2/token", data=form))
    assert (body["resource"], body["expires_in"]) == (GRAPH, "3599")
    assert int(body["expires_on"]) - int(body["not_before"]) == 3599
    assert claims_of(body["access_token"])["roles"] == EVERYTHING
    body = tokens(http.post(f"/{DEFAULT_TENANT}/oauth2/token", data={**secret, **PASSWORD, "resource": f"{GRAPH}/"}))
    refresh = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    assert {"id_token", "access_token"} <= set(tokens(http.post("/common/oauth2/token", data={**secret, **refresh})))
    metadata = body_of(http.get(f"/{DEFAULT_TENANT}/.well-known/openid-configuration"))
    assert metadata["issuer"] == f"https://sts.windows.net/{DEFAULT_TENANT}/"
    assert metadata["token_endpoint"].endswith(f"/{DEFAULT_TENANT}/oauth2/token")
    assert len(body_of(http.get(httpx.URL(metadata["jwks_uri"]).path))["keys"]) >= 1


def test_the_older_sign_in_page_takes_a_resource(http: httpx.Client, browser: Browser) -> None:
    path = authorize_url(scope=None, resource=GRAPH).replace("/oauth2/v2.0/", "/oauth2/")
    code = browser.sign_in(path)["code"]
    assert claims_of(tokens(redeem(http, code))["access_token"])["scp"] == " ".join(EVERYTHING)


def test_metadata_names_what_there_is(http: httpx.Client) -> None:
    found = body_of(http.get(f"/{DEFAULT_TENANT}/v2.0/.well-known/openid-configuration"))
    assert found["issuer"] == str(http.base_url.join(f"/{DEFAULT_TENANT}/v2.0"))
    assert http.get(found["authorization_endpoint"]).status_code == 400
    assert http.get(found["end_session_endpoint"]).status_code == 200
    assert http.post(found["device_authorization_endpoint"]).status_code == 400
    assert http.post(found["token_endpoint"]).status_code == 400
