from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core import outbox
from app.core.clock import local_date
from app.core.codes import Code, Token
from app.core.crypto import keyring_of
from app.core.db import put
from app.core.ids import random_id
from app.domain.audit.actions import record
from app.domain.coupons import actions as coupon_actions
from app.domain.coupons import queries as coupons
from app.domain.coupons.errors import (
    CouponAlreadyRedeemed,
    CouponRefused,
    DuplicateParticipant,
    SelfRecruitment,
)
from app.domain.coupons.models import Coupon
from app.domain.coupons.queries import CouponOrigin
from app.domain.coupons.rules import CouponStatus, check_redeemable
from app.domain.intake import queries
from app.domain.intake.errors import LateReasonNeeded, ScanIdReused
from app.domain.intake.events import CouponRedeemed
from app.domain.intake.models import Redemption, RefusedScan
from app.domain.intake.queries import Surroundings
from app.domain.intake.rules import Flag, Outcome, judge_time
from app.domain.participants import actions as participant_actions
from app.domain.participants import queries as participants
from app.domain.participants.queries import Match, Origin
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends import actions as stipend_actions
from app.domain.stipends.actions import Books
from app.domain.stipends.queries import Earner
from app.domain.stipends.rules import held_at_redemption


@dataclass(frozen=True)
class Scan:
    """A coupon read at a desk. ``id`` and ``scanned_at`` are the device's own, made before it sends.

    ``not_the_same`` are earlier people with the same code whom the desk has told apart from this one.
    ``late_reason`` is a supervisor's, for a coupon a few days past its last.
    """

    id: UUID
    coupon: Code | Token
    site: str
    device_id: str
    scanned_at: datetime
    uic: str | None = None
    not_the_same: tuple[UUID, ...] = ()
    late_reason: str | None = None


@dataclass(frozen=True)
class Verdict:
    """What became of a scan."""

    id: UUID
    coupon: str
    outcome: Outcome
    participant_id: UUID
    flags: tuple[str, ...]


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
    judged_at, flags = judge_time(scan.scanned_at, now=now)
    on = local_date(judged_at, place.site.timezone)
    grace = _grace_days(scan, place, by)
    coupon = coupon_actions.spend(
        session, scan.coupon, programme_id=by.programme_id, on=on, grace_days=grace
    )
    if coupon is None and _is_before_issue(session, scan, by, on=on):
        judged_at, flags = now, [Flag.CLOCK_BEHIND]
        on = local_date(judged_at, place.site.timezone)
        coupon = coupon_actions.spend(
            session, scan.coupon, programme_id=by.programme_id, on=on, grace_days=grace
        )
    if coupon is None:
        return _explain(session, scan, by, grace_days=grace, judged_at=judged_at, place=place)
    origin = coupon.origin
    uic_digest = _check_who_came(session, scan, by, origin)
    if coupon.site_id != place.site.id:
        flags.append(Flag.OTHER_SITE)
    if coupon.usable_until < on:
        flags.append(Flag.ACCEPTED_LATE)
    participant_id = participant_actions.welcome(
        session,
        programme_id=by.programme_id,
        site_id=place.site.id,
        origin=Origin(origin.chain_id, origin.recruiter_id, origin.number),
        wave=origin.wave,
        on=on,
        uic_digest=uic_digest,
    )
    for other in scan.not_the_same:
        participant_actions.tell_apart(session, by.programme_id, participant_id, other)
    _keep(session, scan, place, by, coupon.id, participant_id, Outcome.ACCEPTED, flags, now)
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


def record_refusal(
    session: Session, scan: Scan, refusal: CouponRefused, *, by: Actor, now: datetime
) -> None:
    """Keep the answer a refused scan was given, in a transaction of its own. Repeating it changes nothing."""
    place = queries.surroundings(
        session, programme_id=by.programme_id, site_code=scan.site, scan_id=scan.id
    )
    if place.refused or place.redemption:
        return
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
            "facts": refusal.facts,
            "request_digest": _request_digest(session, scan),
        },
    )
    _record(session, "scan.refused", scan.id, by, now, code=refusal.code)


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
    row, _state = queries.coupon_state(session, scan.coupon, programme_id=by.programme_id)
    origin = coupons.open_origin(keyring_of(session), row.id, row.sealed_origin)
    judged_at, flags = judge_time(scan.scanned_at, now=now)
    participant_id = participant_actions.welcome(
        session,
        programme_id=by.programme_id,
        site_id=place.site.id,
        origin=None,
        wave=None,
        on=local_date(judged_at, place.site.timezone),
        uic_digest=_uic_digest(session, scan, by),
    )
    _keep(session, scan, place, by, row.id, participant_id, Outcome.CONFLICT, flags, now)
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
    participant_id = participant_actions.welcome(
        session,
        programme_id=by.programme_id,
        site_id=place.site.id,
        origin=None,
        wave=None,
        on=local_date(now, place.site.timezone),
        uic_digest=digest,
        participant_id=arrival_id,
    )
    for other in not_the_same:
        participant_actions.tell_apart(session, by.programme_id, participant_id, other)
    _record(session, "walk_in.welcomed", participant_id, by, now)
    return participant_id


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
    row, state = queries.coupon_state(session, scan.coupon, programme_id=by.programme_id)
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
    row, state = queries.coupon_state(session, scan.coupon, programme_id=by.programme_id)
    return state.status is CouponStatus.ISSUED and on < row.status_on


def _when(redemption: Redemption) -> datetime:
    """When a coupon was handed in: as its device said, unless its clock was wrong."""
    wrong = {Flag.CLOCK_AHEAD.value, Flag.CLOCK_BEHIND.value} & set(redemption.flags)
    said, known = redemption.scanned_at, redemption.received_at
    return known if wrong else min(said, known)


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


def _not_told_apart(
    session: Session, by: Actor, digest: bytes, not_the_same: tuple[UUID, ...]
) -> list[Match]:
    matches = participants.possible_duplicates(session, by.programme_id, digest)
    return [match for match in matches if match.participant_id not in not_the_same]


def _uic_digest(session: Session, scan: Scan, by: Actor) -> bytes | None:
    return participants.uic_digest(session, by.programme_id, scan.uic) if scan.uic else None


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
    outcome: Outcome,
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
            "outcome": outcome,
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


def _verdict(session: Session, row: Redemption) -> Verdict:
    sealed = session.scalar(select(Coupon.sealed_origin).where(Coupon.id == row.coupon_id))
    assert sealed is not None
    origin = coupons.open_origin(keyring_of(session), row.coupon_id, sealed)
    outcome = Outcome.ACCEPTED if row.outcome is Outcome.OVERRULED else row.outcome
    return Verdict(row.id, origin.code, outcome, row.participant_id, tuple(row.flags))


def _refusal(row: RefusedScan) -> CouponRefused:
    kinds = {kind.code: kind for kind in CouponRefused.__subclasses__()}
    return kinds[row.code](**row.facts)


def _request_digest(session: Session, scan: Scan) -> bytes:
    coupon = scan.coupon.digits if isinstance(scan.coupon, Code) else scan.coupon.text
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
