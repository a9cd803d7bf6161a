"""One short read of the recruitment forest into arrays; everything computed from it is ``analysis``'s."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import String, Uuid, bindparam, case, func, select, type_coerce
from sqlalchemy.orm import Session

from analysis.sample import CouponFigures, Sample, build_sample
from app.core.crypto import keyring_of
from app.core.ids import hex_of
from app.domain.coupons.models import Coupon
from app.domain.coupons.queries import open_origins
from app.domain.coupons.rules import CouponStatus
from app.domain.participants.models import Participant
from app.domain.participants.queries import open_recruiters
from app.domain.participants.rules import Came, Sex, Standing, age_band
from app.domain.programmes.models import Site

REACHED = (Standing.ARRIVED, Standing.ENROLLED)
SEX_NOT_KNOWN = (Sex.UNKNOWN, Sex.PREFER_NOT_TO_SAY)
# What is asked is whether she was never reached before; what is told, whether she was.
YES_NO = {None: None, True: "no", False: "yes"}

_PEOPLE = (
    select(
        type_coerce(Participant.id, String),
        Participant.sealed_origin,
        Participant.chain_label,
        Participant.network_size,
        Participant.came_on,
        type_coerce(Participant.sex, String),
        Participant.age,
        Participant.never_reached_before,
        type_coerce(Participant.entry_route, String),
        Site.code,
    )
    .join(Site, Site.id == Participant.site_id)
    .where(
        Participant.programme_id == bindparam("programme", type_=Uuid()),
        Participant.standing.in_(REACHED),
        Participant.came != Came.WALK_IN,
    )
    .order_by(Participant.came_on, Participant.id)
)


@dataclass(frozen=True)
class LiveSample:
    """The people of a programme's chains, and the random label of each chain by its seed's index.

    Whose sex is not known, or not said, has none in the sample. ``walk_ins`` are by the code of their site.
    """

    sample: Sample
    labels: Mapping[int, str]
    coupons: "CouponTotals"
    walk_ins: Mapping[str, int]


@dataclass(frozen=True)
class LiveCoupons:
    """Coupons that can still bring someone: how many of each chain and of each holder, by id as in the sample."""

    of_chain: Mapping[str, int]
    of_holder: Mapping[str, int]


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
    rows = session.connection().execute(_PEOPLE, {"programme": programme_id}).all()
    # Columns, and of words the text that is kept: a row, an id and a word made into objects cost more than AES.
    columns = list(zip(*rows, strict=True)) or [()] * len(_PEOPLE.selected_columns)
    raw_ids, sealed, labels, sizes, days, sexes, ages, is_new, routes, sites = columns
    ids = [hex_of(each) for each in raw_ids]
    totals = coupon_totals(session, programme_id, today=today)
    sample = build_sample(
        ids,
        open_recruiters(keyring_of(session), zip(ids, sealed, strict=True)),
        network_size=sizes,
        enrolled_on=days,
        traits={
            "sex": [None if sex in SEX_NOT_KNOWN else sex for sex in sexes],
            "age_band": [age_band(age) for age in ages],
            "site": sites,
            "reached_before": [YES_NO[each] for each in is_new],
            "entry_route": routes,
        },
        coupons=CouponFigures(issued=totals.issued, redeemed=totals.redeemed),
    )
    seeds = {i: label for i, label in enumerate(labels) if label}
    return LiveSample(sample, told_apart(seeds), totals, _walk_ins(session, programme_id))


def live_coupons(session: Session, programme_id: UUID, *, today: date) -> LiveCoupons:
    """The coupons not redeemed, ended or past their last day: their seals are opened to say whose they are."""
    keyring = keyring_of(session)
    rows = session.connection().execute(
        select(type_coerce(Coupon.id, String), Coupon.sealed_origin).where(
            Coupon.programme_id == programme_id,
            Coupon.status == CouponStatus.ISSUED,
            Coupon.usable_until >= today,
        )
    )
    origins = open_origins(keyring, ((row[0], row[1]) for row in rows.all()))
    return LiveCoupons(of_chain=Counter(origins.chain), of_holder=Counter(origins.recruiter))


def coupon_totals(
    session: Session, programme_id: UUID, *, today: date, site_id: UUID | None = None
) -> CouponTotals:
    """What became of a programme's coupons up to today, or of those that one site gave out."""
    is_past = Coupon.usable_until < today
    of_site = (Coupon.site_id == site_id,) if site_id else ()
    counts: dict[tuple[CouponStatus, bool], int] = {
        (status, bool(past)): count
        for status, past, count in session.execute(
            select(Coupon.status, case((is_past, 1), else_=0).label("past"), func.count())
            .where(Coupon.programme_id == programme_id, *of_site)
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


def figures_stamp(session: Session, programme_id: UUID) -> str:
    """A text that changes when a programme's figures do; made of sums, so it is cheap and nothing is opened.

    Two changes can cancel out in it: it tells whether a question was asked before, never whether a figure may be shown.
    """
    people = session.execute(
        select(
            Participant.came,
            Participant.standing,
            Participant.sex,
            func.count(),
            func.sum(Participant.age),
            func.sum(Participant.network_size),
            func.max(Participant.came_on),
        )
        .where(Participant.programme_id == programme_id)
        .group_by(Participant.came, Participant.standing, Participant.sex)
    )
    coupons = session.execute(
        select(Coupon.status, func.count(), func.max(Coupon.status_on))
        .where(Coupon.programme_id == programme_id)
        .group_by(Coupon.status)
    )
    return "\n".join(sorted(str(tuple(row)) for row in [*people, *coupons]))


def told_apart(labels: Mapping[int, str]) -> dict[int, str]:
    """Random labels may meet; the later of two gets a number behind it."""
    met: Counter[str] = Counter()
    apart = {}
    for seed, label in labels.items():
        met[label] += 1
        apart[seed] = label if met[label] == 1 else f"{label}-{met[label]}"
    return apart


def _walk_ins(session: Session, programme_id: UUID) -> dict[str, int]:
    rows = session.execute(
        select(Site.code, func.count())
        .join(Participant, Participant.site_id == Site.id)
        .where(
            Participant.programme_id == programme_id,
            Participant.came == Came.WALK_IN,
            Participant.standing.in_(REACHED),
        )
        .group_by(Site.code)
    )
    return dict(rows.all())
