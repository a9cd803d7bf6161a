"""Bundles printed before anyone holds them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATES = ("blank", "promised", "given", "void")


def upgrade() -> None:
    op.create_table(
        "pad_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("pads", sa.Integer(), nullable=False),
        sa.Column("cards", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_pad_batch_programme_id_programme")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_pad_batch_site_id_site")),
        sa.ForeignKeyConstraint(
            ["requested_by"],
            ["staff_member.id"],
            name=op.f("fk_pad_batch_requested_by_staff_member"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pad_batch")),
    )
    op.create_index("ix_pad_batch_programme", "pad_batch", ["programme_id", "requested_at"])
    op.create_table(
        "coupon_pad",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_contents", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                *STATES, name="padstatus", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("promised_digest", sa.LargeBinary(), nullable=True),
        sa.Column("status_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "status <> 'promised' OR promised_digest IS NOT NULL",
            name=op.f("ck_coupon_pad_promised_to"),
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["pad_batch.id"], name=op.f("fk_coupon_pad_batch_id_pad_batch")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_coupon_pad_programme_id_programme")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_pad")),
        sa.UniqueConstraint("promised_digest", name=op.f("uq_coupon_pad_promised_digest")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_coupon_pad_batch", "coupon_pad", ["batch_id", "status"])
    op.create_index("ix_coupon_pad_programme", "coupon_pad", ["programme_id", "status"])
    op.create_table(
        "reserved_coupon",
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("pad_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pad_id"], ["coupon_pad.id"], name=op.f("fk_reserved_coupon_pad_id_coupon_pad")
        ),
        sa.PrimaryKeyConstraint("code_digest", name=op.f("pk_reserved_coupon")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_reserved_coupon_token_digest")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_reserved_coupon_pad_id", "reserved_coupon", ["pad_id"])


def downgrade() -> None:
    op.drop_table("reserved_coupon")
    op.drop_table("coupon_pad")
    op.drop_table("pad_batch")
