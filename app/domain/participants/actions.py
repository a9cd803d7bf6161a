from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.core.db import put
from app.core.ids import random_id, short_label
from app.domain.participants.models import (
    Consent,
    NotSamePerson,
    Participant,
    PossibleDuplicate,
)
from app.domain.participants.queries import (
    Arrival,
    Origin,
    lock,
    pair_digest,
    seal_arrival,
    seal_origin,
)
from app.domain.participants.rules import (
    Came,
    EntryRoute,
    Likeness,
    Sex,
    Standing,
    check_age,
    check_network_size,
)


def enrol_seed(
    session: Session,
    *,
    programme_id: UUID,
    site_id: UUID,
    sex: Sex,
    age: int,
    network_size: int | None,
    entry_route: EntryRoute,
    on: date,
    uic_digest: bytes | None = None,
    never_reached_before: bool | None = None,
) -> UUID:
    """Begin a chain with someone whom staff chose, screened and trained.

    Raises:
        BadParticipant: an age or network size nobody has.
    """
    check_age(age)
    check_network_size(network_size)
    participant_id = random_id()
    session.add(
        Participant(
            id=participant_id,
            programme_id=programme_id,
            site_id=site_id,
            came=Came.SEED,
            standing=Standing.ENROLLED,
            wave=0,
            sealed_origin=seal_origin(
                keyring_of(session), participant_id, Origin(participant_id, None)
            ),
            chain_label=short_label(),
            entry_route=entry_route,
            sex=sex,
            age=age,
            network_size=network_size,
            never_reached_before=never_reached_before,
            uic_digest=uic_digest,
            came_on=on,
            trained_on=on,
        )
    )
    session.flush()
    return participant_id


def welcome(
    session: Session,
    *,
    programme_id: UUID,
    site_id: UUID,
    origin: Origin | None,
    wave: int | None,
    on: date,
    uic_digest: bytes | None,
    participant_id: UUID | None = None,
) -> UUID:
    """Note that someone is here: a recruit when there is an origin, else a walk-in. One statement."""
    participant_id = participant_id or random_id()
    put(
        session,
        Participant,
        {
            "id": participant_id,
            "programme_id": programme_id,
            "site_id": site_id,
            "came": Came.RECRUIT if origin else Came.WALK_IN,
            "standing": Standing.ARRIVED,
            "wave": wave if origin else None,
            "sealed_origin": seal_origin(keyring_of(session), participant_id, origin)
            if origin
            else None,
            "sex": Sex.UNKNOWN,
            "uic_digest": uic_digest,
            "came_on": on,
        },
    )
    return participant_id


def set_origin(session: Session, row: Participant, origin: Origin | None, wave: int | None) -> None:
    """Move someone to another place in the forest, or out of it, when a conflict is decided."""
    row.came = Came.RECRUIT if origin else Came.WALK_IN
    row.wave = wave if origin else None
    row.sealed_origin = seal_origin(keyring_of(session), row.id, origin) if origin else None
    session.flush()


def note_likeness(
    session: Session,
    programme_id: UUID,
    participant_id: UUID,
    likeness: Likeness,
    arrival: Arrival,
) -> None:
    """Let a person decide who she is: her code came before, and her desk had nobody to ask."""
    put(
        session,
        PossibleDuplicate,
        {
            "participant_id": participant_id,
            "programme_id": programme_id,
            "likeness": likeness,
            "sealed_arrival": seal_arrival(keyring_of(session), participant_id, arrival),
        },
    )


def tell_apart(session: Session, programme_id: UUID, one: UUID, other: UUID) -> None:
    """Remember that two people with the same code are not the same person."""
    digest = pair_digest(session, one, other)
    known = select(NotSamePerson.pair_digest).where(NotSamePerson.pair_digest == digest)
    if session.scalar(known) is None:
        session.add(NotSamePerson(pair_digest=digest, programme_id=programme_id))
        session.flush()


def give_consent(
    session: Session,
    participant_id: UUID,
    answers: Mapping[str, bool],
    *,
    programme_id: UUID,
    version: str,
    on: date,
) -> None:
    """Keep a yes or no for each purpose. Answering again under the same version changes the answer."""
    lock(session, participant_id, programme_id=programme_id)
    earlier = {
        row.purpose: row
        for row in session.scalars(
            select(Consent).where(
                Consent.participant_id == participant_id, Consent.version == version
            )
        )
    }
    for purpose, given in answers.items():
        row = earlier.get(purpose)
        if row is None:
            row = Consent(
                programme_id=programme_id,
                participant_id=participant_id,
                purpose=purpose,
                version=version,
            )
            session.add(row)
        row.given, row.given_on, row.withdrawn_on = given, on, None
    session.flush()


def withdraw_consent(
    session: Session, participant_id: UUID, purpose: str, *, programme_id: UUID, on: date
) -> None:
    """Take a yes back, under every version."""
    lock(session, participant_id, programme_id=programme_id)
    for row in session.scalars(
        select(Consent).where(Consent.participant_id == participant_id, Consent.purpose == purpose)
    ):
        row.withdrawn_on = row.withdrawn_on or on
    session.flush()


def note_trained(session: Session, participant_id: UUID, *, programme_id: UUID, on: date) -> None:
    """She has learnt how to teach three peers and may have coupons."""
    row = lock(session, participant_id, programme_id=programme_id)
    row.trained_on = row.trained_on or on
    session.flush()
