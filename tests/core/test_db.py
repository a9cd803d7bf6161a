"""What a unit of work promises: all of it is on disk when it has ended, or none of it happened."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError

from app.core.crypto import Keyring
from app.core.db import Database, NotCommitted
from app.core.outbox import OutboxRow
from tests.factories import NOON


class Refused(Exception):
    pass


def keep(database: Database, row: OutboxRow) -> None:
    with database.transaction() as session:
        session.add(row)
        session.flush()


def note(database: Database, kind: str, *, refuse: bool = False) -> None:
    """A small unit of work: one row, and perhaps a refusal after it."""
    with database.transaction() as session:
        session.add(a_row(kind))
        session.flush()
        if refuse:
            raise Refused


def a_row(kind: str, *, at: datetime = NOON) -> OutboxRow:
    return OutboxRow(
        programme_id=UUID(int=1), kind=kind, sealed_body=b"", at=at, available_at=at, attempts=0
    )


def kinds(database: Database) -> set[str]:
    with database.snapshot() as session:
        return set(session.scalars(select(OutboxRow.kind)))


def kinds_in_file(database: Database) -> set[str]:
    """What another program finds in the file: only what was committed."""
    path = database.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as connection:
        return {kind for (kind,) in connection.execute("SELECT kind FROM outbox")}


@pytest.fixture
def backend() -> str:
    """Tests of the shared commit ask for ``embedded``; the others say again which databases they run on."""
    return "sqlite"


@pytest.fixture
def embedded(database: Database) -> Database:
    return database


both = pytest.mark.parametrize("backend", ["sqlite", "postgresql"])


@both
def test_an_instant_comes_back_aware_and_in_utc(database: Database) -> None:
    kyiv = datetime(2026, 3, 2, 14, 30, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    with database.transaction() as session:
        session.add(a_row("kept", at=kyiv))

    with database.snapshot() as session:
        kept = session.scalars(select(OutboxRow.at)).one()
    assert kept == kyiv
    assert kept.utcoffset() == timedelta(0)


@both
def test_a_naive_datetime_is_refused(database: Database) -> None:
    naive = datetime(2026, 3, 2, 12)  # noqa: DTZ001 - the point of the test

    with pytest.raises(StatementError, match="naive"):
        keep(database, a_row("naive", at=naive))

    assert kinds(database) == set()


@both
def test_a_unit_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(Refused):
        note(database, "refused", refuse=True)

    assert kinds(database) == set()


@both
def test_a_snapshot_writes_nothing(database: Database) -> None:
    with database.snapshot() as session:
        session.add(a_row("smuggled"))
        with pytest.raises(DBAPIError):
            session.flush()

    assert kinds(database) == set()


@both
def test_a_snapshot_sees_one_state_while_others_write(database: Database) -> None:
    count = select(func.count()).select_from(OutboxRow)
    with database.snapshot() as session:
        before = session.scalar(count)
        note(database, "meanwhile")
        after = session.scalar(count)

    assert (before, after) == (0, 0)
    assert kinds(database) == {"meanwhile"}


@both
def test_units_at_once_are_all_durable_and_a_failing_one_fails_alone(database: Database) -> None:
    def unit(number: int) -> bool:
        try:
            note(database, str(number), refuse=number % 5 == 0)
        except Refused:
            return False
        return str(number) in kinds(database)  # at once: what was told is committed

    with ThreadPoolExecutor(16) as desks:
        done = list(desks.map(unit, range(100)))

    assert done == [number % 5 != 0 for number in range(100)]
    assert kinds(database) == {str(number) for number in range(100) if number % 5}


@both
def test_an_error_does_not_show_what_was_written(database: Database) -> None:
    row = a_row("a kind that nobody may read")
    row.programme_id = None  # type: ignore[assignment]

    with pytest.raises(DBAPIError) as failed:
        keep(database, row)

    assert "[parameters" not in str(failed.value)


def test_the_embedded_database_is_opened_so_that_no_commit_is_lost(embedded: Database) -> None:
    for engine in (embedded._writer, embedded._reader):
        with engine.connect() as connection:
            pragmas = {
                name: connection.scalar(text(f"PRAGMA {name}"))
                for name in (
                    "journal_mode",
                    "synchronous",
                    "foreign_keys",
                    "recursive_triggers",
                    "trusted_schema",
                    "secure_delete",
                )
            }
        assert list(pragmas.values()) == ["wal", 2, 1, 1, 0, 1]


def test_a_transaction_inside_a_transaction_is_refused(embedded: Database) -> None:
    with embedded.transaction() as session:
        session.add(a_row("outer"))
        with pytest.raises(RuntimeError, match="inside"), embedded.transaction():
            pass

    assert kinds(embedded) == {"outer"}
    note(embedded, "after")
    assert kinds(embedded) == {"outer", "after"}


def test_waiting_units_share_a_commit(embedded: Database) -> None:
    commits: list[object] = []
    event.listen(embedded.engine, "commit", lambda _connection: commits.append(1))

    together(embedded, [partial(note, embedded, str(number)) for number in range(8)])

    assert len(kinds(embedded)) == 9
    assert len(commits) == 1


def test_a_refusal_is_not_told_before_the_commit_it_rests_on(embedded: Database) -> None:
    told: list[set[str]] = []

    def refused() -> None:
        try:
            note(embedded, "refused", refuse=True)
        except Refused:
            told.append(kinds_in_file(embedded))

    together(embedded, [refused, refused, lambda: note(embedded, "last")])

    assert len(told) == 2
    assert all("first" in seen for seen in told)


def test_when_the_shared_commit_fails_every_unit_hears_of_it_and_nothing_is_kept(
    embedded: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[type[BaseException]] = []

    def unit(kind: str, *, refuse: bool = False) -> Callable[[], None]:
        def run() -> None:
            try:
                note(embedded, kind, refuse=refuse)
            except (OperationalError, NotCommitted, Refused) as error:
                heard.append(type(error))

        return run

    def fail(_connection: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(embedded.engine.dialect, "do_commit", fail)

    together(embedded, [unit("a"), unit("b"), unit("c", refuse=True)], first=unit("first"))
    monkeypatch.undo()

    assert heard == [OperationalError] * 4
    assert kinds_in_file(embedded) == set()
    note(embedded, "afterwards")
    assert kinds_in_file(embedded) == {"afterwards"}


def test_when_the_disk_is_full_every_unit_hears_of_it_and_nothing_is_kept(
    embedded: Database,
) -> None:
    heard: list[type[BaseException]] = []
    with embedded.engine.connect() as connection:
        pages = connection.scalar(text("PRAGMA page_count"))
        connection.execute(text(f"PRAGMA max_page_count={pages + 2}"))

    def unit(kind: str, size: int) -> Callable[[], None]:
        def run() -> None:
            try:
                row = a_row(kind)
                row.sealed_body = b"x" * size
                keep(embedded, row)
            except (OperationalError, NotCommitted) as error:
                heard.append(type(error))

        return run

    together(
        embedded,
        [unit("small", 10), unit("large", 100_000), unit("small too", 10)],
        first=unit("first", 10),
    )

    # Those whose writes went with the full disk are told so; one that came afterwards is kept, and told so.
    kept = kinds_in_file(embedded)
    assert len(heard) + len(kept) == 4
    assert "large" not in kept
    assert set(heard) <= {OperationalError, NotCommitted}
    note(embedded, "afterwards")
    assert "afterwards" in kinds_in_file(embedded)


def test_a_file_another_program_has_locked_is_an_operational_error_and_then_works_again(
    database_url: str, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.core.db.SQLITE_PRAGMAS", ("journal_mode=WAL", "busy_timeout=50"))
    with closing(Database(database_url, keyring)) as database:
        note(database, "before")
        path = database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            with pytest.raises(OperationalError, match="locked"):
                note(database, "while locked")
            assert kinds(database) == {"before"}  # reading goes on
        note(database, "after")
        assert kinds(database) == {"before", "after"}


def together(
    database: Database,
    units: list[Callable[[], None]],
    *,
    first: Callable[[], None] | None = None,
) -> None:
    """Run units that wait while a first one works, so that all of them share its commit."""
    working, go_on = threading.Event(), threading.Event()

    def begin() -> Iterator[None]:
        with database.transaction() as session:
            session.add(a_row("first"))
            session.flush()
            working.set()
            go_on.wait(10)
        yield

    def leading() -> None:
        if first is None:
            list(begin())
            return
        original, group = database._group._begin, database._group

        def slow() -> Any:
            batch = original()
            group._begin = original  # type: ignore[method-assign]
            working.set()
            go_on.wait(10)
            return batch

        group._begin = slow  # type: ignore[method-assign]
        first()

    threads = [threading.Thread(target=leading)]
    threads[0].start()
    assert working.wait(10)
    for number, unit in enumerate(units, start=1):
        threads.append(threading.Thread(target=unit))
        threads[-1].start()
        wait_for(lambda number=number: database._group._waiting == number)  # type: ignore[misc]
    go_on.set()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = datetime.now(UTC) + timedelta(seconds=10)
    while not condition():
        assert datetime.now(UTC) < deadline
        threading.Event().wait(0.005)
