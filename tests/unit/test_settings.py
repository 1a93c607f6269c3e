"""Settings come from defaults, file, environment and flags, in this order, and a wrong one is named with its place."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from osimages.entra.tokens.clouds import CLOUDS
from osimages.settings import ENVIRONMENT_PREFIX, FILE_NAME, Resolved, Settings, SettingsError, misspelt, resolve

NAMES = [each.name for each in fields(Settings)]
BOUNDED = [
    (each.name, bound) for each in fields(Settings) for bound in ("least", "most") if each.metadata[bound] is not None
]


def with_file(directory: Path, text: str) -> dict[str, object]:
    """The flags that make a directory with that file the data directory."""
    (directory / FILE_NAME).write_text(text, encoding="utf-8")
    return {"data_dir": str(directory)}


def refusal(flags: dict[str, object], environment: dict[str, str] | None = None) -> str:
    with pytest.raises(SettingsError) as refused:
        resolve(flags, environment or {})
    return str(refused.value)


@pytest.fixture
def here(tmp_path: Path) -> dict[str, object]:
    """The flags that name an empty data directory."""
    return {"data_dir": str(tmp_path)}


# --- sources ----------------------------------------------------------------------------------------------------------
def test_without_any_source_all_is_default(here: dict[str, object]) -> None:
    found = resolve(here, {"PATH": "/bin", "PORT": "1"})
    assert found.settings == Settings(data_dir=str(here["data_dir"]))
    assert set(found.origins) == set(NAMES)
    assert {name for name, origin in found.origins.items() if origin != "default"} == {"data_dir"}


def test_each_source_goes_before_the_one_below(tmp_path: Path) -> None:
    flags = with_file(tmp_path, 'port = 1\npage_size = 1\nworkers = 1\nlog_format = "json"\n')
    environment = {"OSIMAGES_PORT": "2", "OSIMAGES_PAGE_SIZE": "2"}
    found = resolve({**flags, "port": 3}, environment)
    settings = found.settings
    assert (settings.port, settings.page_size, settings.workers, settings.log_format) == (3, 2, 1, "json")
    assert settings.max_body_bytes == Settings().max_body_bytes
    file = str(tmp_path / FILE_NAME)
    expected = {
        "port": "--port",
        "page_size": "OSIMAGES_PAGE_SIZE",
        "workers": file,
        "log_format": file,
        "max_body_bytes": "default",
    }
    assert {name: found.origins[name] for name in expected} == expected


def test_the_file_is_looked_for_where_environment_or_flag_say(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for number, directory in enumerate((first, second), 1):
        directory.mkdir()
        with_file(directory, f"port = {number}")
    environment = {"OSIMAGES_DATA_DIR": str(first)}
    assert resolve({}, environment).settings.port == 1
    assert resolve({"data_dir": str(second)}, environment).settings.port == 2
    assert resolve({"data_dir": str(second)}, environment).settings.data_path == second


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_can_come_from_the_environment(name: str, here: dict[str, object]) -> None:
    default = getattr(Settings(), name)
    examples: dict[str, str] = {
        "audit": "false",
        "authority": "entra",
        "cloud": "china",
        "log_format": "json",
        "new_tenants": "refuse",
        "proxy_headers": "forwarded",
        "throttle": "intune",
        "today": "2026-11-24",
    }
    text = examples.get(name, "true" if isinstance(default, bool) else "7" if isinstance(default, int | float) else "x")
    given = {} if name == "data_dir" else here
    found = resolve(given, {f"{ENVIRONMENT_PREFIX}{name.upper()}": text})
    assert found.origins[name] == f"OSIMAGES_{name.upper()}"
    assert getattr(found.settings, name) != default
    assert type(getattr(found.settings, name)) is (date if name == "today" else type(default))


def test_an_empty_variable_counts_as_none(here: dict[str, object]) -> None:
    found = resolve(here, {"OSIMAGES_PORT": "", "OSIMAGES_TODAY": ""})
    assert found.settings.port == Settings().port
    assert found.origins["port"] == "default"


def test_a_day_may_be_a_date_of_toml_or_text(tmp_path: Path) -> None:
    for text in ("today = 2026-11-24", 'today = "2026-11-24"'):
        assert resolve(with_file(tmp_path, text), {}).settings.today == date(2026, 11, 24)


# --- wrong values -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "many"),
        ("port", "1.5"),
        ("http", "perhaps"),
        ("today", "24.11.2026"),
        ("today", "2026-02-30"),
        ("page_size", "1e3x"),
        ("tenant_cache_seconds", "soon"),
    ],
)
def test_a_value_of_another_type_is_refused_with_its_place(here: dict[str, object], name: str, text: str) -> None:
    variable = f"OSIMAGES_{name.upper()}"
    expected = f"'{text}' does not fit the setting '{name}': "
    assert refusal(here, {variable: text}).startswith(f"{variable}: {expected}")
    assert refusal({**here, name: text}).startswith(f"--{name.replace('_', '-')}: {expected}")
    file = Path(str(here["data_dir"])) / FILE_NAME
    file.write_text(f'{name} = "{text}"', encoding="utf-8")
    assert refusal(here).startswith(f"{file}: {expected}")


@pytest.mark.parametrize(("name", "bound"), BOUNDED)
def test_a_number_out_of_bounds_is_refused_and_the_bound_itself_is_not(
    here: dict[str, object], name: str, bound: str
) -> None:
    [metadata] = [each.metadata for each in fields(Settings) if each.name == name]
    edge = metadata[bound]
    assert getattr(resolve({**here, name: edge}, {}).settings, name) == edge
    beyond = edge - 1 if bound == "least" else edge + 1
    assert refusal({**here, name: beyond}).endswith(f"it is at {bound} {edge}.")


@pytest.mark.parametrize("name", ["authority", "cloud", "log_format", "new_tenants", "proxy_headers", "throttle"])
def test_a_choice_that_there_is_not_is_refused_with_those_there_are(here: dict[str, object], name: str) -> None:
    [choices] = [each.metadata["choices"] for each in fields(Settings) if each.name == name]
    for choice in choices:
        assert getattr(resolve({**here, name: choice}, {}).settings, name) == choice
    assert refusal({**here, name: "another"}).endswith(f"it is one of {', '.join(choices)}.")


def test_the_clouds_that_may_be_chosen_are_those_that_there_are() -> None:
    [choices] = [each.metadata["choices"] for each in fields(Settings) if each.name == "cloud"]
    assert sorted(choices) == sorted(CLOUDS)


@pytest.mark.parametrize("each", fields(Settings), ids=lambda each: str(each.name))
def test_every_setting_says_what_it_is_for_and_has_a_default_that_fits(each: Any) -> None:
    assert each.metadata["help"].endswith(".")
    default = getattr(Settings(), each.name)
    assert each.metadata["least"] is None or default >= each.metadata["least"]
    assert each.metadata["most"] is None or default <= each.metadata["most"]
    assert each.metadata["choices"] is None or default in each.metadata["choices"]


# --- the file ---------------------------------------------------------------------------------------------------------
def test_an_unknown_name_in_the_file_is_refused(tmp_path: Path) -> None:
    flags = with_file(tmp_path, "port = 1\nprot = 2\n")
    assert refusal(flags).startswith(f"{tmp_path / FILE_NAME}: there is no setting 'prot' (did you mean 'port'?).")
    assert "did you mean" not in refusal(with_file(tmp_path, "zzzz = 2\n"))


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    assert refusal(with_file(tmp_path, "port: 1")).startswith(f"{tmp_path / FILE_NAME} is not valid TOML: ")


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b'today = "\xff"')
    assert refusal({"data_dir": str(tmp_path)}) == f"{tmp_path / FILE_NAME} is not text in UTF-8."


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    assert refusal({"data_dir": str(tmp_path)}).startswith(f"{tmp_path / FILE_NAME} cannot be read: ")


# --- misspelt variables -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("OSIMAGES_PROT", "OSIMAGES_PORT"),
        ("OSIMAGES_DATABSE", "OSIMAGES_DATABASE"),
        ("OSIMAGES_DATA_DIRECTORY", "OSIMAGES_DATA_DIR"),
        ("OSIMAGES_TRUSTED_PROXY", "OSIMAGES_TRUSTED_PROXIES"),
        ("OSIMAGES_PUBLICURL", "OSIMAGES_PUBLIC_URL"),
    ],
)
def test_a_variable_that_is_almost_a_settings_is_told(variable: str, meant: str) -> None:
    told = misspelt({variable: "x", "PATH": "/bin", "PROT": "x"})
    assert told == [f"{variable} is no setting and has no effect (did you mean {meant}?)."]


def test_variables_that_programs_around_this_one_use_are_not_told() -> None:
    own = ("URL", "TOKEN", "SOURCE_TOKEN", "FROM_TOKEN", "TO_TOKEN", "TEST_UPDATE", "BENCH_REPLIES", "")
    # https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
    kubernetes = ("SERVICE_HOST", "SERVICE_PORT", "PORT_8443_TCP", "PORT_8443_TCP_ADDR", "PORT_8443_TCP_PROTO")
    settings = (each.name.upper() for each in fields(Settings))
    assert misspelt({f"{ENVIRONMENT_PREFIX}{name}": "x" for name in (*own, *kubernetes, *settings)}) == []


# --- paths ------------------------------------------------------------------------------------------------------------
def test_data_is_kept_in_the_users_folder_unless_told_otherwise(tmp_path: Path) -> None:
    assert Settings().data_path == platformdirs.user_data_path("osimages", appauthor=False)
    assert Settings(data_dir=str(tmp_path)).data_path == tmp_path


def test_the_database_is_in_the_data_directory_unless_told_otherwise(tmp_path: Path) -> None:
    assert Settings(data_dir=str(tmp_path)).database_path == tmp_path / "osimages.db"
    elsewhere = tmp_path / "elsewhere.db"
    assert Settings(database=f"sqlite:///{elsewhere}").database_path == elsewhere
    assert Settings(database="sqlite:///relative.db").database_path == Path("relative.db")


@pytest.mark.parametrize("given", ["postgres:/x", "postgresql:x", "mysql://x", "sqlite://x", "sqlite:x.db", "//://"])
def test_what_was_meant_for_a_url_is_no_path(given: str) -> None:
    assert f"'{given}' is no database: write sqlite:///PATH or postgresql://USER@HOST/NAME." in refusal(
        {"database": given}
    )


@pytest.mark.parametrize("given", ["C:/data/x.db", "C:\\data\\x.db", "/data/x.db", "x.db", "../a-b/x.db"])
def test_a_database_may_be_a_path(given: str) -> None:
    assert resolve({"database": given}, {}).settings.database_path == Path(given)


def test_settings_cannot_be_changed() -> None:
    found = Resolved(Settings(), {})
    with pytest.raises(AttributeError):
        found.settings.port = 1  # type: ignore[misc]
