"""One short read of the recruitment forest into arrays; everything computed from it is ``analysis``'s."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from analysis.sample import CouponFigures, Sample, build_sample
from app.core.crypto import keyring_of
from app.domain.coupons.models import Coupon
from app.domain.coupons.rules import CouponStatus
from app.domain.participants.models import Participant
from app.domain.participants.queries import open_origin
from app.domain.participants.rules import Came, Standing, age_band
from app.domain.programmes.models import Site

REACHED = (Standing.ARRIVED, Standing.ENROLLED)


@dataclass(frozen=True)
class LiveSample:
    """The people of a programme's chains, and the random label of each chain by its seed's index."""

    sample: Sample
    labels: dict[int, str]
    coupons: "CouponTotals"
    walk_ins: int


@dataclass(frozen=True)
class CouponTotals:
    """Coupons by what became of them. ``matured`` are those past their last day, whatever became of them."""

    issued: int
    redeemed: int
    void: int
    lost: int
    refused: int
    expired: int
    live: int
    matured: int
    matured_redeemed: int

    @property
    def matured_redemption_rate(self) -> float | None:
        return self.matured_redeemed / self.matured if self.matured else None


def load_sample(session: Session, programme_id: UUID, *, today: date) -> LiveSample:
    """Everyone a programme reached through its chains, seeds included; walk-ins are only counted."""
    keyring = keyring_of(session)
    rows = session.execute(
        select(
            Participant.id,
            Participant.sealed_origin,
            Participant.chain_label,
            Participant.network_size,
            Participant.came_on,
            Participant.sex,
            Participant.age,
            Participant.never_reached_before,
            Participant.entry_route,
            Site.code,
        )
        .join(Site, Site.id == Participant.site_id)
        .where(
            Participant.programme_id == programme_id,
            Participant.standing.in_(REACHED),
            Participant.came != Came.WALK_IN,
        )
        .order_by(Participant.came_on, Participant.id)
    ).all()
    origins = [open_origin(keyring, row.id, row.sealed_origin) for row in rows]
    totals = coupon_totals(session, programme_id, today=today)
    sample = build_sample(
        [row.id.hex for row in rows],
        [origin.recruiter_id.hex if origin.recruiter_id else None for origin in origins],
        network_size=[row.network_size for row in rows],
        enrolled_on=[row.came_on for row in rows],
        traits={
            "sex": [row.sex.value for row in rows],
            "age_band": [age_band(row.age) for row in rows],
            "site": [row.code for row in rows],
            "reached_before": [_yes_no(row.never_reached_before) for row in rows],
            "entry_route": [row.entry_route and row.entry_route.value for row in rows],
        },
        coupons=CouponFigures(issued=totals.issued, redeemed=totals.redeemed),
    )
    labels = {i: row.chain_label for i, row in enumerate(rows) if row.chain_label}
    return LiveSample(sample, labels, totals, _walk_ins(session, programme_id))


def coupon_totals(session: Session, programme_id: UUID, *, today: date) -> CouponTotals:
    """What became of a programme's coupons up to today."""
    is_past = Coupon.usable_until < today
    counts: dict[tuple[CouponStatus, bool], int] = {
        (status, bool(past)): count
        for status, past, count in session.execute(
            select(Coupon.status, case((is_past, 1), else_=0).label("past"), func.count())
            .where(Coupon.programme_id == programme_id)
            .group_by(Coupon.status, "past")
        )
    }

    def number(status: CouponStatus, *, past: tuple[bool, ...] = (False, True)) -> int:
        return sum(counts.get((status, each), 0) for each in past)

    return CouponTotals(
        issued=sum(counts.values()),
        redeemed=number(CouponStatus.REDEEMED),
        void=number(CouponStatus.VOID),
        lost=number(CouponStatus.LOST),
        refused=number(CouponStatus.REFUSED),
        expired=number(CouponStatus.ISSUED, past=(True,)),
        live=number(CouponStatus.ISSUED, past=(False,)),
        matured=sum(count for (_, past), count in counts.items() if past),
        matured_redeemed=number(CouponStatus.REDEEMED, past=(True,)),
    )


def _walk_ins(session: Session, programme_id: UUID) -> int:
    count = session.scalar(
        select(func.count())
        .select_from(Participant)
        .where(
            Participant.programme_id == programme_id,
            Participant.came == Came.WALK_IN,
            Participant.standing.in_(REACHED),
        )
    )
    return count or 0


def _yes_no(never_reached_before: bool | None) -> str | None:
    return None if never_reached_before is None else "no" if never_reached_before else "yes"
