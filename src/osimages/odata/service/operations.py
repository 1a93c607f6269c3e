"""Answers of functions and actions of a collection, which their declared handlers give."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from osimages.odata.errors import BAD_PATH, ODataError
from osimages.odata.model.types import Operation, Primitive, Property
from osimages.odata.service.call import Call
from osimages.odata.service.reply import Reply
from osimages.odata.service.request_body import json_body
from osimages.odata.text.options_parser import pairs
from osimages.odata.wire.media_types import Metadata
from osimages.odata.wire.payload import collection_body, entity_body

_STRING = re.compile(r"'(?:[^']|'')*'")
_NUMBER_OR_BOOLEAN = re.compile(r"true|false|-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?", re.ASCII)
# A year alone would be read as a number.
_WRITTEN_AS_TEXT = frozenset((Primitive.STRING, Primitive.DATE, Primitive.DECIMAL, Primitive.GUID))
# Takes the checked parameters; returns a complex value, or several: JSON in the negotiated form, or members.
OperationHandler = Callable[[Call, Mapping[str, object]], Awaitable[object]]


async def operation(call: Call) -> Reply:
    """The complex value, or the collection of them, that an operation returns."""
    declared, form, model = call.target.operation, call.form, call.engine.schema.model
    assert declared is not None
    given = json_body(call.request) if declared.is_action else _arguments(call, declared)
    parameters = call.engine.schema.validator(call.target.entity).parameters(declared, given)
    handler: OperationHandler = call.engine.hooks.operations.get(declared.name) or declared.handler
    found = await handler(call, parameters)
    type_name = model.qualified(declared.returns.name)
    if not declared.returns_collection:
        context = call.context(f"{call.links.metadata}#{type_name}")
        return Reply(
            200, entity_body(context, _typed(call, type_name, found), None, form.annotation), form.content_type
        )
    assert isinstance(found, Sequence)
    body = collection_body(
        call.context(call.links.collection_context(type_name, None)),
        [_typed(call, type_name, each) for each in found],
        total=None,
        next_link=None,
        annotation=form.annotation,
    )
    return Reply(200, body, form.content_type)


def _typed(call: Call, type_name: str, value: object) -> bytes:
    """Return a complex value as JSON, with the annotation of its type if the form has one."""
    written = value if isinstance(value, bytes) else msgspec.json.encode(value)
    if call.form.metadata is Metadata.NONE:
        return written
    return b'{"%btype":"#%b",%b' % (call.form.annotation.encode(), type_name.encode(), written[1:])


def _arguments(call: Call, declared: Operation) -> dict[str, object]:
    """Return the arguments in the path as they would stand in JSON. Raises ODataError(BAD_PATH)."""
    aliases = dict(pairs(call.request.query)) if call.request.query else {}
    parameters = {each.name.lower(): each for each in declared.parameters}
    found: dict[str, object] = {}
    for name, text in call.target.arguments:
        parameter = parameters.get(name.lower())
        if parameter is None:
            known = ", ".join(each.name for each in declared.parameters)
            raise ODataError(BAD_PATH, reason=f"{declared.name} has no parameter '{name[:64]}'; it has {known}.")
        literal = aliases.get(text, "null") if text.startswith("@") else text
        found[parameter.name] = _argument(parameter, literal)
    return found


def _argument(parameter: Property, literal: str) -> object:
    if literal == "null":
        return None
    if parameter.type is Primitive.STRING and not _STRING.fullmatch(literal):
        raise ODataError(BAD_PATH, reason=f"The value of '{parameter.name}' is a text in single quotes.")
    if literal.startswith("'"):  # a day is taken with and without quotes, as people write it
        return literal[1:-1].replace("''", "'")
    if _NUMBER_OR_BOOLEAN.fullmatch(literal) and parameter.type not in _WRITTEN_AS_TEXT:
        return msgspec.json.decode(literal, type=bool | int | float)
    return literal
