"""Whole forests put straight into the tables, so that a test of figures has hundreds of people in no time."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4

import numpy as np
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from analysis.simulate import simulate
from app.core.crypto import keyring_of
from app.core.ids import random_id, short_label
from app.domain.coupons.actions import issue_bundle
from app.domain.coupons.models import Coupon
from app.domain.coupons.queries import open_origin
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.models import Redemption
from app.domain.intake.rules import Answer, Outcome
from app.domain.participants.models import Participant
from app.domain.participants.queries import Origin, seal_origin
from app.domain.participants.rules import Came, EntryRoute, Sex, Standing
from app.domain.programmes.queries import SiteFacts, current_protocol
from tests.factories import Place

TODAY = date(2026, 6, 1)


@dataclass
class Person:
    """Someone of a forest; ``recruiter`` is her place in the list, None for a seed."""

    recruiter: int | None = None
    sex: Sex = Sex.MALE
    age: int | None = 30
    site: int = 0
    came_on: date = TODAY - timedelta(days=40)
    is_new: bool | None = True
    live_coupons: int = 0
    usable_until: date = TODAY
    id: UUID = field(default_factory=random_id)
    wave: int = 0
    seed: int = 0
    label: str = ""


def simulated(people: int, *, seed: int = 1) -> list[Person]:
    """A simulated forest as a list that a test can count by itself."""
    sample, random = simulate(people, seed=seed), np.random.default_rng(seed)
    sex, site = sample.trait("sex"), sample.trait("site")
    last = sample.enrolled_on.max()
    forest = []
    for i, recruiter in enumerate(sample.recruiter.tolist()):
        days = int((last - sample.enrolled_on[i]).astype(int))
        known = Sex(sex.levels[int(sex.codes[i])])
        forest.append(
            Person(
                recruiter=None if recruiter < 0 else recruiter,
                sex=known if random.random() > 0.03 else Sex.UNKNOWN,
                age=int(random.integers(18, 60)),
                site=int(site.codes[i]),
                came_on=TODAY - timedelta(days=days),
                is_new=bool(random.random() < 0.6),
            )
        )
    return forest


def plant(
    session: Session, place: Place, forest: Sequence[Person], *sites: SiteFacts
) -> Sequence[Person]:
    """Write a forest into a programme; recruiters stand before their recruits."""
    places, rows = (place.site, *sites), []
    protocol = current_protocol(session, place.programme.id)
    for i, person in enumerate(forest):
        up = None if person.recruiter is None else forest[person.recruiter]
        person.wave = up.wave + 1 if up else 0
        person.seed = up.seed if up else i
        person.label = person.label or up.label if up else person.label or short_label()
        origin = Origin(forest[person.seed].id, up.id if up else None)
        rows.append(
            {
                "id": person.id,
                "programme_id": place.programme.id,
                "site_id": places[person.site].id,
                "came": Came.RECRUIT if up else Came.SEED,
                "standing": Standing.ENROLLED,
                "wave": person.wave,
                "sealed_origin": seal_origin(keyring_of(session), person.id, origin),
                "chain_label": None if up else person.label,
                "entry_route": None if up else EntryRoute.OUTREACH,
                "sex": person.sex,
                "age": person.age,
                "network_size": 10,
                "never_reached_before": person.is_new,
                "uic_digest": None,
                "came_on": person.came_on,
                "trained_on": person.came_on,
            }
        )
        if person.live_coupons:
            issue_bundle(
                session,
                programme_id=place.programme.id,
                site_id=places[person.site].id,
                protocol_id=protocol.id,
                holder_id=person.id,
                holder_origin=origin,
                holder_wave=person.wave,
                size=person.live_coupons,
                usable_from=person.came_on,
                usable_until=person.usable_until,
                on=person.came_on,
                by=place.intake.staff_id,
            )
    if rows:
        session.execute(insert(Participant), rows)
    return forest


def hand_in(session: Session, place: Place, forest: Sequence[Person]) -> None:
    """Let every recruit of a planted forest have come with a coupon of her recruiter's."""
    keyring, held = keyring_of(session), defaultdict[UUID, list[UUID]](list)
    for coupon, sealed in session.execute(select(Coupon.id, Coupon.sealed_origin)):
        held[open_origin(keyring, coupon, sealed).recruiter_id].append(coupon)
    protocol = current_protocol(session, place.programme.id)
    for person in forest:
        if person.recruiter is None:
            continue
        coupon = held[forest[person.recruiter].id].pop()
        at = datetime.combine(person.came_on, time(9), UTC)
        session.add(
            Redemption(
                id=uuid4(),
                programme_id=place.programme.id,
                site_id=place.site.id,
                coupon_id=coupon,
                participant_id=person.id,
                outcome=Outcome.ACCEPTED,
                answer=Answer.ACCEPTED,
                staff_id=place.intake.staff_id,
                device_id="desk-1",
                scanned_at=at,
                received_at=at,
                protocol_id=protocol.id,
                flags=[],
                request_digest=b"planted",
            )
        )
        session.execute(
            update(Coupon)
            .where(Coupon.id == coupon)
            .values(status=CouponStatus.REDEEMED, status_on=person.came_on)
        )
    session.flush()
