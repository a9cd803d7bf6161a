"""Who recruited whom."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import String, select, type_coerce
from sqlalchemy.orm import Session

from app.core.crypto import KeyProblem, keyring_of
from app.domain.participants.models import Participant
from app.domain.participants.queries import Origin, open_origin
from app.domain.participants.rules import Came


@dataclass(frozen=True)
class Place:
    """Where someone stands; no origin for walk-ins, and where it does not open."""

    programme_id: UUID
    came: str
    wave: int | None
    origin: Origin | None


def placed(session: Session) -> dict[UUID, Place]:
    """Everyone's place in the forest."""
    keyring = keyring_of(session)

    def opened(person: UUID, sealed: bytes | None) -> Origin | None:
        try:
            return open_origin(keyring, person, sealed) if sealed else None
        except KeyProblem:
            return None

    rows = session.execute(
        select(
            Participant.id,
            Participant.programme_id,
            type_coerce(Participant.came, String),
            Participant.wave,
            Participant.sealed_origin,
        ),
        execution_options={"yield_per": 1000},
    )
    return {
        person: Place(programme, came, wave, opened(person, sealed))
        for person, programme, came, wave, sealed in rows
    }


def rooted(session: Session) -> Iterator[str]:
    """Seeds and walk-ins have no recruiter; a recruit's is of her programme, and lines end in a seed."""
    people = placed(session)
    ends_well: dict[UUID, bool] = {}
    for person, place in people.items():
        recruiter = place.origin.recruiter_id if place.origin else None
        if place.came == Came.RECRUIT.value:
            other = people.get(recruiter) if recruiter else None
            if place.origin and not (
                other
                and other.came != Came.WALK_IN.value
                and other.programme_id == place.programme_id
            ):
                yield f"participant {person} has a recruiter who is not there"
        elif recruiter:
            yield f"participant {person} is no recruit, but has a recruiter"
        line: dict[UUID, None] = {}
        step: UUID | None = person
        while step is not None and step not in ends_well and step not in line:
            line[step] = None
            known = people.get(step)
            step = known.origin.recruiter_id if known and known.origin else None
        ends = step not in line and ends_well.get(step, True) if step else True
        ends_well.update(dict.fromkeys(line, ends))
        if step in line:
            yield f"participant {step} is in her own line of recruiters"


def waves(session: Session) -> Iterator[str]:
    people = placed(session)
    for person, place in people.items():
        if place.origin is None:
            continue
        if place.came == Came.SEED.value and (place.wave, place.origin.chain_id) != (0, person):
            yield f"participant {person} is a seed, but not the first of her chain"
        recruiter = people.get(place.origin.recruiter_id) if place.origin.recruiter_id else None
        if place.came != Came.RECRUIT.value or recruiter is None:
            continue
        if recruiter.origin is None or recruiter.wave is None:
            continue
        if (place.wave, place.origin.chain_id) != (recruiter.wave + 1, recruiter.origin.chain_id):
            yield f"participant {person} is not one wave after her recruiter"
