from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.crypto import keyring_of
from app.domain.appointments import actions as appointments
from app.domain.arrivals.queries import named_after
from app.domain.audit import queries as audit
from app.domain.audit.errors import ReasonNeeded
from app.domain.corrections import queries
from app.domain.corrections.errors import HoldsCoupons, UndoOver, UnknownScan
from app.domain.coupons import actions as coupon_actions
from app.domain.coupons import queries as coupons
from app.domain.coupons.queries import CouponOrigin
from app.domain.intake import queries as intake
from app.domain.intake.models import Redemption
from app.domain.intake.rules import Outcome, may_undo
from app.domain.pads import actions as pads
from app.domain.pads import queries as pad_queries
from app.domain.participants import actions as participant_actions
from app.domain.participants import queries as participants
from app.domain.participants.models import Participant
from app.domain.participants.queries import Origin
from app.domain.participants.rules import Came, Standing
from app.domain.programmes import queries as programmes
from app.domain.rewards import actions as rewards
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends import queries as stipends
from app.domain.stipends.errors import RewardAlreadyPaid
from app.domain.stipends.queries import books_of
from app.domain.visits import actions as visits
from app.domain.visits import queries as visit_queries

# The ledger does not repeat the reason a person gave: the same words in two tables would join a recruiter's
# account to the redemption.
TAKEN_BACK_IN_THE_BOOKS = "taken back"
DECIDED_IN_THE_BOOKS = "conflict decided"


def take_back(
    session: Session,
    scan_id: UUID,
    *,
    reason: str | None,
    by: Actor,
    now: datetime,
    participant_id: UUID | None = None,
) -> None:
    """Undo a scan that was a mistake: the coupon is as if it had not been read, and what it earned is reversed.

    Whoever scanned may do so for five minutes; after that it needs a coupon manager and a reason. Someone of whose
    visit nothing was noted never was here; otherwise she stays as a walk-in. A visit that waited in conflict with this
    one stands in its place. Taking back again changes nothing.

    Args:
        participant_id: who came, where the scan redeemed nothing.

    Raises:
        UnknownScan, UndoOver, ReasonNeeded, NotAllowed.
        RewardAlreadyPaid, HoldsCoupons: it can no longer be undone.
    """
    found = session.get(Redemption, scan_id)
    if found is None or found.programme_id != by.programme_id:
        _take_back_walk_in(session, scan_id, participant_id, reason=reason, by=by, now=now)
        return
    # The coupon first, as whoever redeems it and whoever decides about it does.
    coupon = coupons.lock(session, found.coupon_id)
    row = queries.lock(session, scan_id)
    if row.outcome is Outcome.TAKEN_BACK:
        return
    is_own = row.staff_id == by.staff_id and may_undo(
        scanned_at=row.scanned_at, received_at=row.received_at, flags=row.flags, now=now
    )
    _check_may_take_back(is_own, reason, by, staff_id=row.staff_id)
    person = participants.lock(session, row.participant_id, programme_id=by.programme_id)
    was_given_money = stipends.was_given_money(session, person.id)
    if is_own and was_given_money:
        raise RewardAlreadyPaid
    if is_own and pad_queries.is_promised_one(session, person.id):
        raise HoldsCoupons
    _leave_the_chain(session, person, row, reason=TAKEN_BACK_IN_THE_BOOKS, by=by, now=now)
    stood, row.outcome = row.outcome is Outcome.ACCEPTED, Outcome.TAKEN_BACK
    if not was_given_money and not visit_queries.has_begun(session, person):
        person.standing = Standing.MISTAKEN
        appointments.cancel(session, person.id, by=by, now=now)
    session.flush()  # before another stands: one accepted redemption a coupon, at every moment
    if stood:
        origin = coupons.open_origin(keyring_of(session), coupon.id, coupon.sealed_origin)
        waiting = queries.first_in_conflict(session, coupon.id)
        if waiting is None:
            coupon_actions.give_back(session, coupon.id, origin)
        else:
            let_stand(session, waiting, origin, by=by, now=now)
    facts = {"reason": reason.strip()} if reason and reason.strip() else {}
    record_act(session, "redemption.taken_back", scan_id, by, now, **facts)


def let_stand(
    session: Session, waiting: Redemption, origin: CouponOrigin, *, by: Actor, now: datetime
) -> None:
    """Give the place in the chain to the redemption that waited; what it earns follows."""
    winner = participants.lock(session, waiting.participant_id, programme_id=by.programme_id)
    place = Origin(origin.chain_id, origin.recruiter_id, origin.number)
    participant_actions.set_origin(session, winner, place, origin.wave)
    waiting.outcome = Outcome.ACCEPTED
    session.flush()
    visits.settle(session, winner, by=by, now=now)


def overrule(session: Session, first: Redemption, *, by: Actor, now: datetime) -> None:
    """Take the place in the chain from a redemption that stood, for a conflict was decided against it.

    Her own fee stays hers: she came in good faith.

    Raises:
        HoldsCoupons, RewardAlreadyPaid.
    """
    loser = participants.lock(session, first.participant_id, programme_id=by.programme_id)
    _leave_the_chain(
        session, loser, first, reason=DECIDED_IN_THE_BOOKS, by=by, now=now, keeps_her_fee=True
    )
    first.outcome = Outcome.OVERRULED
    session.flush()


def _take_back_walk_in(
    session: Session,
    scan_id: UUID,
    participant_id: UUID | None,
    *,
    reason: str | None,
    by: Actor,
    now: datetime,
) -> None:
    """Someone who came without a usable coupon never was here, if nothing of her visit was noted."""
    scan = intake.refused_scan(session, scan_id, programme_id=by.programme_id)
    named = (participant_id, scan_id, named_after(session, scan_id))
    found = (
        each
        for each in named
        if each and participants.exists(session, each, programme_id=by.programme_id)
    )
    who = next(found, None)
    if who is None:
        if scan is None:
            raise UnknownScan
        return  # nobody was kept for it
    row = participants.lock(session, who, programme_id=by.programme_id)
    if row.standing is Standing.MISTAKEN:
        return
    if row.came is not Came.WALK_IN or intake.came_with(session, who):
        raise UnknownScan
    welcomed_by = audit.who_did(session, by.programme_id, "walk_in.welcomed", who)
    if scan:
        is_in_time = may_undo(
            scanned_at=scan.scanned_at, received_at=scan.received_at, flags=(), now=now
        )
    else:  # an empty row of today is all that can go
        zone = programmes.site(session, row.site_id).timezone
        is_in_time = row.came_on == local_date(now, zone)
    is_own = welcomed_by == by.staff_id and is_in_time
    _check_may_take_back(is_own, reason, by, staff_id=welcomed_by)
    if visit_queries.has_begun(session, row) or stipends.was_given_money(session, who):
        return  # she was here: she stays
    row.standing = Standing.MISTAKEN
    appointments.cancel(session, row.id, by=by, now=now)
    session.flush()
    record_act(session, "walk_in.taken_back", who, by, now)


def _check_may_take_back(
    is_own: bool, reason: str | None, by: Actor, *, staff_id: UUID | None
) -> None:
    if is_own:
        return
    if by.may(Permission.END_COUPON) or by.may(Permission.DECIDE_CONFLICT):
        if not (reason or "").strip():
            raise ReasonNeeded
    elif staff_id == by.staff_id:
        raise UndoOver
    else:
        by.require(Permission.END_COUPON)


def _leave_the_chain(
    session: Session,
    person: Participant,
    row: Redemption,
    *,
    reason: str,
    by: Actor,
    now: datetime,
    keeps_her_fee: bool = False,
) -> None:
    """Reverse what a redemption earned and take its person out of the forest: she will have no coupons."""
    # Held before it is looked at: nobody may be given coupons, or be paid, in between.
    origin = participants.origin_of(session, person)
    if origin and origin.recruiter_id:
        participants.lock(session, origin.recruiter_id, programme_id=person.programme_id)
    if coupons.bundle_of(session, person.id):
        raise HoldsCoupons
    books, _ = books_of(session, person.programme_id, row.site_id, now=now)
    rewards.take_back(session, books, person.id, reason=reason, with_fee=not keeps_her_fee)
    pads.void_promised(session, person.id, reason=reason, by=by, now=now)
    if origin:
        participant_actions.set_origin(session, person, None, None)
