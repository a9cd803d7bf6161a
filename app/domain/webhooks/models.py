from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, choice
from app.core.ids import uuid7
from app.domain.webhooks.rules import OffBecause, Problem, State


class WebhookEndpoint(Base):
    """Another system that is told what happened. Its address is sealed: many hold a secret of the receiver's.

    ``failing_since`` is the first failure after the last success.
    """

    __tablename__ = "webhook_endpoint"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"), index=True)
    name: Mapped[str]
    sealed_url: Mapped[bytes]
    event_types: Mapped[list[str]]
    is_on: Mapped[bool]
    off_because: Mapped[OffBecause | None] = mapped_column(choice(OffBecause))
    off_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]
    made_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    made_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class WebhookKey(Base):
    """A key that signs: the current one of an endpoint, and while its receiver changes over the one before."""

    __tablename__ = "webhook_key"
    __table_args__ = (UniqueConstraint("endpoint_id", "is_retiring"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoint.id"))
    is_retiring: Mapped[bool]
    sealed_key: Mapped[bytes]
    made_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    made_at: Mapped[datetime]


class WebhookDelivery(Base):
    """One event on its way to one endpoint. ``webhook_id`` is what the receiver knows it by, in every repeat the same.

    ``tries`` counts all there ever were, and is the fence of a lease; ``attempt`` those since it was last begun.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "webhook_id"),
        Index("ix_webhook_delivery_due", "state", "next_try_at"),
        Index("ix_webhook_delivery_log", "endpoint_id", "made_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoint.id"))
    webhook_id: Mapped[UUID]
    event_type: Mapped[str]
    sealed_body: Mapped[bytes | None]
    state: Mapped[State] = mapped_column(choice(State))
    tries: Mapped[int]
    attempt: Mapped[int]
    next_try_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    last_code: Mapped[int | None]
    last_problem: Mapped[Problem | None] = mapped_column(choice(Problem))
    tried_at: Mapped[datetime | None]
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
