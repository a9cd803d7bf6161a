"""From nothing to a served programme with no more than the ``pdi`` command."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from app.cli import main
from tests.serving import serving

SITE = (
    *("programme", "site", "--code", "KYIV", "--phone", "+380 44 000 00 01"),
    *("--timezone", "Europe/Kyiv", "--name", "uk=Центр «Затишок»", "--name", "en=Zatyshok"),
    *("--address", "uk=м. Київ, вул. Вигадана, 1", "--address", "en=1 Vyhadana St, Kyiv"),
    *("--hours", "mon-fri=09:00–18:00", "--hours", "sat=10:00–15:00"),
    *("--women-only-hours", "wed=15:00–18:00"),
)
PROGRAMME = (
    *("programme", "open", "--code", "ua1", "--name", "Neighbours"),
    *("--currency", "uah", "--languages", "uk,en", "--target", "900"),
)


@pytest.fixture(autouse=True)
def own_database(unmigrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PDI_DATABASE_URL", unmigrated_url)
    monkeypatch.setenv("PDI_DATA_DIR", str(tmp_path))
    assert main(["migrate"]) == 0


def test_an_administrator_alone_gets_to_a_served_programme(
    unmigrated_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(PROGRAMME) == 0
    assert main(SITE) == 0
    assert main(["staff", "add", "Desk.One", "--role", "intake", "--site", "KYIV"]) == 0
    assert main(["staff", "add", "manager", "--role", "coupon_manager"]) == 0
    capsys.readouterr()
    assert main(["key", "make", "manager", "--label", "import"]) == 0
    key = capsys.readouterr().out.strip()
    assert main(["programme", "list"]) == 0
    assert "UA1  Neighbours (UAH, uk+en, target 900)\n  KYIV" in capsys.readouterr().out
    with serving(unmigrated_url, tmp_path / "master.key") as server:
        seed = httpx.post(
            f"{server.url}/api/v1/seeds",
            headers={"Authorization": f"Bearer {key}"},
            json={
                "site": "KYIV",
                "sex": "female",
                "age": 30,
                "network_size": 12,
                "entry_route": "friend",
            },
        )
    assert seed.status_code == 201
    assert main(["verify"]) == 0


def test_a_made_password_is_shown_once_and_logs_in(
    unmigrated_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(PROGRAMME)
    capsys.readouterr()
    command = [sys.executable, "-m", "app.cli", "staff", "add", "lead", "--role", "programme_lead"]
    said = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=True)
    name, _, password = said.stdout.strip().partition("  password: ")
    assert name == "lead"
    assert len(password) >= 12
    assert main(["staff", "list"]) == 0
    shown = capsys.readouterr().out
    assert "lead" in shown
    assert password not in shown


def test_a_chosen_password_is_read_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main(PROGRAMME)
    add = ["staff", "add", "finance", "--role", "finance", "--ask-password"]
    monkeypatch.setattr("sys.stdin.readline", lambda: "short\n", raising=False)
    assert main(add) == 1
    assert "weak_password" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin.readline", lambda: "long enough a word\n", raising=False)
    assert main(add) == 0
    assert capsys.readouterr().out == "finance\n"


def test_who_left_has_no_keys_and_gets_none(capsys: pytest.CaptureFixture[str]) -> None:
    main(PROGRAMME)
    main(["staff", "add", "desk", "--role", "intake"])
    main(["key", "make", "desk", "--label", "scanner"])
    capsys.readouterr()
    assert main(["key", "list"]) == 0
    assert "scanner" in capsys.readouterr().out
    assert main(["key", "end", "desk"]) == 0
    capsys.readouterr()
    assert main(["key", "list"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["staff", "remove", "desk"]) == 0
    assert main(["key", "make", "desk", "--label", "again"]) == 1
    assert "unknown_staff" in capsys.readouterr().err


REFUSED = [
    ((*PROGRAMME[:-4], "--languages", "xx"), "--languages"),
    ((*PROGRAMME[:-6], "--currency", "pounds", "--languages", "en"), "--currency"),
    (("programme", "open", "--code", "UA 1", *PROGRAMME[4:]), "--code"),
    ((*SITE[:6], "--timezone", "Mars", *SITE[8:]), "--timezone"),
    ((*SITE, "--name", "de=Zentrum"), "--name"),
    ((*SITE, "--hours", "monday=9"), "--hours"),
    ((*SITE, "--name", "en=Needle exchange"), "needle"),
    (("staff", "add", "two words", "--role", "intake"), "USERNAME"),
    (("staff", "add", "desk", "--role", "intake", "--site", "ODESA"), "unknown_site"),
    (("key", "make", "nobody", "--label", "x"), "unknown_staff"),
]


def test_what_cannot_be_is_refused_in_one_line_that_names_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(("programme", "open", "--code", "OTHER", *PROGRAMME[4:]))
    for command, named in REFUSED:
        capsys.readouterr()
        assert main(command) == 1, command
        line = capsys.readouterr().err
        assert line.count("\n") == 1
        assert named in line


def test_which_programme_must_be_said_where_there_are_several(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["staff", "list"]) == 1
    assert "pdi programme open" in capsys.readouterr().err
    main(PROGRAMME)
    main(("programme", "open", "--code", "UA2", *PROGRAMME[4:]))
    assert main(PROGRAMME) == 1
    assert main(["staff", "list"]) == 1
    assert "--programme CODE (UA1, UA2)" in capsys.readouterr().err
    assert main([*SITE, "--programme", "UA2"]) == 0
    assert main(["staff", "list", "--programme", "UA2"]) == 0
