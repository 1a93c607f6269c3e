"""Checks a request body against the declared model and brings it into canonical form.

Texts are those of Microsoft's OData library; each also says which property, and where.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from osimages.odata.errors import MODEL_VALIDATION, ErrorDetail, ODataError
from osimages.odata.model.keys import is_made_by_the_service, key_text
from osimages.odata.model.primitives import canonical
from osimages.odata.model.types import ComplexType, EntityType, EnumType, Model, Operation, Primitive, Property

_MOST_PROBLEMS = 20
# Far more than an entity has; without bounds one of them could hold up every other request.
MOST_ITEMS = 1000
LONGEST_TEXT = 512

Checked = dict[str, object]
# Where a value stands: the place around it and its name or index. Written out only when something is wrong there.
Place = tuple["Place | None", "str | int"]
Check = Callable[[object, Place, "Problems"], object]
_ROOT: Place = (None, "$")


class Problems:
    """Collects what is wrong with one body, so that the answer can name all of it at once."""

    def __init__(self) -> None:
        self.found: list[ErrorDetail] = []

    def add(self, message: str, place: Place) -> None:
        """Notes one problem; its JSON path reads like `$.supportedEditions[0].editionType`."""
        if len(self.found) < _MOST_PROBLEMS:
            path, name = _json_path(place), _property_name(place)
            where = f"Property '{name}' at {path}." if name else f"At {path}."
            self.found.append(ErrorDetail(f"{message} {where}", path))

    def raise_if_any(self) -> None:
        """Raises ODataError(MODEL_VALIDATION) when something was noted."""
        if self.found:
            first = self.found[0]
            details = tuple(self.found) if len(self.found) > 1 else ()
            raise ODataError(MODEL_VALIDATION, target=first.target, details=details, reason=first.message)


def _json_path(place: Place) -> str:
    around, step = place
    if around is None:
        return str(step)
    return f"{_json_path(around)}[{step}]" if isinstance(step, int) else f"{_json_path(around)}.{_shortened(step)}"


def _property_name(place: Place) -> str:
    around, step = place
    if around is None:
        return ""
    return _property_name(around) if isinstance(step, int) else _shortened(step)


class EntityValidator:
    """Turns decoded JSON into the canonical properties of one entity type."""

    def __init__(self, model: Model, entity: EntityType) -> None:
        self._entity = entity
        self._checks = {declared.name: _property_check(model, declared) for declared in entity.properties}
        self._item_checks = {each.name: _value_check(model, each) for each in entity.properties if each.collection}
        self._type_names = _accepted_type_names(model, entity.name)
        self._model = model
        # What is not given is null, or empty (OData Protocol, section 11.4.2).
        self._left_out: Checked = {each.name: None for each in entity.properties if each.nullable}
        self._left_out |= {each.name: [] for each in entity.properties if each.collection}

    def create(self, body: object) -> Checked:
        """All properties for a new entity: what is left out is null or empty, an `id` left out stays out.

        Raises ODataError(MODEL_VALIDATION) that names each property at fault.
        """
        problems = Problems()
        given = self._given(body, problems)
        self._check_key_length(given.get(self._entity.key), problems)
        for declared in self._entity.properties:
            is_required = declared.required and not declared.nullable
            is_required |= declared.name == self._entity.key and not is_made_by_the_service(self._entity)
            if is_required and declared.name not in given:
                problems.add(f"The required property '{declared.name}' is missing.", (_ROOT, declared.name))
        problems.raise_if_any()
        return _in_order(self._entity.properties, self._left_out | given)

    def update(self, body: object, key: str) -> Checked:
        """The properties that a PATCH gives; `@`-annotations and an equal key are ignored, another key is refused.

        Raises ODataError(MODEL_VALIDATION) that names each property at fault.
        """
        problems = Problems()
        given = self._given(body, problems)
        named = given.pop(self._entity.key, None)
        text = None if named is None else _key_text(self._entity, named)
        if text is not None and text != key:
            message = f"The key of an entity cannot be changed from '{_shortened(key)}' to '{_shortened(text)}'."
            problems.add(message, (_ROOT, self._entity.key))
        problems.raise_if_any()
        return given

    def value(self, declared: Property, value: object, member: str = "value") -> object:
        """The value of one property, that the body of a request for the property holds as that member.

        Raises ODataError(MODEL_VALIDATION) that says where it is wrong.
        """
        problems = Problems()
        checked = self._checks[declared.name](value, (_ROOT, member) if member else _ROOT, problems)
        problems.raise_if_any()
        return checked

    def item(self, declared: Property, value: object, member: str = "") -> object:
        """One item of a collection property, which is the body of a request, or the body's member of that name.

        Raises ODataError(MODEL_VALIDATION) that says where it is wrong.
        """
        problems = Problems()
        checked = self._item_checks[declared.name](value, (_ROOT, member) if member else _ROOT, problems)
        problems.raise_if_any()
        return checked

    def parameters(self, operation: Operation, body: object) -> Checked:
        """The parameters of an operation of these entities. Raises ODataError(MODEL_VALIDATION)."""
        problems = Problems()
        declared = ComplexType(operation.name, operation.parameters)
        checked = _complex_check(self._model, declared)(body, _ROOT, problems)
        problems.raise_if_any()
        assert isinstance(checked, dict)
        return checked

    def _given(self, body: object, problems: Problems) -> Checked:
        if not isinstance(body, dict):
            problems.add(_unexpected_node(body, "StartObject"), _ROOT)
            return {}
        _check_type_name(body, self._type_names, self._model, self._entity.name, _ROOT, problems)
        given: Checked = {}
        for name, value in body.items():
            if "@" in name:
                continue
            check = self._checks.get(name)
            if check is None:
                problems.add(_unknown_property(self._model, name, self._entity.name), (_ROOT, name))
            else:
                given[name] = check(value, (_ROOT, name), problems)
        return given

    def _check_key_length(self, key: object, problems: Problems) -> None:
        if key == "":
            problems.add("A key has at least one character.", (_ROOT, self._entity.key))


def _key_text(entity: EntityType, value: object) -> str | None:
    """Return the text of a key, or None for what is no key: that is a problem of its own."""
    try:
        return key_text(entity, value)
    except (ArithmeticError, ValueError):
        return None


def _in_order(properties: Sequence[Property], given: Checked) -> Checked:
    return {declared.name: given[declared.name] for declared in properties if declared.name in given}


def _property_check(model: Model, declared: Property) -> Check:
    single = _value_check(model, declared)
    if not declared.collection:
        return single

    def check_all(value: object, place: Place, problems: Problems) -> object:
        if not isinstance(value, list):
            problems.add(_unexpected_node(value, "StartArray"), place)
            return []
        if len(value) > MOST_ITEMS:
            problems.add(f"A collection has at most {MOST_ITEMS} items, this one has {len(value)}.", place)
            return []
        return [single(item, (place, index), problems) for index, item in enumerate(value)]

    return check_all


def _value_check(model: Model, declared: Property) -> Check:
    if isinstance(declared.type, ComplexType):
        check = _complex_check(model, declared.type)
    elif isinstance(declared.type, EnumType):
        check = _enum_check(declared.type)
    else:
        check = _primitive_check(declared)
    if not declared.nullable:
        return check
    return lambda value, place, problems: None if value is None else check(value, place, problems)


def _complex_check(model: Model, declared: ComplexType) -> Check:
    checks = {each.name: _property_check(model, each) for each in declared.properties}
    required = tuple(each.name for each in declared.properties if each.required and not each.nullable)
    absent: Checked = {each.name: None for each in declared.properties if each.nullable}
    type_names = _accepted_type_names(model, declared.name)

    def check(value: object, place: Place, problems: Problems) -> object:
        if not isinstance(value, dict):
            problems.add(_unexpected_node(value, "StartObject"), place)
            return {}
        _check_type_name(value, type_names, model, declared.name, place, problems)
        found: Checked = {}
        for name, item in value.items():
            if "@" in name:
                continue
            if name in checks:
                found[name] = checks[name](item, (place, name), problems)
            else:
                problems.add(_unknown_property(model, name, declared.name), (place, name))
        for name in required:
            if name not in value:
                problems.add(f"The required property '{name}' is missing.", (place, name))
        return _in_order(declared.properties, absent | found)

    return check


def _enum_check(declared: EnumType) -> Check:
    def check(value: object, place: Place, problems: Problems) -> object:
        if not isinstance(value, str):
            problems.add(_wrong_literal(value, declared.name), place)
            return None
        if not value.strip():
            problems.add("Must specify valid information for parsing in the string.", place)
            return None
        found = _members(declared, value)
        if found is None:
            problems.add(f"Requested value '{_shortened(value)}' was not found.", place)
        return found

    return check


def _members(declared: EnumType, text: str) -> str | None:
    """Return the member, or the members of flags, that a text names in any case or by number; None if there is none."""
    given = [each.strip() for each in text.split(",")] if declared.is_flags else [text]
    named = [declared.members_of(each) for each in given]
    found = {each for members in named for each in members}
    # The sentinel is for reading only.
    if not all(named) or any(each.name == declared.sentinel for each in found):
        return None
    return ",".join(each.name for each in declared.members if each in found)


def _primitive_check(declared: Property) -> Check:
    assert isinstance(declared.type, Primitive)
    type_, lowest, highest = declared.type, declared.lowest, declared.highest

    def check(value: object, place: Place, problems: Problems) -> object:
        try:
            converted = canonical(type_, value)
        except (ValueError, OverflowError):
            problems.add(_wrong_literal(value, type_.value), place)
            return None
        if isinstance(converted, str) and len(converted) > LONGEST_TEXT:
            problems.add(f"A text has at most {LONGEST_TEXT} characters, this one has {len(converted)}.", place)
        elif lowest is not None and highest is not None and not lowest <= converted <= highest:  # type: ignore[operator]
            problems.add(f"The value {converted} is not between {lowest} and {highest}.", place)
        return converted

    return check


def _accepted_type_names(model: Model, name: str) -> frozenset[str]:
    # The documentation spells @odata.type with "#" on some pages and without on others; clients send both.
    namespaces = (model.namespace, model.alias, model.shown_namespace)
    return frozenset(f"{mark}{each}.{name}".lower() for each in namespaces for mark in ("", "#"))


def _check_type_name(
    body: dict[str, object], accepted: frozenset[str], model: Model, expected: str, place: Place, problems: Problems
) -> None:
    given = body.get("@odata.type", body.get("@type"))
    at = (place, "@odata.type")
    if given is None:
        return
    if not isinstance(given, str):
        problems.add(_wrong_literal(given, Primitive.STRING.value), at)
        return
    if given.lower() in accepted:
        return
    bare = given.removeprefix("#")
    if bare.lower() in {each.lower() for each in model.type_names}:
        problems.add(
            f"An entry with type '{bare}' was found, but it is not assignable to the expected type "
            f"'{model.shown_namespace}.{expected}'. The type specified in the entry must be equal to either the "
            "expected type or a derived type.",
            at,
        )
    else:
        problems.add(
            f"A type named '{_shortened(bare)}' could not be resolved by the model. When a model is available, each "
            "type name must resolve to a valid type.",
            at,
        )


def _unknown_property(model: Model, name: str, type_name: str) -> str:
    return (
        f"The property '{_shortened(name)}' does not exist on type '{model.shown_namespace}.{type_name}'. Make sure to "
        "only use property names that are defined by the type."
    )


def _unexpected_node(value: object, expected: str) -> str:
    found = "StartObject" if isinstance(value, dict) else "StartArray" if isinstance(value, list) else "PrimitiveValue"
    return (
        f"An unexpected '{found}' node was found when reading from the JSON reader. A '{expected}' node was expected."
    )


def _wrong_literal(value: object, type_name: str) -> str:
    if isinstance(value, dict | list):
        return _unexpected_node(value, "PrimitiveValue")
    if value is None:
        return f"A null value was found for a property of the type '{type_name}', which does not allow null values."
    return f"Cannot convert the literal '{_shortened(str(value))}' to the expected type '{type_name}'."


def _shortened(text: str) -> str:
    return text if len(text) <= 64 else f"{text[:64]}…"
