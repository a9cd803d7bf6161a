"""What a person can use is written where she looks for it."""

from pathlib import Path

import pytest

from app.cli import COMMANDS
from app.core.settings import ABOUT, PREFIX, Settings
from app.domain.staff.rules import PERMISSIONS, Permission, Role

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
HOUSE = (ROOT / "app" / "README.md").read_text("utf-8")


@pytest.mark.parametrize("setting", sorted(Settings.__dataclass_fields__))
def test_every_setting_is_explained_on_the_command_line_and_in_the_readme(setting: str) -> None:
    assert ABOUT[setting]
    assert f"`{PREFIX}{setting.upper()}`" in README


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_stands_in_the_readme_and_has_a_file(command: str) -> None:
    assert f"`pdi {command}" in README
    module, about = COMMANDS[command]
    assert about
    assert (ROOT / "app" / "commands" / f"{module}.py").is_file()


def test_the_map_names_every_noun_and_no_other() -> None:
    nouns = {
        each.name for each in (ROOT / "app" / "domain").iterdir() if (each / "__init__.py").exists()
    }
    named = {
        line.split("`")[1]
        for line in HOUSE.splitlines()
        if line.startswith("| `") and "`, " not in line
    }
    assert nouns <= named


@pytest.mark.parametrize(
    "path", ["README.md", "app/README.md", "app/DECISIONS.md", "migrations/README.md"]
)
def test_files_that_the_documents_name_exist(path: str) -> None:
    document = ROOT / path
    links = [part.split(")")[0] for part in document.read_text("utf-8").split("](")[1:]]
    missing = [
        link for link in links if "://" not in link and not (document.parent / link).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("role", Role)
def test_every_role_is_given_its_permissions_by_name(role: Role) -> None:
    assert PERMISSIONS[role] <= set(Permission)
    assert PERMISSIONS[role]
