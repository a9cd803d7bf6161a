from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.crypto import keyring_of
from app.core.db import put
from app.core.ids import random_id
from app.domain.audit.actions import record
from app.domain.contacts import queries
from app.domain.contacts.errors import UnknownLanguage
from app.domain.contacts.models import ContactNumber, ParticipantContact
from app.domain.contacts.rules import check_reachable, read_msisdn
from app.domain.opt_outs.actions import opt_in
from app.domain.participants.queries import lock
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.stipends.rules import Method


def keep_contact(
    session: Session,
    participant_id: UUID,
    *,
    method: Method,
    number: str | None,
    may_remind: bool,
    language: str,
    by: Actor,
    now: datetime,
) -> None:
    """Keep how a participant wants to be paid, as she says it now. ``number`` is as it was typed; None for no number.

    Without a number nobody can be reminded, so nothing is kept of that. Where she may be reminded, that is her newest word: an
    earlier "stop" of that number ends.

    Raises:
        BadNumber, NumberNeeded, UnknownLanguage, UnknownParticipant.
    """
    person = lock(session, participant_id, programme_id=by.programme_id)
    programme = programmes.programme(session, by.programme_id)
    if language not in programme.languages:
        raise UnknownLanguage
    region = queries.region(session, by.programme_id, person.site_id)
    msisdn = read_msisdn(number, region) if number else None
    check_reachable(method, msisdn)
    _forget(session, participant_id)
    keyring = keyring_of(session)
    sealed = None
    if msisdn is not None:
        sealed = keyring.seal(
            msisdn.encode(), table=queries.TABLE, column=queries.COLUMN, row=participant_id
        )
        row_id = random_id()
        put(
            session,
            ContactNumber,
            {
                "id": row_id,
                "programme_id": by.programme_id,
                "number_digest": queries.number_digest(session, by.programme_id, msisdn),
                "sealed_participant": keyring.seal(
                    participant_id.bytes,
                    table="contact_number",
                    column="sealed_participant",
                    row=row_id,
                ),
            },
        )
    put(
        session,
        ParticipantContact,
        {
            "participant_id": participant_id,
            "programme_id": by.programme_id,
            "method": method,
            "sealed_msisdn": sealed,
            "may_remind": may_remind and msisdn is not None,
            "language": language,
            "kept_on": local_date(now, programmes.site(session, person.site_id).timezone),
        },
    )
    wants_again = may_remind and msisdn is not None and opt_in(session, by.programme_id, msisdn)
    record(
        session,
        "contact.kept",
        subject=participant_id,
        staff_id=by.staff_id,
        programme_id=by.programme_id,
        at=now,
        facts={
            "method": method.value,
            "number": msisdn is not None,
            "may_remind": may_remind,
            **({"wants_messages_again": True} if wants_again else {}),
        },
    )


def remove_contact(session: Session, participant_id: UUID, *, by: Actor, now: datetime) -> bool:
    """Forget a participant's number and how she wants to be paid; tells whether there was anything.

    Raises: UnknownParticipant.
    """
    lock(session, participant_id, programme_id=by.programme_id)
    if not _forget(session, participant_id):
        return False
    record(
        session,
        "contact.removed",
        subject=participant_id,
        staff_id=by.staff_id,
        programme_id=by.programme_id,
        at=now,
    )
    return True


def _forget(session: Session, participant_id: UUID) -> bool:
    """Nothing is left of a number, neither the sealed one nor where it is found again."""
    row = session.get(ParticipantContact, participant_id)
    if row is None:
        return False
    contact = queries.contact_of(session, participant_id)
    if contact and contact.msisdn:
        place = queries.number_row(session, row.programme_id, contact.msisdn, participant_id)
        if place:
            session.delete(place)
    session.delete(row)
    session.flush()
    return True
