"""What is committed: our own text, free of the places it was written and installed from, and current locks."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# In pieces, so that this file does not name them.
REGISTRIES = [
    ".".join(host) for host in [("pypi", "org"), ("registry", "npmjs"), ("deb", "debian")]
]
REGISTRIES.append("python" + "hosted")
SOMEBODYS_FOLDER = re.compile(r"(?<![\w.])/(home|Users)/\w+")
INSTALLED_NOT_OURS = re.compile(
    r"\.min\.(js|css)$|(^|/)(vendor|node_modules)/|\.(wasm|ttf|otf|woff2?|whl)$"
)


def committed_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def pins(list_name: str) -> dict[str, list[Version]]:
    """The versions a list of requirements pins; one package may have one for each Python."""
    found: dict[str, list[Version]] = {}
    for name, version in re.findall(
        r"^([\w.-]+)==([^\s;\\]+)", (ROOT / list_name).read_text(), re.MULTILINE
    ):
        found.setdefault(name, []).append(Version(version))
    return found


def test_no_file_names_a_folder_of_the_machine_it_was_written_on() -> None:
    for path in committed_files():
        text = path.read_text(errors="ignore")
        assert len(ROOT.parts) < 3 or str(ROOT) not in text, path
        assert not SOMEBODYS_FOLDER.search(text), path


def test_no_file_names_a_package_registry() -> None:
    for path in committed_files():
        text = path.read_text(errors="ignore")
        assert not [host for host in REGISTRIES if host in text], path


def test_nobody_elses_code_or_font_is_committed() -> None:
    names = [path.relative_to(ROOT).as_posix() for path in committed_files()]

    assert not [name for name in names if INSTALLED_NOT_OURS.search(name)]


@pytest.mark.parametrize(
    ("list_name", "wanted"),
    [
        ("requirements.txt", PROJECT["project"]["dependencies"]),
        ("requirements-dev.txt", PROJECT["project"]["optional-dependencies"]["dev"]),
        ("requirements-node.txt", PROJECT["dependency-groups"]["node"]),
    ],
)
def test_locked_packages_are_those_the_project_asks_for(list_name: str, wanted: list[str]) -> None:
    pinned = pins(list_name)

    for requirement in map(Requirement, wanted):
        assert requirement.name in pinned
        assert all(requirement.specifier.contains(each) for each in pinned[requirement.name])


def test_tests_run_on_the_packages_the_program_is_installed_with() -> None:
    assert pins("requirements.txt").items() <= pins("requirements-dev.txt").items()


def test_every_locked_package_has_hashes() -> None:
    for path in ROOT.glob("requirements*.txt"):
        for block in re.split(r"\n(?=\S)", path.read_text()):
            assert block.startswith("#") or "--hash=sha256:" in block, path


def test_browser_libraries_are_locked_by_hash_and_name_no_address() -> None:
    asked = json.loads((ROOT / "package.json").read_text())
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]

    for group in ("dependencies", "devDependencies"):
        assert locked[""][group] == asked[group]
    for name, package in locked.items():
        assert name == "" or package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name
