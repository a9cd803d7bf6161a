from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.db import put
from app.domain.audit import queries as audit
from app.domain.audit.actions import record
from app.domain.lottery import actions as lottery
from app.domain.participants import queries as participants
from app.domain.participants.models import Participant
from app.domain.participants.queries import Origin
from app.domain.participants.rules import Sex
from app.domain.programmes import queries as programmes
from app.domain.programmes.rules import StipendSchedule
from app.domain.rewards import queries
from app.domain.rewards.models import RewardTerms
from app.domain.staff.queries import Actor
from app.domain.stipends import actions as stipend_actions
from app.domain.stipends import queries as stipends
from app.domain.stipends.queries import Books, Earner
from app.domain.stipends.rules import (
    LEFT_OUT_FIRST,
    Incentive,
    Recruit,
    Rewards,
    RewardState,
    capped,
    has_caps,
    held_at_redemption,
    recruiters,
    rewards,
    room,
    tickets,
)

# A visit whose recruiter had no room left for any reward.
LEFT_OUT = "reward.left_out"


def promise(
    session: Session,
    books: Books,
    schedule: StipendSchedule,
    *,
    recruiter: Earner,
    recruit_id: UUID,
) -> None:
    """Hold for a recruiter what her recruit's coming is worth whatever the visit brings, and keep under which rules."""
    held = held_at_redemption(schedule)
    if held:
        stipend_actions.hold(session, books, held, recruiter=recruiter, recruit_id=recruit_id)
    else:  # the rules are kept with what is held, else by themselves
        terms = {"participant_id": recruit_id, "protocol_id": books.protocol_id}
        put(session, RewardTerms, terms)


def owe(
    session: Session,
    row: Participant,
    origin: Origin,
    *,
    correct_answers: int,
    by: Actor,
    now: datetime,
) -> None:
    """Owe what a recruit's completed visit earns her and her recruiter. Owing it again changes nothing."""
    assert origin.recruiter_id is not None
    books, schedule = _terms(session, row, now=now)
    recruit = Recruit(
        is_woman=row.sex is Sex.FEMALE,
        age=row.age,
        correct_answers=correct_answers,
        is_first_time=row.never_reached_before is True,
    )
    earned = rewards(schedule, recruit)
    recruiter = Earner(origin.recruiter_id, origin.coupon)
    stipend_actions.owe_participation(session, books, earned, participant_id=row.id)
    if has_caps(schedule):
        earned = _within_caps(session, row, books, schedule, earned, recruiter, by=by, now=now)
    stipend_actions.owe_rewards(session, books, earned, recruiter=recruiter, recruit_id=row.id)
    lottery.give_tickets(
        session,
        books,
        earner=recruiter,
        recruit_id=row.id,
        tickets=tickets(schedule, recruit),
        now=now,
    )


def take_back(
    session: Session, books: Books, recruit_id: UUID, *, reason: str, with_fee: bool = False
) -> None:
    """Take back what someone's coming earned her recruiter, tickets included, and her own fee if ``with_fee``.

    Raises:
        RewardAlreadyPaid: money in a hand is not taken back by an entry.
    """
    stipend_actions.cancel_rewards(
        session, books, recruit_id=recruit_id, reason=reason, with_fee=with_fee
    )
    lottery.cancel_tickets(session, books, recruit_id=recruit_id, reason=reason)


def _terms(session: Session, row: Participant, *, now: datetime) -> tuple[Books, StipendSchedule]:
    """The books as of the rules she came under, and these: what was promised then is what becomes owed."""
    books, current = stipends.books_of(session, row.programme_id, row.site_id, now=now)
    came_under = queries.terms_of(session, row.id)
    rules = programmes.protocol(session, came_under) if came_under else None
    if came_under is None or rules is None:
        return books, current.rules.stipends
    return replace(books, protocol_id=came_under), rules.stipends


def _within_caps(
    session: Session,
    row: Participant,
    books: Books,
    schedule: StipendSchedule,
    earned: Rewards,
    recruiter: Earner,
    *,
    by: Actor,
    now: datetime,
) -> Rewards:
    """What of a recruit's rewards fits into her recruiter's caps; held money that does not is released.

    The recruiter's row is held, so that two of her recruits who finish at once see each other's. What was judged
    once is not judged again: neither a cancelled reward of another recruit nor another day makes new room.
    """
    nothing = earned | dict.fromkeys(LEFT_OUT_FIRST, 0)
    stands = stipends.rewards_for(session, row.id)
    if stands in (RewardState.OWED, RewardState.PAID) or audit.who_did(
        session, row.programme_id, LEFT_OUT, row.id
    ):
        return nothing
    # Not before: a batch holds people in the order of their ids, and whoever was judged may be in it with her recruiter.
    participants.lock(session, recruiter.participant_id, programme_id=row.programme_id)
    held = stipends.entry_for(session, "held", row.id)
    so_far = queries.earned_by(session, recruiter.participant_id, on=books.on)
    left = room(
        schedule,
        in_bundle=so_far.in_bundle - (held.amount_minor if held else 0),
        on_day=so_far.on_day,
    )
    fits = capped(earned, left)
    if held and held.amount_minor > fits[Incentive.RECRUITMENT]:
        stipend_actions.reverse(session, held, on=books.on, reason="beyond the cap")
    if fits != earned:
        record(
            session,
            "reward.capped" if recruiters(fits) else LEFT_OUT,
            subject=row.id,
            staff_id=by.staff_id,
            programme_id=row.programme_id,
            at=now,
        )
    return fits
