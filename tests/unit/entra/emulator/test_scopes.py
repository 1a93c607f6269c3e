"""What a scope asks for, in every spelling; and that any text either means something or is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osimages.entra.emulator.default_directory import DEFAULT_APPLICATION, DEFAULT_DIRECTORY, DEFAULT_TENANT
from osimages.entra.emulator.error_catalogue import EntraError
from osimages.entra.emulator.scopes import GRAPH_ID, RequestedScope, parse_scope

READ = "DeviceManagementConfiguration.Read.All"
GRAPH = "https://graph.microsoft.com"


def asked(text: str) -> RequestedScope:
    return parse_scope(
        text, DEFAULT_DIRECTORY.applications[0], DEFAULT_TENANT, DEFAULT_DIRECTORY, GRAPH, "images.example"
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (READ, (READ,)),
        (READ.lower(), (READ,)),
        (f"{GRAPH}/{READ} {GRAPH}/User.Read", (READ, "User.Read")),
        (f"{READ}  {READ}", (READ,)),
        (f"{GRAPH_ID}/{READ}", (READ,)),
        (f"https://images.example/{READ}", (READ,)),
        (f"https://images.example:8443/{READ}", (READ,)),
        (f"http://localhost/{READ}", (READ,)),
        ("Directory.AccessAsUser.All", ("Directory.AccessAsUser.All",)),
        ("openid profile email offline_access", ()),
        ("", ()),
    ],
)
def test_permissions_of_graph(text: str, names: tuple[str, ...]) -> None:
    found = asked(text)
    assert (found.resource.id, found.resource.application) == (GRAPH_ID, None)
    assert (found.names, found.everything) == (names, False)


def test_answers_name_permissions_as_the_client_did() -> None:
    assert asked(f"{GRAPH}/{READ} openid offline_access").told([READ]) == f"{GRAPH}/{READ} openid"
    assert asked(f"{READ} profile").told([READ]) == f"{READ} profile"
    assert asked(f"{GRAPH}//.default").told([READ]) == f"{GRAPH}//{READ} {GRAPH}//.default"


@pytest.mark.parametrize("identifier", [DEFAULT_APPLICATION, f"api://{DEFAULT_APPLICATION}"])
def test_permissions_of_an_application(identifier: str) -> None:
    found = asked(f"{identifier}/access_as_user")
    assert (found.resource.id, found.resource.audience) == (DEFAULT_APPLICATION, identifier)
    assert found.names == ("access_as_user",)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("DeviceManagementConfiguration.Read", 650053),
        ("DeviceManagementNothing.Read.All", 650053),
        ("Read", 70011),
        ("User.Read;", 70011),
        ("Üser.Read", 70011),
        (f"{GRAPH}/.default User.Read", 28000),
        (".default User.Read", 70011),
        (f"{GRAPH}/User.Read {GRAPH_ID}/User.Read", 28000),
        ("https://unknown.example/.default", 500011),
        ("http://[::1/.default", 500011),
        ("ftp://localhost/.default", 500011),
        ("https://localhost/path/.default", 500011),
        (f"api://{DEFAULT_APPLICATION}/Access_As_User", 650053),
        ("x" * 5000, 70011),
    ],
)
def test_what_is_refused(text: str, number: int) -> None:
    with pytest.raises(EntraError) as refused:
        asked(text)
    assert refused.value.kind.number == number


@given(
    st.text(max_size=60) | st.lists(st.sampled_from([READ, "/", ".default", " ", GRAPH, "api://", "."])).map("".join)
)
def test_any_text_means_something_or_is_refused(text: str) -> None:
    try:
        found = asked(text)
    except EntraError as refused:
        assert refused.text.isprintable()
    else:
        assert all("/" not in each and " " not in each for each in found.names)
        # What is told can be asked for again.
        told = found.told(found.names)
        assert set(asked(told).names) in ({*found.names}, set())
