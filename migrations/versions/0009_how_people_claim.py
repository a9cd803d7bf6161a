"""How people claim what they are owed."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

METHODS = ("cash", "mobile_money", "airtime", "voucher")
CARDS = ("active", "replaced", "ended")
REQUESTS = ("waiting", "approved", "refused")


def upgrade() -> None:
    op.create_table(
        "turn",
        sa.Column("duty", sa.String(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("duty", name=op.f("pk_turn")),
    )
    op.create_table(
        "participant_contact",
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("method", _choice("method", METHODS), nullable=False),
        sa.Column("sealed_msisdn", sa.LargeBinary(), nullable=True),
        sa.Column("may_remind", sa.Boolean(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("kept_on", sa.Date(), nullable=False),
        _refers("participant_contact", "participant_id", "participant"),
        _refers("participant_contact", "programme_id", "programme"),
        sa.PrimaryKeyConstraint("participant_id", name=op.f("pk_participant_contact")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_participant_contact_programme", "participant_contact", ["programme_id"])
    op.create_table(
        "contact_number",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("number_digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_participant", sa.LargeBinary(), nullable=False),
        _refers("contact_number", "programme_id", "programme"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_number")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_contact_number_digest", "contact_number", ["programme_id", "number_digest"])
    op.create_table(
        "claim_card",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_names", sa.LargeBinary(), nullable=True),
        sa.Column("pin_digest", sa.LargeBinary(), nullable=True),
        sa.Column("wrong_pins", sa.Integer(), nullable=False),
        sa.Column("state", _choice("cardstate", CARDS), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "wrong_pins BETWEEN 0 AND 5", name=op.f("ck_claim_card_wrong_pins_counted")
        ),
        sa.CheckConstraint(
            "(state = 'active') = (sealed_names IS NOT NULL AND pin_digest IS NOT NULL)",
            name=op.f("ck_claim_card_nothing_left_of_an_ended_card"),
        ),
        _refers("claim_card", "programme_id", "programme"),
        _refers("claim_card", "participant_id", "participant"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_card")),
        sa.UniqueConstraint("code_digest", name=op.f("uq_claim_card_code_digest")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_claim_card_token_digest")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "uq_claim_card_in_use",
        "claim_card",
        ["participant_id"],
        unique=True,
        sqlite_where=sa.text("state = 'active'"),
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "claim_miss",
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.CheckConstraint("misses > 0", name=op.f("ck_claim_miss_misses_positive")),
        _refers("claim_miss", "site_id", "site"),
        sa.PrimaryKeyConstraint("site_id", "hour", name=op.f("pk_claim_miss")),
    )
    op.create_table(
        "claim_reminder",
        sa.Column("person_digest", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.CheckConstraint("number >= 0", name=op.f("ck_claim_reminder_number_counted")),
        _refers("claim_reminder", "programme_id", "programme"),
        sa.PrimaryKeyConstraint("person_digest", "number", name=op.f("pk_claim_reminder")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "write_off_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("expired_until", sa.Date(), nullable=False),
        sa.Column("rewards", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", _choice("requeststate", REQUESTS), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> requested_by",
            name=op.f("ck_write_off_request_two_people"),
        ),
        sa.CheckConstraint(
            "(state = 'waiting') = (decided_by IS NULL)",
            name=op.f("ck_write_off_request_decided_by_someone"),
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_write_off_request_amount_positive")),
        _refers("write_off_request", "programme_id", "programme"),
        _refers("write_off_request", "site_id", "site"),
        _refers("write_off_request", "requested_by", "staff_member"),
        _refers("write_off_request", "decided_by", "staff_member"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_write_off_request")),
    )
    op.create_index(
        "ix_write_off_request_programme", "write_off_request", ["programme_id", "state"]
    )


def downgrade() -> None:
    for table in (
        "write_off_request",
        "claim_reminder",
        "claim_miss",
        "claim_card",
        "contact_number",
        "participant_contact",
        "turn",
    ):
        op.drop_table(table)


def _choice(name: str, words: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=40)


def _refers(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"))
