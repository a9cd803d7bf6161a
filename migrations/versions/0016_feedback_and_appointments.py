"""Feedback, announced visits, appointments and numbers of staff."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

FEEDBACK = ("waiting", "answered", "closed")
KINDS = ("visit", "follow_up")
PARTS = ("any", "morning", "afternoon", "evening")
APPOINTMENTS = ("agreed", "kept", "missed", "cancelled")
ALERTS = ("float_low", "batch_waits", "feedback_waits", "messages_fail")
STANDING = sa.text("state = 'agreed'")


def upgrade() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("receipt_digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("said_on", sa.Date(), nullable=False),
        sa.Column("state", _choice("feedbackstate", FEEDBACK), nullable=False),
        sa.Column("is_urgent", sa.Boolean(), nullable=False),
        sa.Column("sealed_answer", sa.LargeBinary(), nullable=True),
        sa.Column("handled_on", sa.Date(), nullable=True),
        sa.Column("handled_by", sa.Uuid(), nullable=True),
        sa.Column("first_read_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(state = 'answered') = (sealed_answer IS NOT NULL)",
            name=op.f("ck_feedback_answer_there"),
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (handled_on IS NULL) AND (handled_on IS NULL) = (handled_by IS NULL)",
            name=op.f("ck_feedback_handled_by_someone"),
        ),
        sa.CheckConstraint(
            "first_read_on IS NULL OR state = 'answered'", name=op.f("ck_feedback_answer_read")
        ),
        _refers("feedback", "programme_id", "programme"),
        _refers("feedback", "handled_by", "staff_member"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint("receipt_digest", name=op.f("uq_feedback_receipt_digest")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_feedback_programme", "feedback", ["programme_id", "state", "said_on"])
    op.create_table(
        "feedback_notice",
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("told_on", sa.Date(), nullable=False),
        _refers("feedback_notice", "programme_id", "programme"),
        sa.PrimaryKeyConstraint("programme_id", "told_on", name=op.f("pk_feedback_notice")),
    )
    op.create_table(
        "announcement",
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("caller_digest", sa.LargeBinary(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        _refers("announcement", "site_id", "site"),
        _refers("announcement", "programme_id", "programme"),
        sa.PrimaryKeyConstraint("site_id", "day", "caller_digest", name=op.f("pk_announcement")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "appointment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", _choice("appointmentkind", KINDS), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("part_of_day", _choice("partofday", PARTS), nullable=False),
        sa.Column("state", _choice("appointmentstate", APPOINTMENTS), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=False),
        _refers("appointment", "programme_id", "programme"),
        _refers("appointment", "site_id", "site"),
        _refers("appointment", "participant_id", "participant"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "uq_appointment_standing",
        "appointment",
        ["participant_id"],
        unique=True,
        sqlite_where=STANDING,
        postgresql_where=STANDING,
    )
    op.create_index("ix_appointment_day", "appointment", ["programme_id", "day"])
    op.create_index("ix_appointment_site", "appointment", ["site_id", "day"])
    op.create_index("ix_appointment_participant", "appointment", ["participant_id"])
    op.create_table(
        "staff_number",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_msisdn", sa.LargeBinary(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        _refers("staff_number", "staff_id", "staff_member"),
        _refers("staff_number", "programme_id", "programme"),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff_number")),
    )
    op.create_index("ix_staff_number_programme", "staff_number", ["programme_id"])
    op.create_table(
        "wanted_alert",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("kind", _choice("alertkind", ALERTS), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff_number.staff_id"],
            name=op.f("fk_wanted_alert_staff_id_staff_number"),
        ),
        _refers("wanted_alert", "programme_id", "programme"),
        sa.PrimaryKeyConstraint("staff_id", "kind", name=op.f("pk_wanted_alert")),
    )


def downgrade() -> None:
    for table in (
        "wanted_alert",
        "staff_number",
        "appointment",
        "announcement",
        "feedback_notice",
        "feedback",
    ):
        op.drop_table(table)


def _choice(name: str, words: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=40)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"))
