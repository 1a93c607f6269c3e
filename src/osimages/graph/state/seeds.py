"""What a tenant starts with: images, users and applications, as JSON that people write, with its schema."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from osimages.entra.emulator.directory import Application, User
from osimages.entra.emulator.private_files import private_directory, replace
from osimages.graph.model import GRAPH, IMAGE
from osimages.odata.wire.openapi_schemas import SENT, schemas

MOST_IMAGES, MOST_USERS, MOST_APPLICATIONS, MOST_TENANTS = 1000, 200, 50, 100
_GUID = r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
_FOLDER = "seeds"
_SCHEMA = "$schema"

Catalogue = Literal["supported", "all", "none"]
Json = dict[str, Any]


class SeedError(Exception):
    """A seed is wrong; the text says what, and where."""


class TenantSeed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one tenant starts with.

    `catalogue` chooses the published images, `images` are the tenant's own, as the body of a POST has them. Users and
    applications are those of the emulator's directory; without an `id` they get one that follows from tenant and name.
    """

    catalogue: Catalogue = "none"
    images: Annotated[tuple[Json, ...], msgspec.Meta(max_length=MOST_IMAGES)] = ()
    users: Annotated[tuple[User, ...], msgspec.Meta(max_length=MOST_USERS)] = ()
    applications: Annotated[tuple[Application, ...], msgspec.Meta(max_length=MOST_APPLICATIONS)] = ()


class NamedSeed(msgspec.Struct, frozen=True):
    """A tenant of a file of seeds: its id (a GUID in lower case), its name, and its seed."""

    tenant: str
    name: str
    seed: TenantSeed


EMPTY, CATALOGUE = TenantSeed(), TenantSeed(catalogue="supported")


def seed_of(document: object, tenant: str) -> TenantSeed:
    """The seed of a tenant that a JSON document describes. Raises SeedError."""
    given = _object(document, "the seed")
    people = {
        "users": _entries(given.get("users", []), tenant, "users", "userPrincipalName"),
        "applications": _entries(given.get("applications", []), tenant, "applications", "displayName"),
    }
    try:
        return msgspec.convert({**given, **people}, TenantSeed)
    except (msgspec.ValidationError, RecursionError) as error:
        raise SeedError(str(error)) from None


def seeds_of(document: object) -> list[NamedSeed]:
    """The seeds of several tenants, as a file has them: `{"tenants": [{"id": "GUID", "name": "...", ...}]}`.

    Raises SeedError.
    """
    given = _object(document, "the file")
    listed = given.get("tenants")
    if set(given) != {"tenants"} or not isinstance(listed, list) or len(listed) > MOST_TENANTS:
        raise SeedError(f"a file of seeds is an object with the member 'tenants', a list of at most {MOST_TENANTS}")
    found: dict[str, NamedSeed] = {}
    for index, each in enumerate(listed):
        where = f"tenants[{index}]"
        members = dict(_object(each, where))
        try:
            tenant = msgspec.convert(members.pop("id", None), Annotated[str, msgspec.Meta(pattern=_GUID)]).lower()
            name = msgspec.convert(members.pop("name", tenant), Annotated[str, msgspec.Meta(max_length=256)])
            seed = seed_of(members, tenant)
        except (msgspec.ValidationError, SeedError) as error:
            raise SeedError(f"{where}: {error}") from None
        if tenant in found:
            raise SeedError(f"{where}: tenant {tenant} is there twice")
        found[tenant] = NamedSeed(tenant, name, seed)
    return list(found.values())


def read_seeds(file: Path) -> list[NamedSeed]:
    """The seeds in a file. Raises SeedError, also where the file cannot be read."""
    try:
        return seeds_of(msgspec.json.decode(file.read_bytes()))
    except OSError as error:
        raise SeedError(f"{file} cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SeedError(f"{file} is not valid JSON: {error}") from None
    except SeedError as error:
        raise SeedError(f"{file}: {error}") from None


class SeedFiles:
    """The seeds that tenants were given, each in a file of the data directory, so that a reset finds them again."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / _FOLDER

    def read(self, tenant: str) -> TenantSeed | None:
        """The seed of a tenant; None if it was given none. Raises OSError, msgspec.DecodeError."""
        try:
            return msgspec.json.decode(self._file(tenant).read_bytes(), type=TenantSeed)
        except FileNotFoundError:
            return None

    def write(self, tenant: str, seed: TenantSeed) -> None:
        """Keep the seed of a tenant. Raises OSError."""
        private_directory(self._folder)
        replace(self._file(tenant), msgspec.json.encode(seed), public=False)

    def remove(self, tenant: str) -> None:
        """Forget the seed of a tenant. Raises OSError."""
        self._file(tenant).unlink(missing_ok=True)

    def _file(self, tenant: str) -> Path:
        return self._folder / f"{uuid.UUID(tenant)}.json"


def seed_schema() -> Json:
    """The JSON schema (2020-12) of the seed of a tenant (`PUT /-/seed`) and of a file of seeds (`serve --seed`)."""
    _, people = msgspec.json.schema_components((User, Application), ref_template="#/$defs/{name}")
    for entry in people.values():
        entry["required"] = [name for name in entry["required"] if name != "id"]
        entry["properties"].pop("tenant")
        entry.pop("description", None)  # a docstring: it speaks to readers of the code
    image = f"{IMAGE.name}{SENT}"
    parts = {
        "catalogue": {"enum": ["supported", "all", "none"], "default": "none"},
        "images": {"type": "array", "maxItems": MOST_IMAGES, "items": {"$ref": f"#/$defs/{image}"}},
        "users": {"type": "array", "maxItems": MOST_USERS, "items": {"$ref": "#/$defs/User"}},
        "applications": {"type": "array", "maxItems": MOST_APPLICATIONS, "items": {"$ref": "#/$defs/Application"}},
    }
    named = {"id": {"type": "string", "pattern": _GUID}, "name": {"type": "string", "maxLength": 256}, **parts}
    of_file = {"type": "array", "maxItems": MOST_TENANTS, "items": _closed(named, ["id"])}
    schema = {_SCHEMA: {"type": "string"}}
    return {
        _SCHEMA: "https://json-schema.org/draft/2020-12/schema",
        "title": "Seed of a tenant, or file of the seeds of several tenants",
        "anyOf": [_closed({**schema, **parts}, []), _closed({**schema, "tenants": of_file}, ["tenants"])],
        "$defs": {**people, **_used(image)},
    }


def _closed(properties: Json, required: Sequence[str]) -> Json:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _used(name: str) -> Json:
    """The schema of that name and those that it refers to, where this document has them."""
    every, found, left = schemas(GRAPH), dict[str, Any](), [name]
    while left:
        current = left.pop()
        if current not in found:
            text = msgspec.json.encode(every[current]).decode()
            left += [part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]]
            found[current] = msgspec.json.decode(text.replace("#/components/schemas/", "#/$defs/"))
    return found


def _object(document: object, what: str) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise SeedError(f"{what} is a JSON object")
    return {name: value for name, value in document.items() if name != _SCHEMA}


def _entries(listed: object, tenant: str, where: str, named_by: str) -> list[object]:
    """Users or applications with the tenant they are in, and ids where they have none. Raises SeedError."""
    if not isinstance(listed, list):
        raise SeedError(f"'{where}' is a list")
    found: list[object] = []
    for index, each in enumerate(listed):
        entry = dict(_object(each, f"{where}[{index}]"))
        if entry.get("tenant", tenant) != tenant:
            raise SeedError(f"{where}[{index}] is of another tenant")
        made = str(uuid.uuid5(uuid.UUID(tenant), f"{where} {entry.get(named_by)}"))
        found.append({"id": made, **entry, "tenant": tenant})
    return found
