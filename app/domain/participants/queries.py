import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, select
from sqlalchemy.orm import Session

from app.core.crypto import Keyring, keyring_of
from app.core.db import in_parts
from app.domain.participants.errors import UnknownParticipant
from app.domain.participants.models import (
    Consent,
    DuplicateDecision,
    NotSamePerson,
    Participant,
    PossibleDuplicate,
)
from app.domain.participants.rules import (
    NOBODY,
    Came,
    EntryRoute,
    Likeness,
    Sex,
    Standing,
    normalise_uic,
)

# Every step of a visit asks these; building a statement costs more than running it.
_SOMEONE = select(Participant).where(
    Participant.id == bindparam("who"),
    # the type is said here because the column takes its own from a table that may not be known yet
    Participant.programme_id == bindparam("programme", type_=Uuid()),
)
# What was read before may be old by the time the row is held.
_HELD = _SOMEONE.with_for_update().execution_options(populate_existing=True)
_CONSENTS = (
    select(Consent)
    .where(Consent.participant_id == bindparam("who"))
    .order_by(Consent.given_on, Consent.version)
)
_WAITS = (
    select(PossibleDuplicate.participant_id)
    .outerjoin(
        DuplicateDecision,
        DuplicateDecision.participant_id == PossibleDuplicate.participant_id,
    )
    .where(
        PossibleDuplicate.participant_id == bindparam("who"),
        DuplicateDecision.participant_id.is_(None),
    )
)


@dataclass(frozen=True)
class Origin:
    """What the seal of a participant hides: her chain, who recruited her, and with which of her coupons.

    A seed was recruited by nobody.
    """

    chain_id: UUID
    recruiter_id: UUID | None
    coupon: int | None = None


@dataclass(frozen=True)
class ParticipantFacts:
    id: UUID
    programme_id: UUID
    site_id: UUID
    came: Came
    standing: Standing
    wave: int | None
    entry_route: EntryRoute | None
    sex: Sex
    age: int | None
    network_size: int | None
    never_reached_before: bool | None
    came_on: date
    trained_on: date | None


@dataclass(frozen=True)
class SeedFacts:
    """A seed by her chain's label."""

    chain_label: str | None
    site_id: UUID
    entry_route: EntryRoute | None
    came_on: date


@dataclass(frozen=True)
class Match:
    """An earlier enrolment with the same code: possibly the same person."""

    participant_id: UUID
    site_id: UUID
    came_on: date


@dataclass(frozen=True)
class Arrival:
    """What a desk sent of someone's arrival, as the seal of a possible duplicate keeps it."""

    device_id: str
    staff_id: UUID
    scanned_at: datetime
    received_at: datetime
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Alike:
    """Someone who came under a code that came before, while nobody could ask her."""

    participant_id: UUID
    likeness: Likeness
    arrival: Arrival


def participant(session: Session, participant_id: UUID, *, programme_id: UUID) -> ParticipantFacts:
    """Raises: UnknownParticipant, also for one of another programme."""
    return facts(lock(session, participant_id, programme_id=programme_id, for_update=False))


def lock(
    session: Session, participant_id: UUID, *, programme_id: UUID, for_update: bool = True
) -> Participant:
    """The row of a participant, held until commit. Raises: UnknownParticipant."""
    who = {"who": participant_id, "programme": programme_id}
    row = session.scalar(_HELD if for_update else _SOMEONE, who)
    if row is None:
        raise UnknownParticipant
    return row


def lock_all(session: Session, participant_ids: Iterable[UUID]) -> None:
    """Hold the rows of many people until commit, in the order of their ids, so that no two who do wait in a circle."""
    wanted = sorted(participant_ids)
    for some in in_parts(wanted):
        held = select(Participant.id).where(Participant.id.in_(some)).order_by(Participant.id)
        session.execute(held.with_for_update()).all()


def exists(session: Session, participant_id: UUID, *, programme_id: UUID) -> bool:
    found = select(Participant.id).where(
        Participant.id == participant_id, Participant.programme_id == programme_id
    )
    return session.scalar(found) is not None


def origin_of(session: Session, row: Participant) -> Origin | None:
    """Who recruited a participant and in which chain; None for a walk-in."""
    if row.sealed_origin is None:
        return None
    return open_origin(keyring_of(session), row.id, row.sealed_origin)


def open_origin(keyring: Keyring, participant_id: UUID, sealed: bytes) -> Origin:
    plain = keyring.open(sealed, table="participant", column="sealed_origin", row=participant_id)
    chain, recruiter, coupon = json.loads(plain)
    return Origin(UUID(chain), UUID(recruiter) if recruiter else None, coupon)


def open_recruiters(keyring: Keyring, rows: Iterable[tuple[UUID | str, bytes]]) -> list[str | None]:
    """Who recruited each of many participants, as hex; None for a seed."""
    plain = keyring.open_all(rows, table="participant", column="sealed_origin")
    return [recruiter for _, recruiter, _ in json.loads(b"[%b]" % b",".join(plain))]


def seal_origin(keyring: Keyring, participant_id: UUID, origin: Origin) -> bytes:
    recruiter = origin.recruiter_id.hex if origin.recruiter_id else None
    plain = json.dumps([origin.chain_id.hex, recruiter, origin.coupon]).encode()
    return keyring.seal(plain, table="participant", column="sealed_origin", row=participant_id)


def uic_digest(session: Session, programme_id: UUID, uic: str) -> bytes:
    """The only thing kept of a unique identifier code. Raises: BadParticipant."""
    return keyring_of(session).digest("uic", programme_id.hex, normalise_uic(uic))


def possible_duplicates(
    session: Session, programme_id: UUID, digest: bytes, *, besides: UUID | None = None
) -> list[Match]:
    """Other people with the same code, those told apart from ``besides`` left out."""
    rows = session.execute(
        select(Participant.id, Participant.site_id, Participant.came_on).where(
            Participant.programme_id == programme_id,
            Participant.uic_digest == digest,
            Participant.standing.not_in(NOBODY),
        )
    ).all()
    matches = [Match(*row) for row in rows if row.id != besides]
    if besides is None or not matches:
        return matches
    pairs = {pair_digest(session, besides, match.participant_id): match for match in matches}
    known = session.scalars(
        select(NotSamePerson.pair_digest).where(NotSamePerson.pair_digest.in_(pairs))
    ).all()
    return [match for pair, match in pairs.items() if pair not in known]


def waiting_for_decision(session: Session, programme_id: UUID) -> set[UUID]:
    """Everyone of whom nobody has decided yet who she is."""
    rows = session.scalars(
        select(PossibleDuplicate.participant_id)
        .outerjoin(
            DuplicateDecision,
            DuplicateDecision.participant_id == PossibleDuplicate.participant_id,
        )
        .where(
            PossibleDuplicate.programme_id == programme_id,
            DuplicateDecision.participant_id.is_(None),
        )
    )
    return set(rows)


def waits_for_decision(session: Session, participant_id: UUID) -> bool:
    """Whether nobody has decided yet who a possible duplicate is."""
    return session.scalar(_WAITS, {"who": participant_id}) is not None


def likeness_of(session: Session, participant_id: UUID) -> Likeness | None:
    """Whom someone's arrival was said to be, decided or not."""
    row = session.get(PossibleDuplicate, participant_id)
    return row.likeness if row else None


def undecided_alike(session: Session, programme_id: UUID) -> list[Alike]:
    """The possible duplicates nobody has decided, oldest arrival first."""
    rows = session.scalars(
        select(PossibleDuplicate)
        .join(Participant, Participant.id == PossibleDuplicate.participant_id)
        .outerjoin(
            DuplicateDecision,
            DuplicateDecision.participant_id == PossibleDuplicate.participant_id,
        )
        .where(
            PossibleDuplicate.programme_id == programme_id,
            DuplicateDecision.participant_id.is_(None),
            Participant.standing.not_in(NOBODY),
        )
    )
    return sorted((alike(session, row) for row in rows), key=lambda each: each.arrival.received_at)


def alike(session: Session, row: PossibleDuplicate) -> Alike:
    plain = keyring_of(session).open(
        row.sealed_arrival,
        table="possible_duplicate",
        column="sealed_arrival",
        row=row.participant_id,
    )
    device_id, staff_id, scanned_at, received_at, flags = json.loads(plain)
    arrival = Arrival(
        device_id,
        UUID(staff_id),
        datetime.fromisoformat(scanned_at),
        datetime.fromisoformat(received_at),
        tuple(flags),
    )
    return Alike(row.participant_id, row.likeness, arrival)


def seal_arrival(keyring: Keyring, participant_id: UUID, arrival: Arrival) -> bytes:
    moments = (arrival.scanned_at.isoformat(), arrival.received_at.isoformat())
    plain = json.dumps([arrival.device_id, arrival.staff_id.hex, *moments, arrival.flags])
    return keyring.seal(
        plain.encode(), table="possible_duplicate", column="sealed_arrival", row=participant_id
    )


def pair_digest(session: Session, one: UUID, other: UUID) -> bytes:
    return keyring_of(session).digest("pair", *sorted((one.hex, other.hex)))


def consents(session: Session, participant_id: UUID) -> dict[str, bool]:
    """The standing answer for each purpose."""
    rows = session.scalars(_CONSENTS, {"who": participant_id})
    return {row.purpose: row.given and row.withdrawn_on is None for row in rows}


def recent_seeds(session: Session, programme_id: UUID, *, most: int = 20) -> list[SeedFacts]:
    """The seeds who were enrolled last, newest first."""
    rows = session.execute(
        select(
            Participant.chain_label,
            Participant.site_id,
            Participant.entry_route,
            Participant.came_on,
        )
        .where(Participant.programme_id == programme_id, Participant.came == Came.SEED)
        .order_by(Participant.came_on.desc(), Participant.chain_label)
        .limit(most)
    )
    return [SeedFacts(*row) for row in rows]


def everyone(session: Session, programme_id: UUID) -> list[UUID]:
    """The ids of all who ever came to a programme, in their own order."""
    found = select(Participant.id).where(Participant.programme_id == programme_id)
    return list(session.scalars(found.order_by(Participant.id)))


def reached(session: Session, programme_id: UUID) -> int:
    """How many different people a programme has reached so far."""
    count = session.scalar(
        select(func.count())
        .select_from(Participant)
        .where(
            Participant.programme_id == programme_id,
            Participant.standing.in_((Standing.ARRIVED, Standing.ENROLLED)),
        )
    )
    return count or 0


def facts(row: Participant) -> ParticipantFacts:
    return ParticipantFacts(
        row.id,
        row.programme_id,
        row.site_id,
        row.came,
        row.standing,
        row.wave,
        row.entry_route,
        row.sex,
        row.age,
        row.network_size,
        row.never_reached_before,
        row.came_on,
        row.trained_on,
    )
