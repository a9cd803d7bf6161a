from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from app.core.crypto import keyring_of
from app.domain.conflicts.models import ConflictDecision
from app.domain.conflicts.rules import Decision
from app.domain.coupons import queries as coupons
from app.domain.coupons.models import Coupon
from app.domain.intake.models import Redemption
from app.domain.intake.queries import came_with
from app.domain.intake.rules import Answer, Outcome
from app.domain.pads import queries as pads
from app.domain.participants import queries as participants
from app.domain.participants.models import DuplicateDecision, Participant, PossibleDuplicate
from app.domain.participants.queries import Alike, Arrival
from app.domain.participants.rules import NOBODY, Likeness, SamePerson
from app.domain.staff.models import StaffMember
from app.domain.stipends import queries as stipends
from app.domain.stipends.rules import RewardState
from app.domain.visits import queries as visits
from app.domain.visits.rules import Step, steps


@dataclass(frozen=True)
class Visit:
    """How far someone's visit has come, without the person it was for.

    ``done`` are the steps behind her of those in ``steps``. ``has_cards`` is true, too, where she holds a pad that is not
    hers yet.
    """

    came_on: date
    steps: tuple[Step, ...]
    done: frozenset[Step]
    has_cards: bool
    rewards: RewardState
    was_given_money: bool


@dataclass(frozen=True)
class Presented:
    """One side of what has to be decided. Of someone who came long ago only the day is known."""

    person: UUID
    site_id: UUID
    visit: Visit
    device_id: str | None = None
    username: str | None = None
    scanned_at: datetime | None = None
    received_at: datetime | None = None
    flags: Sequence[str] = ()
    redemption_id: UUID | None = None


@dataclass(frozen=True)
class Conflict:
    """Two people were served with one coupon; a person has to decide for which of them it counts.

    ``redemption_id`` is the second one's, which waits.
    """

    redemption_id: UUID
    code_tail: str
    first: Presented
    second: Presented


@dataclass(frozen=True)
class DecidedConflict:
    conflict: Conflict
    decision: Decision
    reason: str
    decided_at: datetime


@dataclass(frozen=True)
class PossiblySame:
    """Someone came while nobody could ask her, under the code of people who came before."""

    likeness: Likeness
    newcomer: Presented
    earlier: tuple[Presented, ...]


@dataclass(frozen=True)
class DecidedAlike:
    """``newcomer`` by where and when she came."""

    likeness: Likeness
    site_id: UUID
    came_on: date
    decision: SamePerson
    reason: str
    decided_at: datetime


def open_conflicts(session: Session, programme_id: UUID) -> list[Conflict]:
    """Conflicts that wait for a decision, oldest first."""
    first = aliased(Redemption)
    rows = session.execute(
        select(Redemption, first, Coupon)
        .join(Coupon, Coupon.id == Redemption.coupon_id)
        .join(first, (first.coupon_id == Coupon.id) & (first.outcome == Outcome.ACCEPTED))
        .where(Redemption.programme_id == programme_id, Redemption.outcome == Outcome.CONFLICT)
        .order_by(Redemption.received_at)
    )
    return [_conflict(session, coupon, first, second) for second, first, coupon in rows]


def decided_conflicts(
    session: Session, programme_id: UUID, *, most: int = 50
) -> list[DecidedConflict]:
    """The latest decisions, newest first. Whichever stood, the first is the one that came in earlier."""
    first = aliased(Redemption)
    rows = session.execute(
        select(ConflictDecision, Redemption, first, Coupon)
        .join(Redemption, Redemption.id == ConflictDecision.redemption_id)
        .join(Coupon, Coupon.id == Redemption.coupon_id)
        .join(
            first,
            (first.coupon_id == Coupon.id)
            & (first.id != Redemption.id)
            & (first.answer == Answer.ACCEPTED),
        )
        .where(ConflictDecision.programme_id == programme_id)
        .order_by(ConflictDecision.decided_at.desc(), first.received_at)
        .limit(most)
    )
    decided: dict[UUID, DecidedConflict] = {}
    for decision, second, earlier, coupon in rows:
        if second.id not in decided:
            decided[second.id] = DecidedConflict(
                _conflict(session, coupon, earlier, second),
                decision.decision,
                decision.reason,
                decision.decided_at,
            )
    return list(decided.values())


def open_alike(session: Session, programme_id: UUID) -> list[PossiblySame]:
    """Possible duplicates that wait for a decision, oldest first."""
    return [
        _possibly_same(session, each)
        for each in participants.undecided_alike(session, programme_id)
    ]


def decided_alike(session: Session, programme_id: UUID, *, most: int = 50) -> list[DecidedAlike]:
    """The latest decisions about possible duplicates, newest first."""
    rows = session.execute(
        select(
            PossibleDuplicate.likeness,
            Participant.site_id,
            Participant.came_on,
            DuplicateDecision.decision,
            DuplicateDecision.reason,
            DuplicateDecision.decided_at,
        )
        .join(Participant, Participant.id == PossibleDuplicate.participant_id)
        .join(DuplicateDecision, DuplicateDecision.participant_id == Participant.id)
        .where(DuplicateDecision.programme_id == programme_id)
        .order_by(DuplicateDecision.decided_at.desc())
        .limit(most)
    )
    return [DecidedAlike(*row) for row in rows]


def waiting(session: Session, programme_id: UUID) -> int:
    """How many questions wait for a coupon manager."""
    conflicts = select(Redemption.id).where(
        Redemption.programme_id == programme_id, Redemption.outcome == Outcome.CONFLICT
    )
    alike = participants.undecided_alike(session, programme_id)
    return len(session.scalars(conflicts).all()) + len(alike)


def _conflict(session: Session, coupon: Coupon, first: Redemption, second: Redemption) -> Conflict:
    origin = coupons.open_origin(keyring_of(session), coupon.id, coupon.sealed_origin)
    return Conflict(
        second.id, origin.code[-4:], _presented(session, first), _presented(session, second)
    )


def _possibly_same(session: Session, alike: Alike) -> PossiblySame:
    newcomer = session.get_one(Participant, alike.participant_id)
    others = (
        participants.possible_duplicates(
            session, newcomer.programme_id, newcomer.uic_digest, besides=newcomer.id
        )
        if newcomer.uic_digest
        else []
    )
    earlier = (session.get_one(Participant, other.participant_id) for other in others)
    return PossiblySame(
        alike.likeness,
        _arrived(session, newcomer, alike.arrival),
        tuple(_came(session, each) for each in earlier if each.standing not in NOBODY),
    )


def _presented(session: Session, row: Redemption) -> Presented:
    person = session.get_one(Participant, row.participant_id)
    arrival = Arrival(
        row.device_id, row.staff_id, row.scanned_at, row.received_at, tuple(row.flags)
    )
    return _arrived(session, person, arrival, row)


def _came(session: Session, person: Participant) -> Presented:
    row = came_with(session, person.id)
    if row:
        return _presented(session, row)
    return Presented(person.id, person.site_id, _visit(session, person))


def _arrived(
    session: Session, person: Participant, arrival: Arrival, row: Redemption | None = None
) -> Presented:
    member = session.get(StaffMember, arrival.staff_id)
    return Presented(
        person.id,
        row.site_id if row else person.site_id,
        _visit(session, person),
        arrival.device_id,
        member.username if member else None,
        arrival.scanned_at,
        arrival.received_at,
        arrival.flags,
        row.id if row else None,
    )


def _visit(session: Session, person: Participant) -> Visit:
    how_far = visits.progress(session, person.id, programme_id=person.programme_id)
    done = how_far.done()
    return Visit(
        person.came_on,
        tuple(step for step in steps(how_far) if step not in (Step.STIPEND, Step.DONE)),
        frozenset(step for step, is_done in done.items() if is_done),
        how_far.has_bundle or pads.is_promised_one(session, person.id),
        stipends.rewards_for(session, person.id),
        stipends.was_given_money(session, person.id),
    )
