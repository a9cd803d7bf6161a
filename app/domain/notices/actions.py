"""What is told to whom: queued once for each cause, judged again when it leaves."""

from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.domain.alerts import queries as alerts
from app.domain.alerts.rules import AlertKind
from app.domain.appointments import queries as appointments
from app.domain.appointments.rules import AppointmentKind
from app.domain.contacts.queries import contact_of
from app.domain.messages import queries as messages
from app.domain.messages.actions import queue
from app.domain.messages.rules import MessageKind
from app.domain.notices import queries
from app.domain.programmes import queries as programmes

REWARD_NEWS = timedelta(days=7)
ALERT_NEWS = timedelta(days=1)
# On its day a reminder is of use until then.
LATEST_HOUR = time(12)

_KINDS = {
    AppointmentKind.VISIT: MessageKind.APPOINTMENT,
    AppointmentKind.FOLLOW_UP: MessageKind.FOLLOW_UP,
}


def tell_of_reward(
    session: Session,
    *,
    programme_id: UUID,
    participant_id: UUID,
    language: str,
    is_last: bool,
    event_id: UUID,
    now: datetime,
) -> bool:
    """Tell someone that something waits for her; neither what nor how much."""
    return queue(
        session,
        programme_id=programme_id,
        kind=MessageKind.REWARD_WAITING_LAST if is_last else MessageKind.REWARD_WAITING,
        cause=event_id,
        participant_id=participant_id,
        facts={},
        language=language,
        expires_at=now + REWARD_NEWS,
        now=now,
    )


def call_staff(
    session: Session,
    *,
    programme_id: UUID,
    alert: AlertKind,
    cause: UUID | str,
    site_id: UUID | None = None,
    batch_id: UUID | None = None,
    besides: UUID | None = None,
    now: datetime,
) -> int:
    """Call those on the staff to the pages who want to be called for this; returns how many. A call says nothing of what it is for."""
    called = alerts.to_call(session, programme_id, alert, site_id=site_id, besides=besides)
    facts = {"alert": alert.value}
    if site_id:
        facts["site"] = site_id.hex
    if batch_id:
        facts["batch"] = batch_id.hex
    return sum(
        queue(
            session,
            programme_id=programme_id,
            kind=MessageKind.STAFF_ALERT,
            cause=f"{alert.value} {cause} {each.staff_id.hex}",
            staff_id=each.staff_id,
            facts=facts,
            language=each.language,
            expires_at=now + ALERT_NEWS,
            now=now,
        )
        for each in called
    )


def call_for_failures(session: Session, programme_id: UUID, *, today: date, now: datetime) -> int:
    """Call those who can send again what has failed today, once a day; returns how many are called."""
    if not messages.has_failed_since(session, programme_id, today):
        return 0
    return call_staff(
        session, programme_id=programme_id, alert=AlertKind.MESSAGES_FAIL, cause=str(today), now=now
    )


def remind_of_coupons(session: Session, programme_id: UUID, *, now: datetime) -> int:
    """Remind whoever agreed to it that her coupons end in so many days; returns how many are reminded. Only until when is said."""
    ahead = programmes.current_protocol(session, programme_id).rules.messages.coupon_days_before
    if not ahead:
        return 0
    reminded = 0
    for site in programmes.sites(session, programme_id):
        until = local_date(now, site.timezone) + timedelta(days=ahead)
        for each in queries.running_out(session, programme_id, site.id, until=until):
            contact = contact_of(session, each.holder_id)
            if contact is None or not contact.may_remind or not contact.msisdn:
                continue
            reminded += queue(
                session,
                programme_id=programme_id,
                kind=MessageKind.COUPONS_EXPIRE,
                cause=f"{each.bundle_id.hex} {until}",
                participant_id=each.holder_id,
                facts={"until": until.isoformat()},
                language=contact.language,
                expires_at=_at(until, LATEST_HOUR, site.timezone),
                now=now,
            )
    return reminded


def remind_of_appointments(session: Session, programme_id: UUID, *, now: datetime) -> int:
    """Remind whoever agreed to it of the day on which she wants to come again; returns how many are reminded."""
    ahead = programmes.current_protocol(
        session, programme_id
    ).rules.messages.appointment_days_before
    if not ahead:
        return 0
    zones = {each.id: each.timezone for each in programmes.sites(session, programme_id)}
    days = {zone: local_date(now, zone) + timedelta(days=ahead) for zone in set(zones.values())}
    reminded = 0
    for day in sorted(set(days.values())):
        for each in appointments.due(session, programme_id, day):
            zone = zones[each.site_id]
            contact = contact_of(session, each.participant_id)
            if days[zone] != day or contact is None or not contact.may_remind or not contact.msisdn:
                continue
            reminded += queue(
                session,
                programme_id=programme_id,
                kind=_KINDS[each.kind],
                cause=f"{each.id.hex} {day}",
                participant_id=each.participant_id,
                facts={"appointment": each.id.hex, "day": day.isoformat()},
                language=contact.language,
                expires_at=_at(day, LATEST_HOUR, zone),
                now=now,
            )
    return reminded


def _at(day: date, hour: time, zone: str) -> datetime:
    return datetime.combine(day, hour, ZoneInfo(zone))
