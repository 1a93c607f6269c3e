"""The only place that builds URLs: context URLs, entity URLs and the link to the next page.

Source: https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part1-protocol.html#sec_ContextURL
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import msgspec

from osimages.odata.model.types import DELTA, EntityType, Primitive
from osimages.odata.plan.resolve import Kind, Target
from osimages.odata.text.options_parser import option_name

_TOKENS = ("skiptoken", "deltatoken")
# RFC 3986, section 3.4; what is percent-encoded stays so.
_IN_QUERIES = "!$&'()*+,;=:@/?%"


class Links(msgspec.Struct, frozen=True, gc=False):
    """URLs below one service root, as the client that asks sees it: `https://localhost:8443/beta`."""

    root: str

    @property
    def metadata(self) -> str:
        """The address of `$metadata`, which every context URL starts with."""
        return f"{self.root}/$metadata"

    def context(self, target: Target, select: tuple[str, ...] | None = None) -> str:
        """What the answer for a target consists of."""
        selected = "" if select is None else f"({','.join(select)})"
        source = f"{self.root}/$metadata#{target.source}"
        match target.kind:
            case Kind.ENTITY:
                return f"{source}{selected}/$entity"
            case Kind.PROPERTY:
                assert target.declared is not None
                key = "" if target.key is None else f"({key_literal(target.entity, target.key)})"
                return f"{source}{key}/{target.declared.name}{selected}"
            case _:
                return f"{source}{selected}"

    def collection_context(self, type_name: str, select: tuple[str, ...] | None) -> str:
        """The context of entities that are no entity set, such as a function's result."""
        selected = "" if select is None else f"({','.join(select)})"
        return f"{self.root}/$metadata#Collection({type_name}){selected}"

    def entity(self, target: Target, key: str) -> str:
        """Return the address of the entity with that key in the target's collection. A singleton's has no key."""
        return self.entities(target)(key)

    def entities(self, target: Target) -> Callable[[str], str]:
        """Return the function that gives the address of each entity in the target's collection by its key."""
        collection = self._collection(target)
        if target.entity_set is None:
            return lambda _: collection
        # A key in a segment of its own would be taken for one of these.
        calls = (DELTA.name, *(each.name.lower() for each in target.entity.operations))

        def address(key: str) -> str:
            # Clients resolve "." and ".." even when encoded (RFC 3986, section 5.2.4), and "$" starts a system segment.
            if key in (".", "..") or key.startswith("$") or any(map(key.lower().__contains__, calls)):
                return f"{collection}({key_literal(target.entity, key)})"
            return f"{collection}/{quote(key, safe='')}"

        return address

    def next_page(self, target: Target, query: str, token: str) -> str:
        """The same request, going on where the token says."""
        address = self._collection(target)
        if target.function is not None:
            assert target.key is not None
            address = f"{self.entity(target, target.key)}/{target.function.name}"
        if target.kind is Kind.REFERENCES:
            address = f"{address}/$ref"
        return f"{address}?{'&'.join([*_without_tokens(query), f'$skiptoken={token}'])}"

    def delta(self, target: Target, query: str, option: str | None = None, token: str = "") -> str:
        """The function that tells what changed, going on where the token says; from the start without an option."""
        options = [*_without_tokens(query), *([f"{option}={token}"] if option else [])]
        return f"{self._collection(target)}/{DELTA.name}(){'?' if options else ''}{'&'.join(options)}"

    def _collection(self, target: Target) -> str:
        return f"{self.root}/{target.source}"


def key_literal(entity: EntityType, key: str) -> str:
    """A key as it stands in parentheses: texts in quotes, durations with their type, others as they are."""
    if entity.key_type is Primitive.STRING:
        return quoted_key(key)
    return quote(f"duration'{key}'" if entity.key_type is Primitive.DURATION else key, safe="':")


def quoted_key(key: str) -> str:
    """A key as it stands in parentheses, which is the form that any key can have."""
    doubled = key.replace("'", "''")
    return f"'{quote(doubled, safe='')}'"


def _without_tokens(query: str) -> list[str]:
    """Return the options of a query without its tokens, encoded: a query from a body may have spaces."""
    parts = (part for part in query.split("&") if part and option_name(part) not in _TOKENS)
    return [quote(part, safe=_IN_QUERIES) for part in parts]
