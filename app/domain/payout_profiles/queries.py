"""How the files of a programme's providers look, where the programme has changed it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.payout_profiles.models import PayoutProfile


@dataclass(frozen=True)
class ProfileVersion:
    """A version of a programme's own; an empty layout is none."""

    id: UUID
    slug: str
    number: int
    layout: Mapping[str, Any]
    made_by: UUID
    made_at: datetime


def current_versions(session: Session, programme_id: UUID) -> dict[str, ProfileVersion]:
    """The last version of each profile that the programme ever changed, by slug."""
    rows = session.scalars(
        select(PayoutProfile)
        .where(PayoutProfile.programme_id == programme_id)
        .order_by(PayoutProfile.number)
    )
    return {row.slug: _facts(row) for row in rows}


def version(session: Session, programme_id: UUID, version_id: UUID) -> ProfileVersion | None:
    """A version, be it the last or one that was replaced."""
    row = session.scalar(
        select(PayoutProfile).where(
            PayoutProfile.id == version_id, PayoutProfile.programme_id == programme_id
        )
    )
    return _facts(row) if row else None


def _facts(row: PayoutProfile) -> ProfileVersion:
    return ProfileVersion(row.id, row.slug, row.number, row.layout, row.made_by, row.made_at)
