"""What devices sent."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEYS = {"desk_event": "id", "desk_event_settlement": "event_id"}


def upgrade() -> None:
    op.create_table(
        "desk_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("envelope_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "accepted",
                "conflict",
                "refused",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("sealed_body", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name=op.f("fk_desk_event_device_id_device")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_desk_event_programme_id_programme")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_event")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_desk_event_seq", "desk_event", ["device_id", "seq"])
    op.create_index(
        "ix_desk_event_unbooked",
        "desk_event",
        ["programme_id", "received_at"],
        sqlite_where=sa.text("sealed_body IS NOT NULL"),
        postgresql_where=sa.text("sealed_body IS NOT NULL"),
    )
    op.create_table(
        "desk_event_settlement",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column(
            "settled_as",
            sa.Enum(
                "noted",
                "booked",
                name="settled",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("sealed_reason", sa.LargeBinary(), nullable=True),
        sa.Column("settled_by", sa.Uuid(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["desk_event.id"],
            name=op.f("fk_desk_event_settlement_event_id_desk_event"),
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.id"],
            name=op.f("fk_desk_event_settlement_programme_id_programme"),
        ),
        sa.ForeignKeyConstraint(
            ["settled_by"],
            ["staff_member.id"],
            name=op.f("fk_desk_event_settlement_settled_by_staff_member"),
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_desk_event_settlement")),
    )
    for table, key in KEYS.items():
        _never_changed(table, key)


def _never_changed(table: str, key: str) -> None:
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
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}) {refuse}"
    )


def downgrade() -> None:
    # The triggers go with their tables.
    op.drop_table("desk_event_settlement")
    op.drop_table("desk_event")
