"""Channels, what came in by telephone, and what guards it."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channel",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media", sa.JSON(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("sealed_options", sa.LargeBinary(), nullable=False),
        sa.Column("allowed_addresses", sa.JSON(), nullable=False),
        sa.Column("receives", sa.Boolean(), nullable=False),
        sa.Column("sends", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("price_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("daily_budget_minor", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "daily_budget_minor IS NULL OR daily_budget_minor >= 0", name=op.f("ck_channel_budget")
        ),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_channel_price_counted")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_channel_programme_id_programme")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
    )
    op.create_index(op.f("ix_channel_programme_id"), "channel", ["programme_id"], unique=False)
    op.create_table(
        "opt_out",
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("number_digest", sa.LargeBinary(), nullable=False),
        sa.Column("stopped_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_opt_out_programme_id_programme")
        ),
        sa.PrimaryKeyConstraint("programme_id", "number_digest", name=op.f("pk_opt_out")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "channel_secret",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("slot IN (1, 2)", name=op.f("ck_channel_secret_two_at_most")),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_channel_secret_channel_id_channel")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_secret")),
        sa.UniqueConstraint("channel_id", "slot", name=op.f("uq_channel_secret_channel_id_slot")),
    )
    op.create_table(
        "code_miss",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("caller_digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_code_miss_channel_id_channel")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_code_miss_programme_id_programme")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_miss")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_code_miss_at", "code_miss", ["programme_id", "at"], unique=False)
    op.create_table(
        "reply_count",
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("number_digest", sa.LargeBinary(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replies", sa.Integer(), nullable=False),
        sa.CheckConstraint("replies > 0", name=op.f("ck_reply_count_counted")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_reply_count_programme_id_programme")
        ),
        sa.PrimaryKeyConstraint(
            "programme_id", "number_digest", "hour", name=op.f("pk_reply_count")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "provider_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("heard_on", sa.Date(), nullable=False),
        sa.Column("scrub_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("caller_digest", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_contents", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_provider_event_channel_id_channel")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.id"],
            name=op.f("fk_provider_event_programme_id_programme"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_event")),
        sa.UniqueConstraint(
            "channel_id", "digest", name=op.f("uq_provider_event_channel_id_digest")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_provider_event_caller",
        "provider_event",
        ["programme_id", "caller_digest"],
        unique=False,
    )
    op.create_index("ix_provider_event_heard_on", "provider_event", ["heard_on"], unique=False)
    op.create_index("ix_provider_event_scrub_at", "provider_event", ["scrub_at"], unique=False)
    op.create_table(
        "raw_call",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("heard_on", sa.Date(), nullable=False),
        sa.Column("sealed_contents", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_raw_call_channel_id_channel")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_raw_call_programme_id_programme")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_raw_call")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_raw_call_channel_id"), "raw_call", ["channel_id"], unique=False)
    op.create_index("ix_raw_call_heard_on", "raw_call", ["heard_on"], unique=False)
    op.create_table(
        "ussd_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("caller_digest", sa.LargeBinary(), nullable=True),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_contents", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channel.id"], name=op.f("fk_ussd_session_channel_id_channel")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_ussd_session_programme_id_programme")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ussd_session")),
        sa.UniqueConstraint("channel_id", "digest", name=op.f("uq_ussd_session_channel_id_digest")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_ussd_session_caller", "ussd_session", ["channel_id", "caller_digest"], unique=False
    )
    op.create_index("ix_ussd_session_touched_at", "ussd_session", ["touched_at"], unique=False)


def downgrade() -> None:
    for table in (
        "ussd_session",
        "raw_call",
        "provider_event",
        "reply_count",
        "code_miss",
        "channel_secret",
        "opt_out",
        "channel",
    ):
        op.drop_table(table)
