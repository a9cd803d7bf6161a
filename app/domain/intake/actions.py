from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core import outbox
from app.core.clock import local_date
from app.core.codes import Code, Token
from app.core.crypto import keyring_of
from app.core.db import put
from app.core.ids import random_id
from app.domain.audit.actions import record
from app.domain.audit.errors import ReasonNeeded
from app.domain.coupons import actions as coupon_actions
from app.domain.coupons import queries as coupons
from app.domain.coupons.errors import (
    CouponAlreadyRedeemed,
    CouponRefused,
    DuplicateParticipant,
    MistypedCode,
    SelfRecruitment,
)
from app.domain.coupons.models import Coupon
from app.domain.coupons.queries import CouponOrigin
from app.domain.coupons.rules import CouponStatus, check_redeemable
from app.domain.intake import queries
from app.domain.intake.errors import (
    HoldsCoupons,
    LateReasonNeeded,
    PersonAlreadyHere,
    ScanIdReused,
    UndoOver,
    UnknownScan,
)
from app.domain.intake.events import CouponRedeemed
from app.domain.intake.models import Redemption, RefusedScan
from app.domain.intake.queries import Surroundings
from app.domain.intake.rules import Answer, Flag, Outcome, happened_at, judge_time, may_undo
from app.domain.pads import actions as pads
from app.domain.pads import queries as pad_queries
from app.domain.participants import actions as participant_actions
from app.domain.participants import queries as participants
from app.domain.participants.errors import BadParticipant
from app.domain.participants.models import Participant
from app.domain.participants.queries import Match, Origin
from app.domain.participants.rules import Came, Likeness, Standing
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends import actions as stipend_actions
from app.domain.stipends import queries as stipends
from app.domain.stipends.actions import Books
from app.domain.stipends.errors import RewardAlreadyPaid
from app.domain.stipends.queries import Earner
from app.domain.stipends.rules import held_at_redemption
from app.domain.visits import actions as visits
from app.domain.visits import queries as visit_queries


@dataclass(frozen=True)
class Scan:
    """A coupon read at a desk. ``id`` and ``scanned_at`` are the device's own, made before it sends.

    ``not_the_same`` are earlier people with the same code whom the desk has told apart from this one.
    ``late_reason`` is a supervisor's, for a coupon a few days past its last. ``participant_id`` is who she will be,
    when the device has said so already. Only an arrival may be without a coupon. ``flags`` are what is known to be odd
    about the device's clock when ``scanned_at`` has been corrected by it.
    """

    id: UUID
    coupon: Code | Token | None
    site: str
    device_id: str
    scanned_at: datetime
    uic: str | None = None
    not_the_same: tuple[UUID, ...] = ()
    late_reason: str | None = None
    participant_id: UUID | None = None
    flags: tuple[Flag, ...] = ()

    @property
    def card(self) -> Code | Token:
        """What was read. Raises: MistypedCode, of a scan without a coupon."""
        if self.coupon is None:
            raise MistypedCode(reason="empty")
        return self.coupon


@dataclass(frozen=True)
class Verdict:
    """What became of a scan."""

    id: UUID
    coupon: str
    outcome: Outcome
    participant_id: UUID
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Arrival:
    """What became of someone who came while her desk had no network; ``outcome`` is accepted, conflict or refused.

    She is kept whatever became of her coupon. Only a refused scan that names nobody has no ``participant_id``.
    """

    outcome: str
    code: str | None
    participant_id: UUID | None
    flags: tuple[str, ...]


REFUSED = "refused"
# The ledger does not repeat the reason a person gave: the same words in two tables would join a recruiter's
# account to the redemption.
TAKEN_BACK_IN_THE_BOOKS = "taken back"
DECIDED_IN_THE_BOOKS = "conflict decided"
MOST_ATTEMPTS = 3


def redeem(session: Session, scan: Scan, *, by: Actor, now: datetime) -> Verdict:
    """Redeem a coupon, welcome who brought it, and hold her recruiter's reward until the visit is complete.

    Repeating a scan is harmless: the same ``scan.id`` gets the first answer, a refusal included. Expiry is
    judged at ``scanned_at`` on the calendar of the site where it was scanned, so a slow upload costs nobody;
    a claim that cannot be, before the coupon was issued or in the future, is judged by the server's time.

    Raises:
        CouponRefused: with one of the stable codes; the person is served all the same.
        ScanIdReused, UnknownSite, LateReasonNeeded, NotAllowed.
    """
    place = queries.surroundings(
        session, programme_id=by.programme_id, site_code=scan.site, scan_id=scan.id
    )
    earlier = _answered_before(session, scan, place)
    if earlier:
        return earlier
    return _redeem(session, scan, place, by, now, grace_days=_grace_days(scan, place, by))


def arrive(session: Session, scan: Scan, *, by: Actor, now: datetime) -> Arrival:
    """Keep that someone came to a desk that had no network, and say what her coupon was worth.

    Nobody can be asked any more, so nothing is refused that would lose her: a coupon that was spent elsewhere is a
    conflict, one that cannot be used leaves her a walk-in, and a code that came before leaves a question for a person.
    Repeating it gives the first answer, whatever was decided since.

    Raises:
        ScanIdReused, UnknownSite.
    """
    for attempt in range(1, MOST_ATTEMPTS + 1):
        try:
            with session.begin_nested():
                return _arrive(session, scan, by, now)
        except IntegrityError:
            # The same scan came twice at once: the other one is kept by now and has the answer.
            if attempt == MOST_ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def record_refusal(
    session: Session, scan: Scan, refusal: CouponRefused, *, by: Actor, now: datetime
) -> None:
    """Keep the answer a refused scan was given, in a transaction of its own. Repeating it changes nothing."""
    place = queries.surroundings(
        session, programme_id=by.programme_id, site_code=scan.site, scan_id=scan.id
    )
    if place.refused or place.redemption:
        return
    _keep_refusal(session, scan, place, refusal, by, now)


def record_conflict(session: Session, scan: Scan, *, by: Actor, now: datetime) -> Verdict:
    """Keep a visit that happened offline with a coupon another desk redeemed first.

    Both people are served. The second has no recruiter and the reward is held, until a person decides.

    Raises:
        UnknownCoupon, WrongProgramme, UnknownSite, ScanIdReused.
    """
    place = queries.surroundings(
        session, programme_id=by.programme_id, site_code=scan.site, scan_id=scan.id
    )
    earlier = _answered_before(session, scan, place)
    if earlier:
        return earlier
    row, _state = queries.coupon_state(session, scan.card, programme_id=by.programme_id)
    return _keep_conflict(session, scan, place, row, by, now)


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
    session.flush()  # before another stands: one accepted redemption a coupon, at every moment
    if stood:
        origin = coupons.open_origin(keyring_of(session), coupon.id, coupon.sealed_origin)
        waiting = queries.first_in_conflict(session, coupon.id)
        if waiting is None:
            coupon_actions.give_back(session, coupon.id, origin)
        else:
            let_stand(session, waiting, origin, by=by, now=now)
    facts = {"reason": reason.strip()} if reason and reason.strip() else {}
    _record(session, "redemption.taken_back", scan_id, by, now, **facts)


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


def welcome_walk_in(
    session: Session,
    *,
    site: str,
    uic: str | None,
    by: Actor,
    now: datetime,
    arrival_id: UUID | None = None,
    not_the_same: tuple[UUID, ...] = (),
) -> UUID:
    """Note someone who came without a usable coupon: she is served like anyone.

    Asking again under the same ``arrival_id`` gives back the same person.

    Raises:
        DuplicateParticipant: someone with her code came before and was not told apart from her.
        UnknownSite, BadParticipant.
    """
    if arrival_id and participants.exists(session, arrival_id, programme_id=by.programme_id):
        return arrival_id
    place = queries.surroundings(
        session, programme_id=by.programme_id, site_code=site, scan_id=random_id()
    )
    digest = participants.uic_digest(session, by.programme_id, uic) if uic else None
    unknown = _not_told_apart(session, by, digest, not_the_same) if digest else []
    if unknown:
        raise DuplicateParticipant(came_on=min(match.came_on for match in unknown).isoformat())
    return _welcome_walk_in(session, place, by, digest, arrival_id, not_the_same, at=now, now=now)


@dataclass(frozen=True)
class _WhoCame:
    """What an arrival's code says: its digest, and whom it may be when nobody can be asked."""

    digest: bytes | None
    likeness: Likeness | None = None
    flags: tuple[Flag, ...] = ()


def _redeem(
    session: Session,
    scan: Scan,
    place: Surroundings,
    by: Actor,
    now: datetime,
    *,
    grace_days: int,
    is_offline: bool = False,
) -> Verdict:
    judged_at, flags = _judge_time(scan, now)
    on = local_date(judged_at, place.site.timezone)
    coupon = coupon_actions.spend(
        session, scan.card, programme_id=by.programme_id, on=on, grace_days=grace_days
    )
    if coupon is None and _is_before_issue(session, scan, by, on=on):
        judged_at, flags = now, [Flag.CLOCK_BEHIND]
        on = local_date(judged_at, place.site.timezone)
        coupon = coupon_actions.spend(
            session, scan.card, programme_id=by.programme_id, on=on, grace_days=grace_days
        )
    if coupon is None:
        return _explain(session, scan, by, grace_days=grace_days, judged_at=judged_at, place=place)
    origin = coupon.origin
    if is_offline:
        who = _who_may_have_come(session, scan, by, origin)
    else:
        who = _WhoCame(_check_who_came(session, scan, by, origin))
    if coupon.site_id != place.site.id:
        flags.append(Flag.OTHER_SITE)
    if coupon.usable_until < on:
        flags.append(Flag.ACCEPTED_LATE)
    flags += who.flags
    participant_id = participant_actions.welcome(
        session,
        programme_id=by.programme_id,
        site_id=place.site.id,
        origin=Origin(origin.chain_id, origin.recruiter_id, origin.number),
        wave=origin.wave,
        on=on,
        uic_digest=who.digest,
        participant_id=scan.participant_id,
    )
    for other in scan.not_the_same:
        participant_actions.tell_apart(session, by.programme_id, participant_id, other)
    _keep(session, scan, place, by, coupon.id, participant_id, Answer.ACCEPTED, flags, now)
    _note_likeness(session, scan, by, participant_id, who, flags, now)
    stipend_actions.hold(
        session,
        _books(place, judged_at),
        held_at_redemption(place.protocol.stipends),
        recruiter=Earner(origin.recruiter_id, origin.number),
        recruit_id=participant_id,
    )
    outbox.emit(session, CouponRedeemed(scan.id.hex), programme_id=by.programme_id, at=now)
    _record(session, "coupon.redeemed", scan.id, by, now, flags=[*flags])
    return Verdict(
        scan.id, origin.code, Outcome.ACCEPTED, participant_id, tuple(flag.value for flag in flags)
    )


def _arrive(session: Session, scan: Scan, by: Actor, now: datetime) -> Arrival:
    place = queries.surroundings(
        session, programme_id=by.programme_id, site_code=scan.site, scan_id=scan.id
    )
    if scan.coupon is None:
        return _arrive_without_coupon(session, scan, place, by, now)
    earlier = place.redemption or place.refused
    if earlier and earlier.request_digest != _request_digest(session, scan):
        raise ScanIdReused
    if place.refused:
        flags = tuple(place.refused.facts.get("flags", ()))
        return Arrival(REFUSED, place.refused.code, scan.participant_id, flags)
    if place.redemption:
        return _arrival(_verdict(session, place.redemption))
    if _is_here(session, scan, by):
        return _turn_away(session, scan, place, PersonAlreadyHere(), by, now)
    has_reason = bool((scan.late_reason or "").strip()) and by.may(Permission.ACCEPT_LATE)
    grace = place.protocol.grace_days if has_reason else 0
    while True:
        try:
            with session.begin_nested():
                verdict = _redeem(session, scan, place, by, now, grace_days=grace, is_offline=True)
                return _arrival(verdict)
        except CouponAlreadyRedeemed:
            row, _state = queries.coupon_state(session, scan.card, programme_id=by.programme_id)
            held = coupons.lock(session, row.id)
            if held.status is CouponStatus.REDEEMED:
                return _arrival(_keep_conflict(session, scan, place, held, by, now))
            # taken back at that very moment: it is held now, so the next attempt is the last
        except CouponRefused as refusal:
            return _turn_away(session, scan, place, refusal, by, now)


def _arrive_without_coupon(
    session: Session, scan: Scan, place: Surroundings, by: Actor, now: datetime
) -> Arrival:
    who_she_is = scan.participant_id or _named_after(session, scan.id)
    if participants.exists(session, who_she_is, programme_id=by.programme_id):
        likeness = participants.likeness_of(session, who_she_is)
        return Arrival(
            Outcome.ACCEPTED.value, None, who_she_is, (likeness.value,) if likeness else ()
        )
    named = replace(scan, participant_id=who_she_is)
    flags = _keep_walk_in(session, named, place, by, now)
    return Arrival(Outcome.ACCEPTED.value, None, who_she_is, tuple(flag.value for flag in flags))


def _turn_away(
    session: Session,
    scan: Scan,
    place: Surroundings,
    refusal: CouponRefused,
    by: Actor,
    now: datetime,
) -> Arrival:
    """Keep the refusal, and the person as a walk-in where the device has said who she will be."""
    flags: list[Flag] = []
    if scan.participant_id and not _is_here(session, scan, by):
        flags = _keep_walk_in(session, scan, place, by, now)
    _keep_refusal(session, scan, place, refusal, by, now, flags=flags)
    return Arrival(REFUSED, refusal.code, scan.participant_id, tuple(flag.value for flag in flags))


def _keep_walk_in(
    session: Session, scan: Scan, place: Surroundings, by: Actor, now: datetime
) -> list[Flag]:
    judged_at, flags = _judge_time(scan, now)
    who = _who_may_have_come(session, scan, by, None)
    flags += who.flags
    participant_id = _welcome_walk_in(
        session,
        place,
        by,
        who.digest,
        scan.participant_id,
        scan.not_the_same,
        at=judged_at,
        now=now,
    )
    _note_likeness(session, scan, by, participant_id, who, flags, now)
    return flags


def _keep_conflict(
    session: Session, scan: Scan, place: Surroundings, coupon: Coupon, by: Actor, now: datetime
) -> Verdict:
    origin = coupons.open_origin(keyring_of(session), coupon.id, coupon.sealed_origin)
    judged_at, flags = _judge_time(scan, now)
    who = _who_may_have_come(session, scan, by, origin)
    flags += who.flags
    participant_id = participant_actions.welcome(
        session,
        programme_id=by.programme_id,
        site_id=place.site.id,
        origin=None,
        wave=None,
        on=local_date(judged_at, place.site.timezone),
        uic_digest=who.digest,
        participant_id=scan.participant_id,
    )
    for other in scan.not_the_same:
        participant_actions.tell_apart(session, by.programme_id, participant_id, other)
    _keep(session, scan, place, by, coupon.id, participant_id, Answer.CONFLICT, flags, now)
    _note_likeness(session, scan, by, participant_id, who, flags, now)
    stipend_actions.hold(
        session,
        _books(place, judged_at),
        held_at_redemption(place.protocol.stipends),
        recruiter=Earner(origin.recruiter_id, origin.number),
        recruit_id=participant_id,
    )
    _record(session, "coupon.conflict", scan.id, by, now, flags=[*flags])
    return Verdict(
        scan.id, origin.code, Outcome.CONFLICT, participant_id, tuple(flag.value for flag in flags)
    )


def _welcome_walk_in(
    session: Session,
    place: Surroundings,
    by: Actor,
    digest: bytes | None,
    participant_id: UUID | None,
    not_the_same: tuple[UUID, ...],
    *,
    at: datetime,
    now: datetime,
) -> UUID:
    participant_id = participant_actions.welcome(
        session,
        programme_id=by.programme_id,
        site_id=place.site.id,
        origin=None,
        wave=None,
        on=local_date(at, place.site.timezone),
        uic_digest=digest,
        participant_id=participant_id,
    )
    for other in not_the_same:
        participant_actions.tell_apart(session, by.programme_id, participant_id, other)
    _record(session, "walk_in.welcomed", participant_id, by, now)
    return participant_id


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
    scan = queries.refused_scan(session, scan_id, programme_id=by.programme_id)
    named = (participant_id, scan_id, _named_after(session, scan_id))
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
    if row.came is not Came.WALK_IN or queries.came_with(session, who):
        raise UnknownScan
    if scan:
        is_own = scan.staff_id == by.staff_id and may_undo(
            scanned_at=scan.scanned_at, received_at=scan.received_at, flags=(), now=now
        )
    else:  # who welcomed her stands only in the record; an empty row of today is all that can go
        zone = programmes.site(session, row.site_id).timezone
        is_own = row.came_on == local_date(now, zone)
    _check_may_take_back(is_own, reason, by, staff_id=scan.staff_id if scan else by.staff_id)
    if visit_queries.has_begun(session, row) or stipends.was_given_money(session, who):
        return  # she was here: she stays
    row.standing = Standing.MISTAKEN
    session.flush()
    _record(session, "walk_in.taken_back", who, by, now)


def _check_may_take_back(is_own: bool, reason: str | None, by: Actor, *, staff_id: UUID) -> None:
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
    books, _ = visits.books_of(session, person.programme_id, row.site_id, now=now)
    stipend_actions.cancel_rewards(
        session, books, recruit_id=person.id, reason=reason, with_fee=not keeps_her_fee
    )
    pads.void_promised(session, person.id, reason=reason, by=by, now=now)
    if origin:
        participant_actions.set_origin(session, person, None, None)


def _answered_before(session: Session, scan: Scan, place: Surroundings) -> Verdict | None:
    earlier = place.redemption or place.refused
    if earlier is None:
        return None
    if earlier.request_digest != _request_digest(session, scan):
        raise ScanIdReused
    if place.refused:
        raise _refusal(place.refused)
    assert place.redemption is not None
    return _verdict(session, place.redemption)


def _explain(
    session: Session,
    scan: Scan,
    by: Actor,
    *,
    grace_days: int,
    judged_at: datetime,
    place: Surroundings,
) -> Verdict:
    """Say why nothing was redeemed, or find that this very scan has won in the meantime."""
    row, state = queries.coupon_state(session, scan.card, programme_id=by.programme_id)
    if state.status is CouponStatus.REDEEMED:
        winner = queries.accepted_redemption(session, row.id)
        if winner is not None and winner.id == scan.id:
            return _verdict(session, winner)
        if winner is not None:
            seen = _when(winner).astimezone(ZoneInfo(place.site.timezone))
            raise CouponAlreadyRedeemed(redeemed_at=seen.isoformat(timespec="minutes"))
    on = local_date(judged_at, place.site.timezone)
    check_redeemable(state, on=on, grace_days=grace_days)
    raise RuntimeError("a redeemable coupon was not redeemed")


def _is_before_issue(session: Session, scan: Scan, by: Actor, *, on: date) -> bool:
    """Whether a coupon that waits to be used is said to have been scanned before there was such a coupon."""
    row, state = queries.coupon_state(session, scan.card, programme_id=by.programme_id)
    return state.status is CouponStatus.ISSUED and on < row.status_on


def _judge_time(scan: Scan, now: datetime) -> tuple[datetime, list[Flag]]:
    judged_at, flags = judge_time(scan.scanned_at, now=now)
    known = [*scan.flags, Flag.CLOCK_CORRECTED] if scan.flags else []
    return judged_at, [*known, *(flag for flag in flags if flag not in known)]


def _when(redemption: Redemption) -> datetime:
    return happened_at(
        scanned_at=redemption.scanned_at,
        received_at=redemption.received_at,
        flags=redemption.flags,
    )


def _check_who_came(session: Session, scan: Scan, by: Actor, origin: CouponOrigin) -> bytes | None:
    digest = _uic_digest(session, scan, by)
    if digest is None:
        return None
    unknown = _not_told_apart(session, by, digest, scan.not_the_same)
    if any(match.participant_id == origin.recruiter_id for match in unknown):
        raise SelfRecruitment
    if unknown:
        raise DuplicateParticipant(came_on=min(match.came_on for match in unknown).isoformat())
    return digest


def _who_may_have_come(
    session: Session, scan: Scan, by: Actor, origin: CouponOrigin | None
) -> _WhoCame:
    """The same where nobody can be asked any more: what would be refused is flagged for a person to decide."""
    try:
        digest = _uic_digest(session, scan, by)
    except BadParticipant:
        return _WhoCame(None, flags=(Flag.UNREADABLE_UIC,))
    unknown = _not_told_apart(session, by, digest, scan.not_the_same) if digest else []
    if not unknown:
        return _WhoCame(digest)
    is_recruiter = origin and any(each.participant_id == origin.recruiter_id for each in unknown)
    likeness = Likeness.POSSIBLE_SELF_RECRUITMENT if is_recruiter else Likeness.POSSIBLE_DUPLICATE
    return _WhoCame(digest, likeness, (Flag(likeness.value),))


def _note_likeness(
    session: Session,
    scan: Scan,
    by: Actor,
    participant_id: UUID,
    who: _WhoCame,
    flags: list[Flag],
    now: datetime,
) -> None:
    if who.likeness:
        said = tuple(flag.value for flag in flags)
        arrival = participants.Arrival(scan.device_id, by.staff_id, scan.scanned_at, now, said)
        participant_actions.note_likeness(
            session, by.programme_id, participant_id, who.likeness, arrival
        )


def _not_told_apart(
    session: Session, by: Actor, digest: bytes, not_the_same: tuple[UUID, ...]
) -> list[Match]:
    matches = participants.possible_duplicates(session, by.programme_id, digest)
    return [match for match in matches if match.participant_id not in not_the_same]


def _uic_digest(session: Session, scan: Scan, by: Actor) -> bytes | None:
    return participants.uic_digest(session, by.programme_id, scan.uic) if scan.uic else None


def _is_here(session: Session, scan: Scan, by: Actor) -> bool:
    return scan.participant_id is not None and participants.exists(
        session, scan.participant_id, programme_id=by.programme_id
    )


def _named_after(session: Session, scan_id: UUID) -> UUID:
    """Who came without a coupon and without a name of the device's: the same for the same scan."""
    return UUID(bytes=keyring_of(session).digest("arrival", scan_id.hex)[:16], version=4)


def _grace_days(scan: Scan, place: Surroundings, by: Actor) -> int:
    if scan.late_reason is None:
        return 0
    by.require(Permission.ACCEPT_LATE)
    if not scan.late_reason.strip():
        raise LateReasonNeeded
    return place.protocol.grace_days


def _keep(
    session: Session,
    scan: Scan,
    place: Surroundings,
    by: Actor,
    coupon_id: UUID,
    participant_id: UUID,
    answer: Answer,
    flags: list[Flag],
    now: datetime,
) -> None:
    put(
        session,
        Redemption,
        {
            "id": scan.id,
            "programme_id": by.programme_id,
            "site_id": place.site.id,
            "coupon_id": coupon_id,
            "participant_id": participant_id,
            "outcome": Outcome(answer.value),
            "answer": answer,
            "staff_id": by.staff_id,
            "device_id": scan.device_id,
            "scanned_at": scan.scanned_at,
            "received_at": now,
            "protocol_id": place.protocol_id,
            "flags": [flag.value for flag in flags],
            "late_reason": scan.late_reason,
            "request_digest": _request_digest(session, scan),
        },
    )


def _keep_refusal(
    session: Session,
    scan: Scan,
    place: Surroundings,
    refusal: CouponRefused,
    by: Actor,
    now: datetime,
    *,
    flags: Sequence[Flag] = (),
) -> None:
    said = {"flags": [flag.value for flag in flags]} if flags else {}
    put(
        session,
        RefusedScan,
        {
            "id": scan.id,
            "programme_id": by.programme_id,
            "site_id": place.site.id,
            "staff_id": by.staff_id,
            "device_id": scan.device_id,
            "scanned_at": scan.scanned_at,
            "received_at": now,
            "code": refusal.code,
            "facts": refusal.facts | said,
            "request_digest": _request_digest(session, scan),
            "sealed_tail": queries.seal_tail(
                session, scan.id, scan.card, programme_id=by.programme_id
            ),
        },
    )
    _record(session, "scan.refused", scan.id, by, now, code=refusal.code)


def _verdict(session: Session, row: Redemption) -> Verdict:
    """What the desk was told, whatever was decided or taken back since."""
    sealed = session.scalar(select(Coupon.sealed_origin).where(Coupon.id == row.coupon_id))
    assert sealed is not None
    origin = coupons.open_origin(keyring_of(session), row.coupon_id, sealed)
    outcome = Outcome(row.answer.value)
    return Verdict(row.id, origin.code, outcome, row.participant_id, tuple(row.flags))


def _arrival(verdict: Verdict) -> Arrival:
    return Arrival(verdict.outcome.value, None, verdict.participant_id, verdict.flags)


def _refusal(row: RefusedScan) -> CouponRefused:
    kinds = {kind.code: kind for kind in CouponRefused.__subclasses__()}
    return kinds[row.code](**{name: fact for name, fact in row.facts.items() if name != "flags"})


def _request_digest(session: Session, scan: Scan) -> bytes:
    coupon = scan.card.digits if isinstance(scan.card, Code) else scan.card.text
    return keyring_of(session).digest("scan", coupon, scan.site)


def _books(place: Surroundings, at: datetime) -> Books:
    on = local_date(at, place.site.timezone)
    return Books(place.site.programme_id, place.site.id, place.protocol_id, place.currency, on)


def _record(
    session: Session, action: str, subject: UUID, by: Actor, now: datetime, **facts: object
) -> None:
    record(
        session,
        action,
        subject=subject,
        staff_id=by.staff_id,
        programme_id=by.programme_id,
        at=now,
        facts=facts,
    )
