"""The database as such: its key, its tables, its guards and its seals."""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Enum, LargeBinary, String, select, text, type_coerce
from sqlalchemy.orm import Session

from app.core.crypto import KeyProblem, keyring_of
from app.core.installation import Installation
from app.domain.tables import METADATA

APPEND_ONLY = (
    "audit_event",
    "audit_link",
    "protocol_version",
    "ledger_entry",
    "payout",
    "payout_line",
    "write_off",
    "knowledge_test",
    "conflict_decision",
    "signal_review",
    "duplicate_decision",
    "desk_event",
    "desk_event_settlement",
    "cash_count",
    "cash_count_try",
    "cash_handover",
    "cash_handover_step",
    "cash_write_off",
    "cash_write_off_decision",
    "lottery_week",
    "lottery_ticket",
    "lottery_cancellation",
    "lottery_draw",
    "lottery_place",
    "protocol_proposal",
)
# Of these what was signed, or decided, never changes, and no row goes: so many guards each.
FROZEN = {"payout_batch": 3, "payout_batch_line": 4, "payout_answer_file": 3}
# Against changing, deleting and replacing on SQLite; against changing or deleting, and emptying, on PostgreSQL.
GUARDS_OF_A_TABLE = {"sqlite": 3, "postgresql": 2}
GUARDS = {
    "sqlite": "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgrelid::regclass::text, tgname FROM pg_trigger"
    " WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')",
}
# It keeps the cash of every site, and so guards against taking out more than there is.
FLOAT_KEEPER = {"sqlite": "ledger_entry_keeps_float", "postgresql": "keeps_float"}


def key(session: Session) -> Iterator[str]:
    """The key file beside the database belongs to it."""
    known = session.scalar(select(Installation.key_fingerprint))
    if known is None:
        yield "the database was never bound to a key; run: pdi migrate"
    elif known != keyring_of(session).fingerprint():
        yield "the key file belongs to another database"


def whole(session: Session) -> Iterator[str]:
    """PostgreSQL watches over this by itself; an SQLite file may have been touched by anything."""
    if _dialect(session) != "sqlite":
        return
    for (fault,) in session.execute(text("PRAGMA integrity_check")):
        if fault != "ok":
            yield str(fault)
    for table, _row, parent, _key in session.execute(text("PRAGMA foreign_key_check")):
        yield f"a row of {table} refers to a row of {parent} that is not there"


def guards(session: Session) -> Iterator[str]:
    """The triggers that refuse changes are in place and on."""
    dialect = _dialect(session)
    triggers = {(table, name) for table, name in session.execute(text(GUARDS[dialect]))}
    keeper = ("ledger_entry", FLOAT_KEEPER[dialect])
    if keeper not in triggers:
        yield "the books no longer keep the cash of the sites: a trigger is missing or off"
    found = Counter(table for table, _name in triggers - {keeper})
    for table in APPEND_ONLY:
        if found[table] < GUARDS_OF_A_TABLE[dialect]:
            yield f"{table} can be changed: a trigger is missing or off"
    for table, guards_of_it in FROZEN.items():
        if found[table] < guards_of_it:
            yield f"what is frozen in {table} can be changed: a trigger is missing or off"


def states(session: Session) -> Iterator[str]:
    """Read past the mapping, which would stumble over a word it does not know."""
    for table in METADATA.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, Enum):
                found = select(type_coerce(column, String)).distinct().where(column.is_not(None))
                for word in session.scalars(found):
                    if word not in column.type.enums:
                        yield f"{table.name}.{column.name} holds a word that is none of its list"


def seals(session: Session) -> Iterator[str]:
    """Every sealed column opens in its own row."""
    keyring = keyring_of(session)
    for table in METADATA.sorted_tables:
        for column in table.columns:
            if not column.name.startswith("sealed_") or not isinstance(column.type, LargeBinary):
                continue
            (key,) = table.primary_key.columns
            rows = session.execute(
                select(key, column).where(column.is_not(None)),
                execution_options={"yield_per": 1000},
            )
            for row, sealed in rows:
                try:
                    keyring.open(sealed, table=table.name, column=column.name, row=row)
                except KeyProblem:
                    yield f"{table.name} {row}: {column.name} does not open"


def _dialect(session: Session) -> str:
    return session.connection().dialect.name
