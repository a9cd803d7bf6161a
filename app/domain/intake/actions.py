from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core import outbox
from app.core.clock import local_date
from app.core.db import put
from app.core.ids import random_id
from app.domain.coupons import actions as coupon_actions
from app.domain.coupons.errors import (
    CouponAlreadyRedeemed,
    CouponRefused,
    DuplicateParticipant,
    SelfRecruitment,
)
from app.domain.coupons.queries import CouponOrigin
from app.domain.coupons.rules import CouponStatus, check_redeemable
from app.domain.intake import queries
from app.domain.intake.errors import LateReasonNeeded
from app.domain.intake.events import CouponRedeemed
from app.domain.intake.models import Redemption, RefusedScan
from app.domain.intake.rules import (
    Answer,
    Flag,
    Outcome,
    Scan,
    Surroundings,
    Verdict,
    happened_at,
    judge_time,
)
from app.domain.participants import actions as participant_actions
from app.domain.participants import queries as participants
from app.domain.participants.queries import Match, Origin
from app.domain.rewards import actions as rewards
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends.queries import Books, Earner


@dataclass(frozen=True)
class Known:
    """What someone's code says: its digest, and what is odd about it."""

    digest: bytes | None
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True)
class Kept:
    """How an arrival with a coupon is kept: what the desk is told, by which time it was judged, what is odd about it."""

    answer: Answer
    digest: bytes | None
    at: datetime
    flags: tuple[Flag, ...]


def redeem(session: Session, scan: Scan, *, by: Actor, now: datetime) -> Verdict:
    """Redeem a coupon, welcome who brought it, and hold her recruiter's reward until the visit is complete.

    Repeating a scan is harmless: the same ``scan.id`` gets the first answer, a refusal included. Expiry is
    judged at ``scanned_at`` on the calendar of the site where it was scanned, so a slow upload costs nobody;
    a claim that cannot be, before the coupon was issued or in the future, is judged by the server's time.

    Raises:
        CouponRefused: with one of the stable codes; the person is served all the same.
        ScanIdReused, UnknownSite, LateReasonNeeded, NotAllowed.
    """
    place = queries.surroundings_of(session, scan, programme_id=by.programme_id)
    if place.refused:
        raise queries.refusal_of(place.refused)
    if place.redemption:
        return queries.verdict(session, place.redemption)

    def check(origin: CouponOrigin) -> Known:
        return Known(_check_who_came(session, scan, by, origin))

    return accept(
        session, scan, place, check, grace_days=_grace_days(scan, place, by), by=by, now=now
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
    keep_refusal(session, scan, place, refusal, by=by, now=now)


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
    unknown = not_told_apart(session, by, digest, not_the_same) if digest else []
    if unknown:
        raise DuplicateParticipant(came_on=min(match.came_on for match in unknown).isoformat())
    return keep_walk_in(session, place, digest, arrival_id, not_the_same, at=now, by=by, now=now)


def accept(
    session: Session,
    scan: Scan,
    place: Surroundings,
    ask: Callable[[CouponOrigin], Known],
    *,
    grace_days: int,
    by: Actor,
    now: datetime,
) -> Verdict:
    """Spend the coupon and keep who brought it; ``ask`` says what her code tells, when the coupon is known.

    Unless ``ask`` refuses, a refusal is raised before anything is written.

    Raises:
        CouponRefused.
    """
    judged_at, flags = judge_time(scan, now=now)
    on = local_date(judged_at, place.timezone)
    coupon = coupon_actions.spend(
        session, scan.card, programme_id=by.programme_id, on=on, grace_days=grace_days
    )
    if coupon is None and _is_before_issue(session, scan, by, on=on):
        judged_at, flags = now, [Flag.CLOCK_BEHIND]
        on = local_date(judged_at, place.timezone)
        coupon = coupon_actions.spend(
            session, scan.card, programme_id=by.programme_id, on=on, grace_days=grace_days
        )
    if coupon is None:
        return _explain(session, scan, by, grace_days=grace_days, judged_at=judged_at, place=place)
    known = ask(coupon.origin)
    if coupon.site_id != place.site_id:
        flags.append(Flag.OTHER_SITE)
    if coupon.usable_until < on:
        flags.append(Flag.ACCEPTED_LATE)
    kept = Kept(Answer.ACCEPTED, known.digest, judged_at, (*flags, *known.flags))
    verdict = keep(session, scan, place, coupon.id, coupon.origin, kept, by=by, now=now)
    outbox.emit(session, CouponRedeemed(scan.id.hex), programme_id=by.programme_id, at=now)
    return verdict


def keep(
    session: Session,
    scan: Scan,
    place: Surroundings,
    coupon_id: UUID,
    origin: CouponOrigin,
    kept: Kept,
    *,
    by: Actor,
    now: datetime,
) -> Verdict:
    """Keep who came with a coupon and what the desk was told, and hold what her coming may earn.

    In conflict with another desk she has no recruiter until a person decides.
    """
    stands, flags = kept.answer is Answer.ACCEPTED, [flag.value for flag in kept.flags]
    on = local_date(kept.at, place.timezone)
    participant_id = participant_actions.welcome(
        session,
        programme_id=by.programme_id,
        site_id=place.site_id,
        origin=Origin(origin.chain_id, origin.recruiter_id, origin.number) if stands else None,
        wave=origin.wave if stands else None,
        on=on,
        uic_digest=kept.digest,
        participant_id=scan.participant_id,
    )
    for other in scan.not_the_same:
        participant_actions.tell_apart(session, by.programme_id, participant_id, other)
    put(
        session,
        Redemption,
        {
            "id": scan.id,
            "programme_id": by.programme_id,
            "site_id": place.site_id,
            "coupon_id": coupon_id,
            "participant_id": participant_id,
            "outcome": Outcome(kept.answer.value),
            "answer": kept.answer,
            "staff_id": by.staff_id,
            "device_id": scan.device_id,
            "scanned_at": scan.scanned_at,
            "received_at": now,
            "protocol_id": place.protocol_id,
            "flags": flags,
            "late_reason": scan.late_reason,
            "request_digest": queries.request_digest(session, scan),
        },
    )
    rewards.promise(
        session,
        Books(by.programme_id, place.site_id, place.protocol_id, place.currency, on, now),
        place.protocol.stipends,
        recruiter=Earner(origin.recruiter_id, origin.number),
        recruit_id=participant_id,
    )
    act = "coupon.redeemed" if stands else "coupon.conflict"
    record_act(session, act, scan.id, by, now, flags=flags)
    return Verdict(scan.id, origin.code, Outcome(kept.answer.value), participant_id, tuple(flags))


def keep_refusal(
    session: Session,
    scan: Scan,
    place: Surroundings,
    refusal: CouponRefused,
    *,
    by: Actor,
    now: datetime,
    flags: Sequence[str] = (),
) -> None:
    """Keep what a scan that redeemed nothing was told."""
    said = {"flags": list(flags)} if flags else {}
    put(
        session,
        RefusedScan,
        {
            "id": scan.id,
            "programme_id": by.programme_id,
            "site_id": place.site_id,
            "staff_id": by.staff_id,
            "device_id": scan.device_id,
            "scanned_at": scan.scanned_at,
            "received_at": now,
            "code": refusal.code,
            "facts": refusal.facts | said,
            "request_digest": queries.request_digest(session, scan),
            "sealed_tail": queries.seal_tail(
                session, scan.id, scan.card, programme_id=by.programme_id
            ),
        },
    )
    record_act(session, "scan.refused", scan.id, by, now, code=refusal.code)


def keep_walk_in(
    session: Session,
    place: Surroundings,
    digest: bytes | None,
    participant_id: UUID | None,
    not_the_same: tuple[UUID, ...],
    *,
    at: datetime,
    by: Actor,
    now: datetime,
) -> UUID:
    """Keep someone who came without a usable coupon."""
    participant_id = participant_actions.welcome(
        session,
        programme_id=by.programme_id,
        site_id=place.site_id,
        origin=None,
        wave=None,
        on=local_date(at, place.timezone),
        uic_digest=digest,
        participant_id=participant_id,
    )
    for other in not_the_same:
        participant_actions.tell_apart(session, by.programme_id, participant_id, other)
    record_act(session, "walk_in.welcomed", participant_id, by, now)
    return participant_id


def not_told_apart(
    session: Session, by: Actor, digest: bytes, not_the_same: tuple[UUID, ...]
) -> list[Match]:
    """Who came before with this code, but for those from whom the desk has told her apart."""
    matches = participants.possible_duplicates(session, by.programme_id, digest)
    return [match for match in matches if match.participant_id not in not_the_same]


def uic_digest(session: Session, scan: Scan, by: Actor) -> bytes | None:
    """Raises: BadParticipant."""
    return participants.uic_digest(session, by.programme_id, scan.uic) if scan.uic else None


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
            return queries.verdict(session, winner)
        if winner is not None:
            when = happened_at(
                scanned_at=winner.scanned_at, received_at=winner.received_at, flags=winner.flags
            )
            seen = when.astimezone(ZoneInfo(place.timezone))
            raise CouponAlreadyRedeemed(redeemed_at=seen.isoformat(timespec="minutes"))
    on = local_date(judged_at, place.timezone)
    check_redeemable(state, on=on, grace_days=grace_days)
    raise RuntimeError("a redeemable coupon was not redeemed")


def _is_before_issue(session: Session, scan: Scan, by: Actor, *, on: date) -> bool:
    """Whether a coupon that waits to be used is said to have been scanned before there was such a coupon."""
    row, state = queries.coupon_state(session, scan.card, programme_id=by.programme_id)
    return state.status is CouponStatus.ISSUED and on < row.status_on


def _check_who_came(session: Session, scan: Scan, by: Actor, origin: CouponOrigin) -> bytes | None:
    digest = uic_digest(session, scan, by)
    if digest is None:
        return None
    unknown = not_told_apart(session, by, digest, scan.not_the_same)
    if any(match.participant_id == origin.recruiter_id for match in unknown):
        raise SelfRecruitment
    if unknown:
        raise DuplicateParticipant(came_on=min(match.came_on for match in unknown).isoformat())
    return digest


def _grace_days(scan: Scan, place: Surroundings, by: Actor) -> int:
    if scan.late_reason is None:
        return 0
    by.require(Permission.ACCEPT_LATE)
    if not scan.late_reason.strip():
        raise LateReasonNeeded
    return place.protocol.grace_days
