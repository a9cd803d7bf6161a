"""Payouts that go out together."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

APPLIED = sa.text("state = 'applied'")
TABLES = ("payout_answer_file", "payout_batch_line", "payout_batch")


def upgrade() -> None:
    op.create_table(
        "payout_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "approved",
                "released",
                "closed",
                "void",
                name="batchstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("selection", sa.JSON(), nullable=False),
        sa.Column("profiles", sa.JSON(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("needs_second", sa.Boolean(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=True),
        sa.Column("prepared_by", sa.Uuid(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("second_approved_by", sa.Uuid(), nullable=True),
        sa.Column("second_approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.Uuid(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_by", sa.Uuid(), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.String(), nullable=True),
        sa.Column("is_self_release", sa.Boolean(), nullable=False),
        sa.Column("self_release_reason", sa.String(), nullable=True),
        sa.Column("self_release_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review_note", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('draft', 'void') OR (content_hash IS NOT NULL AND (is_self_release OR (approved_by IS NOT NULL AND (NOT needs_second OR second_approved_by IS NOT NULL))))) AND (approved_by IS NULL OR content_hash IS NOT NULL OR state = 'void') AND (state IN ('released', 'closed')) = (released_by IS NOT NULL) AND (state = 'closed') = (closed_at IS NOT NULL) AND (state = 'void') = (voided_by IS NOT NULL) AND (voided_by IS NULL OR void_reason IS NOT NULL)",
            name=op.f("ck_payout_batch_state_has_what_it_needs"),
        ),
        sa.CheckConstraint(
            "(approved_by IS NULL) = (approved_at IS NULL) AND (second_approved_by IS NULL) = (second_approved_at IS NULL) AND (released_by IS NULL) = (released_at IS NULL) AND (voided_by IS NULL) = (voided_at IS NULL)",
            name=op.f("ck_payout_batch_every_step_has_its_time"),
        ),
        sa.CheckConstraint(
            "(released_by <> prepared_by OR is_self_release) AND (approved_by IS NULL OR released_by <> approved_by) AND (second_approved_by IS NULL OR released_by <> second_approved_by)",
            name=op.f("ck_payout_batch_payer_is_another"),
        ),
        sa.CheckConstraint(
            "NOT is_self_release OR (self_release_reason IS NOT NULL AND self_release_asked_at IS NOT NULL AND not_before > self_release_asked_at AND (released_by IS NULL OR (released_by = prepared_by AND released_at >= not_before)))",
            name=op.f("ck_payout_batch_self_release_is_delayed"),
        ),
        sa.CheckConstraint(
            "approved_by <> prepared_by", name=op.f("ck_payout_batch_approver_is_another")
        ),
        sa.CheckConstraint(
            "reviewed_by IS NULL OR (is_self_release AND released_by IS NOT NULL AND reviewed_by <> released_by AND reviewed_at IS NOT NULL AND review_note IS NOT NULL)",
            name=op.f("ck_payout_batch_reviewer_is_another"),
        ),
        sa.CheckConstraint(
            "second_approved_by IS NULL OR (approved_by IS NOT NULL AND second_approved_by <> prepared_by AND second_approved_by <> approved_by)",
            name=op.f("ck_payout_batch_second_approver_is_another"),
        ),
        sa.ForeignKeyConstraint(
            ["approved_by"],
            ["staff_member.id"],
            name=op.f("fk_payout_batch_approved_by_staff_member"),
        ),
        sa.ForeignKeyConstraint(
            ["prepared_by"],
            ["staff_member.id"],
            name=op.f("fk_payout_batch_prepared_by_staff_member"),
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_payout_batch_programme_id_programme")
        ),
        sa.ForeignKeyConstraint(
            ["released_by"],
            ["staff_member.id"],
            name=op.f("fk_payout_batch_released_by_staff_member"),
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by"],
            ["staff_member.id"],
            name=op.f("fk_payout_batch_reviewed_by_staff_member"),
        ),
        sa.ForeignKeyConstraint(
            ["second_approved_by"],
            ["staff_member.id"],
            name=op.f("fk_payout_batch_second_approved_by_staff_member"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_payout_batch_site_id_site")
        ),
        sa.ForeignKeyConstraint(
            ["voided_by"], ["staff_member.id"], name=op.f("fk_payout_batch_voided_by_staff_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_batch")),
    )
    op.create_index("ix_payout_batch_programme", "payout_batch", ["programme_id", "prepared_at"])
    op.create_index("ix_payout_batch_state", "payout_batch", ["programme_id", "state"])
    op.create_table(
        "payout_answer_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "previewed",
                "applied",
                "dropped",
                name="filestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("sealed_answers", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_by", sa.Uuid(), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'applied') = (applied_by IS NOT NULL) AND (applied_by IS NULL) = (applied_at IS NULL)",
            name=op.f("ck_payout_answer_file_applied_by_someone"),
        ),
        sa.ForeignKeyConstraint(
            ["applied_by"],
            ["staff_member.id"],
            name=op.f("fk_payout_answer_file_applied_by_staff_member"),
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["payout_batch.id"],
            name=op.f("fk_payout_answer_file_batch_id_payout_batch"),
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.id"],
            name=op.f("fk_payout_answer_file_programme_id_programme"),
        ),
        sa.ForeignKeyConstraint(
            ["uploaded_by"],
            ["staff_member.id"],
            name=op.f("fk_payout_answer_file_uploaded_by_staff_member"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_answer_file")),
    )
    op.create_index(
        "ix_payout_answer_file_batch", "payout_answer_file", ["batch_id", "uploaded_at"]
    )
    op.create_index(
        "uq_payout_answer_file_applied",
        "payout_answer_file",
        ["programme_id", "sha256"],
        unique=True,
        sqlite_where=APPLIED,
        postgresql_where=APPLIED,
    )
    op.create_table(
        "payout_batch_line",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("payment_ref", sa.String(), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "cash",
                "mobile_money",
                "airtime",
                "voucher",
                name="method",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_payee", sa.LargeBinary(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "sent",
                "paid",
                "partly_paid",
                "failed",
                "unknown",
                "removed",
                name="linestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("paid_minor", sa.BigInteger(), nullable=True),
        sa.Column("provider_receipt", sa.String(), nullable=True),
        sa.Column("completed_at", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("settled_by", sa.Uuid(), nullable=True),
        sa.Column("evidence", sa.String(), nullable=True),
        sa.Column("resolved_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('waiting', 'sent', 'unknown', 'removed') AND paid_minor IS NULL) OR (state = 'paid' AND paid_minor = amount_minor) OR (state = 'partly_paid' AND paid_minor > 0 AND paid_minor < amount_minor) OR (state = 'failed' AND paid_minor = 0)",
            name=op.f("ck_payout_batch_line_state_has_its_amount"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_payout_batch_line_amount_positive")),
        sa.CheckConstraint(
            "paid_minor IS NULL OR (paid_minor >= 0 AND paid_minor <= amount_minor)",
            name=op.f("ck_payout_batch_line_not_more_than_owed"),
        ),
        sa.CheckConstraint(
            "resolved_by IS NULL OR evidence IS NOT NULL",
            name=op.f("ck_payout_batch_line_resolved_with_evidence"),
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["payout_batch.id"],
            name=op.f("fk_payout_batch_line_batch_id_payout_batch"),
        ),
        sa.ForeignKeyConstraint(
            ["resolved_by"],
            ["staff_member.id"],
            name=op.f("fk_payout_batch_line_resolved_by_staff_member"),
        ),
        sa.ForeignKeyConstraint(
            ["settled_by"],
            ["staff_member.id"],
            name=op.f("fk_payout_batch_line_settled_by_staff_member"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_payout_batch_line_site_id_site")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_batch_line")),
        sa.UniqueConstraint(
            "batch_id", "line_no", name=op.f("uq_payout_batch_line_batch_id_line_no")
        ),
        sa.UniqueConstraint("payment_ref", name=op.f("uq_payout_batch_line_payment_ref")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_payout_batch_line_state", "payout_batch_line", ["batch_id", "state"])

    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        _guard_on_sqlite()


# What of a row never changes, whatever becomes of it.
FIXED = {
    "payout_batch": ("id", "programme_id", "site_id", "currency", "prepared_by", "prepared_at"),
    "payout_batch_line": (
        "id",
        "batch_id",
        "line_no",
        "payment_ref",
        "method",
        "site_id",
        "sealed_payee",
        "amount_minor",
        "currency",
    ),
    "payout_answer_file": (
        "id",
        "programme_id",
        "batch_id",
        "profile",
        "sha256",
        "lines",
        "sealed_answers",
        "uploaded_by",
        "uploaded_at",
    ),
}
SIGNED = ("content_hash", "approved_by", "second_approved_by", "released_by", "is_self_release")
# A batch that is released keeps its signatures, and goes nowhere but to its close; void and closed are ends.
BATCH_ENDS = (
    "(OLD.state IN ('released', 'closed') AND ({signed}))"
    " OR (OLD.state = 'released' AND NEW.state NOT IN ('released', 'closed'))"
    " OR (OLD.state IN ('closed', 'void') AND NEW.state <> OLD.state)"
)
# Lines leave a batch only while nobody has approved it, are sent only when it is released, and are removed for good.
LINE_ENDS = (
    "(OLD.state <> NEW.state AND (OLD.state = 'removed' OR NEW.state = 'waiting'"
    " OR (NEW.state = 'removed' AND NOT {still_a_draft})"
    " OR (NEW.state <> 'removed' AND NOT {released})))"
)
FILE_ENDS = "OLD.state <> 'previewed'"
STILL_A_DRAFT = (
    "EXISTS (SELECT 1 FROM payout_batch WHERE id = NEW.batch_id"
    " AND state = 'draft' AND content_hash IS NULL)"
)
RELEASED = (
    "EXISTS (SELECT 1 FROM payout_batch WHERE id = NEW.batch_id"
    " AND state IN ('released', 'closed'))"
)


def _changed(columns: tuple[str, ...], unlike: str) -> str:
    return " OR ".join(f"OLD.{column} {unlike} NEW.{column}" for column in columns)


def _refused(unlike: str) -> dict[str, str]:
    """What may not be done to a row of each table, as a condition on its old and new self."""
    ends = {
        "payout_batch": BATCH_ENDS.format(signed=_changed(SIGNED, unlike)),
        "payout_batch_line": LINE_ENDS.format(still_a_draft=STILL_A_DRAFT, released=RELEASED),
        "payout_answer_file": FILE_ENDS,
    }
    return {table: f"{_changed(FIXED[table], unlike)} OR {ends[table]}" for table in TABLES}


def _guard_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_thaw() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is frozen', TG_TABLE_NAME; END $$"
    )
    for table, condition in _refused("IS DISTINCT FROM").items():
        op.execute(
            f"CREATE FUNCTION {table}_frozen() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF {condition} THEN RAISE EXCEPTION '{table} is frozen'; END IF;"
            " RETURN NEW; END $$"
        )
        op.execute(
            f"CREATE TRIGGER frozen BEFORE UPDATE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_frozen()"
        )
        op.execute(
            f"CREATE TRIGGER not_deleted BEFORE DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_thaw()"
        )
        op.execute(
            f"CREATE TRIGGER not_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_thaw()"
        )
    op.execute(
        "CREATE FUNCTION payout_batch_line_late() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF NOT {STILL_A_DRAFT} THEN RAISE EXCEPTION 'payout_batch_line is frozen';"
        " END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER not_late BEFORE INSERT ON payout_batch_line "
        "FOR EACH ROW EXECUTE FUNCTION payout_batch_line_late()"
    )


def _guard_on_sqlite() -> None:
    for table, condition in _refused("IS NOT").items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is frozen'); END"
        op.execute(
            f"CREATE TRIGGER {table}_frozen BEFORE UPDATE ON {table} WHEN {condition} {refuse}"
        )
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
        # INSERT OR REPLACE deletes without a word.
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) {refuse}"
        )
    refuse = "BEGIN SELECT RAISE(ABORT, 'payout_batch_line is frozen'); END"
    op.execute(
        "CREATE TRIGGER payout_batch_line_no_other BEFORE INSERT ON payout_batch_line "
        f"WHEN NOT {STILL_A_DRAFT} OR EXISTS (SELECT 1 FROM payout_batch_line"
        " WHERE payment_ref = NEW.payment_ref"
        f" OR (batch_id = NEW.batch_id AND line_no = NEW.line_no)) {refuse}"
    )


def downgrade() -> None:
    # The triggers go with their tables.
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            op.execute(f"DROP FUNCTION {table}_frozen()")
        op.execute("DROP FUNCTION payout_batch_line_late()")
        op.execute("DROP FUNCTION refuse_thaw()")
