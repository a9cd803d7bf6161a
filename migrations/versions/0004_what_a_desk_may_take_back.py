"""What a desk may take back.

A scan's answer stands beside how its redemption stands now; people and redemptions that were a mistake have words
of their own; money handed out for nothing has an account; and who may be someone else waits for a decision.
"""

import re
from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OUTCOMES = ("accepted", "conflict", "overruled")
STANDINGS = ("arrived", "enrolled", "ineligible", "duplicate")
ACCOUNTS = (
    "funding",
    "cash_float",
    "stipends_held",
    "stipends_payable",
    "expense_primary",
    "expense_recruitment",
    "expense_education",
    "expense_steering",
)
# Which columns get which word.
NEW_WORDS = (
    ("redemption", "outcome", OUTCOMES, "taken_back"),
    ("participant", "standing", STANDINGS, "mistaken"),
    ("ledger_entry", "debit", ACCOUNTS, "cash_loss"),
    ("ledger_entry", "credit", ACCOUNTS, "cash_loss"),
)
# What stands where a word is not known yet.
OLDER_WORDS = {
    ("redemption", "outcome"): "CASE WHEN outcome = 'taken_back' THEN 'overruled' "
    "WHEN outcome = 'overruled' AND answer = 'conflict' THEN 'conflict' ELSE outcome END",
    (
        "participant",
        "standing",
    ): "CASE WHEN standing = 'mistaken' THEN 'duplicate' ELSE standing END",
    (
        "ledger_entry",
        "debit",
    ): "CASE WHEN debit = 'cash_loss' THEN 'expense_primary' ELSE debit END",
    (
        "ledger_entry",
        "credit",
    ): "CASE WHEN credit = 'cash_loss' THEN 'expense_primary' ELSE credit END",
}
DECIDED_FOR_THE_SECOND = (
    "EXISTS (SELECT 1 FROM conflict_decision WHERE redemption_id = redemption.id"
    " AND decision = 'second_stands')"
)
DECIDED_FOR_THE_FIRST = (
    "EXISTS (SELECT 1 FROM conflict_decision WHERE redemption_id = redemption.id"
    " AND decision = 'first_stands')"
)
ANSWER = f"CASE WHEN outcome = 'conflict' OR {DECIDED_FOR_THE_SECOND} THEN 'conflict' ELSE 'accepted' END"
# A conflict that was lost no longer reads like one that waits.
OUTCOME = (
    f"CASE WHEN outcome = 'conflict' AND {DECIDED_FOR_THE_FIRST} THEN 'overruled' ELSE outcome END"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _upgrade_postgresql()
    else:
        _rebuild(
            "redemption",
            words={"outcome": (OUTCOMES, (*OUTCOMES, "taken_back"))},
            values={"outcome": OUTCOME, "answer": ANSWER},
            replaced={
                "\toutcome VARCHAR(40) NOT NULL, ": "\toutcome VARCHAR(40) NOT NULL, \n"
                "\tanswer VARCHAR(40) NOT NULL, ",
                "\tCONSTRAINT ck_redemption_outcome": "\tCONSTRAINT ck_redemption_answer CHECK "
                "(answer IN ('accepted', 'conflict')), \n\tCONSTRAINT ck_redemption_outcome",
            },
        )
        _rebuild("participant", words={"standing": (STANDINGS, (*STANDINGS, "mistaken"))})
        accounts = (ACCOUNTS, (*ACCOUNTS, "cash_loss"))
        _rebuild("ledger_entry", words={"debit": accounts, "credit": accounts})
    op.add_column("refused_scan", sa.Column("sealed_tail", sa.LargeBinary(), nullable=True))
    _add_tables()


def downgrade() -> None:
    op.drop_table("duplicate_decision")
    op.drop_table("possible_duplicate")
    op.execute("ALTER TABLE refused_scan DROP COLUMN sealed_tail")
    if op.get_bind().dialect.name == "postgresql":
        _downgrade_postgresql()
        return
    accounts = ((*ACCOUNTS, "cash_loss"), ACCOUNTS)
    _rebuild(
        "ledger_entry",
        words={"debit": accounts, "credit": accounts},
        values={side: OLDER_WORDS["ledger_entry", side] for side in ("debit", "credit")},
    )
    _rebuild(
        "participant",
        words={"standing": ((*STANDINGS, "mistaken"), STANDINGS)},
        values={"standing": OLDER_WORDS["participant", "standing"]},
    )
    _rebuild(
        "redemption",
        words={"outcome": ((*OUTCOMES, "taken_back"), OUTCOMES)},
        values={"outcome": OLDER_WORDS["redemption", "outcome"]},
        replaced={
            "\tanswer VARCHAR(40) NOT NULL, \n": "",
            "\tCONSTRAINT ck_redemption_answer CHECK (answer IN ('accepted', 'conflict')), \n": "",
        },
        without="answer",
    )


def _upgrade_postgresql() -> None:
    for table, column, words, word in NEW_WORDS:
        _allow(table, column, (*words, word))
    op.add_column("redemption", sa.Column("answer", sa.String(40), nullable=True))
    op.execute(f"UPDATE redemption SET answer = {ANSWER}, outcome = {OUTCOME}")
    op.alter_column("redemption", "answer", nullable=False)
    op.create_check_constraint(
        op.f("ck_redemption_answer"), "redemption", "answer IN ('accepted', 'conflict')"
    )


def _downgrade_postgresql() -> None:
    # The books are append-only; only here, where their words are taken from them, may they be rewritten.
    op.execute("ALTER TABLE ledger_entry DISABLE TRIGGER append_only")
    for (table, column), older in OLDER_WORDS.items():
        op.execute(f"UPDATE {table} SET {column} = {older} WHERE {column} <> {older}")
    op.execute("ALTER TABLE ledger_entry ENABLE TRIGGER append_only")
    for table, column, words, _word in NEW_WORDS:
        _allow(table, column, words)
    op.drop_column("redemption", "answer")


def _allow(table: str, column: str, words: tuple[str, ...]) -> None:
    name = op.f(f"ck_{table}_{column}")
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, f"{column} IN ({_listed(words)})")


def _add_tables() -> None:
    op.create_table(
        "possible_duplicate",
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column(
            "likeness",
            sa.Enum(
                "possible_duplicate",
                "possible_self_recruitment",
                name="likeness",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("sealed_arrival", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_possible_duplicate_participant_id_participant"),
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.id"],
            name=op.f("fk_possible_duplicate_programme_id_programme"),
        ),
        sa.PrimaryKeyConstraint("participant_id", name=op.f("pk_possible_duplicate")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_possible_duplicate_programme", "possible_duplicate", ["programme_id"])
    op.create_table(
        "duplicate_decision",
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column(
            "decision",
            sa.Enum(
                "same",
                "not_the_same",
                name="sameperson",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["possible_duplicate.participant_id"],
            name=op.f("fk_duplicate_decision_participant_id_possible_duplicate"),
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.id"],
            name=op.f("fk_duplicate_decision_programme_id_programme"),
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"],
            ["staff_member.id"],
            name=op.f("fk_duplicate_decision_decided_by_staff_member"),
        ),
        sa.PrimaryKeyConstraint("participant_id", name=op.f("pk_duplicate_decision")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON duplicate_decision "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            "CREATE TRIGGER not_emptied BEFORE TRUNCATE ON duplicate_decision "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    refuse = "BEGIN SELECT RAISE(ABORT, 'duplicate_decision is append-only'); END"
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER duplicate_decision_no_{act.lower()} "
            f"BEFORE {act} ON duplicate_decision {refuse}"
        )
    op.execute(
        "CREATE TRIGGER duplicate_decision_no_replace BEFORE INSERT ON duplicate_decision "
        "WHEN EXISTS (SELECT 1 FROM duplicate_decision WHERE participant_id = NEW.participant_id) "
        f"{refuse}"
    )


def _rebuild(
    table: str,
    *,
    words: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]],
    values: Mapping[str, str] | None = None,
    replaced: Mapping[str, str] | None = None,
    without: str = "",
) -> None:
    """Make an SQLite table anew from its own text, with its indexes and triggers, which a CHECK needs to change.

    ``words`` is the list of each column before and after, ``values`` what a column is copied from.
    """
    bind = op.get_bind()
    written = bind.execute(
        sa.text("SELECT type, sql FROM sqlite_master WHERE tbl_name = :name AND sql IS NOT NULL"),
        {"name": table},
    ).all()
    (create,) = (sql for kind, sql in written if kind == "table")
    changes = dict(replaced or {})
    for column, (before, after) in words.items():
        changes[f"CHECK ({column} IN ({_listed(before)}))"] = (
            f"CHECK ({column} IN ({_listed(after)}))"
        )
    for old, new in changes.items():
        if create.count(old) != 1:
            raise RuntimeError(f"the table {table} is not written as expected: {old}")
        create = create.replace(old, new)
    columns = [row[1] for row in bind.execute(sa.text(f"PRAGMA table_info({table})"))]
    copied = {name: name for name in columns if name != without} | dict(values or {})
    fresh = f"{table}_anew"
    op.execute(re.sub(rf'^CREATE TABLE "?{table}"?', f"CREATE TABLE {fresh}", create))
    op.execute(
        f"INSERT INTO {fresh} ({', '.join(copied)}) SELECT {', '.join(copied.values())} FROM {table}"
    )
    op.execute(f"DROP TABLE {table}")
    op.execute(f"ALTER TABLE {fresh} RENAME TO {table}")
    for kind, sql in written:
        if kind != "table":
            op.execute(sql)


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)
