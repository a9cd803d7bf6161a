"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# What is written here is never changed: neither by mistake nor by an administrator's hand.
APPEND_ONLY = (
    "audit_event",
    "audit_link",
    "protocol_version",
    "ledger_entry",
    "payout",
    "payout_line",
    "knowledge_test",
    "conflict_decision",
)
KEYS = {"audit_link": "sequence", "payout_line": "accrual_id", "knowledge_test": "participant_id"}
KEYS["conflict_decision"] = "redemption_id"


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )
    op.create_index(
        op.f("ix_audit_event_programme_id"), "audit_event", ["programme_id"], unique=False
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.Column("key_fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sealed_body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("available_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_waiting", "outbox", ["delivered_at", "available_at"], unique=False)
    op.create_table(
        "programme",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=True),
        sa.Column("women_mark", sa.Integer(), nullable=False),
        sa.Column("coupon_design", sa.String(), nullable=False),
        sa.Column("coupon_url", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programme")),
        sa.UniqueConstraint("code", name=op.f("uq_programme_code")),
    )
    op.create_table(
        "audit_link",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["audit_event.id"], name=op.f("fk_audit_link_event_id_audit_event")
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit_link")),
        sa.UniqueConstraint("event_id", name=op.f("uq_audit_link_event_id")),
    )
    op.create_table(
        "not_same_person",
        sa.Column("pair_digest", sa.LargeBinary(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.id"],
            name=op.f("fk_not_same_person_programme_id_programme"),
        ),
        sa.PrimaryKeyConstraint("pair_digest", name=op.f("pk_not_same_person")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "protocol_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.id"],
            name=op.f("fk_protocol_version_programme_id_programme"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protocol_version")),
        sa.UniqueConstraint(
            "programme_id", "version", name=op.f("uq_protocol_version_programme_id_version")
        ),
    )
    op.create_table(
        "site",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.JSON(), nullable=False),
        sa.Column("address", sa.JSON(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("opening_hours", sa.JSON(), nullable=False),
        sa.Column("women_only_hours", sa.JSON(), nullable=False),
        sa.Column("activation_delay_days", sa.Integer(), nullable=True),
        sa.Column("validity_days", sa.Integer(), nullable=True),
        sa.Column("target", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_site_programme_id_programme")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("programme_id", "code", name=op.f("uq_site_programme_id_code")),
    )
    op.create_table(
        "coupon",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_origin", sa.LargeBinary(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "issued",
                "redeemed",
                "void",
                "lost",
                "refused",
                name="couponstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("usable_from", sa.Date(), nullable=False),
        sa.Column("usable_until", sa.Date(), nullable=False),
        sa.Column("status_on", sa.Date(), nullable=False),
        sa.CheckConstraint("usable_from <= usable_until", name=op.f("ck_coupon_dates_in_order")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_coupon_programme_id_programme")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_coupon_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon")),
        sa.UniqueConstraint("code_digest", name=op.f("uq_coupon_code_digest")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_coupon_token_digest")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_coupon_live", "coupon", ["programme_id", "status", "usable_until"], unique=False
    )
    op.create_table(
        "ledger_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column(
            "debit",
            sa.Enum(
                "funding",
                "cash_float",
                "stipends_held",
                "stipends_payable",
                "expense_primary",
                "expense_recruitment",
                "expense_education",
                "expense_steering",
                name="debit",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "credit",
            sa.Enum(
                "funding",
                "cash_float",
                "stipends_held",
                "stipends_payable",
                "expense_primary",
                "expense_recruitment",
                "expense_education",
                "expense_steering",
                name="credit",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("holder_digest", sa.LargeBinary(), nullable=True),
        sa.Column("cause_digest", sa.LargeBinary(), nullable=False),
        sa.Column("protocol_id", sa.Uuid(), nullable=True),
        sa.Column("reverses", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_ledger_entry_amount_positive")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_ledger_entry_two_accounts")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_ledger_entry_programme_id_programme")
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"],
            ["protocol_version.id"],
            name=op.f("fk_ledger_entry_protocol_id_protocol_version"),
        ),
        sa.ForeignKeyConstraint(
            ["reverses"], ["ledger_entry.id"], name=op.f("fk_ledger_entry_reverses_ledger_entry")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_ledger_entry_site_id_site")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entry")),
        sa.UniqueConstraint("cause_digest", name=op.f("uq_ledger_entry_cause_digest")),
        sa.UniqueConstraint("reverses", name=op.f("uq_ledger_entry_reverses")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ledger_entry_holder", "ledger_entry", ["holder_digest"], unique=False)
    op.create_index(
        "ix_ledger_entry_site", "ledger_entry", ["programme_id", "site_id"], unique=False
    )
    op.create_table(
        "participant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column(
            "came",
            sa.Enum(
                "seed",
                "recruit",
                "walk_in",
                name="came",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "standing",
            sa.Enum(
                "arrived",
                "enrolled",
                "ineligible",
                "duplicate",
                name="standing",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("wave", sa.Integer(), nullable=True),
        sa.Column("sealed_origin", sa.LargeBinary(), nullable=True),
        sa.Column("chain_label", sa.String(), nullable=True),
        sa.Column(
            "entry_route",
            sa.Enum(
                "outreach",
                "male_partner",
                "friend",
                "service_client",
                "self",
                "other",
                name="entryroute",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column(
            "sex",
            sa.Enum(
                "female",
                "male",
                "other",
                "prefer_not_to_say",
                "unknown",
                name="sex",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("age", sa.Integer(), nullable=True),
        sa.Column("network_size", sa.Integer(), nullable=True),
        sa.Column("never_reached_before", sa.Boolean(), nullable=True),
        sa.Column("uic_digest", sa.LargeBinary(), nullable=True),
        sa.Column("came_on", sa.Date(), nullable=False),
        sa.Column("trained_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(came = 'walk_in') = (wave IS NULL)", name=op.f("ck_participant_wave_of_the_chained")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_participant_programme_id_programme")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_participant_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_participant_site", "participant", ["programme_id", "site_id", "came_on"], unique=False
    )
    op.create_index(
        "ix_participant_uic", "participant", ["programme_id", "uic_digest"], unique=False
    )
    op.create_table(
        "staff_member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "intake",
                "health_educator",
                "coupon_manager",
                "programme_lead",
                "finance",
                "administrator",
                "gateway",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_staff_member_programme_id_programme")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_staff_member_site_id_site")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_member")),
        sa.UniqueConstraint("username", name=op.f("uq_staff_member_username")),
    )
    op.create_table(
        "api_key",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name=op.f("fk_api_key_staff_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_api_key")),
    )
    op.create_index(op.f("ix_api_key_staff_id"), "api_key", ["staff_id"], unique=False)
    op.create_table(
        "baseline_interview",
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("held_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["held_by"],
            ["staff_member.id"],
            name=op.f("fk_baseline_interview_held_by_staff_member"),
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_baseline_interview_participant_id_participant"),
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.id"],
            name=op.f("fk_baseline_interview_programme_id_programme"),
        ),
        sa.PrimaryKeyConstraint("participant_id", name=op.f("pk_baseline_interview")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "consent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_consent_participant_id_participant"),
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_consent_programme_id_programme")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        sa.UniqueConstraint(
            "participant_id",
            "purpose",
            "version",
            name=op.f("uq_consent_participant_id_purpose_version"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "coupon_bundle",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("protocol_id", sa.Uuid(), nullable=False),
        sa.Column("holder_digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_contents", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issued_by"], ["staff_member.id"], name=op.f("fk_coupon_bundle_issued_by_staff_member")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_coupon_bundle_programme_id_programme")
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"],
            ["protocol_version.id"],
            name=op.f("fk_coupon_bundle_protocol_id_protocol_version"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_coupon_bundle_site_id_site")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_bundle")),
        sa.UniqueConstraint("holder_digest", name=op.f("uq_coupon_bundle_holder_digest")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "eligibility_screening",
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("eligible", sa.Boolean(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("screened_on", sa.Date(), nullable=False),
        sa.Column("screened_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_eligibility_screening_participant_id_participant"),
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.id"],
            name=op.f("fk_eligibility_screening_programme_id_programme"),
        ),
        sa.ForeignKeyConstraint(
            ["screened_by"],
            ["staff_member.id"],
            name=op.f("fk_eligibility_screening_screened_by_staff_member"),
        ),
        sa.PrimaryKeyConstraint("participant_id", name=op.f("pk_eligibility_screening")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "knowledge_test",
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("correct", sa.Integer(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column("taken_with", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_knowledge_test_participant_id_participant"),
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.id"],
            name=op.f("fk_knowledge_test_programme_id_programme"),
        ),
        sa.ForeignKeyConstraint(
            ["taken_with"],
            ["staff_member.id"],
            name=op.f("fk_knowledge_test_taken_with_staff_member"),
        ),
        sa.PrimaryKeyConstraint("participant_id", name=op.f("pk_knowledge_test")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "payout",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("payee_digest", sa.LargeBinary(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("paid_by", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["paid_by"], ["staff_member.id"], name=op.f("fk_payout_paid_by_staff_member")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_payout_programme_id_programme")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_payout_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "redemption",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("coupon_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "accepted",
                "conflict",
                "overruled",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("protocol_id", sa.Uuid(), nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("late_reason", sa.String(), nullable=True),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["coupon_id"], ["coupon.id"], name=op.f("fk_redemption_coupon_id_coupon")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_redemption_participant_id_participant"),
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_redemption_programme_id_programme")
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"],
            ["protocol_version.id"],
            name=op.f("fk_redemption_protocol_id_protocol_version"),
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_redemption_site_id_site")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name=op.f("fk_redemption_staff_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemption")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_redemption_coupon", "redemption", ["coupon_id"], unique=False)
    op.create_index(
        op.f("ix_redemption_participant_id"), "redemption", ["participant_id"], unique=False
    )
    op.create_index(
        "ix_redemption_received", "redemption", ["programme_id", "received_at"], unique=False
    )
    op.create_index(
        "uq_redemption_accepted",
        "redemption",
        ["coupon_id"],
        unique=True,
        sqlite_where=sa.text("outcome = 'accepted'"),
        postgresql_where=sa.text("outcome = 'accepted'"),
    )
    op.create_table(
        "refused_scan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.String(), nullable=False),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programme.id"], name=op.f("fk_refused_scan_programme_id_programme")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_refused_scan_site_id_site")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name=op.f("fk_refused_scan_staff_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused_scan")),
    )
    op.create_index(
        "ix_refused_scan_received", "refused_scan", ["programme_id", "received_at"], unique=False
    )
    op.create_table(
        "service_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column(
            "service",
            sa.Enum(
                "needles_and_syringes",
                "male_condoms",
                "female_condoms",
                "information_materials",
                "education_condom_negotiation",
                "education_female_condom",
                "hiv_test",
                "sti_test",
                "hepatitis_b_test",
                "hepatitis_c_test",
                "hepatitis_b_dose",
                "referral_art",
                "referral_opioid_agonist_treatment",
                "referral_antenatal",
                "referral_violence_support",
                "referral_legal",
                name="service",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "given",
                "offered",
                "taken",
                "result_received",
                "made",
                "accompanied",
                "completed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("given_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_service_record_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["given_by"], ["staff_member.id"], name=op.f("fk_service_record_given_by_staff_member")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_service_record_participant_id_participant"),
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.id"],
            name=op.f("fk_service_record_programme_id_programme"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_service_record_site_id_site")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_record")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_service_record_participant", "service_record", ["participant_id"], unique=False
    )
    op.create_index(
        "ix_service_record_reported",
        "service_record",
        ["programme_id", "service", "given_on"],
        unique=False,
    )
    op.create_table(
        "staff_session",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name=op.f("fk_staff_session_staff_id_staff_member")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_staff_session")),
    )
    op.create_index(op.f("ix_staff_session_staff_id"), "staff_session", ["staff_id"], unique=False)
    op.create_table(
        "conflict_decision",
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column(
            "decision",
            sa.Enum(
                "first_stands",
                "second_stands",
                name="decision",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["decided_by"],
            ["staff_member.id"],
            name=op.f("fk_conflict_decision_decided_by_staff_member"),
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["programme.id"],
            name=op.f("fk_conflict_decision_programme_id_programme"),
        ),
        sa.ForeignKeyConstraint(
            ["redemption_id"],
            ["redemption.id"],
            name=op.f("fk_conflict_decision_redemption_id_redemption"),
        ),
        sa.PrimaryKeyConstraint("redemption_id", name=op.f("pk_conflict_decision")),
    )
    op.create_table(
        "payout_line",
        sa.Column("accrual_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_payout", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["accrual_id"], ["ledger_entry.id"], name=op.f("fk_payout_line_accrual_id_ledger_entry")
        ),
        sa.PrimaryKeyConstraint("accrual_id", name=op.f("pk_payout_line")),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        _protect_on_postgresql()
    else:
        _protect_on_sqlite()


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in APPEND_ONLY:
            op.execute(f"DROP TRIGGER append_only ON {table}")
            op.execute(f"DROP TRIGGER not_emptied ON {table}")
        op.execute("DROP FUNCTION refuse_change")
    else:
        for table in APPEND_ONLY:
            for act in ("update", "delete", "replace"):
                op.execute(f"DROP TRIGGER {table}_no_{act}")
    op.drop_table("payout_line")
    op.drop_table("conflict_decision")
    op.drop_index(op.f("ix_staff_session_staff_id"), table_name="staff_session")
    op.drop_table("staff_session")
    op.drop_index("ix_service_record_reported", table_name="service_record")
    op.drop_index("ix_service_record_participant", table_name="service_record")
    op.drop_table("service_record")
    op.drop_index("ix_refused_scan_received", table_name="refused_scan")
    op.drop_table("refused_scan")
    op.drop_index(
        "uq_redemption_accepted",
        table_name="redemption",
        sqlite_where=sa.text("outcome = 'accepted'"),
        postgresql_where=sa.text("outcome = 'accepted'"),
    )
    op.drop_index("ix_redemption_received", table_name="redemption")
    op.drop_index(op.f("ix_redemption_participant_id"), table_name="redemption")
    op.drop_index("ix_redemption_coupon", table_name="redemption")
    op.drop_table("redemption")
    op.drop_table("payout")
    op.drop_table("knowledge_test")
    op.drop_table("eligibility_screening")
    op.drop_table("coupon_bundle")
    op.drop_table("consent")
    op.drop_table("baseline_interview")
    op.drop_index(op.f("ix_api_key_staff_id"), table_name="api_key")
    op.drop_table("api_key")
    op.drop_table("staff_member")
    op.drop_index("ix_participant_uic", table_name="participant")
    op.drop_index("ix_participant_site", table_name="participant")
    op.drop_table("participant")
    op.drop_index("ix_ledger_entry_site", table_name="ledger_entry")
    op.drop_index("ix_ledger_entry_holder", table_name="ledger_entry")
    op.drop_table("ledger_entry")
    op.drop_index("ix_coupon_live", table_name="coupon")
    op.drop_table("coupon")
    op.drop_table("site")
    op.drop_table("protocol_version")
    op.drop_table("not_same_person")
    op.drop_table("audit_link")
    op.drop_table("programme")
    op.drop_index("ix_outbox_waiting", table_name="outbox")
    op.drop_table("outbox")
    op.drop_table("installation")
    op.drop_index(op.f("ix_audit_event_programme_id"), table_name="audit_event")
    op.drop_table("audit_event")


def _protect_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER not_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _protect_on_sqlite() -> None:
    for table in APPEND_ONLY:
        key = KEYS.get(table, "id")
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}")
        op.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
        # INSERT OR REPLACE deletes without a word.
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key}) {refuse}"
        )
