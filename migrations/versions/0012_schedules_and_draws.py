"""Schedules that a second person approves, and draws."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# What must be unlike every row that is there: SQLite's REPLACE would remove a row that is like the new one.
GUARDED = {
    "lottery_week": ("id", "programme_id, week"),
    "lottery_ticket": ("id", "cause_digest"),
    "lottery_cancellation": ("ticket_id",),
    "lottery_draw": ("id", "week_id"),
    "lottery_place": ("ticket_id", "draw_id, place"),
    "protocol_proposal": ("id",),
}
# A proposal is decided once; the committee's words may be added with the decision.
UNCHANGED = (
    "id",
    "programme_id",
    "based_on",
    "note",
    "proposed_by",
    "proposed_at",
)


def upgrade() -> None:
    _add_proposals()
    _add_lottery()
    op.create_table(
        "reward_terms",
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("protocol_id", sa.Uuid(), nullable=False),
        _refers("reward_terms", "participant_id", "participant"),
        _refers("reward_terms", "protocol_id", "protocol_version"),
        sa.PrimaryKeyConstraint("participant_id", name=op.f("pk_reward_terms")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        _protect_on_postgresql()
    else:
        _protect_on_sqlite()


def downgrade() -> None:
    # The triggers go with their tables.
    for table in (
        "reward_terms",
        "lottery_place",
        "lottery_draw",
        "lottery_cancellation",
        "lottery_ticket",
        "lottery_week",
        "protocol_proposal",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_second_decision")


def _add_proposals() -> None:
    name = "protocol_proposal"
    op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("based_on", sa.Uuid(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("committee", sa.String(), nullable=True),
        sa.Column("committee_on", sa.Date(), nullable=True),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "decision",
            sa.Enum(
                "approved",
                "rejected",
                "withdrawn",
                name="decision",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("adopted_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL)",
            name=op.f("ck_protocol_proposal_decided_whole"),
        ),
        sa.CheckConstraint(
            "decision IS NULL OR (decision = 'withdrawn') = (decided_by = proposed_by)",
            name=op.f("ck_protocol_proposal_decided_by_another"),
        ),
        sa.CheckConstraint(
            "adopted_id IS NULL OR decision = 'approved'",
            name=op.f("ck_protocol_proposal_adopted_when_approved"),
        ),
        _refers(name, "programme_id", "programme"),
        _refers(name, "based_on", "protocol_version"),
        _refers(name, "proposed_by", "staff_member"),
        _refers(name, "decided_by", "staff_member"),
        _refers(name, "adopted_id", "protocol_version"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protocol_proposal")),
    )
    op.create_index("ix_protocol_proposal_programme", name, ["programme_id", "proposed_at"])


def _add_lottery() -> None:
    op.create_table(
        "lottery_week",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("protocol_id", sa.Uuid(), nullable=False),
        sa.Column("commitment", sa.String(), nullable=False),
        sa.Column("sealed_seed", sa.LargeBinary(), nullable=False),
        _refers("lottery_week", "programme_id", "programme"),
        _refers("lottery_week", "protocol_id", "protocol_version"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lottery_week")),
        sa.UniqueConstraint("programme_id", "week", name=op.f("uq_lottery_week_programme_id_week")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lottery_ticket",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("week_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("protocol_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_earner", sa.LargeBinary(), nullable=False),
        sa.Column("cause_digest", sa.LargeBinary(), nullable=False),
        _refers("lottery_ticket", "week_id", "lottery_week"),
        _refers("lottery_ticket", "site_id", "site"),
        _refers("lottery_ticket", "protocol_id", "protocol_version"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lottery_ticket")),
        sa.UniqueConstraint("cause_digest", name=op.f("uq_lottery_ticket_cause_digest")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_lottery_ticket_week", "lottery_ticket", ["week_id"])
    op.create_table(
        "lottery_cancellation",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("after_draw", sa.Boolean(), nullable=False),
        sa.Column("cancelled_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        _refers("lottery_cancellation", "ticket_id", "lottery_ticket"),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_lottery_cancellation")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lottery_draw",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("week_id", sa.Uuid(), nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.Column("tickets_checksum", sa.String(), nullable=False),
        sa.Column("winners", sa.Integer(), nullable=False),
        sa.Column("prize_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("drawn_by", sa.Uuid(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "tickets >= 0 AND winners >= 0 AND prize_minor >= 0",
            name=op.f("ck_lottery_draw_counts"),
        ),
        _refers("lottery_draw", "week_id", "lottery_week"),
        _refers("lottery_draw", "drawn_by", "staff_member"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lottery_draw")),
        sa.UniqueConstraint("week_id", name=op.f("uq_lottery_draw_week_id")),
    )
    op.create_table(
        "lottery_place",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("draw_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("won", sa.Boolean(), nullable=False),
        _refers("lottery_place", "ticket_id", "lottery_ticket"),
        _refers("lottery_place", "draw_id", "lottery_draw"),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_lottery_place")),
        sa.UniqueConstraint("draw_id", "place", name=op.f("uq_lottery_place_draw_id_place")),
        sqlite_with_rowid=False,
    )


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}")
    )


def _decides_once(same: str, rules: str) -> str:
    """Whether an update is the one that is allowed: a waiting proposal gets its decision."""
    return " AND ".join(
        (
            "OLD.decision IS NULL",
            "NEW.decision IS NOT NULL",
            *(f"NEW.{column} {same} OLD.{column}" for column in UNCHANGED),
            f"NEW.{rules} {same} OLD.{rules}",
            f"(OLD.committee IS NULL OR NEW.committee {same} OLD.committee)",
            f"(OLD.committee IS NULL OR NEW.committee_on {same} OLD.committee_on)",
        )
    )


def _protect_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_second_decision() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'UPDATE' AND {_decides_once('IS NOT DISTINCT FROM', 'rules::text')} "
        "THEN RETURN NEW; END IF; "
        "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in GUARDED:
        refuse = "refuse_second_decision" if table == "protocol_proposal" else "refuse_change"
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {refuse}()"
        )
        op.execute(
            f"CREATE TRIGGER not_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _protect_on_sqlite() -> None:
    for table, uniques in GUARDED.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        unless = (
            f"WHEN NOT ({_decides_once('IS', 'rules')})" if table == "protocol_proposal" else ""
        )
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {unless} {refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
        alike = " OR ".join(
            "(" + " AND ".join(f"{each} = NEW.{each}" for each in columns.split(", ")) + ")"
            for columns in uniques
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {alike}) {refuse}"
        )
