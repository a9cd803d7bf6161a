"""Engines, the declarative base, and the only place that commits."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, TypeVar, cast

from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    Insert,
    LargeBinary,
    MetaData,
    TypeDecorator,
    create_engine,
    event,
    insert,
)
from sqlalchemy.orm import DeclarativeBase, Session

from app.core.crypto import Keyring

_T = TypeVar("_T")

LARGEST_BATCH = 64
SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # NORMAL loses acknowledged commits when the power goes
    "foreign_keys=ON",
    "busy_timeout=5000",
    "recursive_triggers=ON",  # INSERT OR REPLACE must meet the append-only triggers
    "trusted_schema=OFF",
    "secure_delete=ON",
)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant on every database (SQLite forgets the zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("naive datetime")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if isinstance(value, datetime) and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return cast(datetime | None, value)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        datetime: UtcDateTime,
        bytes: LargeBinary,
        dict[str, Any]: JSON,
        list[str]: JSON,
    }


# Rows of people, coupons and money lie in the order of their random ids: the hidden row number of an
# ordinary SQLite table would tell which coupons were made in one breath, and so whose they are.
UNORDERED = {"sqlite_with_rowid": False}


def choice(enum: type[StrEnum], column: str = "") -> Enum:
    """A column of a closed list of words, checked by the database and stored as text.

    Two such columns of one list in a table need their names.
    """
    return Enum(
        enum,
        native_enum=False,
        create_constraint=True,
        length=40,
        name=column or enum.__name__.lower(),
        values_callable=lambda words: [word.value for word in words],
    )


def put(session: Session, model: type[Base], row: Mapping[str, Any] | Sequence[Any]) -> None:
    """Insert a row, or several alike, in one statement and past the unit of work.

    The unit of work costs three times the CPU where nothing is read back; column defaults still apply.
    """
    session.connection().execute(_insert_into(model), row)


def in_parts(values: Sequence[_T], size: int = 1000) -> Iterator[Sequence[_T]]:
    """A database takes only so many parameters at once."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


@cache
def _insert_into(model: type[Base]) -> Insert:
    return insert(model.__table__)  # type: ignore[arg-type]


class Database:
    """Opens sessions. ``transaction()`` writes and commits; ``snapshot()`` only reads, consistently."""

    def __init__(self, url: str, keyring: Keyring | None = None, *, pool_size: int = 20) -> None:
        self.url, self._info = url, {"keyring": keyring}
        self.is_sqlite = url.startswith("sqlite")
        if self.is_sqlite:
            self._reader = _sqlite_engine(url, begin="BEGIN", read_only=True, pool_size=16)
            self._writer = _sqlite_engine(
                url, begin="BEGIN IMMEDIATE", read_only=False, pool_size=1
            )
            self._group = _GroupCommit(self._writer)
        else:
            self._writer = create_engine(
                url,
                pool_size=pool_size,
                max_overflow=0,
                pool_timeout=10,
                pool_use_lifo=True,
                hide_parameters=True,  # an error that is logged must not show what was written
                connect_args={
                    "connect_timeout": 5,
                    "options": "-c statement_timeout=30000 -c lock_timeout=10000"
                    " -c idle_in_transaction_session_timeout=60000",
                },
            )
            self._reader = self._writer.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @property
    def engine(self) -> Engine:
        return self._writer

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One unit of work: all of it is durable when the block has ended, or none of it happened."""
        if self.is_sqlite:
            with self._group.unit(self._info) as session:
                yield session
        else:
            with (
                Session(self._writer, expire_on_commit=False, info=self._info) as session,
                session.begin(),
            ):
                yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        with Session(self._reader, expire_on_commit=False, info=self._info) as session:
            yield session

    def close(self) -> None:
        self._reader.dispose()
        self._writer.dispose()


@contextmanager
def apart(session: Session) -> Iterator[Session]:
    """A unit of work within a transaction: all of it happens or none, and the transaction goes on either way.

    It has a session of its own, so that nothing it read or failed to write is taken for true afterwards.
    """
    with (
        Session(
            session.connection(),
            join_transaction_mode="create_savepoint",
            expire_on_commit=False,
            info=session.info,
        ) as inner,
        inner.begin(),
    ):
        yield inner


class NotCommitted(Exception):
    """The commit that a unit of work shared did not happen; nothing of it was kept."""


class _Batch:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.units = 0
        self.done = threading.Event()
        self.committed = False
        self.failure: BaseException | None = None


class _GroupCommit:
    """SQLite's one writing connection: units that wait for it share one commit, each in its own savepoint.

    A commit costs a flush to disk. While one unit works others queue; the last of the queue commits for all,
    and none returns before that commit: what a caller was told is on disk.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = threading.Lock()
        self._count = threading.Lock()
        self._waiting = 0
        self._batch: _Batch | None = None
        self._mine = threading.local()

    @contextmanager
    def unit(self, info: dict[str, Any]) -> Iterator[Session]:
        if getattr(self._mine, "busy", False):
            raise RuntimeError("a transaction inside a transaction would wait for itself")
        self._mine.busy = True
        batch: _Batch | None = None
        try:
            self._take_turn()
            try:
                batch = self._batch or self._begin()
                batch.units += 1
                with (
                    Session(
                        batch.connection,
                        join_transaction_mode="create_savepoint",
                        expire_on_commit=False,
                        info=info,
                    ) as session,
                    session.begin(),
                ):
                    yield session
            except BaseException as error:
                if batch and not _still_open(batch.connection):  # disk full rolls back everything
                    batch.failure = error
                raise
            finally:
                if batch and self._is_last(batch):
                    self._commit(batch)
                self._turn.release()
        finally:
            self._mine.busy = False
            if batch:  # a refusal, too, may rest on what another unit of the batch has written
                batch.done.wait()
                if not batch.committed:
                    raise batch.failure or NotCommitted

    def _take_turn(self) -> None:
        with self._count:
            self._waiting += 1
        try:
            self._turn.acquire()
        finally:
            with self._count:
                self._waiting -= 1

    def _begin(self) -> _Batch:
        connection = self._engine.connect()
        try:
            connection.begin()
        except BaseException:
            connection.close()
            raise
        self._batch = _Batch(connection)
        return self._batch

    def _is_last(self, batch: _Batch) -> bool:
        with self._count:
            return self._waiting == 0 or batch.units >= LARGEST_BATCH or batch.failure is not None

    def _commit(self, batch: _Batch) -> None:
        self._batch = None
        try:
            if batch.failure is None:
                batch.connection.commit()
                batch.committed = True
        except Exception as error:  # noqa: BLE001 - every waiting unit must hear of it
            batch.failure = error
        finally:
            if (
                not batch.committed
            ):  # a failed COMMIT can leave the transaction open; closing would not end it
                batch.connection.invalidate()
            batch.connection.close()
            batch.done.set()


def _still_open(connection: Connection) -> bool:
    return bool(cast(Any, connection.connection.dbapi_connection).in_transaction)


def _sqlite_engine(url: str, *, begin: str, read_only: bool, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        hide_parameters=True,
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy, not the driver, says BEGIN
        for pragma in SQLITE_PRAGMAS:
            connection.execute(f"PRAGMA {pragma}").close()
        if read_only:
            connection.execute("PRAGMA query_only=ON").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine
