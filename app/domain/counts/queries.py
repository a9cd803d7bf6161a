import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.money import Money
from app.domain.counts.models import CashCount, CashCountTry
from app.domain.counts.rules import CountKind


@dataclass(frozen=True)
class CountFacts:
    """A drawer that was counted, and how often before it was without a reason for what differs."""

    id: UUID
    site_id: UUID
    kind: CountKind
    on: date
    at: datetime
    by: UUID
    pieces: Mapping[int, int]
    expected: Money
    counted: Money
    is_blind: bool
    reason: str | None
    tries: tuple[Money, ...] = ()

    @property
    def difference(self) -> Money:
        """Less than nothing is missing."""
        return self.counted + -self.expected


def denominations(currency: str) -> tuple[int, ...]:
    """Coins and notes of a currency in minor units, largest first; none where we know none."""
    return tuple(Money.parse(each, currency).minor for each in _face_values().get(currency, ()))


def counts_of(
    session: Session,
    programme_id: UUID,
    site_id: UUID,
    *,
    on: date | None = None,
    limit: int | None = None,
) -> list[CountFacts]:
    """Counts of a site's cash: of a day in order, else the newest first."""
    found = select(CashCount).where(
        CashCount.programme_id == programme_id, CashCount.site_id == site_id
    )
    if on:
        found = found.where(CashCount.counted_on == on)
        found = found.order_by(CashCount.counted_at, CashCount.id)
    else:
        found = found.order_by(CashCount.counted_at.desc(), CashCount.id.desc()).limit(limit)
    return _counts(session, session.scalars(found).all())


def count(session: Session, count_id: UUID) -> CountFacts | None:
    row = session.get(CashCount, count_id)
    return _counts(session, [row])[0] if row else None


@cache
def _face_values() -> Mapping[str, Sequence[str]]:
    return tomllib.loads((Path(__file__).parent / "denominations.toml").read_text())


def counts_by_id(session: Session, ids: Sequence[UUID]) -> dict[UUID, CountFacts]:
    found = select(CashCount).where(CashCount.id.in_(ids))
    return {each.id: each for each in _counts(session, session.scalars(found).all())}


def last_opening(
    session: Session, programme_id: UUID, site_id: UUID
) -> tuple[UUID, datetime] | None:
    """Who counted a site's cash at its last opening, and when."""
    row = session.execute(
        select(CashCount.counted_by, CashCount.counted_at)
        .where(
            CashCount.programme_id == programme_id,
            CashCount.site_id == site_id,
            CashCount.kind == CountKind.OPENING,
        )
        .order_by(CashCount.counted_at.desc(), CashCount.id.desc())
        .limit(1)
    ).first()
    return (row.counted_by, row.counted_at) if row else None


def _counts(session: Session, rows: Sequence[CashCount]) -> list[CountFacts]:
    tries: dict[UUID, list[Money]] = {}
    tried = select(CashCountTry).where(CashCountTry.count_id.in_([row.id for row in rows]))
    currencies = {row.id: row.currency for row in rows}
    for each in session.scalars(tried.order_by(CashCountTry.tried_at, CashCountTry.id)):
        money = Money(each.counted_minor, currencies[each.count_id])
        tries.setdefault(each.count_id, []).append(money)
    return [
        CountFacts(
            id=row.id,
            site_id=row.site_id,
            kind=row.kind,
            on=row.counted_on,
            at=row.counted_at,
            by=row.counted_by,
            pieces={int(worth): int(number) for worth, number in row.pieces.items()},
            expected=Money(row.expected_minor, row.currency),
            counted=Money(row.counted_minor, row.currency),
            is_blind=row.is_blind,
            reason=row.reason,
            tries=tuple(tries.get(row.id, ())),
        )
        for row in rows
    ]
