from dataclasses import dataclass
from datetime import date, datetime
from itertools import takewhile
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.crypto import keyring_of
from app.core.money import Money
from app.domain.contacts.queries import contacts_of_all
from app.domain.expiry import queries as expiry
from app.domain.programmes import queries as programmes
from app.domain.stipends.queries import Accrual, account_digest, owed_by_person
from app.domain.unclaimed.models import ClaimReminder, WriteOffRequest
from app.domain.unclaimed.rules import Expiry, RequestState, reminder_due


@dataclass(frozen=True)
class Waiting:
    """A reward that nobody has come for: anonymous, by the tail of its account."""

    account: str
    site_id: UUID
    amount: Money
    owed_since: date
    expires_on: date | None

    def days(self, today: date) -> int:
        return (today - self.owed_since).days


@dataclass(frozen=True)
class DueReminder:
    """Someone to be reminded. ``person_digest`` is hers while the same is owed."""

    participant_id: UUID
    person_digest: bytes
    number: int
    language: str


@dataclass(frozen=True)
class WriteOffFacts:
    id: UUID
    site_id: UUID
    expired_until: date
    rewards: int
    amount: Money
    reason: str
    state: RequestState
    requested_by: UUID
    requested_at: datetime
    decided_by: UUID | None
    decided_at: datetime | None


def expiry_of(session: Session, programme_id: UUID) -> Expiry | None:
    """When things expire under the rules in force; None where nothing does."""
    versions = programmes.protocol_versions(session, programme_id)
    after_days = versions[0].rules.payouts.expires_after_days
    if not after_days:
        return None
    as_soon = takewhile(
        lambda each: 0 < each.rules.payouts.expires_after_days <= after_days, versions
    )
    since = min(each.made_at for each in as_soon)
    return Expiry(after_days, local_date(since, programmes.clock_of(session, programme_id, None)))


def waiting(session: Session, programme_id: UUID) -> list[Waiting]:
    """Every reward that can be claimed now, oldest first."""
    expiry = expiry_of(session, programme_id)
    found = [
        Waiting(
            account_digest(session, each.earner).hex()[:6].upper(),
            each.site_id,
            each.amount,
            each.entered_on,
            expiry.day_of(each.entered_on) if expiry else None,
        )
        for accruals in owed_by_person(session, programme_id).values()
        for each in accruals
    ]
    return sorted(found, key=lambda each: (each.owed_since, each.account))


def past_their_time(session: Session, programme_id: UUID, *, today: date) -> list[Accrual]:
    """What expires today, in the order of whose it is."""
    expiry = expiry_of(session, programme_id)
    if expiry is None:
        return []
    return [
        each
        for accruals in owed_by_person(session, programme_id).values()
        for each in accruals
        if expiry.day_of(each.entered_on) <= today
    ]


def reminders_due(session: Session, programme_id: UUID, *, today: date) -> list[DueReminder]:
    """Whoever is owed something for long, has agreed to be reminded, and was not reminded within a month."""
    agreed = {
        person: contact
        for person, contact in contacts_of_all(session, programme_id).items()
        if contact.may_remind and contact.msisdn
    }
    if not agreed:
        return []
    rules = programmes.current_protocol(session, programme_id).rules.payouts
    expiry = expiry_of(session, programme_id)
    sent = _reminders_of(session, programme_id)
    due = []
    for person, accruals in owed_by_person(session, programme_id).items():
        if person not in agreed:
            continue
        oldest = accruals[0]
        digest = person_digest(session, person, oldest.id)
        number = reminder_due(
            rules,
            owed_since=oldest.entered_on,
            expires_on=expiry.day_of(oldest.entered_on) if expiry else None,
            sent=sent.get(digest, ()),
            today=today,
        )
        if number is not None:
            due.append(DueReminder(person, digest, number, agreed[person].language))
    return due


def person_digest(session: Session, participant_id: UUID, oldest: UUID) -> bytes:
    """Under which name someone's reminders are counted, as long as this is the oldest that she is owed."""
    return keyring_of(session).digest("reminded", participant_id.hex, oldest.hex)


def write_offs(session: Session, programme_id: UUID, *, most: int = 50) -> list[WriteOffFacts]:
    """Requests to write expired money off, those that wait first, then the latest decided."""
    rows = session.scalars(
        select(WriteOffRequest)
        .where(WriteOffRequest.programme_id == programme_id)
        .order_by(WriteOffRequest.state != RequestState.WAITING, WriteOffRequest.id.desc())
        .limit(most)
    )
    return [_write_off(row) for row in rows]


def waiting_write_offs(session: Session, programme_id: UUID, *, besides: UUID | None = None) -> int:
    """How many requests wait for someone to decide; ``besides`` leaves out what that person asked for."""
    wanted = select(func.count()).where(
        WriteOffRequest.programme_id == programme_id,
        WriteOffRequest.state == RequestState.WAITING,
    )
    if besides is not None:
        wanted = wanted.where(WriteOffRequest.requested_by != besides)
    return session.scalar(wanted) or 0


def expired_at(
    session: Session, programme_id: UUID, site_id: UUID, *, until: date
) -> list[expiry.Expired]:
    """What expired at a site until a day, that day included, and still stands there."""
    return [
        each
        for each in expiry.expired(session, programme_id)
        if each.site_id == site_id and each.expired_on <= until
    ]


def expired_entry(session: Session, programme_id: UUID, entry_id: UUID) -> expiry.Expired | None:
    """What expired by an entry, while it still stands there."""
    found = expiry.expired(session, programme_id)
    return next((each for each in found if each.entry_id == entry_id), None)


def _reminders_of(session: Session, programme_id: UUID) -> dict[bytes, list[tuple[int, date]]]:
    sent: dict[bytes, list[tuple[int, date]]] = {}
    rows = select(ClaimReminder.person_digest, ClaimReminder.number, ClaimReminder.sent_on)
    for digest, number, day in session.execute(
        rows.where(ClaimReminder.programme_id == programme_id)
    ):
        sent.setdefault(digest, []).append((number, day))
    return sent


def _write_off(row: WriteOffRequest) -> WriteOffFacts:
    return WriteOffFacts(
        row.id,
        row.site_id,
        row.expired_until,
        row.rewards,
        Money(row.amount_minor, row.currency),
        row.reason,
        row.state,
        row.requested_by,
        row.requested_at,
        row.decided_by,
        row.decided_at,
    )
