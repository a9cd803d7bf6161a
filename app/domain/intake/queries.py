from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.codes import Code, Token
from app.core.crypto import Keyring, keyring_of
from app.domain.coupons import queries as coupons
from app.domain.coupons.errors import (
    CouponNotYetActive,
    CouponRefused,
    CouponVoid,
    UnknownCoupon,
    WrongProgramme,
)
from app.domain.coupons.models import Coupon
from app.domain.coupons.rules import CouponState, CouponStatus, reason_unusable
from app.domain.intake.errors import ScanIdReused
from app.domain.intake.models import Redemption, RefusedScan
from app.domain.intake.rules import (
    Outcome,
    Redeemed,
    Refused,
    Scan,
    Surroundings,
    Verdict,
    may_undo,
)
from app.domain.pads import queries as pads
from app.domain.pads.rules import WAITING
from app.domain.participants.models import Participant
from app.domain.participants.rules import Came, Standing
from app.domain.programmes.errors import UnknownSite
from app.domain.programmes.models import Programme, ProtocolVersion, Site
from app.domain.programmes.rules import Protocol


@dataclass(frozen=True)
class Look:
    """A coupon as a desk may see it: its state, never whose it is."""

    status: CouponStatus
    usable_from: date
    usable_until: date
    refusal: CouponRefused | None


_NEWEST = (
    select(func.max(ProtocolVersion.version))
    .where(ProtocolVersion.programme_id == bindparam("programme"))
    .scalar_subquery()
)
# Built once: making the statement anew costs more than running it. Columns, no rows: making those costs as much again.
_SURROUNDINGS = (
    select(
        Site.id,
        Site.timezone,
        ProtocolVersion.id,
        ProtocolVersion.rules,
        Programme.currency,
        Participant.id,
        RefusedScan.code,
        RefusedScan.facts,
        RefusedScan.request_digest,
        Redemption.id,
        Redemption.coupon_id,
        Redemption.participant_id,
        Redemption.answer,
        Redemption.flags,
        Redemption.request_digest,
    )
    .join(Programme, Programme.id == Site.programme_id)
    .join(
        ProtocolVersion,
        (ProtocolVersion.programme_id == Site.programme_id) & (ProtocolVersion.version == _NEWEST),
    )
    .outerjoin(Redemption, Redemption.id == bindparam("scan"))
    .outerjoin(RefusedScan, RefusedScan.id == bindparam("scan"))
    .outerjoin(
        Participant,
        (Participant.id == bindparam("person")) & (Participant.programme_id == Site.programme_id),
    )
    .where(Site.programme_id == bindparam("programme"), Site.code == bindparam("site"))
)


@dataclass(frozen=True)
class PastScan:
    """A scan as the one who made it may see it again: when, and what became of it.

    ``may_undo`` holds for minutes, and only where it redeemed something.
    """

    id: UUID
    at: datetime
    code_tail: str | None
    outcome: str
    may_undo: bool = False


@dataclass(frozen=True)
class OpenVisit:
    """Someone who came today and whose visit may go on. ``at`` is known of those who came with a coupon."""

    participant_id: UUID
    at: datetime | None


def surroundings(
    session: Session,
    *,
    programme_id: UUID,
    site_code: str,
    scan_id: UUID,
    participant_id: UUID | None = None,
) -> Surroundings:
    """The site, the rules in force, and what this scan was answered before. Raises: UnknownSite."""
    named = {"scan": scan_id, "person": participant_id}
    row = (
        session.connection()
        .execute(_SURROUNDINGS, {"programme": programme_id, "site": site_code, **named})
        .first()
    )
    if row is None:
        raise UnknownSite(site=site_code)
    site_id, timezone, protocol_id, rules, currency, person, *told = row
    return Surroundings(
        site_id,
        timezone,
        protocol_id,
        Protocol.stored(rules),
        currency,
        Redeemed(*told[3:]) if told[3] else None,
        Refused(*told[:3]) if told[0] else None,
        person is not None,
    )


def surroundings_of(session: Session, scan: Scan, *, programme_id: UUID) -> Surroundings:
    """Raises: UnknownSite; ScanIdReused, where the id was answered for another coupon or site."""
    place = surroundings(
        session,
        programme_id=programme_id,
        site_code=scan.site,
        scan_id=scan.id,
        participant_id=scan.participant_id,
    )
    earlier = place.redemption or place.refused
    if earlier and earlier.request_digest != request_digest(session, scan):
        raise ScanIdReused
    return place


def request_digest(session: Session, scan: Scan) -> bytes:
    coupon = scan.card.digits if isinstance(scan.card, Code) else scan.card.text
    return keyring_of(session).digest("scan", coupon, scan.site)


def verdict(session: Session, row: Redemption | Redeemed) -> Verdict:
    """What the desk was told, whatever was decided or taken back since."""
    sealed = session.scalar(select(Coupon.sealed_origin).where(Coupon.id == row.coupon_id))
    assert sealed is not None
    origin = coupons.open_origin(keyring_of(session), row.coupon_id, sealed)
    outcome = Outcome(row.answer.value)
    return Verdict(row.id, origin.code, outcome, row.participant_id, tuple(row.flags))


def refusal_of(row: Refused) -> CouponRefused:
    """What a refused scan was told."""
    kinds = {kind.code: kind for kind in CouponRefused.__subclasses__()}
    return kinds[row.code](**{name: fact for name, fact in row.facts.items() if name != "flags"})


def look_up(
    session: Session, scanned: Code | Token, *, programme_id: UUID, now: datetime, timezone: str
) -> Look:
    """Whether a coupon can be redeemed now, without redeeming it.

    Raises:
        UnknownCoupon, WrongProgramme.
    """
    row, state = coupon_state(session, scanned, programme_id=programme_id)
    refusal = reason_unusable(state, on=local_date(now, timezone))
    return Look(row.status, row.usable_from, row.usable_until, refusal)


def coupon_state(
    session: Session, scanned: Code | Token, *, programme_id: UUID
) -> tuple[Coupon, CouponState]:
    """A coupon and, when it is redeemed, since when.

    Raises:
        UnknownCoupon, WrongProgramme.
        CouponNotYetActive, CouponVoid: it is on a printed pad that is nobody's, or was left over from one.
    """
    found = session.execute(
        select(Coupon, Redemption.scanned_at)
        .outerjoin(
            Redemption,
            (Redemption.coupon_id == Coupon.id) & (Redemption.outcome == Outcome.ACCEPTED),
        )
        .where(coupons.names(session, scanned))
    ).first()
    if found is None:
        raise _refusal_of_pad(session, scanned, programme_id=programme_id)
    coupon, redeemed_at = found
    if coupon.programme_id != programme_id:
        raise WrongProgramme
    return coupon, CouponState(coupon.status, coupon.usable_from, coupon.usable_until, redeemed_at)


def _refusal_of_pad(
    session: Session, scanned: Code | Token, *, programme_id: UUID
) -> CouponRefused:
    pad = pads.status_of(session, scanned)
    if pad is None:
        return UnknownCoupon()
    of_programme, status = pad
    if of_programme != programme_id:
        return WrongProgramme()
    return CouponNotYetActive() if status in WAITING else CouponVoid()


def came_with(session: Session, participant_id: UUID) -> Redemption | None:
    """The redemption someone came with, however it stands."""
    return session.scalar(select(Redemption).where(Redemption.participant_id == participant_id))


def refused_scan(session: Session, scan_id: UUID, *, programme_id: UUID) -> RefusedScan | None:
    row = session.get(RefusedScan, scan_id)
    return row if row and row.programme_id == programme_id else None


def seal_tail(
    session: Session, scan_id: UUID, scanned: Code | Token, *, programme_id: UUID
) -> bytes | None:
    """The end of the digits that were refused; of a token only where this programme knows whose digits it goes with."""
    keyring = keyring_of(session)
    if isinstance(scanned, Code):
        tail = scanned.digits[-4:]
    else:
        row = session.scalar(
            select(Coupon).where(
                coupons.names(session, scanned), Coupon.programme_id == programme_id
            )
        )
        if row is None:
            return None
        tail = coupons.open_origin(keyring, row.id, row.sealed_origin).code[-4:]
    return keyring.seal(tail.encode(), table="refused_scan", column="sealed_tail", row=scan_id)


def accepted_redemption(session: Session, coupon_id: UUID) -> Redemption | None:
    return session.scalar(
        select(Redemption).where(
            Redemption.coupon_id == coupon_id, Redemption.outcome == Outcome.ACCEPTED
        )
    )


def scans_of(
    session: Session,
    staff_id: UUID,
    *,
    programme_id: UUID,
    since: datetime,
    now: datetime,
    most: int = 10,
) -> list[PastScan]:
    """What one member of staff scanned since a moment, newest first; a refusal goes by its code."""
    redeemed = session.execute(
        select(Redemption, Coupon.sealed_origin)
        .join(Coupon, Coupon.id == Redemption.coupon_id)
        .where(
            Redemption.programme_id == programme_id,
            Redemption.received_at >= since,
            Redemption.staff_id == staff_id,
        )
        .order_by(Redemption.received_at.desc())
        .limit(most)
    )
    refused = session.scalars(
        select(RefusedScan)
        .where(
            RefusedScan.programme_id == programme_id,
            RefusedScan.received_at >= since,
            RefusedScan.staff_id == staff_id,
        )
        .order_by(RefusedScan.received_at.desc())
        .limit(most)
    )
    keyring = keyring_of(session)
    scans = [
        PastScan(
            row.id,
            row.received_at,
            coupons.open_origin(keyring, row.coupon_id, sealed).code[-4:],
            row.outcome.value,
            row.outcome is not Outcome.TAKEN_BACK
            and may_undo(
                scanned_at=row.scanned_at, received_at=row.received_at, flags=row.flags, now=now
            ),
        )
        for row, sealed in redeemed
    ]
    scans += [PastScan(row.id, row.received_at, _tail(keyring, row), row.code) for row in refused]
    return sorted(scans, key=lambda scan: scan.at, reverse=True)[:most]


def _tail(keyring: Keyring, row: RefusedScan) -> str | None:
    if row.sealed_tail is None:
        return None
    return keyring.open(
        row.sealed_tail, table="refused_scan", column="sealed_tail", row=row.id
    ).decode()


def open_visits(
    session: Session, site_id: UUID, *, programme_id: UUID, on: date
) -> list[OpenVisit]:
    """Those who came to a site on a day and have no coupons yet, by the order in which they came."""
    rows = session.execute(
        select(Participant.id, Redemption.received_at)
        .outerjoin(Redemption, Redemption.participant_id == Participant.id)
        .where(
            Participant.programme_id == programme_id,
            Participant.site_id == site_id,
            Participant.came_on == on,
            Participant.came != Came.SEED,
            Participant.standing != Standing.MISTAKEN,
        )
    ).all()
    given = coupons.with_bundle(session, [row.id for row in rows])
    visits = [OpenVisit(*row) for row in rows if row.id not in given]
    return sorted(visits, key=lambda visit: visit.at.timestamp() if visit.at else float("inf"))
