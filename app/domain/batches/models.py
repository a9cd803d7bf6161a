from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import UNORDERED, Base, choice
from app.core.ids import random_id
from app.domain.batches.rules import BatchState, LineState
from app.domain.stipends.rules import Method


class PayoutBatch(Base):
    """Payouts that go out together. Its id is the request's, so that asking twice prepares one.

    Preparer, approvers and payer are different people, or the row cannot be written. Where there is nobody else, the preparer
    releases it herself, after a delay, and someone else looks at it later. ``content_hash`` is keyed and stands for everything
    that goes out, from the first approval on. The lines of a draft that has no hash may change; nothing else of them ever may.
    """

    __tablename__ = "payout_batch"
    __table_args__ = (
        CheckConstraint("approved_by <> prepared_by", name="approver_is_another"),
        CheckConstraint(
            "second_approved_by IS NULL OR (approved_by IS NOT NULL"
            " AND second_approved_by <> prepared_by AND second_approved_by <> approved_by)",
            name="second_approver_is_another",
        ),
        CheckConstraint(
            "(released_by <> prepared_by OR is_self_release)"
            " AND (approved_by IS NULL OR released_by <> approved_by)"
            " AND (second_approved_by IS NULL OR released_by <> second_approved_by)",
            name="payer_is_another",
        ),
        CheckConstraint(
            "NOT is_self_release OR (self_release_reason IS NOT NULL"
            " AND self_release_asked_at IS NOT NULL AND not_before > self_release_asked_at"
            " AND (released_by IS NULL OR (released_by = prepared_by AND released_at >= not_before)))",
            name="self_release_is_delayed",
        ),
        CheckConstraint(
            "reviewed_by IS NULL OR (is_self_release AND released_by IS NOT NULL"
            " AND reviewed_by <> released_by AND reviewed_at IS NOT NULL"
            " AND review_note IS NOT NULL)",
            name="reviewer_is_another",
        ),
        CheckConstraint(
            "(approved_by IS NULL) = (approved_at IS NULL)"
            " AND (second_approved_by IS NULL) = (second_approved_at IS NULL)"
            " AND (released_by IS NULL) = (released_at IS NULL)"
            " AND (voided_by IS NULL) = (voided_at IS NULL)",
            name="every_step_has_its_time",
        ),
        CheckConstraint(
            "(state IN ('draft', 'void') OR (content_hash IS NOT NULL AND (is_self_release"
            " OR (approved_by IS NOT NULL AND (NOT needs_second OR second_approved_by IS NOT NULL)))))"
            " AND (approved_by IS NULL OR content_hash IS NOT NULL OR state = 'void')"
            " AND (state IN ('released', 'closed')) = (released_by IS NOT NULL)"
            " AND (state = 'closed') = (closed_at IS NOT NULL)"
            " AND (state = 'void') = (voided_by IS NOT NULL)"
            " AND (voided_by IS NULL OR void_reason IS NOT NULL)",
            name="state_has_what_it_needs",
        ),
        Index("ix_payout_batch_programme", "programme_id", "prepared_at"),
        Index("ix_payout_batch_state", "programme_id", "state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    site_id: Mapped[UUID | None] = mapped_column(ForeignKey("site.id"))
    currency: Mapped[str]
    state: Mapped[BatchState] = mapped_column(choice(BatchState), default=BatchState.DRAFT)
    selection: Mapped[dict[str, Any]]
    profiles: Mapped[dict[str, Any]]
    left_out: Mapped[dict[str, Any]]
    needs_second: Mapped[bool] = mapped_column(default=False)
    content_hash: Mapped[bytes | None]
    prepared_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    prepared_at: Mapped[datetime]
    approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    approved_at: Mapped[datetime | None]
    second_approved_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    second_approved_at: Mapped[datetime | None]
    released_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    released_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    voided_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str | None]
    is_self_release: Mapped[bool] = mapped_column(default=False)
    self_release_reason: Mapped[str | None]
    self_release_asked_at: Mapped[datetime | None]
    not_before: Mapped[datetime | None]
    reviewed_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    reviewed_at: Mapped[datetime | None]
    review_note: Mapped[str | None]


class PayoutBatchLine(Base):
    """What one person is paid in a batch. ``sealed_payee`` says who, where to, and for which accruals.

    ``payment_ref`` is random and means nothing: it is all that leaves the house and comes back. Once released, the line is the
    payout of the same id. Numbers of lines follow random ids, so their order tells nothing of people.
    """

    __tablename__ = "payout_batch_line"
    __table_args__ = (
        UniqueConstraint("batch_id", "line_no"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint(
            "paid_minor IS NULL OR (paid_minor >= 0 AND paid_minor <= amount_minor)",
            name="not_more_than_owed",
        ),
        CheckConstraint(
            "(state IN ('waiting', 'sent', 'unknown', 'removed') AND paid_minor IS NULL)"
            " OR (state = 'paid' AND paid_minor = amount_minor)"
            " OR (state = 'partly_paid' AND paid_minor > 0 AND paid_minor < amount_minor)"
            " OR (state = 'failed' AND paid_minor = 0)",
            name="state_has_its_amount",
        ),
        CheckConstraint(
            "resolved_by IS NULL OR evidence IS NOT NULL", name="resolved_with_evidence"
        ),
        Index("ix_payout_batch_line_state", "batch_id", "state"),
        UNORDERED,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=random_id)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("payout_batch.id"))
    line_no: Mapped[int]
    payment_ref: Mapped[str] = mapped_column(unique=True)
    method: Mapped[Method] = mapped_column(choice(Method))
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    sealed_payee: Mapped[bytes]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    state: Mapped[LineState] = mapped_column(choice(LineState), default=LineState.WAITING)
    paid_minor: Mapped[int | None] = mapped_column(BigInteger)
    provider_receipt: Mapped[str | None]
    completed_at: Mapped[str | None]
    error: Mapped[str | None]
    settled_on: Mapped[date | None]
    settled_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    evidence: Mapped[str | None]
    resolved_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
