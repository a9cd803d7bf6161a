from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.domain.arrivals.queries import named_after
from app.domain.coupons import queries as coupons
from app.domain.coupons.errors import (
    CouponAlreadyRedeemed,
    CouponRefused,
)
from app.domain.coupons.models import Coupon
from app.domain.coupons.queries import CouponOrigin
from app.domain.coupons.rules import CouponStatus
from app.domain.intake import actions as intake
from app.domain.intake import queries
from app.domain.intake.actions import Kept, Known
from app.domain.intake.errors import PersonAlreadyHere
from app.domain.intake.rules import Answer, Flag, Outcome, Scan, Surroundings, Verdict, judge_time
from app.domain.participants import actions as participant_actions
from app.domain.participants import queries as participants
from app.domain.participants.errors import BadParticipant
from app.domain.participants.rules import Likeness
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission

REFUSED = "refused"


@dataclass(frozen=True)
class Arrival:
    """What became of someone who came while her desk had no network; ``outcome`` is accepted, conflict or refused.

    She is kept whatever became of her coupon. Only a refused scan that names nobody has no ``participant_id``.
    """

    outcome: str
    code: str | None
    participant_id: UUID | None
    flags: tuple[str, ...]


def arrive(session: Session, scan: Scan, *, by: Actor, now: datetime) -> Arrival:
    """Keep that someone came to a desk that had no network, and say what her coupon was worth.

    Nobody can be asked any more, so nothing is refused that would lose her: a coupon that was spent elsewhere is a
    conflict, one that cannot be used leaves her a walk-in, and a code that came before leaves a question for a person.
    Repeating it gives the first answer, whatever was decided since. Where the same scan comes twice at once the database
    refuses one of them: its door plays it again, in another transaction, and it finds its answer.

    Raises:
        ScanIdReused, UnknownSite.
    """
    if scan.coupon is None:
        return _arrive_without_coupon(session, scan, by, now)
    place = queries.surroundings_of(session, scan, programme_id=by.programme_id)
    if place.refused:
        flags = tuple(place.refused.facts.get("flags", ()))
        return Arrival(REFUSED, place.refused.code, scan.participant_id, flags)
    if place.redemption:
        return _arrival(queries.verdict(session, place.redemption))
    if place.is_here:
        return _turn_away(session, scan, place, PersonAlreadyHere(), by, now)
    while True:
        try:
            return _arrival(_accept(session, scan, place, by, now))
        except CouponAlreadyRedeemed:
            row, _state = queries.coupon_state(session, scan.card, programme_id=by.programme_id)
            held = coupons.lock(session, row.id)
            if held.status is CouponStatus.REDEEMED:
                return _arrival(_keep_conflict(session, scan, place, held, by, now))
            # taken back at that very moment: it is held now, so the next attempt is the last
        except CouponRefused as refusal:
            return _turn_away(session, scan, place, refusal, by, now)


def record_conflict(session: Session, scan: Scan, *, by: Actor, now: datetime) -> Verdict:
    """Keep a visit that happened offline with a coupon another desk redeemed first.

    Both people are served. The second has no recruiter and the reward is held, until a person decides.

    Raises:
        CouponRefused: what the same scan was told before.
        UnknownCoupon, WrongProgramme, UnknownSite, ScanIdReused.
    """
    place = queries.surroundings_of(session, scan, programme_id=by.programme_id)
    if place.refused:
        raise queries.refusal_of(place.refused)
    if place.redemption:
        return queries.verdict(session, place.redemption)
    row, _state = queries.coupon_state(session, scan.card, programme_id=by.programme_id)
    return _keep_conflict(session, scan, place, row, by, now)


def _accept(session: Session, scan: Scan, place: Surroundings, by: Actor, now: datetime) -> Verdict:
    has_reason = bool((scan.late_reason or "").strip()) and by.may(Permission.ACCEPT_LATE)
    verdict = intake.accept(
        session,
        scan,
        place,
        lambda origin: _who_may_have_come(session, scan, by, origin),
        grace_days=place.protocol.grace_days if has_reason else 0,
        by=by,
        now=now,
    )
    _note_likeness(session, scan, by, verdict.participant_id, verdict.flags, now)
    return verdict


def _keep_conflict(
    session: Session, scan: Scan, place: Surroundings, coupon: Coupon, by: Actor, now: datetime
) -> Verdict:
    origin = coupons.open_origin(keyring_of(session), coupon.id, coupon.sealed_origin)
    judged_at, flags = judge_time(scan, now=now)
    known = _who_may_have_come(session, scan, by, origin)
    kept = Kept(Answer.CONFLICT, known.digest, judged_at, (*flags, *known.flags))
    verdict = intake.keep(session, scan, place, coupon.id, origin, kept, by=by, now=now)
    _note_likeness(session, scan, by, verdict.participant_id, verdict.flags, now)
    return verdict


def _arrive_without_coupon(session: Session, scan: Scan, by: Actor, now: datetime) -> Arrival:
    named = replace(scan, participant_id=scan.participant_id or named_after(session, scan.id))
    who_she_is = named.participant_id
    assert who_she_is is not None
    place = queries.surroundings(
        session,
        programme_id=by.programme_id,
        site_code=scan.site,
        scan_id=scan.id,
        participant_id=who_she_is,
    )
    if place.is_here:
        likeness = participants.likeness_of(session, who_she_is)
        flags: tuple[str, ...] = (likeness.value,) if likeness else ()
    else:
        flags = _keep_walk_in(session, named, place, by, now)
    return Arrival(Outcome.ACCEPTED.value, None, who_she_is, flags)


def _turn_away(
    session: Session,
    scan: Scan,
    place: Surroundings,
    refusal: CouponRefused,
    by: Actor,
    now: datetime,
) -> Arrival:
    """Keep the refusal, and the person as a walk-in where the device has said who she will be."""
    flags: tuple[str, ...] = ()
    if scan.participant_id and not place.is_here:
        flags = _keep_walk_in(session, scan, place, by, now)
    intake.keep_refusal(session, scan, place, refusal, by=by, now=now, flags=flags)
    return Arrival(REFUSED, refusal.code, scan.participant_id, flags)


def _keep_walk_in(
    session: Session, scan: Scan, place: Surroundings, by: Actor, now: datetime
) -> tuple[str, ...]:
    """Returns the flags that are told of her."""
    judged_at, clock = judge_time(scan, now=now)
    known = _who_may_have_come(session, scan, by, None)
    flags = tuple(flag.value for flag in (*clock, *known.flags))
    participant_id = intake.keep_walk_in(
        session,
        place,
        known.digest,
        scan.participant_id,
        scan.not_the_same,
        at=judged_at,
        by=by,
        now=now,
    )
    _note_likeness(session, scan, by, participant_id, flags, now)
    return flags


def _who_may_have_come(
    session: Session, scan: Scan, by: Actor, origin: CouponOrigin | None
) -> Known:
    """What would be refused where she can be asked is flagged for a person to decide."""
    try:
        digest = intake.uic_digest(session, scan, by)
    except BadParticipant:
        return Known(None, flags=(Flag.UNREADABLE_UIC,))
    unknown = intake.not_told_apart(session, by, digest, scan.not_the_same) if digest else []
    if not unknown:
        return Known(digest)
    is_recruiter = origin and any(each.participant_id == origin.recruiter_id for each in unknown)
    flag = Flag.POSSIBLE_SELF_RECRUITMENT if is_recruiter else Flag.POSSIBLE_DUPLICATE
    return Known(digest, flags=(flag,))


def _note_likeness(
    session: Session,
    scan: Scan,
    by: Actor,
    participant_id: UUID,
    flags: tuple[str, ...],
    now: datetime,
) -> None:
    for likeness in Likeness:
        if likeness.value in flags:
            arrival = participants.Arrival(scan.device_id, by.staff_id, scan.scanned_at, now, flags)
            participant_actions.note_likeness(
                session, by.programme_id, participant_id, likeness, arrival
            )


def _arrival(verdict: Verdict) -> Arrival:
    return Arrival(verdict.outcome.value, None, verdict.participant_id, verdict.flags)
