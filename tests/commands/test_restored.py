"""A backup was put back: the server begins another life, and says so once."""

from pathlib import Path

import pytest
from sqlalchemy import select

from app.cli import main
from app.core.crypto import Keyring
from app.core.db import Database
from app.core.installation import ensure_installed, epoch
from app.domain.audit.models import AuditEvent
from tests.factories import NOON, a_place


@pytest.fixture(autouse=True)
def surroundings(database_url: str, key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PDI_DATABASE_URL", database_url)
    monkeypatch.setenv("PDI_KEY_FILE", str(key_file))


def test_a_restored_server_has_another_epoch_and_every_programme_a_record_of_it(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.transaction() as session:
        ensure_installed(session, now=NOON)
        programmes = {a_place(session).programme.id, a_place(session).programme.id}
        before = epoch(session)

    assert main(["restored"]) == 0

    assert "sends again" in capsys.readouterr().out
    with database.snapshot() as session:
        events = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "server.restored")
        ).all()
        assert {each.programme_id for each in events} == programmes
        assert {each.subject for each in events} == {str(epoch(session))}
        assert epoch(session) != before


def test_with_another_databases_key_nothing_is_restored(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        before = ensure_installed(session, now=NOON).epoch
    Keyring.create(tmp_path / "other.key")
    monkeypatch.setenv("PDI_KEY_FILE", str(tmp_path / "other.key"))

    assert main(["restored"]) == 1

    with database.snapshot() as session:
        assert epoch(session) == before


def test_a_database_that_was_not_migrated_says_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PDI_DATABASE_URL", f"sqlite:///{tmp_path}/none.sqlite3")
    assert main(["restored"]) == 1
    assert "pdi migrate" in capsys.readouterr().err
