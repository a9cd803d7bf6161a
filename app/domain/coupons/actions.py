import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from app.core.clock import local_date
from app.core.codes import Code, Token, new_code, new_token
from app.core.crypto import keyring_of
from app.core.db import put
from app.core.ids import random_id
from app.domain.audit.actions import record
from app.domain.audit.errors import ReasonNeeded
from app.domain.coupons import queries
from app.domain.coupons.errors import BundleAlreadyIssued, TargetReached
from app.domain.coupons.models import Coupon, CouponBundle, ReservedCoupon
from app.domain.coupons.queries import Bundle, CouponOrigin, PrintedCoupon
from app.domain.coupons.rules import CouponState, CouponStatus, check_can_end
from app.domain.participants.queries import Origin
from app.domain.programmes.queries import site
from app.domain.staff.queries import Actor

Name = tuple[Code, Token]


def issue_bundle(
    session: Session,
    *,
    programme_id: UUID,
    site_id: UUID,
    protocol_id: UUID,
    holder_id: UUID,
    holder_origin: Origin,
    holder_wave: int,
    size: int,
    usable_from: date,
    usable_until: date,
    on: date,
    by: UUID,
    names: Sequence[Name] = (),
) -> Bundle:
    """Make someone's one bundle. Whether she may have it is the intake's to say.

    ``names`` are the codes and tokens of cards that were printed before; without them new ones are drawn.

    Raises:
        TargetReached: the protocol gives no more coupons.
        BundleAlreadyIssued: she had hers, even if a coupon of it was lost.
    """
    keyring, bundle_id = keyring_of(session), random_id()
    holder = queries.holder_digest(keyring, holder_id)
    check_has_none(session, holder_id)
    if size == 0:
        raise TargetReached
    state = CouponState(CouponStatus.ISSUED, usable_from, usable_until)
    coupons = tuple(
        PrintedCoupon(random_id(), code.digits, token.text, state)
        for code, token in names or free_names(session, size)
    )
    contents = {
        "holder": holder_id.hex,
        "coupons": [[each.id.hex, each.code, each.token] for each in coupons],
    }
    put(
        session,
        CouponBundle,
        {
            "id": bundle_id,
            "programme_id": programme_id,
            "site_id": site_id,
            "protocol_id": protocol_id,
            "holder_digest": holder,
            "sealed_contents": keyring.seal(
                json.dumps(contents).encode(),
                table="coupon_bundle",
                column="sealed_contents",
                row=bundle_id,
            ),
            "size": size,
            "issued_on": on,
            "issued_by": by,
        },
    )
    rows = [
        {
            "id": each.id,
            "programme_id": programme_id,
            "site_id": site_id,
            "code_digest": queries.code_digest(keyring, Code(each.code)),
            "token_digest": queries.token_digest(keyring, Token(each.token)),
            "sealed_origin": queries.seal_origin(
                keyring,
                each.id,
                CouponOrigin(
                    bundle_id, holder_id, holder_origin.chain_id, holder_wave + 1, number, each.code
                ),
            ),
            "status": CouponStatus.ISSUED,
            "usable_from": usable_from,
            "usable_until": usable_until,
            "status_on": on,
        }
        for number, each in enumerate(coupons)
    ]
    put(session, Coupon, rows)
    return Bundle(bundle_id, programme_id, site_id, holder_id, on, coupons)


def check_has_none(session: Session, holder_id: UUID) -> None:
    """Raises: BundleAlreadyIssued: she had hers, even if a coupon of it was lost."""
    earlier = queries.bundle_of(session, holder_id)
    if earlier:  # its number lets a desk whose first answer was lost print the sheet after all
        raise BundleAlreadyIssued(bundle_id=str(earlier))


def free_names(session: Session, size: int) -> list[Name]:
    """Draw new codes and tokens that neither a coupon has nor a printed pad."""
    keyring = keyring_of(session)
    while True:
        codes = [new_code() for _ in range(size)]
        used = select(Coupon.id).where(
            Coupon.code_digest.in_([queries.code_digest(keyring, code) for code in codes])
        )
        reserved = select(ReservedCoupon.pad_id).where(
            ReservedCoupon.code_digest.in_(
                [queries.reserved_digest(keyring, code) for code in codes]
            )
        )
        is_free = session.scalar(used) is None and session.scalar(reserved) is None
        if is_free and len(set(codes)) == size:
            return [(code, new_token()) for code in codes]


@dataclass(frozen=True)
class SpentCoupon:
    """A coupon that was just redeemed, and what its seal hides."""

    id: UUID
    site_id: UUID
    usable_until: date
    origin: CouponOrigin


def _spending(name: ColumnElement[bytes]) -> ReturningUpdate[UUID, UUID, date, bytes]:
    # Built once: making the statement anew costs more than running it.
    coupon = Coupon.__table__.c
    return (
        update(Coupon.__table__)  # type: ignore[arg-type]
        .where(
            name == bindparam("digest"),
            coupon.programme_id == bindparam("programme"),
            coupon.status == CouponStatus.ISSUED,
            coupon.usable_from <= bindparam("day"),
            coupon.usable_until >= bindparam("last_day"),
        )
        .values(status=CouponStatus.REDEEMED, status_on=bindparam("day"))
        .returning(coupon.id, coupon.site_id, coupon.usable_until, coupon.sealed_origin)
    )


_SPEND_BY_CODE = _spending(Coupon.__table__.c.code_digest)
_SPEND_BY_TOKEN = _spending(Coupon.__table__.c.token_digest)


def spend(
    session: Session, scanned: Code | Token, *, programme_id: UUID, on: date, grace_days: int
) -> SpentCoupon | None:
    """Redeem a coupon if it can be on that day: one conditional statement, which one of any number wins."""
    keyring = keyring_of(session)
    by_code = isinstance(scanned, Code)
    digest = queries.digest_of(keyring, scanned)
    row = (
        session.connection()
        .execute(
            _SPEND_BY_CODE if by_code else _SPEND_BY_TOKEN,
            {
                "digest": digest,
                "programme": programme_id,
                "day": on,
                "last_day": on - timedelta(days=grace_days),
            },
        )
        .first()
    )
    if row is None:
        return None
    coupon_id, site_id, usable_until, sealed = row
    return SpentCoupon(
        coupon_id, site_id, usable_until, queries.open_origin(keyring, coupon_id, sealed)
    )


def give_back(session: Session, coupon_id: UUID, origin: CouponOrigin) -> None:
    """Let a redeemed coupon be used again, within its days as before: its redemption was a mistake."""
    issued_on = select(CouponBundle.issued_on).where(CouponBundle.id == origin.bundle_id)
    session.execute(
        update(Coupon)
        .where(Coupon.id == coupon_id, Coupon.status == CouponStatus.REDEEMED)
        .values(status=CouponStatus.ISSUED, status_on=issued_on.scalar_subquery()),
        execution_options={"synchronize_session": False},
    )


def end(
    session: Session,
    scanned: Code | Token,
    status: CouponStatus,
    *,
    programme_id: UUID,
    on: date,
) -> UUID:
    """Make a coupon void, lost or refused, for good. Lost coupons are not replaced.

    Raises:
        UnknownCoupon, CouponIsFinal.
    """
    row = queries.lock_by_code(session, scanned, programme_id=programme_id)
    if row.status is not status:
        check_can_end(queries.state(row))
        row.status, row.status_on = status, on
        session.flush()
    return row.id


def end_coupon(
    session: Session,
    scanned: Code | Token,
    status: CouponStatus,
    *,
    reason: str,
    by: Actor,
    now: datetime,
) -> None:
    """Make a coupon void, lost or refused, and keep why in the record.

    Raises:
        ReasonNeeded, UnknownCoupon, CouponIsFinal.
    """
    if not reason.strip():
        raise ReasonNeeded
    row = queries.lock_by_code(session, scanned, programme_id=by.programme_id)
    on = local_date(now, site(session, row.site_id).timezone)
    end(session, scanned, status, programme_id=by.programme_id, on=on)
    record(
        session,
        "coupon.ended",
        subject=row.id,
        staff_id=by.staff_id,
        programme_id=by.programme_id,
        at=now,
        facts={"status": status.value, "reason": reason.strip()},
    )
