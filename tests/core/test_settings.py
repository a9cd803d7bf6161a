"""Settings come from the environment, once, checked."""

from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from app.core.settings import ABOUT, BadSetting, Settings


def test_without_any_variable_there_is_a_file_and_a_key_in_the_data_folder() -> None:
    settings = Settings.from_env({})

    assert settings.database_url == f"sqlite:///{Path('data').absolute()}/pdi.sqlite3"
    assert settings.key_file == Path("data/master.key")


def test_variables_are_read_and_options_win_over_them() -> None:
    environ = {"PDI_PORT": "9000", "PDI_DATA_DIR": "/srv/pdi", "PDI_HOST": "", "HOME": "/root"}

    settings = Settings.from_env(environ, port=9001, data_dir=None)

    assert (settings.port, settings.data_dir) == (9001, Path("/srv/pdi"))
    assert settings.host == Settings().host
    assert settings.key_file == Path("/srv/pdi/master.key")


def test_a_plain_postgresql_address_gets_its_driver() -> None:
    url = Settings.from_env({"PDI_DATABASE_URL": "postgresql://u:p@db/pdi"}).database_url

    assert url == "postgresql+psycopg://u:p@db/pdi"


@pytest.mark.parametrize(
    "environ",
    [
        {"PDI_PORT": "eighty"},
        {"PDI_BODY_LIMIT": "1.5"},
        {"PDI_DATABASE_URL": "mysql://db/pdi"},
        {"PDI_DATABASE_URL": "sqlite://"},
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_by_its_name(environ: dict[str, str]) -> None:
    with pytest.raises(BadSetting, match=next(iter(environ))):
        Settings.from_env(environ)


def test_settings_do_not_change_and_each_says_what_it_is_for() -> None:
    settings = Settings()

    with pytest.raises(FrozenInstanceError):
        settings.port = 1  # type: ignore[misc]
    assert ABOUT.keys() == {each.name for each in fields(Settings)}


@pytest.mark.parametrize("port", ["0", "65536", "99999", "-1"])
def test_a_port_that_no_machine_has_is_refused(port: str) -> None:
    with pytest.raises(BadSetting, match="from 1 to 65535"):
        Settings.from_env({"PDI_PORT": port})
