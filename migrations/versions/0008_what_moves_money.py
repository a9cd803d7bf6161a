"""What moves money.

The books get the accounts of banks, money on its way, other sites, expiry, counts and write-offs. A payment has a
number to tell and says how it was made; what waits in a batch is kept aside; a write-off names two people. A site's
cash has a row that the database itself keeps, so that no entry can take out more than is there.
"""

import re
import secrets
from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

OLDER_ACCOUNTS = (
    "funding",
    "cash_float",
    "stipends_held",
    "stipends_payable",
    "expense_primary",
    "expense_recruitment",
    "expense_education",
    "expense_steering",
    "cash_loss",
)
ACCOUNTS = (
    "funding",
    "cash_float",
    "bank",
    "clearing",
    "between_sites",
    "stipends_held",
    "stipends_payable",
    "stipends_unclaimed",
    "expense_primary",
    "expense_recruitment",
    "expense_education",
    "expense_steering",
    "expense_lottery",
    "cash_variance",
    "write_off",
    "cash_loss",
)
# What stands for an account where it is not known yet. Two that were different stay different: see OLDER_CREDIT.
OLDER_NAMES = {
    "bank": "funding",
    "clearing": "funding",
    "between_sites": "funding",
    "stipends_unclaimed": "stipends_held",
    "expense_lottery": "expense_steering",
    "cash_variance": "cash_loss",
    "write_off": "cash_loss",
}
_WHENS = " ".join(f"WHEN '{new}' THEN '{old}'" for new, old in OLDER_NAMES.items())
OLDER_DEBIT = f"CASE debit {_WHENS} ELSE debit END"
_PLAIN_CREDIT = f"CASE credit {_WHENS} ELSE credit END"
OLDER_CREDIT = (
    f"CASE WHEN {_PLAIN_CREDIT} <> {OLDER_DEBIT} THEN {_PLAIN_CREDIT} "
    f"WHEN {OLDER_DEBIT} = 'funding' THEN 'cash_float' ELSE 'funding' END"
)

METHODS = ("cash", "mobile_money", "airtime", "voucher")
CLAIMED_WITH = ("visit", "code", "card", "batch")
PAYOUT_CHECKS = (
    "\tCONSTRAINT uq_payout_receipt UNIQUE (receipt), \n"
    "\tCONSTRAINT ck_payout_method CHECK (method IN ('cash', 'mobile_money', 'airtime', 'voucher')), \n"
    "\tCONSTRAINT ck_payout_claimed_with CHECK (claimed_with IN ('visit', 'code', 'card', 'batch'))\n)"
)
PAYOUT_COLUMNS = (
    "\tpaid_by CHAR(32) NOT NULL, \n\treceipt VARCHAR NOT NULL, \n\tmethod VARCHAR(40) NOT NULL, \n"
    "\tclaimed_with VARCHAR(40) NOT NULL, \n\tsealed_accruals BLOB, \n"
)

# What INSERT OR REPLACE would take away without a word: each key of a row that there may be only one of.
ONLY_ONE = {"ledger_entry": ("id", "cause_digest", "reverses"), "payout": ("id", "receipt")}

MOVED = "CASE WHEN NEW.debit = 'cash_float' THEN NEW.amount_minor ELSE -NEW.amount_minor END"
# The check is said once more in words of its own: INSERT OR IGNORE would pass over a constraint.
KEEP_FLOAT_ON_SQLITE = f"""
CREATE TRIGGER ledger_entry_keeps_float AFTER INSERT ON ledger_entry
WHEN NEW.debit = 'cash_float' OR NEW.credit = 'cash_float'
BEGIN
    INSERT INTO cash_float (site_id, programme_id, balance_minor, overdraft_minor)
        SELECT NEW.site_id, NEW.programme_id, 0, 0
        WHERE NOT EXISTS (SELECT 1 FROM cash_float WHERE site_id = NEW.site_id);
    SELECT RAISE(ABORT, 'cash_float would be overdrawn') FROM cash_float
        WHERE site_id = NEW.site_id AND balance_minor + {MOVED} < -overdraft_minor;
    UPDATE cash_float SET balance_minor = balance_minor + {MOVED} WHERE site_id = NEW.site_id;
END
"""
KEEP_FLOAT_ON_POSTGRESQL = (
    f"""
CREATE FUNCTION keep_cash_float() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO cash_float (site_id, programme_id, balance_minor, overdraft_minor)
        VALUES (NEW.site_id, NEW.programme_id, 0, 0) ON CONFLICT (site_id) DO NOTHING;
    UPDATE cash_float SET balance_minor = balance_minor + {MOVED} WHERE site_id = NEW.site_id;
    RETURN NULL;
END $$
""",
    """
CREATE TRIGGER keeps_float AFTER INSERT ON ledger_entry FOR EACH ROW
WHEN (NEW.debit = 'cash_float' OR NEW.credit = 'cash_float') EXECUTE FUNCTION keep_cash_float()
""",
)
# What was taken out before anyone looked at the balance is allowed for, and no more.
FLOATS_OF_ENTRIES = """
INSERT INTO cash_float (site_id, programme_id, balance_minor, overdraft_minor)
SELECT site_id, programme_id, balance, CASE WHEN balance < 0 THEN -balance ELSE 0 END FROM (
    SELECT site_id, programme_id,
        SUM(CASE WHEN debit = 'cash_float' THEN amount_minor ELSE -amount_minor END) AS balance
    FROM ledger_entry WHERE debit = 'cash_float' OR credit = 'cash_float'
    GROUP BY site_id, programme_id
) AS moved
"""

_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for side in ("debit", "credit"):
            _allow("ledger_entry", side, ACCOUNTS)
        _number_payouts_on_postgresql()
    else:
        words = (OLDER_ACCOUNTS, ACCOUNTS)
        _rebuild("ledger_entry", words={"debit": words, "credit": words})
        _number_payouts_on_sqlite()
        _refuse_replacing(ONLY_ONE)
    _add_tables()
    op.execute(FLOATS_OF_ENTRIES)
    if op.get_bind().dialect.name == "postgresql":
        for statement in KEEP_FLOAT_ON_POSTGRESQL:
            op.execute(statement)
    else:
        op.execute(KEEP_FLOAT_ON_SQLITE)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER keeps_float ON ledger_entry")
        op.execute("DROP FUNCTION keep_cash_float")
    else:
        op.execute("DROP TRIGGER ledger_entry_keeps_float")
    op.drop_table("write_off")
    op.drop_table("payout_reservation")
    op.drop_table("cash_float")
    if op.get_bind().dialect.name == "postgresql":
        _downgrade_postgresql()
        return
    words = (ACCOUNTS, OLDER_ACCOUNTS)
    _rebuild(
        "ledger_entry",
        words={"debit": words, "credit": words},
        values={"debit": OLDER_DEBIT, "credit": OLDER_CREDIT},
    )
    _rebuild(
        "payout",
        replaced={
            PAYOUT_COLUMNS: "\tpaid_by CHAR(32) NOT NULL, \n",
            f", \n{PAYOUT_CHECKS}": "\n)",
        },
        without=("receipt", "method", "claimed_with", "sealed_accruals"),
    )
    _refuse_replacing(dict.fromkeys(ONLY_ONE, ("id",)))


def _number_payouts_on_sqlite() -> None:
    _draw_receipts()
    _rebuild(
        "payout",
        replaced={
            "\tpaid_by CHAR(32) NOT NULL, \n": PAYOUT_COLUMNS,
            "REFERENCES site (id)\n)": f"REFERENCES site (id), \n{PAYOUT_CHECKS}",
        },
        values={
            "receipt": "(SELECT receipt FROM drawn WHERE drawn.payout_id = payout.id)",
            "method": "'cash'",
            "claimed_with": "'visit'",
        },
    )
    op.execute("DROP TABLE drawn")


def _number_payouts_on_postgresql() -> None:
    op.add_column("payout", sa.Column("receipt", sa.String(), nullable=True))
    op.add_column("payout", sa.Column("method", sa.String(40), nullable=True))
    op.add_column("payout", sa.Column("claimed_with", sa.String(40), nullable=True))
    op.add_column("payout", sa.Column("sealed_accruals", sa.LargeBinary(), nullable=True))
    _draw_receipts()
    op.execute("ALTER TABLE payout DISABLE TRIGGER append_only")
    op.execute(
        "UPDATE payout SET receipt = drawn.receipt, method = 'cash', claimed_with = 'visit' "
        "FROM drawn WHERE drawn.payout_id = payout.id"
    )
    op.execute("ALTER TABLE payout ENABLE TRIGGER append_only")
    op.execute("DROP TABLE drawn")
    for column, words in (("method", METHODS), ("claimed_with", CLAIMED_WITH)):
        op.alter_column("payout", column, nullable=False)
        op.create_check_constraint(
            op.f(f"ck_payout_{column}"), "payout", f"{column} IN ({_listed(words)})"
        )
    op.alter_column("payout", "receipt", nullable=False)
    op.create_unique_constraint(op.f("uq_payout_receipt"), "payout", ["receipt"])


def _draw_receipts() -> None:
    """A number for every payment that was made before payments had one: random, so that they tell no order."""
    bind = op.get_bind()
    drawn = sa.table("drawn", sa.column("payout_id", sa.Uuid()), sa.column("receipt", sa.String()))
    op.create_table(
        "drawn", sa.Column("payout_id", sa.Uuid()), sa.Column("receipt", sa.String(), unique=True)
    )
    ids = bind.scalars(sa.select(sa.column("id", sa.Uuid())).select_from(sa.table("payout"))).all()
    numbers: set[str] = set()
    while len(numbers) < len(ids):
        body = f"{secrets.randbelow(10**9):09}"
        interim = "0"
        for digit in body:
            interim = _DAMM[int(interim)][int(digit)]
        numbers.add(body + interim)
    if ids:
        rows = zip(ids, numbers, strict=True)
        bind.execute(
            sa.insert(drawn), [{"payout_id": each, "receipt": number} for each, number in rows]
        )


def _downgrade_postgresql() -> None:
    op.execute("ALTER TABLE ledger_entry DISABLE TRIGGER append_only")
    op.execute(
        f"UPDATE ledger_entry SET debit = {OLDER_DEBIT}, credit = {OLDER_CREDIT} "
        f"WHERE debit <> {OLDER_DEBIT} OR credit <> {OLDER_CREDIT}"
    )
    op.execute("ALTER TABLE ledger_entry ENABLE TRIGGER append_only")
    for side in ("debit", "credit"):
        _allow("ledger_entry", side, OLDER_ACCOUNTS)
    for column in ("receipt", "method", "claimed_with", "sealed_accruals"):
        op.drop_column("payout", column)


def _add_tables() -> None:
    op.create_table(
        "cash_float",
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("balance_minor", sa.BigInteger(), nullable=False),
        sa.Column("overdraft_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "balance_minor >= -overdraft_minor", name=op.f("ck_cash_float_not_overdrawn")
        ),
        sa.CheckConstraint("overdraft_minor >= 0", name=op.f("ck_cash_float_overdraft")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_cash_float_programme_id_programme")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_cash_float_site_id_site")),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_cash_float")),
    )
    op.create_table(
        "payout_reservation",
        sa.Column("accrual_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_line", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["accrual_id"],
            ["ledger_entry.id"],
            name=op.f("fk_payout_reservation_accrual_id_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint("accrual_id", name=op.f("pk_payout_reservation")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "write_off",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint("proposed_by <> decided_by", name=op.f("ck_write_off_two_people")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["ledger_entry.id"], name=op.f("fk_write_off_entry_id_ledger_entry")
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"], ["staff_member.id"], name=op.f("fk_write_off_proposed_by_staff_member")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["staff_member.id"], name=op.f("fk_write_off_decided_by_staff_member")
        ),
        sa.PrimaryKeyConstraint("entry_id", name=op.f("pk_write_off")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON write_off "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            "CREATE TRIGGER not_emptied BEFORE TRUNCATE ON write_off "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    refuse = "BEGIN SELECT RAISE(ABORT, 'write_off is append-only'); END"
    for act in ("UPDATE", "DELETE"):
        op.execute(f"CREATE TRIGGER write_off_no_{act.lower()} BEFORE {act} ON write_off {refuse}")
    op.execute(
        "CREATE TRIGGER write_off_no_replace BEFORE INSERT ON write_off "
        f"WHEN EXISTS (SELECT 1 FROM write_off WHERE entry_id = NEW.entry_id) {refuse}"
    )


def _refuse_replacing(tables: Mapping[str, tuple[str, ...]]) -> None:
    for table, keys in tables.items():
        op.execute(f"DROP TRIGGER {table}_no_replace")
        there = " OR ".join(
            f"EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})" for key in keys
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN {there} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _allow(table: str, column: str, words: tuple[str, ...]) -> None:
    name = op.f(f"ck_{table}_{column}")
    op.drop_constraint(name, table, type_="check")
    op.create_check_constraint(name, table, f"{column} IN ({_listed(words)})")


def _rebuild(
    table: str,
    *,
    words: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] | None = None,
    values: Mapping[str, str] | None = None,
    replaced: Mapping[str, str] | None = None,
    without: tuple[str, ...] = (),
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
    for column, (before, after) in (words or {}).items():
        changes[f"CHECK ({column} IN ({_listed(before)}))"] = (
            f"CHECK ({column} IN ({_listed(after)}))"
        )
    for old, new in changes.items():
        if create.count(old) != 1:
            raise RuntimeError(f"the table {table} is not written as expected: {old}")
        create = create.replace(old, new)
    columns = [row[1] for row in bind.execute(sa.text(f"PRAGMA table_info({table})"))]
    copied = {name: name for name in columns if name not in without} | dict(values or {})
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
