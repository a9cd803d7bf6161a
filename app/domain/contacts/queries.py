from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.core import telephone_numbers
from app.core.crypto import KeyProblem, keyring_of
from app.domain.contacts.models import ContactNumber, ParticipantContact
from app.domain.contacts.rules import region_of
from app.domain.programmes import queries as programmes
from app.domain.stipends.rules import Method

TABLE, COLUMN = "participant_contact", "sealed_msisdn"


@dataclass(frozen=True)
class Contact:
    """How a participant wants to be paid. The number is in no ``repr``, so that no log line has it."""

    method: Method
    msisdn: str | None = field(repr=False)
    may_remind: bool
    language: str
    kept_on: date


def contact_of(session: Session, participant_id: UUID) -> Contact | None:
    row = session.get(ParticipantContact, participant_id)
    return _contact(session, row) if row else None


def contacts_of_all(session: Session, programme_id: UUID) -> dict[UUID, Contact]:
    """Everyone's who gave one."""
    rows = session.scalars(
        select(ParticipantContact).where(ParticipantContact.programme_id == programme_id)
    )
    return {row.participant_id: _contact(session, row) for row in rows}


def holders_of(session: Session, programme_id: UUID, msisdn: str) -> list[UUID]:
    """Everyone who gave this number."""
    rows = session.scalars(_numbers(session, programme_id, msisdn))
    return [holder for row in rows if (holder := holder_in(session, row))]


def shared_numbers(session: Session, programme_id: UUID) -> dict[int, int]:
    """How many numbers are used by two people, by three, and so on: a pattern, and nobody's name."""
    uses = (
        select(func.count().label("people"))
        .where(ContactNumber.programme_id == programme_id)
        .group_by(ContactNumber.number_digest)
        .having(func.count() > 1)
        .subquery()
    )
    counted = select(uses.c.people, func.count()).group_by(uses.c.people).order_by(uses.c.people)
    return {row[0]: row[1] for row in session.execute(counted)}


def region(session: Session, programme_id: UUID, site_id: UUID) -> str:
    """Where numbers typed at a site without a country code are from."""
    currency = programmes.programme(session, programme_id).currency
    return region_of(programmes.site(session, site_id).timezone, currency)


def number_digest(session: Session, programme_id: UUID, msisdn: str) -> bytes:
    return telephone_numbers.number_digest(session, programme_id, msisdn)


def holder_in(session: Session, row: ContactNumber) -> UUID | None:
    """Whose number a row is; None where the seal does not open."""
    try:
        plain = keyring_of(session).open(
            row.sealed_participant, table="contact_number", column="sealed_participant", row=row.id
        )
    except KeyProblem:
        return None
    return UUID(bytes=plain)


def number_row(
    session: Session, programme_id: UUID, msisdn: str, participant_id: UUID
) -> ContactNumber | None:
    """Where someone's number is found again."""
    rows = session.scalars(_numbers(session, programme_id, msisdn))
    return next((row for row in rows if holder_in(session, row) == participant_id), None)


def _numbers(session: Session, programme_id: UUID, msisdn: str) -> Select[ContactNumber]:
    return select(ContactNumber).where(
        ContactNumber.programme_id == programme_id,
        ContactNumber.number_digest == number_digest(session, programme_id, msisdn),
    )


def _contact(session: Session, row: ParticipantContact) -> Contact:
    msisdn = None
    if row.sealed_msisdn is not None:
        msisdn = (
            keyring_of(session)
            .open(row.sealed_msisdn, table=TABLE, column=COLUMN, row=row.participant_id)
            .decode()
        )
    return Contact(row.method, msisdn, row.may_remind, row.language, row.kept_on)
