"""A row in every table, for tests of the schema: whatever the columns' types, keys and checks let in."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Column, Connection, Enum, Table, TypeDecorator, insert

VALUES: dict[type, Any] = {
    int: 1,
    float: 0.5,
    bool: False,
    bytes: b"\x01" * 32,
    date: date(2026, 3, 8),
    datetime: datetime(2026, 3, 8, 9, 30, tzinfo=UTC),
    object: {},  # as SQLAlchemy says of JSON
}


# Where an act needs several people, the checks ask that they differ.
SEVERAL = {"staff_member": 4}
# What only rows further on in their life may have.
LATER = {
    "payout_batch": (
        "content_hash",
        "approved_by",
        "approved_at",
        "second_approved_by",
        "second_approved_at",
        "released_by",
        "released_at",
        "closed_at",
        "voided_by",
        "voided_at",
        "reviewed_by",
    ),
    "payout_batch_line": ("paid_minor",),
    "payout_answer_file": ("applied_by", "applied_at"),
    "write_off_request": ("decided_by", "decided_at"),
    "feedback": ("sealed_answer", "handled_on", "handled_by", "first_read_on"),
    "message": ("leased_until", "lease", "ended_on"),
}


def fill(connection: Connection, tables: Iterable[Table]) -> None:
    """Insert a row into each table, and some people; those that are referred to come first."""
    rows: dict[Table, list[dict[str, Any]]] = {}
    for table in tables:
        made = [_row(table, rows, number) for number in range(SEVERAL.get(table.name, 1))]
        for row in made:
            connection.execute(insert(table).values(row))
        rows[table] = made


def _row(table: Table, rows: dict[Table, list[dict[str, Any]]], number: int) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.name in LATER.get(table.name, ()):
            row[column.name] = None
            continue
        row[column.name] = (
            _reference(column, rows, row) if column.foreign_keys else _value(column, row)
        )
        if number and isinstance(row[column.name], str) and column.unique:
            row[column.name] += str(number)
    return row


def _reference(
    column: Column[Any], rows: dict[Table, list[dict[str, Any]]], row: dict[str, Any]
) -> Any:
    """The first key that the row does not hold yet: two columns may have to name different people."""
    (key,) = column.foreign_keys
    known = [each[key.column.name] for each in rows.get(key.column.table, ())]
    return next((each for each in known if each not in row.values()), known[0] if known else None)


def _value(column: Column[Any], row: dict[str, Any]) -> Any:
    """Of a closed list, the first word that the row does not hold yet: two columns may have to differ."""
    if isinstance(column.type, Enum):
        return next(word for word in column.type.enums if word not in row.values())
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    if kind.python_type is UUID:
        return uuid4()
    return column.name if kind.python_type is str else VALUES[kind.python_type]
