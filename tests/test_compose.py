"""docker-compose.yml and the Dockerfile, as far as they can be checked without a container engine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import make_url

from app.cli import COMMANDS
from app.core.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: each for name, each in SERVICES.items() if each.get("image") == "pdi-tracker"}
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
RUN_ONCE = {"secrets", "migrate", "tests"}


def settings_of(service: dict[str, Any]) -> dict[str, str]:
    """A service's environment where nobody has set anything: ``${NAME:-default}`` gives its default."""
    return {
        name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
        for name, value in service.get("environment", {}).items()
    }


def test_web_worker_and_database_start_by_default() -> None:
    by_default = {name for name, service in SERVICES.items() if "profiles" not in service}

    assert by_default == {"secrets", "database", "migrate", "web", "worker"}


def test_whatever_keeps_running_has_a_health_check() -> None:
    for name, service in SERVICES.items():
        assert ("healthcheck" in service) == (name not in RUN_ONCE), name


def test_each_waits_until_what_it_needs_is_ready() -> None:
    for service in SERVICES.values():
        for needed, how in service.get("depends_on", {}).items():
            ready = "service_completed_successfully" if needed in RUN_ONCE else "service_healthy"
            assert how == {"condition": ready}


def test_no_secret_stands_in_the_file() -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert name.endswith("_FILE") or not re.search("PASSWORD|SECRET|TOKEN", name), name
            assert "://" not in value or make_url(value).password is None, name


def test_every_setting_is_one_the_program_knows_and_can_read() -> None:
    for name, service in OURS.items():
        environment = settings_of(service)
        known = {PREFIX + field.upper() for field in Settings.__dataclass_fields__}

        assert environment.keys() <= known, name
        Settings.from_env(environment)


def test_the_program_reaches_the_database_by_the_names_it_is_given() -> None:
    url = make_url(SERVICES["web"]["environment"]["PDI_DATABASE_URL"])
    database = SERVICES[str(url.host)]["environment"]
    password_line = next(
        line for line in SERVICES["secrets"]["command"][0].splitlines() if ":5432:" in line
    )

    assert (url.username, url.database) == (database["POSTGRES_USER"], database["POSTGRES_DB"])
    assert f"{url.host}:5432:{url.database}:{url.username}:" in password_line
    assert str(url.query["passfile"]).rpartition("/")[2] in password_line


@pytest.mark.parametrize("name", OURS)
def test_commands_are_commands_of_pdi(name: str) -> None:
    assert OURS[name]["command"][0] in COMMANDS


@pytest.mark.parametrize("name", OURS)
def test_the_program_has_no_rights_to_lose(name: str) -> None:
    assert OURS[name]["read_only"]
    assert OURS[name]["cap_drop"] == ["ALL"]
    assert OURS[name]["security_opt"] == ["no-new-privileges:true"]


def test_volumes_are_declared() -> None:
    used = {
        volume.partition(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
    }

    assert used == COMPOSE["volumes"].keys()


def test_the_key_is_not_kept_with_the_database() -> None:
    assert not [each for each in SERVICES["database"]["volumes"] if each.startswith("keys")]


def test_the_image_copies_what_exists() -> None:
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        for source in sources.split():
            assert (ROOT / source).exists(), source


def test_the_image_does_not_run_as_root() -> None:
    last_stage = DOCKERFILE.rpartition("\nFROM ")[2]
    uid = re.search(r"--uid (\d+)", last_stage)

    assert re.findall(r"^USER (\w+)$", last_stage, re.MULTILINE) == ["pdi"]
    assert uid is not None
    assert f"chown {uid[1]} /run/pdi/pgpass" in SERVICES["secrets"]["command"][0]
