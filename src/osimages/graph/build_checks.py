"""Answers of the operations that check builds: the same as `osimages check` gives, from the catalogue's facts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import msgspec

from osimages.odata.errors import BAD_PATH, MODEL_VALIDATION, ODataError
from osimages.odata.model.body_validation import Checked
from osimages.odata.model.types import Operation, Primitive
from osimages.odata.service.call import Call
from osimages.odata.service.reply import Reply
from osimages.odata.service.request_body import json_body
from osimages.odata.service.slices import chunks
from osimages.odata.text.options_parser import pairs
from osimages.odata.wire.media_types import JsonForm, Metadata
from osimages.odata.wire.payload import collection_body, entity_body
from osimages.windows.checks.answers import Answer
from osimages.windows.checks.checker import Checker
from osimages.windows.checks.esu import UnknownEsuError, esu_choice
from osimages.windows.checks.evidence import Evidence

_STRING = re.compile(r"'(?:[^']|'')*'")
# One takes up to a millisecond, if its text fits to many releases.
_BUILDS_IN_SLICE = 4
_encode = msgspec.json.Encoder().encode


async def check_build(call: Call) -> Reply:
    """One build, named in the path."""
    operation = _operation(call)
    form = call.form(call.query())
    given = call.version.validator(call.target.entity).parameters(operation, _arguments(call, operation))
    answer = _checker(call, given).check_device(_evidence(given))
    qualified = call.version.model.qualified(operation.returns.name)
    context = call.context(form, f"{call.links.metadata}#{qualified}")
    return Reply(200, entity_body(context, _document(call, form, answer), None, form.annotation), form.content_type)


async def check_builds(call: Call) -> Reply:
    """Many builds, named in the body."""
    operation = _operation(call)
    form = call.form(call.query())
    given = call.version.validator(call.target.entity).parameters(operation, json_body(call.request))
    checker, builds = _checker(call, given), given["builds"]
    assert isinstance(builds, list)
    usual = _esu(given)

    def work(part: Sequence[Checked]) -> list[bytes]:
        return [_document(call, form, checker.check_device(_evidence(each, usual))) for each in part]

    documents = await call.service.slices.run(call.actor.tenant, chunks(builds, _BUILDS_IN_SLICE), work)
    qualified = call.version.model.qualified(operation.returns.name)
    body = collection_body(
        call.context(form, call.links.collection_context(qualified, None)),
        documents,
        total=None,
        next_link=None,
        annotation=form.annotation,
    )
    return Reply(200, body, form.content_type)


def _operation(call: Call) -> Operation:
    assert call.target.operation is not None
    return call.target.operation


def _arguments(call: Call, operation: Operation) -> Checked:
    """The arguments in the path as they would stand in JSON. Raises ODataError(BAD_PATH) that names what is wrong."""
    aliases = dict(pairs(call.request.query)) if call.request.query else {}
    kinds = {each.name.lower(): each for each in operation.parameters}
    found: Checked = {}
    for name, text in call.target.arguments:
        declared = kinds.get(name.lower())
        literal = aliases.get(text, "null") if text.startswith("@") else text
        if declared is None:
            known = ", ".join(each.name for each in operation.parameters)
            raise ODataError(BAD_PATH, reason=f"{operation.name} has no parameter '{name[:64]}'; it has {known}.")
        if literal == "null":
            found[declared.name] = None
        elif declared.type is Primitive.STRING and not _STRING.fullmatch(literal):
            raise ODataError(BAD_PATH, reason=f"The value of '{declared.name}' is a text in single quotes.")
        else:
            # A day is taken with and without quotes, as people write it.
            found[declared.name] = literal[1:-1].replace("''", "'") if literal.startswith("'") else literal
    return found


def _checker(call: Call, given: Checked) -> Checker:
    day, current = given.get("date"), call.service.current
    today = call.service.clock.today(call.actor.tenant) if day is None else date.fromisoformat(str(day))
    return Checker(current.catalogue, today, age_days=current.age_days)


def _document(call: Call, form: JsonForm, answer: Answer) -> bytes:
    document = _encode(answer)
    if form.metadata is Metadata.NONE:
        return document
    name = call.version.model.qualified(_operation(call).returns.name)
    return b'{"%btype":"#%b",%b' % (form.annotation.encode(), name.encode(), document[1:])


def _evidence(given: Checked, esu: str = "") -> Evidence:
    return Evidence(build=str(given["buildVersion"]), edition=_text(given, "edition"), esu=_esu(given) or esu)


def _esu(given: Checked) -> str:
    """Return the Extended Security Updates that are named. Raises ODataError (MODEL_VALIDATION)."""
    text = _text(given, "esu")
    try:
        esu_choice(text)
    except UnknownEsuError as error:
        raise ODataError(MODEL_VALIDATION, target="esu", reason=f"{error}.") from None
    return text


def _text(given: Checked, name: str) -> str:
    value = given.get(name)
    return "" if value is None else str(value)
