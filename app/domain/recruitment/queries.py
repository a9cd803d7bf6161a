"""What became of every coupon, and of everyone who came with one; everything computed from it is ``analysis``'s."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Uuid,
    and_,
    bindparam,
    func,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from analysis.arrays import NO_DATE, BoolArray, DateArray, IntArray
from analysis.coupons.cascade import Cascade, cascade
from analysis.coupons.history import CouponHistory, build_history
from analysis.forecasting.plan import Costs, Plan
from analysis.sample import Sample
from app.core.crypto import keyring_of
from app.core.ids import hex_of
from app.domain.coupons.models import Coupon, CouponBundle
from app.domain.coupons.queries import open_origins
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.models import Redemption
from app.domain.intake.rules import Outcome
from app.domain.participants.models import Consent, Participant
from app.domain.participants.queries import reached
from app.domain.participants.rules import Came, Sex, Standing, age_band
from app.domain.programmes import queries as programmes
from app.domain.recruitment.rules import DAYS_AHEAD, Mix, Seen, costs_of, mix_of, plan_of
from app.domain.stipends.queries import balances
from app.domain.stipends.rules import EXPENSE
from app.domain.visits.models import EligibilityScreening, KnowledgeTest

SEXES = (Sex.FEMALE.value, Sex.MALE.value, Sex.OTHER.value)
EPOCH = date(1970, 1, 1).toordinal()
ENDED = (CouponStatus.VOID.value, CouponStatus.LOST.value, CouponStatus.REFUSED.value)

BANDS_UNDER_25 = {age_band(age) for age in range(25)}
SEEDS_OF_DAYS = 28

_programme = bindparam("programme", type_=Uuid())
# Ids and words as the text they are kept as: tens of thousands are read.
_COUPONS = select(
    type_coerce(Coupon.id, String),
    Coupon.sealed_origin,
    type_coerce(Coupon.status, String),
    Coupon.usable_from,
    Coupon.usable_until,
    Coupon.status_on,
).where(Coupon.programme_id == _programme)
_BUNDLES = select(type_coerce(CouponBundle.id, String), CouponBundle.issued_on).where(
    CouponBundle.programme_id == _programme
)
_BROUGHT = select(
    type_coerce(Redemption.coupon_id, String), type_coerce(Redemption.participant_id, String)
).where(Redemption.programme_id == _programme, Redemption.outcome == Outcome.ACCEPTED)
_RECRUITS = select(
    type_coerce(Participant.id, String),
    type_coerce(Participant.sex, String),
    type_coerce(Participant.standing, String),
).where(Participant.programme_id == _programme, Participant.came == Came.RECRUIT)
_ELIGIBLE = select(type_coerce(EligibilityScreening.participant_id, String)).where(
    EligibilityScreening.programme_id == _programme, EligibilityScreening.eligible
)
_CONSENTED = select(type_coerce(Consent.participant_id, String)).where(
    Consent.programme_id == _programme, Consent.purpose == "participation", Consent.given
)


@dataclass(frozen=True, eq=False)
class Flow:
    """Every coupon of a programme, and the way from a coupon to a recruit who recruits, up to one day.

    ``history`` points into the sample it was loaded for; ``cascade`` has the sexes that are there, women first.
    """

    history: CouponHistory
    cascade: Cascade


@dataclass(frozen=True)
class Outlook:
    """``recent`` are recruits of the last four weeks, ``to_target`` those still wanted; None without a target.

    Both in fives, for they stand beside costs that are told to whoever does not see who came.
    """

    mix: Mix
    recent: int
    to_target: int | None


@dataclass(frozen=True, eq=False)
class _Coupons:
    """The history, and whose each of its coupons was and whom it brought, in the sample or not."""

    history: CouponHistory
    holder: Sequence[str]
    recruit: Sequence[str]


def load_flow(session: Session, programme_id: UUID, sample: Sample, *, today: date) -> Flow:
    """The coupons and the cascade of a programme, read once.

    In the cascade a step is passed by those who passed the ones before; consent that was withdrawn later had been given.

    Args:
        sample: of the same snapshot, by ``chains.queries.load_sample``.
    """
    coupons = _load_coupons(session, programme_id, sample, today=today)
    return Flow(coupons.history, _cascade(session, programme_id, sample, coupons))


def load_coupon_history(
    session: Session, programme_id: UUID, sample: Sample, *, today: date
) -> CouponHistory:
    """What became of each coupon, as known on a day. The sample is of the same snapshot."""
    return _load_coupons(session, programme_id, sample, today=today).history


def load_plan(session: Session, programme_id: UUID, sample: Sample, *, today: date) -> Plan:
    """How a programme recruits by its rules of now, with as many seeds a week as in the last four, by sex."""
    since = np.datetime64(today) - SEEDS_OF_DAYS
    seeds = _by_sex(sample, (sample.recruiter < 0) & (sample.enrolled_on > since))
    return plan_of(
        programmes.current_protocol(session, programme_id).rules,
        target=programmes.programme(session, programme_id).target,
        seeds={sex: round(7 * n / SEEDS_OF_DAYS) for sex, n in seeds.items()},
    )


def load_costs(session: Session, programme_id: UUID, sample: Sample) -> Costs:
    """What a programme has spent, from its ledger, and what the next person will cost by its rules of now.

    Spent is what was earned, paid out or not; a reward that was taken back is not in it.
    """
    ages = sample.trait("age_band")
    young = [age for age, level in enumerate(ages.levels) if level in BANDS_UNDER_25]
    before = sample.trait("reached_before")
    never = [code for code, level in enumerate(before.levels) if level == "no"]
    is_recruit = sample.recruiter >= 0
    scores = session.execute(
        select(KnowledgeTest.correct, func.count())
        .where(KnowledgeTest.programme_id == programme_id)
        .group_by(KnowledgeTest.correct)
    )
    seen = Seen(
        people=_by_sex(sample, is_recruit),
        young=_by_sex(sample, is_recruit & np.isin(ages.codes, young)),
        scores=dict(scores.all()),
        new=_by_sex(sample, is_recruit & np.isin(before.codes, never)),
    )
    protocol = programmes.current_protocol(session, programme_id).rules
    return costs_of(protocol, seen, spent=spent(session, programme_id))


def load_outlook(session: Session, programme_id: UUID, *, today: date) -> Outlook:
    """What a schedule is reckoned with: who came so far, how many in the last four weeks, and how many are wanted still."""
    enrolled = and_(
        Participant.programme_id == programme_id,
        Participant.came == Came.RECRUIT,
        Participant.standing == Standing.ENROLLED,
    )

    def number(*of: ColumnElement[bool]) -> int:
        found = select(func.count()).select_from(Participant).where(enrolled, *of)
        return session.scalar(found) or 0

    scores = session.execute(
        select(KnowledgeTest.correct, func.count())
        .where(KnowledgeTest.programme_id == programme_id)
        .group_by(KnowledgeTest.correct)
    )
    recruits = number()
    mix = mix_of(
        recruits=recruits,
        women=number(Participant.sex == Sex.FEMALE),
        under_25=number(Participant.age < 25),
        first_time=number(Participant.never_reached_before.is_(True)),
        correct=dict(scores.all()),
    )
    recent = number(Participant.came_on > today - timedelta(days=DAYS_AHEAD))
    target = programmes.programme(session, programme_id).target
    to_target = max(0, target - reached(session, programme_id)) if target else None
    return Outlook(mix, 5 * (recent // 5), to_target and 5 * -(-to_target // 5))


def spent(session: Session, programme_id: UUID) -> int:
    """What a programme's people have earned so far, in minor units."""
    expenses = set(EXPENSE.values())
    found = balances(session, programme_id)
    return sum(each.balance.minor for each in found if each.account in expenses)


def _by_sex(sample: Sample, chosen: BoolArray) -> dict[str, int]:
    sex = sample.trait("sex")
    codes = sex.codes[chosen & (sex.codes >= 0)]
    return dict(
        zip(sex.levels, np.bincount(codes, minlength=len(sex.levels)).tolist(), strict=True)
    )


def _load_coupons(session: Session, programme_id: UUID, sample: Sample, *, today: date) -> _Coupons:
    ids, sealed, status, first, last, since = _columns(session, _COUPONS, programme_id)
    coupons = [hex_of(each) for each in ids]
    origins = open_origins(keyring_of(session), zip(coupons, sealed, strict=True))
    issued = _by_id(session, _BUNDLES, programme_id)
    brought = _by_id(session, _BROUGHT, programme_id)
    recruit = [hex_of(brought.get(each, "")) for each in coupons]
    place = _places(sample.ids)
    became, changed_on = np.array(status, dtype=str), _days(since)
    history = build_history(
        # Further east it may be tomorrow already: what happened there then is read, and left out below.
        as_of=max([today, *since]),
        people=len(sample),
        issued_on=_days([issued[bundle] for bundle in origins.bundle]),
        usable_from=_days(first),
        usable_until=_days(last),
        redeemed_on=np.where(became == CouponStatus.REDEEMED, changed_on, NO_DATE),
        ended_on=np.where(np.isin(became, ENDED), changed_on, NO_DATE),
        holder=_find(place, origins.recruiter),
        recruit=_find(place, recruit),
    )
    known = np.flatnonzero(history.issued_on <= np.datetime64(today)).tolist()
    return _Coupons(
        history.at(np.datetime64(today)),
        [origins.recruiter[i] for i in known],
        [recruit[i] for i in known],
    )


def _cascade(session: Session, programme_id: UUID, sample: Sample, coupons: _Coupons) -> Cascade:
    ids, sex, standing = _columns(session, _RECRUITS, programme_id)
    recruits = [hex_of(each) for each in ids]
    place, m = _places(recruits), len(recruits)
    holder, redeemed = _find(place, coupons.holder), coupons.history.redeemed
    passed = [
        _among(recruits, _columns(session, _ELIGIBLE, programme_id)[0]),
        _among(recruits, _columns(session, _CONSENTED, programme_id)[0]),
        np.array([each == Standing.ENROLLED.value for each in standing], dtype=bool),
        _named(holder, m),
        _named(holder[redeemed], m),
    ]
    got_so_far = np.logical_and.accumulate(np.array(passed).reshape(len(passed), m))
    sexes = sample.trait("sex")
    levels = [each for each in SEXES if each in sexes.levels or each in sex]
    level = _places(levels)
    came = _find(place, coupons.recruit)[redeemed]
    of_holder = np.append(_find(level, sexes.levels), -1)[sexes.codes]
    eligible, consented, enrolled, given_a_bundle, recruited = got_so_far[:, came]
    return cascade(
        levels=levels,
        holder=np.append(of_holder, -1)[coupons.history.holder],
        redeemed=redeemed,
        person=_find(level, sex)[came],
        eligible=eligible,
        consented=consented,
        enrolled=enrolled,
        given_a_bundle=given_a_bundle,
        recruited=recruited,
    )


def _columns(
    session: Session, chosen: Select[*tuple[Any, ...]], programme_id: UUID
) -> list[Sequence[Any]]:
    rows = session.connection().execute(chosen, {"programme": programme_id}).all()
    return list(zip(*rows, strict=True)) or [()] * len(chosen.selected_columns)


def _by_id(
    session: Session, chosen: Select[*tuple[Any, ...]], programme_id: UUID
) -> dict[str, Any]:
    ids, values = _columns(session, chosen, programme_id)
    return dict(zip(map(hex_of, ids), values, strict=True))


def _places(ids: Sequence[str]) -> dict[str, int]:
    return dict(zip(ids, range(len(ids)), strict=True))


def _find(place: Mapping[str, int], ids: Sequence[str]) -> IntArray:
    """The place of each, -1 where it has none."""
    return np.fromiter((place.get(each, -1) for each in ids), dtype=np.int64, count=len(ids))


def _among(ids: Sequence[str], some: Sequence[Any]) -> BoolArray:
    chosen = set(map(hex_of, some))
    return np.array([each in chosen for each in ids], dtype=bool)


def _named(places: IntArray, m: int) -> BoolArray:
    """(m,) whether a place occurs among those given."""
    named: BoolArray = np.bincount(places[places >= 0], minlength=m) > 0
    return named


def _days(days: Sequence[date]) -> DateArray:
    ordinals = np.fromiter(map(date.toordinal, days), dtype=np.int64, count=len(days))
    return (ordinals - EPOCH).astype("datetime64[D]")
