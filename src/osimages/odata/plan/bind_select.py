"""What `$select` asks for: paths to properties, in the order in which the model declares them, and options of those.

Source: https://docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html#sec_SystemQueryOptionselect
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from osimages.odata.model.types import ComplexType, EntityType, Model, Property
from osimages.odata.plan.scope import UnsupportedOptionError
from osimages.odata.text.options_parser import OptionError
from osimages.odata.text.query_tree import QueryOptions, SelectItem
from osimages.odata.text.unparse import render

_ALL = "*"
_OF_ITEMS = frozenset(("filter", "search", "orderby", "top", "skip", "count", "select"))


class Selection(msgspec.Struct, frozen=True):
    """Paths such as `id` and `supportedEditions/editionType`; None where everything is asked for.

    `options` are those that stand in parentheses after the names of collections, if they choose among the items.
    """

    paths: tuple[str, ...] | None
    options: Mapping[Property, QueryOptions]


_EVERYTHING = Selection(None, {})


def selected(
    model: Model, entity: EntityType, items: tuple[SelectItem, ...] | None, computed: Sequence[str]
) -> Selection:
    """What the items of a `$select` ask for.

    `computed` are the names of the properties that the query itself makes. A whole value says what paths into it say.
    Raises OptionError.
    """
    if items is None:
        return _EVERYTHING
    reader = _Reader(model, entity, computed)
    paths = dict.fromkeys(path for item in items for path in reader.paths(item))
    whole = (path for path in paths if not any(path[:end] in paths for end in range(1, len(path))))
    order = [*(each.name for each in entity.properties), *(each.name for each in entity.navigation), *computed]
    found = tuple("/".join(path) for path in sorted(whole, key=lambda path: order.index(path[0])))
    return Selection(found, reader.options)


class _Reader:
    def __init__(self, model: Model, entity: EntityType, computed: Sequence[str]) -> None:
        self._model = model
        self._entity = entity
        self._computed = computed
        self.options: dict[Property, QueryOptions] = {}

    def paths(self, item: SelectItem) -> Iterator[tuple[str, ...]]:
        """The properties that an item names; none for functions, which no answer here tells about."""
        path = item.path
        if len(path) > 1 and "." in path[0] and self._model.is_named(self._entity.name, path[0]):
            path = path[1:]
        if path == (_ALL,):
            yield from ((each.name,) for each in self._entity.properties if each.capabilities.select)
            yield from ((name,) for name in self._computed)
        elif path[0] in self._computed and len(path) == 1:
            yield path
        elif (navigation := self._navigation_named(path[0])) is not None:
            if len(path) > 1 or item.options is not None:
                reason = f"'{navigation}' leads to other entities: only its name can stand here"
                raise OptionError("$select", reason)
            yield (navigation,)
        elif not self._names_functions(path):
            declared = self._declared(self._entity.property_named(path[0]), item)
            yield from self._below(declared, (declared.name,), path[1:], item)

    def _navigation_named(self, name: str) -> str | None:
        """Return the navigation property of that name in any case, which is selected for its links."""
        named = (each.name for each in self._entity.navigation if each.name.lower() == name.lower())
        return next(named, None)

    def _names_functions(self, path: tuple[str, ...]) -> bool:
        """Whether a path names functions of the model: Namespace.* or Namespace.name."""
        namespace, dot, name = path[0].rpartition(".")
        functions = {each.name.lower() for each, _ in self._model.functions}
        is_own = bool(dot) and namespace.lower() == self._model.namespace.lower()
        return len(path) == 1 and is_own and (name == _ALL or name.lower() in functions)

    def _below(
        self, declared: Property, found: tuple[str, ...], rest: tuple[str, ...], item: SelectItem
    ) -> Iterator[tuple[str, ...]]:
        """Paths into the value of a property, written with slashes or with $select in parentheses."""
        if not rest and item.options is not None:
            if item.options.given != {"select"}:
                self._take(declared, found, item.options)
            if item.options.select is None:
                yield found
            for inner in item.options.select or ():
                yield from self._below(declared, found, inner.path, inner)
        elif not rest:
            yield found
        else:
            part = self._part(declared, rest[0], item)
            yield from self._below(part, (*found, part.name), rest[1:], item)

    def _take(self, declared: Property, found: tuple[str, ...], options: QueryOptions) -> None:
        """Notes options that choose among the items of a collection."""
        name = "/".join(found)
        for option in sorted(options.given - _OF_ITEMS):
            raise UnsupportedOptionError("$select", f"${option} cannot stand in parentheses after '{name}'")
        if not declared.collection:
            raise OptionError("$select", f"Only $select can stand in parentheses after '{name}': it is no collection")
        if len(found) > 1:
            raise OptionError("$select", f"'{name}' lies inside another value: its items cannot be chosen from")
        if declared in self.options:
            raise OptionError("$select", f"Options of '{name}' are given more than once")
        self.options[declared] = options

    def _part(self, declared: Property, name: str, item: SelectItem) -> Property:
        parts = declared.type.properties if isinstance(declared.type, ComplexType) else ()
        return self._declared(next((each for each in parts if each.name.lower() == name.lower()), None), item)

    def _declared(self, declared: Property | None, item: SelectItem) -> Property:
        if declared is None or not declared.capabilities.select:
            type_ = self._model.qualified(self._entity.name)
            raise OptionError("$select", f"Could not find a property named '{render(item)[:64]}' on type '{type_}'.")
        return declared
