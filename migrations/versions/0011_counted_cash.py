"""Cash that is counted and handed over."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# What must be unlike every row that is there: SQLite's REPLACE would remove a row that is like the new one.
GUARDED = {
    "cash_count": ("id",),
    "cash_count_try": ("id",),
    "cash_handover": ("id", "count_id"),
    "cash_handover_step": ("id", "handover_id, is_end"),
    "cash_write_off": ("id",),
    "cash_write_off_decision": ("write_off_id",),
}


def upgrade() -> None:
    op.create_table(
        "cash_count",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "opening",
                "spot_check",
                "end_of_day",
                "handover",
                name="countkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("counted_on", sa.Date(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counted_by", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("pieces", sa.JSON(), nullable=False),
        sa.Column("expected_minor", sa.BigInteger(), nullable=False),
        sa.Column("counted_minor", sa.BigInteger(), nullable=False),
        sa.Column("is_blind", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("variance_entry", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "counted_minor = expected_minor OR (reason IS NOT NULL AND variance_entry IS NOT NULL)",
            name=op.f("ck_cash_count_variance_explained"),
        ),
        sa.CheckConstraint("counted_minor >= 0", name=op.f("ck_cash_count_not_below_nothing")),
        sa.ForeignKeyConstraint(
            ["counted_by"], ["staff_member.id"], name=op.f("fk_cash_count_counted_by_staff_member")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_cash_count_programme_id_programme")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_cash_count_site_id_site")),
        sa.ForeignKeyConstraint(
            ["variance_entry"],
            ["ledger_entry.id"],
            name=op.f("fk_cash_count_variance_entry_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_count")),
        sa.UniqueConstraint("variance_entry", name=op.f("uq_cash_count_variance_entry")),
    )
    op.create_index("ix_cash_count_site", "cash_count", ["programme_id", "site_id", "counted_at"])
    op.create_table(
        "cash_count_try",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("count_id", sa.Uuid(), nullable=False),
        sa.Column("tried_by", sa.Uuid(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expected_minor", sa.BigInteger(), nullable=False),
        sa.Column("counted_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.id"],
            name=op.f("fk_cash_count_try_programme_id_programme"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_cash_count_try_site_id_site")
        ),
        sa.ForeignKeyConstraint(
            ["tried_by"], ["staff_member.id"], name=op.f("fk_cash_count_try_tried_by_staff_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_count_try")),
    )
    op.create_index("ix_cash_count_try_count", "cash_count_try", ["count_id"])
    op.create_table(
        "cash_handover",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("count_id", sa.Uuid(), nullable=False),
        sa.Column("received_by", sa.Uuid(), nullable=False),
        sa.Column("given_by", sa.Uuid(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("given_by <> received_by", name=op.f("ck_cash_handover_two_people")),
        sa.ForeignKeyConstraint(
            ["count_id"], ["cash_count.id"], name=op.f("fk_cash_handover_count_id_cash_count")
        ),
        sa.ForeignKeyConstraint(
            ["given_by"], ["staff_member.id"], name=op.f("fk_cash_handover_given_by_staff_member")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_cash_handover_programme_id_programme")
        ),
        sa.ForeignKeyConstraint(
            ["received_by"],
            ["staff_member.id"],
            name=op.f("fk_cash_handover_received_by_staff_member"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_cash_handover_site_id_site")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_handover")),
        sa.UniqueConstraint("count_id", name=op.f("uq_cash_handover_count_id")),
        sa.UniqueConstraint("id", "received_by", "given_by", name="uq_cash_handover_people"),
    )
    op.create_index(
        "ix_cash_handover_site", "cash_handover", ["programme_id", "site_id", "given_at"]
    )
    op.create_table(
        "cash_handover_step",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("handover_id", sa.Uuid(), nullable=False),
        sa.Column(
            "step",
            sa.Enum(
                "differs",
                "confirmed",
                "withdrawn",
                "recounted",
                "decided",
                name="handoverstep",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("is_end", sa.Boolean(), nullable=False),
        sa.Column("done_by", sa.Uuid(), nullable=False),
        sa.Column("received_by", sa.Uuid(), nullable=False),
        sa.Column("given_by", sa.Uuid(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counted_minor", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("variance_entry", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(step IN ('differs', 'confirmed') AND done_by = received_by) OR (step IN ('withdrawn', 'recounted') AND done_by = given_by) OR (step = 'decided' AND done_by <> received_by AND done_by <> given_by AND reason IS NOT NULL)",
            name=op.f("ck_cash_handover_step_right_person"),
        ),
        sa.CheckConstraint("is_end = (step <> 'differs')", name=op.f("ck_cash_handover_step_ends")),
        sa.ForeignKeyConstraint(
            ["done_by"],
            ["staff_member.id"],
            name=op.f("fk_cash_handover_step_done_by_staff_member"),
        ),
        sa.ForeignKeyConstraint(
            ["handover_id", "received_by", "given_by"],
            ["cash_handover.id", "cash_handover.received_by", "cash_handover.given_by"],
            name="fk_cash_handover_step_people",
        ),
        sa.ForeignKeyConstraint(
            ["variance_entry"],
            ["ledger_entry.id"],
            name=op.f("fk_cash_handover_step_variance_entry_ledger_entry"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_handover_step")),
        sa.UniqueConstraint("handover_id", "is_end", name="uq_cash_handover_step_once"),
        sa.UniqueConstraint("variance_entry", name=op.f("uq_cash_handover_step_variance_entry")),
    )
    op.create_table(
        "cash_write_off",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column(
            "account",
            sa.Enum(
                "cash_variance",
                "cash_loss",
                name="discrepancy",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_cash_write_off_some_amount")),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.id"],
            name=op.f("fk_cash_write_off_programme_id_programme"),
        ),
        sa.ForeignKeyConstraint(
            ["requested_by"],
            ["staff_member.id"],
            name=op.f("fk_cash_write_off_requested_by_staff_member"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_cash_write_off_site_id_site")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cash_write_off")),
        sa.UniqueConstraint("id", "requested_by", name="uq_cash_write_off_person"),
    )
    op.create_index(
        "ix_cash_write_off_programme", "cash_write_off", ["programme_id", "requested_at"]
    )
    op.create_table(
        "cash_write_off_decision",
        sa.Column("write_off_id", sa.Uuid(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_approved", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "NOT is_approved OR entry_id IS NOT NULL",
            name=op.f("ck_cash_write_off_decision_approved_is_booked"),
        ),
        sa.CheckConstraint(
            "decided_by <> requested_by", name=op.f("ck_cash_write_off_decision_two_people")
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"],
            ["staff_member.id"],
            name=op.f("fk_cash_write_off_decision_decided_by_staff_member"),
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["ledger_entry.id"],
            name=op.f("fk_cash_write_off_decision_entry_id_ledger_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["write_off_id", "requested_by"],
            ["cash_write_off.id", "cash_write_off.requested_by"],
            name="fk_cash_write_off_decision_request",
        ),
        sa.PrimaryKeyConstraint("write_off_id", name=op.f("pk_cash_write_off_decision")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_cash_write_off_decision_entry_id")),
    )
    op.create_table(
        "float_warning",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("warned_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_float_warning_programme_id_programme")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_float_warning_site_id_site")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_float_warning")),
        sa.UniqueConstraint("site_id", "warned_on", name="uq_float_warning_day"),
    )
    for table, keys in GUARDED.items():
        _never_changed(table, keys)


def _never_changed(table: str, keys: tuple[str, ...]) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER not_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    for act in ("UPDATE", "DELETE"):
        op.execute(f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} {refuse}")
    alike = " OR ".join(
        f"({key}) = (" + ", ".join(f"NEW.{column}" for column in key.split(", ")) + ")"
        for key in keys
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {alike}) {refuse}"
    )


def downgrade() -> None:
    # The triggers go with their tables.
    for table in (
        "float_warning",
        "cash_write_off_decision",
        "cash_write_off",
        "cash_handover_step",
        "cash_handover",
        "cash_count_try",
        "cash_count",
    ):
        op.drop_table(table)
