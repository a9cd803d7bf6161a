from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base
from app.core.ids import uuid7


class Programme(Base):
    """An intervention with one currency and one set of rules at a time."""

    __tablename__ = "programme"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    currency: Mapped[str]
    languages: Mapped[list[str]]
    target: Mapped[int | None]
    women_mark: Mapped[int]
    coupon_design: Mapped[str]
    coupon_url: Mapped[str | None]
    created_at: Mapped[datetime]


class ProtocolVersion(Base):
    """A set of rules, never edited: a change is a new version, and everything keeps the one it was made under."""

    __tablename__ = "protocol_version"
    __table_args__ = (UniqueConstraint("programme_id", "version"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    version: Mapped[int]
    rules: Mapped[dict[str, Any]]
    made_by: Mapped[UUID | None]
    made_at: Mapped[datetime]


class Site(Base):
    """Where people come: a neutral name, an address, hours, a clock of its own."""

    __tablename__ = "site"
    __table_args__ = (UniqueConstraint("programme_id", "code"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    code: Mapped[str]
    name: Mapped[dict[str, Any]]
    address: Mapped[dict[str, Any]]
    phone: Mapped[str]
    timezone: Mapped[str]
    opening_hours: Mapped[dict[str, Any]]
    women_only_hours: Mapped[dict[str, Any]]
    activation_delay_days: Mapped[int | None]
    validity_days: Mapped[int | None]
    target: Mapped[int | None]
    created_at: Mapped[datetime]
