"""The ``pdi`` command as such: help for everything, one clear line for what went wrong, the right exit code."""

import socket
from pathlib import Path

import pytest

from app.cli import COMMANDS, main


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Whatever a command leaves behind is left in the test's folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("PDI_DATABASE_URL", "PDI_DATA_DIR", "PDI_KEY_FILE", "PDI_PORT"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert f"usage: pdi {command}" in capsys.readouterr().out


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    assert all(f"\n    {command}" in shown for command in COMMANDS)


def test_nothing_asked_for_is_answered_with_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage: pdi" in capsys.readouterr().out


def test_an_unknown_command_is_a_mistake_of_use() -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["dance"])
    assert stopped.value.code == 2


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr().err
    assert said.startswith("pdi: ")
    assert said.count("\n") == 1
    return said


@pytest.mark.parametrize("command", ["serve", "worker", "verify"])
def test_a_database_that_was_never_made_is_refused_with_what_to_run(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command]) == 1
    assert "run: pdi migrate" in one_line(capsys)


def test_a_setting_of_the_wrong_kind_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PDI_PORT", "eight thousand")
    assert main(["serve"]) == 1
    assert "PDI_PORT must be a whole number" in one_line(capsys)


def test_a_database_nobody_answers_for_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PDI_DATABASE_URL", "postgresql://someone:secret-word@127.0.0.1:1/pdi")
    assert main(["migrate"]) == 1
    said = one_line(capsys)
    assert "the database cannot be used" in said
    assert "secret-word" not in said


def test_a_folder_that_cannot_be_made_is_told_in_one_line(
    own_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (own_folder / "file").touch()
    assert main(["migrate", "--data", "file/folder"]) == 1
    assert "file/folder" in one_line(capsys)


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_port_that_is_taken_is_told_before_anything_is_made(
    command: str, own_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert main([command, "--port", str(other.getsockname()[1])]) == 1
    assert "choose another with --port" in one_line(capsys)
    assert list(own_folder.iterdir()) == []


def test_the_embedded_database_is_its_owners_alone(own_folder: Path) -> None:
    assert main(["migrate"]) == 0
    modes = {file.name: file.stat().st_mode & 0o777 for file in (own_folder / "data").iterdir()}
    assert modes["pdi.sqlite3"] == modes["master.key"] == 0o600
    assert set(modes.values()) == {0o600}
