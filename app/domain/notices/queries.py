"""Whom a message reaches, and whether what it says is still so: read at the moment in which it would leave."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.crypto import keyring_of
from app.domain.alerts import queries as alerts
from app.domain.alerts.rules import AlertKind
from app.domain.appointments import queries as appointments
from app.domain.batches import queries as batches
from app.domain.batches.errors import UnknownPayoutBatch
from app.domain.batches.rules import BatchState
from app.domain.cash_days.queries import low_floats
from app.domain.contacts.queries import contact_of
from app.domain.coupons.models import Coupon
from app.domain.coupons.queries import bundle, bundle_of, open_origin
from app.domain.coupons.rules import CouponStatus
from app.domain.feedback.queries import waiting_since_before
from app.domain.messages import queries as messages
from app.domain.messages.queries import Body
from app.domain.messages.rules import MessageKind
from app.domain.participants import queries as participants
from app.domain.programmes import queries as programmes
from app.domain.programmes.queries import SiteFacts
from app.domain.stipends.queries import owed_to
from app.domain.unclaimed.queries import expiry_of


@dataclass(frozen=True)
class Recipient:
    """Whom a message reaches: on which clock, and where she goes. No number, or no yes: it does not reach her."""

    msisdn: str | None = field(repr=False)
    has_agreed: bool
    zone: str
    site: SiteFacts | None


@dataclass(frozen=True)
class RunningOut:
    """Someone whose coupons end on a day; which they are is not told."""

    holder_id: UUID
    bundle_id: UUID
    until: date
    coupons: int


def recipient_of(session: Session, programme_id: UUID, kind: MessageKind, body: Body) -> Recipient:
    """Whom a message reaches as things are now."""
    clock = programmes.clock_of(session, programme_id, None)
    if body.participant_id is not None:
        return _participant(session, programme_id, kind, body.participant_id)
    if body.staff_id is not None:
        own = alerts.number_of(session, body.staff_id)
        wanted = AlertKind(body.facts["alert"])
        reached = {each.staff_id for each in alerts.to_call(session, programme_id, wanted)}
        number = own.msisdn if own else None
        return Recipient(number, body.staff_id in reached, clock, None)
    return Recipient(body.number, True, clock, None)


def is_still_so(
    session: Session, programme_id: UUID, kind: MessageKind, body: Body, *, now: datetime
) -> bool:
    """Whether a message would still be true."""
    return STILL_SO[kind](session, programme_id, body, now)


def facts_of(
    session: Session, programme_id: UUID, kind: MessageKind, body: Body, recipient: Recipient
) -> Mapping[str, Any]:
    """What a template may say: where to go and to call, and until when or on which day."""
    place = recipient.site
    where = {"site": dict(place.name), "phone": place.phone} if place else {}
    days = {name: body.facts[name] for name in ("until", "day") if name in body.facts}
    if kind is MessageKind.REWARD_WAITING_LAST and body.participant_id:
        until = _expires_on(session, programme_id, body.participant_id)
        days |= {"until": until.isoformat()} if until else {}
    return where | days


def running_out(
    session: Session, programme_id: UUID, site_id: UUID, *, until: date
) -> list[RunningOut]:
    """Whose coupons of a site can be used until that day and not longer, as long as any of them can."""
    rows = session.execute(
        select(Coupon.id, Coupon.sealed_origin).where(
            Coupon.programme_id == programme_id,
            Coupon.status == CouponStatus.ISSUED,
            Coupon.usable_until == until,
            Coupon.site_id == site_id,
        )
    )
    keyring = keyring_of(session)
    origins = [open_origin(keyring, *row) for row in rows]
    counted = Counter((each.recruiter_id, each.bundle_id) for each in origins)
    return [
        RunningOut(holder_id, bundle_id, until, count)
        for (holder_id, bundle_id), count in sorted(counted.items())
    ]


def _participant(
    session: Session, programme_id: UUID, kind: MessageKind, participant_id: UUID
) -> Recipient:
    person = participants.participant(session, participant_id, programme_id=programme_id)
    site = programmes.site(session, person.site_id)
    contact = contact_of(session, participant_id)
    if contact is None:
        return Recipient(None, False, site.timezone, site)
    has_agreed = contact.may_remind
    if kind is MessageKind.FOLLOW_UP:  # she is invited only as long as she wants to be
        has_agreed &= participants.consents(session, participant_id).get("follow_up", False)
    return Recipient(contact.msisdn, has_agreed, site.timezone, site)


def _is_owed(session: Session, _programme_id: UUID, body: Body, _now: datetime) -> bool:
    """Something is owed that is neither paid nor on its way."""
    return body.participant_id is not None and bool(owed_to(session, body.participant_id))


def _is_about_to_expire(session: Session, programme_id: UUID, body: Body, now: datetime) -> bool:
    """The same, and it is owed no longer after a day that the programme's rules still set."""
    if body.participant_id is None:
        return False
    until = _expires_on(session, programme_id, body.participant_id)
    today = local_date(now, programmes.clock_of(session, programme_id, None))
    return until is not None and until >= today


def _expires_on(session: Session, programme_id: UUID, participant_id: UUID) -> date | None:
    owed, expiry = owed_to(session, participant_id), expiry_of(session, programme_id)
    return expiry.day_of(owed[0].entered_on) if owed and expiry else None


def _has_live_coupons(session: Session, programme_id: UUID, body: Body, now: datetime) -> bool:
    """One of her coupons has not come back, and can still be used until that day."""
    if body.participant_id is None:
        return False
    bundle_id = bundle_of(session, body.participant_id)
    if bundle_id is None:
        return False
    until = date.fromisoformat(body.facts["until"])
    hers = bundle(session, bundle_id, programme_id=programme_id)
    today = local_date(now, programmes.site(session, hers.site_id).timezone)
    return today <= until and any(
        each.state.status is CouponStatus.ISSUED and each.state.usable_until == until
        for each in hers.coupons
    )


def _stands(session: Session, _programme_id: UUID, body: Body, _now: datetime) -> bool:
    appointment_id = UUID(body.facts["appointment"])
    return appointments.stands(session, appointment_id, date.fromisoformat(body.facts["day"]))


def _still_calls(session: Session, programme_id: UUID, body: Body, now: datetime) -> bool:
    """What someone on the staff is called for still waits for someone."""
    return CALLS_FOR[AlertKind(body.facts["alert"])](session, programme_id, body, now)


def _is_low(session: Session, programme_id: UUID, body: Body, _now: datetime) -> bool:
    return UUID(body.facts["site"]) in low_floats(session, programme_id)


def _batch_waits(session: Session, programme_id: UUID, body: Body, _now: datetime) -> bool:
    try:
        found = batches.batch(session, UUID(body.facts["batch"]), programme_id=programme_id)
    except UnknownPayoutBatch:
        return False
    return found.state is BatchState.DRAFT


def _feedback_waits(session: Session, programme_id: UUID, _body: Body, now: datetime) -> bool:
    today = local_date(now, programmes.clock_of(session, programme_id, None))
    return waiting_since_before(session, programme_id, today) > 0


def _messages_fail(session: Session, programme_id: UUID, _body: Body, _now: datetime) -> bool:
    return bool(messages.failures(session, programme_id, most=1))


def _always(_session: Session, _programme_id: UUID, _body: Body, _now: datetime) -> bool:
    return True


Question = Callable[[Session, UUID, Body, datetime], bool]

STILL_SO: Mapping[MessageKind, Question] = {
    MessageKind.REWARD_WAITING: _is_owed,
    MessageKind.REWARD_WAITING_LAST: _is_about_to_expire,
    MessageKind.COUPONS_EXPIRE: _has_live_coupons,
    MessageKind.APPOINTMENT: _stands,
    MessageKind.FOLLOW_UP: _stands,
    MessageKind.STAFF_ALERT: _still_calls,
    MessageKind.REPLY: _always,
}
CALLS_FOR: Mapping[AlertKind, Question] = {
    AlertKind.FLOAT_LOW: _is_low,
    AlertKind.BATCH_WAITS: _batch_waits,
    AlertKind.FEEDBACK_WAITS: _feedback_waits,
    AlertKind.MESSAGES_FAIL: _messages_fail,
}
