"""Messages that go out."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("cause_digest", sa.LargeBinary(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "reward_waiting",
                "reward_waiting_last",
                "coupons_expire",
                "appointment",
                "follow_up",
                "staff_alert",
                "reply",
                name="messagekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("sealed_body", sa.LargeBinary(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "leased",
                "sending",
                "uncertain",
                "sent",
                "delivered",
                "failed",
                "dropped",
                "dead",
                name="messagestate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("queued_on", sa.Date(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("counted_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('delivered', 'failed', 'dropped', 'dead')) = (ended_on IS NOT NULL)",
            name=op.f("ck_message_ended"),
        ),
        sa.CheckConstraint(
            "(state IN ('leased', 'sending')) = (leased_until IS NOT NULL)",
            name=op.f("ck_message_leased"),
        ),
        sa.CheckConstraint(
            "state <> 'waiting' OR available_at IS NOT NULL", name=op.f("ck_message_looked_at")
        ),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_message_tries_counted")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_message_programme_id_programme")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("cause_digest", name=op.f("uq_message_cause_digest")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_message_programme", "message", ["programme_id", "state"], unique=False)
    op.create_index("ix_message_waiting", "message", ["state", "available_at"], unique=False)
    op.create_table(
        "message_cap",
        sa.Column("number_digest", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.CheckConstraint("messages >= 0", name=op.f("ck_message_cap_counted")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_message_cap_programme_id_programme")
        ),
        sa.PrimaryKeyConstraint("number_digest", "day", name=op.f("pk_message_cap")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "channel_day",
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("spent_minor", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("uncertain", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("rests_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("spent_minor >= 0 AND parts >= 0", name=op.f("ck_channel_day_counted")),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_channel_day_channel_id_channel")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_channel_day_programme_id_programme")
        ),
        sa.PrimaryKeyConstraint("channel_id", "day", name=op.f("pk_channel_day")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "message_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "sending",
                "refused",
                "rejected",
                "uncertain",
                "accepted",
                "sent",
                "delivered",
                "failed",
                name="attemptstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("sealed_number", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("cost_minor", sa.BigInteger(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_message_attempt_channel_id_channel")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_message_attempt_message_id_message")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.id"],
            name=op.f("fk_message_attempt_programme_id_programme"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_attempt")),
        sa.UniqueConstraint(
            "message_id", "number", name=op.f("uq_message_attempt_message_id_number")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "message_template",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("written_by", sa.Uuid(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.id"],
            name=op.f("fk_message_template_programme_id_programme"),
        ),
        sa.ForeignKeyConstraint(
            ["written_by"],
            ["staff_member.id"],
            name=op.f("fk_message_template_written_by_staff_member"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_template")),
        sa.UniqueConstraint(
            "programme_id",
            "name",
            "language",
            "number",
            name=op.f("uq_message_template_programme_id_name_language_number"),
        ),
    )
    op.create_table(
        "provider_message",
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("provider_digest", sa.LargeBinary(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "sent",
                "delivered",
                "failed",
                name="deliverystate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("is_opted_out", sa.Boolean(), nullable=False),
        sa.Column("learnt_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["message_attempt.id"],
            name=op.f("fk_provider_message_attempt_id_message_attempt"),
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_provider_message_channel_id_channel")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.id"],
            name=op.f("fk_provider_message_programme_id_programme"),
        ),
        sa.PrimaryKeyConstraint("channel_id", "provider_digest", name=op.f("pk_provider_message")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_provider_message_attempt", "provider_message", ["attempt_id"], unique=False)


def downgrade() -> None:
    op.drop_table("message_template")
    op.drop_table("provider_message")
    op.drop_table("message_attempt")
    op.drop_table("message_cap")
    op.drop_table("message")
    op.drop_table("channel_day")
