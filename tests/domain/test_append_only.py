"""What is written in the books and the record is never changed, by whatever statement someone tries."""

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError

from app.core.db import Database
from app.domain.tables import METADATA
from tests.rows import fill

KEYS = {
    "audit_event": "id",
    "audit_link": "sequence",
    "protocol_version": "id",
    "ledger_entry": "id",
    "payout": "id",
    "payout_line": "accrual_id",
    "write_off": "entry_id",
    "knowledge_test": "participant_id",
    "conflict_decision": "redemption_id",
    "signal_review": "id",
    "duplicate_decision": "participant_id",
    "desk_event": "id",
    "desk_event_settlement": "event_id",
    "cash_count": "id",
    "cash_count_try": "id",
    "cash_handover": "id",
    "cash_handover_step": "id",
    "cash_write_off": "id",
    "cash_write_off_decision": "write_off_id",
    "lottery_week": "id",
    "lottery_ticket": "id",
    "lottery_cancellation": "ticket_id",
    "lottery_draw": "id",
    "lottery_place": "ticket_id",
    "protocol_proposal": "id",
    "payout_profile": "id",
}

# Their rows go forward and are never deleted: tests/domain/test_batches_frozen.py.
FROZEN = {"payout_batch", "payout_batch_line", "payout_answer_file"}


@pytest.fixture
def filled(database: Database) -> Database:
    with database.engine.begin() as connection:
        fill(connection, METADATA.sorted_tables)
    return database


def attempt(connection: Connection, statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), connection.begin():
        connection.execute(text(statement))


@pytest.mark.parametrize("table", KEYS)
def test_a_row_is_neither_changed_nor_removed_nor_replaced(filled: Database, table: str) -> None:
    key = KEYS[table]
    columns = [column.name for column in METADATA.tables[table].columns]
    listed = ", ".join(columns)
    with filled.engine.connect() as connection:
        before = connection.execute(text(f"SELECT * FROM {table}")).all()
        connection.rollback()
        for column in columns:
            attempt(connection, f"UPDATE {table} SET {column} = {column}")
        attempt(connection, f"DELETE FROM {table}")
        attempt(connection, f"DELETE FROM {table} WHERE {key} IS NOT NULL")
        if filled.is_sqlite:
            again = f"{table} ({listed}) SELECT {listed} FROM {table}"
            attempt(connection, f"INSERT OR REPLACE INTO {again}")
            attempt(connection, f"REPLACE INTO {again}")
            attempt(connection, f"UPDATE OR REPLACE {table} SET {key} = {key}")
        else:
            attempt(connection, f"TRUNCATE {table} CASCADE")
            attempt(
                connection,
                f"INSERT INTO {table} SELECT * FROM {table} "
                f"ON CONFLICT ({key}) DO UPDATE SET {key} = EXCLUDED.{key}",
            )
        assert connection.execute(text(f"SELECT * FROM {table}")).all() == before


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize("pragma", ["recursive_triggers=OFF", "foreign_keys=OFF"])
def test_an_insert_or_replace_is_refused_by_a_connection_with_other_habits(
    filled: Database, pragma: str
) -> None:
    with filled.engine.connect() as connection:
        connection.connection.driver_connection.execute(f"PRAGMA {pragma}")  # type: ignore[union-attr]
        attempt(connection, "INSERT OR REPLACE INTO ledger_entry SELECT * FROM ledger_entry")
        connection.connection.driver_connection.execute(  # type: ignore[union-attr]
            "PRAGMA recursive_triggers=ON"
        )


def test_the_control_a_table_without_the_trigger_can_be_changed(filled: Database) -> None:
    with filled.engine.begin() as connection:
        changed = connection.execute(text("UPDATE outbox SET attempts = 9"))

    assert changed.rowcount == 1


def test_every_table_that_must_not_change_is_tried_here(database: Database) -> None:
    found = (
        "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger'"
        if database.is_sqlite
        else "SELECT DISTINCT event_object_table FROM information_schema.triggers"
    )
    with database.engine.connect() as connection:
        assert set(connection.scalars(text(found))) == set(KEYS) | FROZEN
