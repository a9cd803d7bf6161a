"""How a programme's providers want their files."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payout_profile",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("layout", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.id"],
            name=op.f("fk_payout_profile_programme_id_programme"),
        ),
        sa.ForeignKeyConstraint(
            ["made_by"], ["staff_member.id"], name=op.f("fk_payout_profile_made_by_staff_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_profile")),
        sa.UniqueConstraint(
            "programme_id",
            "slug",
            "number",
            name=op.f("uq_payout_profile_programme_id_slug_number"),
        ),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON payout_profile "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            "CREATE TRIGGER not_emptied BEFORE TRUNCATE ON payout_profile "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    else:
        refuse = "BEGIN SELECT RAISE(ABORT, 'payout_profile is append-only'); END"
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER payout_profile_no_{act.lower()} BEFORE {act} ON payout_profile {refuse}"
            )
        op.execute(
            "CREATE TRIGGER payout_profile_no_replace BEFORE INSERT ON payout_profile WHEN EXISTS "
            "(SELECT 1 FROM payout_profile WHERE id = NEW.id OR (programme_id = NEW.programme_id"
            f" AND slug = NEW.slug AND number = NEW.number)) {refuse}"
        )


def downgrade() -> None:
    # The triggers go with their table.
    op.drop_table("payout_profile")
