"""What each path of the surface leads to, and how the others are refused."""

from __future__ import annotations

import pytest

from osimages.graph.model import DEVICE_MANAGEMENT, GRAPH, GRAPH_V1, IMAGE
from osimages.odata.errors import BAD_PATH, NO_ROUTE_FOR_METHOD, UNKNOWN_SEGMENT, ODataError
from osimages.odata.model.types import ComplexType, EntitySet, Model, Primitive, Property, SetCapabilities
from osimages.odata.plan.resolve import METHODS, Kind, Target, check_method, resolve, sources
from tests.support.second_model import MODEL, SPECIMEN

_SET = "/deviceManagement/managedDeviceWindowsOSImages"
_ITEM = f"{_SET}/Windows%2011"
_FUNCTION = "getAllManagedDeviceWindowsOSImages"


def _refusal(path: str) -> ODataError:
    with pytest.raises(ODataError) as caught:
        resolve(GRAPH, path)
    assert caught.value.condition.status in (400, 404)
    return caught.value


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("", Kind.SERVICE),
        ("/", Kind.SERVICE),
        ("//", Kind.SERVICE),
        ("/$metadata", Kind.METADATA),
        ("/$METADATA", Kind.METADATA),
        ("/%24metadata", Kind.METADATA),
        ("/$batch", Kind.BATCH),
        ("/deviceManagement", Kind.SINGLETON),
        ("/deviceManagement/", Kind.SINGLETON),
        ("/DEVICEMANAGEMENT", Kind.SINGLETON),
        ("/deviceManagement/id", Kind.PROPERTY),
        ("/deviceManagement/ID/$value", Kind.VALUE),
        ("/deviceManagement/$ref", Kind.REFERENCE),
        (_SET, Kind.COLLECTION),
        (f"/{_SET}", Kind.COLLECTION),
        (f"{_SET}/", Kind.COLLECTION),
        (_SET.lower(), Kind.COLLECTION),
        (_SET.replace("/", "///"), Kind.COLLECTION),
        (f"{_SET}/$count", Kind.COUNT),
        (f"{_SET}/$COUNT", Kind.COUNT),
        (_ITEM, Kind.ENTITY),
        (f"{_ITEM}/", Kind.ENTITY),
        (f"{_SET}('Windows%2011')", Kind.ENTITY),
        (f"{_ITEM}/{_FUNCTION}", Kind.FUNCTION),
        (f"{_ITEM}/id", Kind.PROPERTY),
        (f"{_ITEM}/SupportedEditions", Kind.PROPERTY),
        (f"{_ITEM}/supportedArchitectures", Kind.PROPERTY),
        (f"{_ITEM}/availableUpdates", Kind.PROPERTY),
        (f"{_ITEM}/id/$value", Kind.VALUE),
        (f"{_ITEM}/id/$VALUE", Kind.VALUE),
        (f"{_ITEM}/supportedEditions/$count", Kind.PROPERTY_COUNT),
        (f"{_ITEM}/supportedArchitectures/$count", Kind.PROPERTY_COUNT),
        (f"{_ITEM}/availableUpdates/$count", Kind.PROPERTY_COUNT),
    ],
)
def test_every_path_of_the_surface(path: str, kind: Kind) -> None:
    assert resolve(GRAPH, path).kind is kind


def test_targets_name_their_parts() -> None:
    singleton = GRAPH.singletons[0]
    navigation = singleton.type.navigation[0]
    (function,) = IMAGE.functions
    declared = IMAGE.by_name["supportedEditions"]
    assert resolve(GRAPH, "/deviceManagement") == Target(Kind.SINGLETON, singleton)
    assert resolve(GRAPH, _SET) == Target(Kind.COLLECTION, singleton, navigation)
    assert resolve(GRAPH, _ITEM) == Target(Kind.ENTITY, singleton, navigation, "Windows 11")
    assert resolve(GRAPH, f"{_ITEM}/{_FUNCTION}") == Target(
        Kind.FUNCTION, singleton, navigation, "Windows 11", function=function
    )
    assert resolve(GRAPH, f"{_ITEM}/supportededitions/$count") == Target(
        Kind.PROPERTY_COUNT, singleton, navigation, "Windows 11", declared
    )
    assert resolve(GRAPH, "/deviceManagement").entity is DEVICE_MANAGEMENT
    assert resolve(GRAPH, _ITEM).entity is IMAGE


@pytest.mark.parametrize(
    "call",
    [
        _FUNCTION,
        f"{_FUNCTION}()",
        f"microsoft.graph.{_FUNCTION}",
        f"microsoft.graph.{_FUNCTION}()",
        _FUNCTION.upper(),
        f"Microsoft.Graph.{_FUNCTION.lower()}()",
        f"{_FUNCTION}%28%29",
        f"{_FUNCTION}()/",
    ],
)
@pytest.mark.parametrize("item", [_ITEM, f"{_SET}('Windows 11')"])
def test_every_form_of_the_function(item: str, call: str) -> None:
    target = resolve(GRAPH, f"{item}/{call}")
    assert (target.kind, target.key, target.function) == (Kind.FUNCTION, "Windows 11", IMAGE.functions[0])


@pytest.mark.parametrize(
    ("segment", "arguments"),
    [
        ("checkBuild(buildVersion='1')", {"buildVersion": "'1'"}),
        (
            "microsoft.graph.checkbuild( buildVersion = 'a,b)''c' , date=2026-11-23 )",
            {"buildVersion": "'a,b)''c'", "date": "2026-11-23"},
        ),
        ("checkBuild(buildVersion=@b)", {"buildVersion": "@b"}),
    ],
)
def test_functions_take_their_arguments_by_name(segment: str, arguments: dict[str, str]) -> None:
    target = resolve(GRAPH, f"{_SET}/{segment}")
    assert (target.kind, dict(target.arguments)) == (Kind.OPERATION, arguments)


@pytest.mark.parametrize("segment", ["checkBuilds", "checkBuilds()", "microsoft.graph.CHECKBUILDS"])
def test_actions_take_theirs_from_the_body(segment: str) -> None:
    assert resolve(GRAPH, f"{_SET}/{segment}").kind is Kind.ACTION


@pytest.mark.parametrize("segment", ["checkBuild", "checkBuild()", "checkBuilds(a='1')", "checkBuildx(a='1')"])
def test_what_is_no_call_is_a_key(segment: str) -> None:
    assert resolve(GRAPH, f"{_SET}/{segment}").key == segment


@pytest.mark.parametrize("arguments", ["'1'", "a='1',", ",a='1'", "a='1' b='2'", "a='1',a='2'", "a=", "a='1", "a=(1)"])
def test_arguments_that_are_none(arguments: str) -> None:
    with pytest.raises(ODataError, match="is called as checkBuild"):
        resolve(GRAPH, f"{_SET}/checkBuild({arguments})")


@pytest.mark.parametrize(
    ("segment", "key"),
    [
        ("/Windows%2011%2F23H2%20%C3%A9%27%25%23%3F", "Windows 11/23H2 é'%#?"),
        ("/32a4ac62-1b1a-4a4c-9a3b-0123456789ab", "32a4ac62-1b1a-4a4c-9a3b-0123456789ab"),
        ("/Windows 11 (22H2)", "Windows 11 (22H2)"),
        ("/'quoted'", "'quoted'"),
        ("/id", "id"),
        (f"/{_FUNCTION}", _FUNCTION),
        ("/%2524count", "%24count"),
        ("/a+b", "a+b"),
        ("('Windows 11 22H2')", "Windows 11 22H2"),
        ("(%27O%27%27Neil%27)", "O'Neil"),
        ("('$count')", "$count"),
        ("('a%2Fb')", "a/b"),
        ("(id='x')", "x"),
        ("(ID='x')", "x"),
    ],
)
def test_keys(segment: str, key: str) -> None:
    target = resolve(GRAPH, _SET + segment)
    assert (target.kind, target.key) == (Kind.ENTITY, key)


@pytest.mark.parametrize(
    ("path", "segment"),
    [
        ("/foo", "foo"),
        ("/deviceManagement()", "deviceManagement()"),
        ("/deviceManagement('x')", "deviceManagement('x')"),
        ("/$foo", "$foo"),
        ("/$count", "$count"),
        ("/$metadata/x", "x"),
        ("/$batch/$metadata", "$metadata"),
        ("/v1.0/deviceManagement", "v1.0"),
        ("/managedDeviceWindowsOSImages", "managedDeviceWindowsOSImages"),
        ("/deviceManagement/foo", "foo"),
        ("/deviceManagement/id()", "id()"),
        ("/deviceManagement/id/$count", "$count"),
        ("/deviceManagement/id/$value/x", "x"),
        ("/deviceManagement/$ref/id", "id"),
        ("/deviceManagement/$count", "$count"),
        ("/deviceManagement/foo('x')", "foo('x')"),
        (f"{_SET}/$value", "$value"),
        (f"{_SET}/$count/x", "x"),
        (f"{_SET}/$filter(true)", "$filter(true)"),
        (f"{_ITEM}/foo", "foo"),
        (f"{_ITEM}/$value", "$value"),
        (f"{_ITEM}/$count", "$count"),
        (f"{_ITEM}/id()", "id()"),
        (f"{_ITEM}/{_FUNCTION}(x=1)", f"{_FUNCTION}(x=1)"),
        (f"{_ITEM}/{_FUNCTION}()/$count", "$count"),
        (f"{_ITEM}/{_FUNCTION}/id", "id"),
        (f"{_ITEM}/id/$count", "$count"),
        (f"{_ITEM}/id/foo", "foo"),
        (f"{_ITEM}/id/$value/x", "x"),
        (f"{_ITEM}/supportedEditions/$value", "$value"),
        (f"{_ITEM}/supportedEditions/0", "0"),
        (f"{_ITEM}/supportedEditions/editionType", "editionType"),
        (f"{_ITEM}/supportedEditions/$count/$count", "$count"),
        ("/" + "x" * 1000, "x" * 128),
        ("/%7Bid%7D", "{id}"),
    ],
)
def test_unknown_segments_are_named(path: str, segment: str) -> None:
    error = _refusal(path)
    assert error.condition is UNKNOWN_SEGMENT
    assert error.message == f"Resource not found for the segment '{segment}'."


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (f"{_SET}/100%", "Malformed percent-encoding at position 50 in '…eviceWindowsOSImages/100%'"),
        (f"{_SET}/%FF", "Percent-encoding that is not UTF-8 at position 47 in '…edDeviceWindowsOSImages/%FF'"),
        ("/a%00", "The character U+0000 at position 1 in '/a%00'"),
        (f"{_SET}()", "'managedDeviceWindowsOSImages()' needs one key in the form ('value') or (id='value')."),
        (f"{_SET}(5)", "'managedDeviceWindowsOSImages(5)' needs one key in the form ('value') or (id='value')."),
        (
            f"{_SET}(name='x')/id",
            "'managedDeviceWindowsOSImages(name='x')' needs one key in the form ('value') or (id='value').",
        ),
        (
            f"{_SET}('x','y')",
            "'managedDeviceWindowsOSImages('x','y')' needs one key in the form ('value') or (id='value').",
        ),
        (
            f"{_SET}('O'Neil')",
            "'managedDeviceWindowsOSImages('O'Neil')' needs one key in the form ('value') or (id='value').",
        ),
    ],
)
def test_malformed_paths(path: str, reason: str) -> None:
    error = _refusal(path)
    assert error.condition is BAD_PATH
    assert error.message == f"Invalid request path: {reason}"


def test_deep_paths_are_refused_at_their_first_unknown_segment() -> None:
    assert _refusal(_ITEM + "/supportedEditions" * 5_000).facts == {"segment": "supportedEditions"}
    assert _refusal("/x" * 5_000).facts == {"segment": "x"}


def test_the_images_exist_in_beta_alone() -> None:
    assert resolve(GRAPH_V1, "/deviceManagement").kind is Kind.SINGLETON
    with pytest.raises(ODataError) as caught:
        resolve(GRAPH_V1, _SET)
    assert caught.value.condition is UNKNOWN_SEGMENT


_PART = ComplexType("part", (Property("name", Primitive.STRING),))


def test_a_property_of_a_singleton_is_only_read() -> None:
    target = resolve(GRAPH, "/deviceManagement/id")
    check_method(target, "GET", "/x")
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        with pytest.raises(ODataError) as caught:
            check_method(target, method, "/x")
        assert caught.value.facts["target_of_path"] == target


@pytest.mark.parametrize(
    ("declared", "methods"),
    [
        (Property("x", Primitive.STRING), {"GET", "PUT", "DELETE"}),
        (Property("x", Primitive.STRING, collection=True), {"GET", "PUT", "DELETE", "POST"}),
        (Property("x", _PART), {"GET", "PUT", "DELETE", "PATCH"}),
        (Property("x", _PART, collection=True), {"GET", "PUT", "DELETE", "POST"}),
    ],
)
def test_what_a_property_takes(declared: Property, methods: set[str]) -> None:
    target = Target(Kind.PROPERTY, entity_set=EntitySet("things", IMAGE), declared=declared)
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        if method in methods:
            check_method(target, method, "/x")
        else:
            with pytest.raises(ODataError):
                check_method(target, method, "/x")


_TARGETS = {kind: Target(kind) for kind in Kind}
_TAKEN = {
    Kind.SERVICE: {"GET", "HEAD"},
    Kind.METADATA: {"GET", "HEAD"},
    Kind.BATCH: {"POST"},
    Kind.QUERY: {"POST"},
    Kind.DELTA: {"GET", "HEAD"},
    Kind.OPERATION: {"GET", "HEAD"},
    Kind.ACTION: {"POST"},
    Kind.SINGLETON: {"GET", "HEAD", "PATCH"},
    Kind.COLLECTION: {"GET", "HEAD", "POST"},
    Kind.COUNT: {"GET", "HEAD"},
    Kind.ENTITY: {"GET", "HEAD", "PATCH", "PUT", "DELETE"},
    Kind.FUNCTION: {"GET", "HEAD"},
    Kind.REFERENCE: {"GET", "HEAD"},
    Kind.REFERENCES: {"GET", "HEAD"},
    Kind.PROPERTY: {"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"},
    Kind.VALUE: {"GET", "HEAD"},
    Kind.PROPERTY_COUNT: {"GET", "HEAD"},
}


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "get", ""])
def test_every_verb_on_every_kind_of_target(kind: Kind, method: str) -> None:
    if method in _TAKEN[kind]:
        check_method(_TARGETS[kind], method, "/x")
        assert method in METHODS[kind]
        return
    with pytest.raises(ODataError) as caught:
        check_method(_TARGETS[kind], method, "/x")
    assert caught.value.condition is NO_ROUTE_FOR_METHOD
    assert caught.value.message == f"The method {method} is not supported for /x."


_MUSEUM = Model("example.museum", "Container", MODEL.singletons, (EntitySet("specimens", SPECIMEN),))
_TO_READ = SetCapabilities(insert=False, update=False, delete=False, count=False, delta=True)
_TRACKED = Model("example.museum", "Container", (), (EntitySet("specimens", SPECIMEN, "", _TO_READ),))


def test_an_entity_set_in_the_service_root() -> None:
    (specimens,) = _MUSEUM.entity_sets
    assert resolve(_MUSEUM, "/Specimens") == Target(Kind.COLLECTION, None, specimens)
    assert resolve(_MUSEUM, "/specimens('a')/string") == Target(
        Kind.PROPERTY, None, specimens, "a", SPECIMEN.by_name["string"]
    )
    assert resolve(_MUSEUM, "/specimens/a").source == "specimens"
    assert resolve(_MUSEUM, "/cabinet/specimens/a").source == "cabinet/specimens"
    assert set(sources(_MUSEUM)) == {"", "cabinet", "cabinet/specimens", "specimens"}


def test_what_a_set_offers() -> None:
    tracked = resolve(_TRACKED, "/specimens/example.museum.delta()")
    assert tracked.kind is Kind.DELTA
    assert resolve(_MUSEUM, "/specimens/delta()").kind is Kind.ENTITY
    with pytest.raises(ODataError):
        resolve(_TRACKED, "/specimens/$count")
    for path, method in [("/specimens", "POST"), ("/specimens/a", "PATCH"), ("/specimens/a", "DELETE")]:
        check_method(resolve(_MUSEUM, path), method, path)
        with pytest.raises(ODataError) as refused:
            check_method(resolve(_TRACKED, path), method, path)
        assert "is not supported" in refused.value.message


@pytest.mark.parametrize(("path", "kind"), [("/specimens", Kind.COLLECTION), ("/specimens/a", Kind.ENTITY)])
def test_a_query_in_a_body(path: str, kind: Kind) -> None:
    found = resolve(_MUSEUM, f"{path}/$query")
    assert found.kind is Kind.QUERY
    assert found.asked is not None
    assert (found.asked.kind, found.asked.source) == (kind, "specimens")
    check_method(found, "POST", path)
