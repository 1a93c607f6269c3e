"""JSON as Graph, Intune's reports, PowerShell, osquery and other tools write it, whole and broken."""

from __future__ import annotations

import io
import json
import re
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from osimages.windows.fleet.json_reader import JsonReader
from osimages.windows.fleet.rows import Broken, ExportError, Number, Row

OBJECTS = [
    {"osVersion": "10.0.26100.9445", "skuFamily": "Enterprise"},
    {"osVersion": "10.0.19045.7727", "skuFamily": "Pro"},
]
CONTEXT = "https://graph.microsoft.com/beta/$metadata#deviceManagement/managedDevices"
SCHEMA = [{"Column": "osVersion", "PropertyType": "String"}, {"Column": "skuFamily", "PropertyType": "String"}]
LISTS = [list(each.values()) for each in OBJECTS]


class Found:
    """Everything that a reader gives for a text."""

    def __init__(self, content: str) -> None:
        reader = JsonReader(io.StringIO(content))
        self.rows = list(reader.rows())
        self.names = reader.names
        self.incomplete = reader.incomplete

    @property
    def cells(self) -> list[list[str]]:
        return [each.cells for each in self.rows if isinstance(each, Row)]

    @property
    def lines(self) -> list[int]:
        return [each.line for each in self.rows if isinstance(each, Row)]

    @property
    def broken(self) -> list[Broken]:
        return [each for each in self.rows if isinstance(each, Broken)]


def page(*objects: object, link: str | None = None, count: int | None = None) -> dict[str, Any]:
    head: dict[str, Any] = {"@odata.context": CONTEXT}
    head |= {} if count is None else {"@odata.count": count}
    head |= {} if link is None else {"@odata.nextLink": link}
    return {**head, "value": list(objects)}


ONE, TWO = page(OBJECTS[0], link="https://graph.microsoft.com/x?$skiptoken=2"), page(OBJECTS[1])


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(OBJECTS),
        json.dumps(OBJECTS, indent=4),
        json.dumps({"@odata.context": 'a"b', "@odata.count": 2, "meta": {"a": 1}, "value": OBJECTS, "x": "y"}),
        json.dumps(page(*OBJECTS), indent=2),
        json.dumps({"value": OBJECTS, "Count": 2}),
        json.dumps({"values": OBJECTS}),
        "\n".join(map(json.dumps, OBJECTS)),
        "\n".join(map(json.dumps, OBJECTS)) + "\n\n",
        "".join(map(json.dumps, OBJECTS)),
        json.dumps(ONE) + json.dumps(TWO),
        json.dumps(ONE) + "\n" + json.dumps(TWO),
        json.dumps(ONE, indent=1) + "\n" + json.dumps(TWO, indent=1),
        json.dumps([ONE, TWO]),
        json.dumps([OBJECTS[:1], OBJECTS[1:]]),
        json.dumps(OBJECTS[:1]) + json.dumps(OBJECTS[1:]),
        json.dumps({"responses": [{"id": "1", "status": 200, "headers": {}, "body": page(*OBJECTS)}]}),
        json.dumps({"responses": [{"id": str(n), "status": 200, "body": each} for n, each in enumerate(OBJECTS)]}),
        json.dumps({"TotalRowCount": 2, "Schema": SCHEMA, "Values": LISTS, "SessionId": ""}),
        json.dumps({"tables": [{"name": "T", "columns": [{"name": each} for each in OBJECTS[0]], "rows": LISTS}]}),
        json.dumps({"Schema": [{"Name": "osVersion", "Type": "String"}], "Results": OBJECTS}),
        json.dumps({"data": {"devices": OBJECTS}}),
        json.dumps({"inventar": OBJECTS, "stand": "2026-11-20"}),
        json.dumps({"result": OBJECTS}),
    ],
)
def test_every_form(content: str) -> None:
    found = Found(content)
    assert found.cells == LISTS
    assert (found.broken, found.incomplete) == ([], [])


def test_members_of_members_have_dotted_names() -> None:
    found = Found(
        json.dumps([{"id": "a", "hardwareInformation": {"osBuildNumber": "26100.9711", "tpm": {"v": 2}}, "x": {}}])
    )
    assert found.names == ["id", "hardwareInformation.osBuildNumber", "hardwareInformation.tpm.v", "x"]
    assert found.cells == [["a", "26100.9711", "2", "{}"]]


def test_arrays_in_a_device_are_its_own() -> None:
    device = {
        "osVersion": "10.0.26100.9445",
        "roleScopeTagIds": ["0"],
        "usersLoggedOn": [{"userId": "u"}],
        "sub": [{"a": 1}],
    }
    assert Found(json.dumps(device) + "\n" + json.dumps(device)).lines == [1, 2]
    assert Found(json.dumps([device])).cells[0][0] == "10.0.26100.9445"


def test_numbers_keep_their_text_and_are_marked() -> None:
    found = Found('[{"osVersion": 22631.4460, "ubr": 9710, "on": true, "n": null}]')
    [cells] = found.cells
    assert cells == ["22631.4460", "9710", "true", ""]
    assert [isinstance(each, Number) for each in cells] == [True, False, False, False]


def test_builds_alone() -> None:
    assert Found('["26100.9445", 26200.9711]').cells == [["26100.9445"], ["26200.9711"]]
    assert Found('"26100.9445"\n"26200.9711"').lines == [1, 2]


def test_names_that_are_given_stay() -> None:
    reader = JsonReader(io.StringIO(json.dumps([{"a": "1"}, {"b": "2"}])), ["b"])
    assert [each.cells for each in reader.rows() if isinstance(each, Row)] == [[""], ["2"]]
    assert reader.names == ["b"]


LINK = "https://graph.microsoft.com/x?$skiptoken=2"


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        ([ONE], [LINK]),
        ([TWO, ONE], [LINK]),
        ([ONE, page(OBJECTS[1], link="https://next/3")], ["https://next/3"]),
        ([{"value": OBJECTS, "@odata.nextLink": LINK}], [LINK]),
        ([{"value": OBJECTS, "nextLink": LINK}], [LINK]),
        ([ONE, {**TWO, "@odata.context": "https://graph.microsoft.com/beta/$metadata#devices"}], [LINK]),
        ([{"responses": [{"id": "1", "status": 200, "body": ONE}, {"id": "2", "status": 200, "body": TWO}]}], [LINK]),
        ([{"responses": [{"id": "1", "status": 200, "body": ONE}]}, TWO], []),
        ([{"responses": [{"id": "1", "status": 200, "body": ONE}, {"id": "2", "status": 200, "body": TWO}]}, TWO], []),
        (
            [{"responses": [{"id": "1", "status": 429, "body": {"error": {"code": "TooManyRequests"}}}]}],
            ["429 TooMany"],
        ),
        (
            [
                {"responses": [{"id": "1", "status": 503, "body": {"error": {"code": "x"}}}]},
                {"responses": [{"id": "1", "status": 200, "body": TWO}]},
            ],
            [],
        ),
        ([{"error": {"code": "Forbidden", "message": "no"}}], ["Forbidden"]),
        ([{"TotalRowCount": 500, "Schema": SCHEMA, "Values": LISTS}], ["2 of 500 rows"]),
        ([page(*OBJECTS, count=3)], ["2 of 3 rows"]),
        ([{**ONE, "@odata.count": 2}, TWO], []),
        ([page(*OBJECTS, count=1)], []),
    ],
)
@pytest.mark.parametrize("one_array", [False, True])
def test_what_is_missing_is_reported(content: list[dict[str, Any]], missing: list[str], one_array: bool) -> None:
    text = json.dumps(content) if one_array else "\n".join(map(json.dumps, content))
    incomplete = Found(text).incomplete
    assert len(incomplete) == len(missing), incomplete
    assert all(each in text for each, text in zip(missing, incomplete, strict=True)), incomplete


def test_items_larger_than_a_piece_have_their_lines() -> None:
    many = [{"osVersion": f"26100.{number}", "note": "x" * 997} for number in range(2000)]
    for opening, closing in (("[\n", "\n]"), ('{"value": [\n', '\n], "@odata.nextLink": "n"}')):
        found = Found(opening + ",\n".join(map(json.dumps, many)) + closing)
        assert found.lines == list(range(2, 2002))
        assert [each[0] for each in found.cells] == [each["osVersion"] for each in many]
        assert bool(found.incomplete) == closing.endswith("}")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda objects: json.dumps({"Schema": SCHEMA, "Values": [list(each.values()) for each in objects]}),
        lambda objects: json.dumps([{"x": objects}]),
        lambda objects: json.dumps([objects]),
        lambda objects: json.dumps({"responses": [{"id": "1", "status": 200, "body": {"value": objects}}]}),
    ],
)
def test_a_page_of_any_size_is_read(wrap: Any) -> None:
    objects = [{"osVersion": f"10.0.26100.{number}", "skuFamily": "Pro" + "x" * 190} for number in range(30_000)]
    content = wrap(objects)
    assert len(content) > 6_000_000
    reader = JsonReader(io.StringIO(content))
    assert sum(isinstance(each, Row) for each in reader.rows()) == 30_000


def test_memory_is_bounded_whatever_the_size() -> None:
    class Endless(io.TextIOBase):
        def __init__(self, pieces: Iterator[str]) -> None:
            self.pieces = pieces

        def read(self, size: int | None = -1, /) -> str:
            return next(self.pieces, "")

    def pieces() -> Iterator[str]:
        yield '{"value": ['
        large = json.dumps(OBJECTS[0] | {"note": "x" * 10_000}) + ","
        for _ in range(4_000):
            yield large
        yield "{}]}"

    tracemalloc.start()
    count = sum(1 for _ in JsonReader(Endless(pieces())).rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 4_001
    assert peak < 20 * 2**20, peak


def test_a_broken_line_is_reported_and_the_rest_is_read() -> None:
    found = Found('{"osVersion": "26100.1"}\n{"osVersion": oops}\n{"osVersion": "26100.2"}\n')
    assert (found.lines, [each.line for each in found.broken], found.incomplete) == ([1, 3], [2], [])
    found = Found('{"value": [{"a": 1}, oops]}\n{"value": [{"a": 2}]}')
    assert (found.cells, [each.line for each in found.broken]) == ([["1"], ["2"]], [1])
    assert found.incomplete == ["the rest of the file could not be read"]


@pytest.mark.parametrize(
    "content",
    [
        '[{"osVersion": "26100.1"}, {"osVersion"',
        '[{"osVersion": "26100.1"}, oops, 1]',
        '[{"osVersion": "26100.1"}',
        '{"value": [{"osVersion": "26100.1"}',
        '{"value": [{"osVersion": "26100.1"}]',
    ],
)
def test_truncated_json_is_reported(content: str) -> None:
    found = Found(content)
    assert found.cells == [["26100.1"]]
    assert isinstance(found.rows[-1], Broken)
    assert found.incomplete == ["the rest of the file could not be read"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("[null]", "it is neither an object nor a build"),
        ('{"value": [1.5, [true]]}', "it is a list, and no schema before it names its cells"),
        ('[{"value": [{"a": "26100.1"}, false]}]', "item 2: it is neither an object nor a build"),
        (json.dumps({"Schema": SCHEMA, "Values": [["x"]]}), "item 1: it has 1 cells, the schema has 2"),
    ],
)
def test_items_that_are_no_devices_are_rows_that_cannot_be_read(content: str, why: str) -> None:
    assert [each.reason for each in Found(content).broken] == [why]


@pytest.mark.parametrize(
    "content",
    [
        "[oops",
        "nonsense",
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"value":[' * 5_000,
        '{"a": ',
        '{"value": [{"a": "b"}], 5}',
        '"' + "x" * 5_000_000,
        '[{"a": "' + "x" * 5_000_000,
    ],
)
def test_what_is_no_json_is_one_row_that_cannot_be_read(content: str) -> None:
    found = Found(content)
    assert len(found.broken) == 1
    assert len(found.rows) <= 2


@pytest.mark.parametrize("content", ['"a","b"\n"1","2"', '"a";"b"\n', '"a"\t"b"', '"a" ,1\n'])
def test_csv_given_as_json_is_an_error(content: str) -> None:
    with pytest.raises(ExportError, match="looks like CSV: --csv reads that"):
        Found(content)


def test_unpaired_surrogates_become_what_a_file_can_hold() -> None:
    found = Found('[{"a\\udc00":"\\ud800","b":"\\ud83d\\ude00"}]')
    assert found.names == ["a\ufffd", "b"]
    assert found.cells == [["\ufffd", "\U0001f600"]]
    assert not re.search("[\ud800-\udfff]", "".join(found.cells[0]))
