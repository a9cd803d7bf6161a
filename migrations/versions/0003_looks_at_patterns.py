"""Looks at patterns."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signal_review",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("signal_digest", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("excess", sa.Integer(), nullable=False),
        sa.Column("is_aside", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("reviewed_by", sa.Uuid(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_signal_review_programme_id_programme")
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by"],
            ["staff_member.id"],
            name=op.f("fk_signal_review_reviewed_by_staff_member"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal_review")),
    )
    op.create_index(
        "ix_signal_review_programme", "signal_review", ["programme_id", "signal_digest"]
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON signal_review "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            "CREATE TRIGGER not_emptied BEFORE TRUNCATE ON signal_review "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    else:
        refuse = "BEGIN SELECT RAISE(ABORT, 'signal_review is append-only'); END"
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER signal_review_no_{act.lower()} BEFORE {act} ON signal_review {refuse}"
            )
        op.execute(
            "CREATE TRIGGER signal_review_no_replace BEFORE INSERT ON signal_review "
            f"WHEN EXISTS (SELECT 1 FROM signal_review WHERE id = NEW.id) {refuse}"
        )


def downgrade() -> None:
    # The triggers go with their table.
    op.drop_table("signal_review")
