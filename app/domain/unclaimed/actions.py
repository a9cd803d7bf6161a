from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.db import apart, put
from app.core.outbox import emit
from app.domain.audit.errors import ReasonNeeded
from app.domain.contacts.queries import contact_of
from app.domain.expiry import actions as expiry
from app.domain.expiry.errors import NotExpired, WrittenOffAlone
from app.domain.participants.queries import lock, lock_all
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends.queries import Accrual, books_of, owed_to
from app.domain.unclaimed import queries
from app.domain.unclaimed.errors import UnknownWriteOff, WriteOffChanged, WriteOffDecided
from app.domain.unclaimed.events import StipendWaiting
from app.domain.unclaimed.models import ClaimReminder, WriteOffRequest
from app.domain.unclaimed.queries import DueReminder
from app.domain.unclaimed.rules import LAST_REMINDER, RequestState

MOST_AT_ONCE = 200


def remind(
    session: Session, due: DueReminder, *, programme_id: UUID, on: date, now: datetime
) -> bool:
    """Have someone reminded once; tells whether she is. Of two who do so at once one reminds her.

    Whoever was paid, or took her number back, since the list was made is not.
    """
    lock(session, due.participant_id, programme_id=programme_id)
    contact = contact_of(session, due.participant_id)
    owed = owed_to(session, due.participant_id)
    if contact is None or not contact.may_remind or not contact.msisdn or not owed:
        return False
    if queries.person_digest(session, due.participant_id, owed[0].id) != due.person_digest:
        return False
    try:
        with apart(session) as alone:
            put(
                alone,
                ClaimReminder,
                {
                    "person_digest": due.person_digest,
                    "number": due.number,
                    "programme_id": programme_id,
                    "sent_on": on,
                },
            )
    except IntegrityError:  # another worker was quicker
        return False
    emit(
        session,
        StipendWaiting(due.participant_id.hex, contact.language, due.number == LAST_REMINDER),
        programme_id=programme_id,
        at=now,
    )
    return True


def expire(
    session: Session, programme_id: UUID, accruals: Sequence[Accrual], *, now: datetime
) -> int:
    """Move what is past its time into the account of what nobody claimed, in the books of the sites where it was earned.

    The record keeps how many and how much for each site.

    Raises:
        AccrualChanged: some of it was paid or prepared meanwhile.
    """
    by_site: dict[UUID, list[Accrual]] = defaultdict(list)
    for each in accruals:
        by_site[each.site_id].append(each)
    # All of them first: site by site, they would not be held in the order in which everyone else holds people.
    lock_all(session, {each.earner.participant_id for each in accruals})
    for site_id, theirs in by_site.items():
        books, _ = books_of(session, programme_id, site_id, now=now)
        expiry.expire(session, books, theirs, by=None)
    return len(accruals)


def restore(session: Session, entry_id: UUID, *, reason: str, by: Actor, now: datetime) -> None:
    """Owe again what had expired.

    Raises:
        ReasonNeeded, NotAllowed.
        NotExpired: it was restored or written off before, or is another programme's.
    """
    by.require(Permission.CORRECT_LEDGER)
    if not reason.strip():
        raise ReasonNeeded
    expired = queries.expired_entry(session, by.programme_id, entry_id)
    if expired is None:
        raise NotExpired
    books, _ = books_of(session, by.programme_id, expired.site_id, now=now)
    expiry.restore(session, books, [entry_id], by=by.staff_id, reason=reason.strip())


def ask_write_off(
    session: Session,
    *,
    request_id: UUID,
    site_id: UUID,
    expired_until: date,
    reason: str,
    by: Actor,
    now: datetime,
) -> None:
    """Ask that all that expired at a site until a day is given up. The same ``request_id`` asks once.

    Raises:
        ReasonNeeded, NotAllowed.
        NotExpired: nothing stands there.
    """
    by.require(Permission.CORRECT_LEDGER)
    if not reason.strip():
        raise ReasonNeeded
    if session.get(WriteOffRequest, request_id):
        return
    found = queries.expired_at(session, by.programme_id, site_id, until=expired_until)
    if not found:
        raise NotExpired
    minor = sum(each.amount.minor for each in found)
    put(
        session,
        WriteOffRequest,
        {
            "id": request_id,
            "programme_id": by.programme_id,
            "site_id": site_id,
            "expired_until": expired_until,
            "rewards": len(found),
            "amount_minor": minor,
            "currency": found[0].amount.currency,
            "reason": reason.strip(),
            "state": RequestState.WAITING,
            "requested_by": by.staff_id,
            "requested_at": now,
        },
    )
    record_act(
        session, "unclaimed.write_off_asked", request_id, by, now, minor=minor, rewards=len(found)
    )


def decide_write_off(
    session: Session, request_id: UUID, *, approve: bool, by: Actor, now: datetime
) -> None:
    """Approve or refuse a request. Nobody decides what she asked for herself, whatever her role.

    Raises:
        NotAllowed, UnknownWriteOff, WriteOffDecided, WrittenOffAlone.
        WriteOffChanged: some of it was given back since it was asked for.
    """
    by.require(Permission.APPROVE_PAYOUT)
    row = session.scalar(
        select(WriteOffRequest)
        .where(WriteOffRequest.id == request_id, WriteOffRequest.programme_id == by.programme_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise UnknownWriteOff
    if row.state is not RequestState.WAITING:
        raise WriteOffDecided
    if row.requested_by == by.staff_id:
        raise WrittenOffAlone
    if approve:
        found = queries.expired_at(session, by.programme_id, row.site_id, until=row.expired_until)
        minor = sum(each.amount.minor for each in found)
        if (len(found), minor) != (row.rewards, row.amount_minor):
            raise WriteOffChanged
        books, _ = books_of(session, by.programme_id, row.site_id, now=now)
        expiry.write_off(
            session,
            books,
            [each.entry_id for each in found],
            proposed_by=row.requested_by,
            decided_by=by.staff_id,
            reason=row.reason,
        )
    row.state = RequestState.APPROVED if approve else RequestState.REFUSED
    row.decided_by, row.decided_at = by.staff_id, now
    act = "unclaimed.write_off_approved" if approve else "unclaimed.write_off_refused"
    record_act(session, act, request_id, by, now, minor=row.amount_minor, rewards=row.rewards)
