"""Query strings from the tests of other OData servers: none raises anything but what a malformed option raises."""

from __future__ import annotations

from typing import Any

from osimages.odata.text.options_parser import OptionError, parse_options
from osimages.odata.text.parser import parse_expression
from osimages.odata.text.syntax_errors import ODataLimitError, ODataSyntaxError
from tests.unit.odata.text.reference import reference

_CASES: list[dict[str, Any]] = reference("peer-query-corpus.json")
# Texts that were cut where the source code of the test joins or escapes strings.
_CUT = ('"" +', '=" +', '"Prop3":[1,2,3]},{"Prop1":{')
_CUT_ENDS = ("\\",)


def _error(text: str) -> Exception | None:
    try:
        if "?" in text:
            parse_options(text.partition("?")[2], trimmed=True)
        else:
            parse_expression(text)
    except (ODataSyntaxError, ODataLimitError, OptionError) as error:
        return error
    return None


def test_every_text_is_read_or_refused_with_a_reason() -> None:
    errors = [error for case in _CASES if (error := _error(case["text"])) is not None]
    assert 0 < len(errors) < len(_CASES) / 2
    assert all(str(error) for error in errors)


def test_urls_that_olingo_says_must_parse_are_read() -> None:
    urls = [each["text"] for each in _CASES if each["expect"] == "must parse" and "?" in each["text"]]
    texts = [url for url in urls if not (any(cut in url for cut in _CUT) or url.endswith(_CUT_ENDS))]
    assert len(texts) > 50
    assert {text: error for text in texts if (error := _error(text)) is not None} == {}
