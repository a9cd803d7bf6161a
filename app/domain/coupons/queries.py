import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, String, or_, select, type_coerce
from sqlalchemy.orm import Session

from app.core.codes import Code, MalformedCode, Token, read_scanned
from app.core.crypto import Keyring, keyring_of
from app.core.ids import hex_of
from app.domain.coupons.errors import MistypedCode, UnknownBundle, UnknownCoupon
from app.domain.coupons.models import Coupon, CouponBundle
from app.domain.coupons.rules import CouponState, CouponStatus
from app.domain.programmes.rules import LONGEST_DAYS


@dataclass(frozen=True)
class CouponOrigin:
    """What the seal of a coupon hides: whose bundle it is of, as which of it, and where its recruit will stand."""

    bundle_id: UUID
    recruiter_id: UUID
    chain_id: UUID
    wave: int
    number: int
    code: str


@dataclass(frozen=True)
class OriginColumns:
    """What the seals of many coupons hide, as columns in the order they were opened: ids are hex."""

    bundle: list[str]
    recruiter: list[str]
    chain: list[str]


class Dated(NamedTuple):
    """What coupons of one day and fate have in common."""

    status: CouponStatus
    usable_from: date
    usable_until: date


@dataclass(frozen=True)
class PrintedCoupon:
    """A coupon with its secrets, for its holder's sheet and nobody else."""

    id: UUID
    code: str
    token: str
    state: CouponState


@dataclass(frozen=True)
class Bundle:
    id: UUID
    programme_id: UUID
    site_id: UUID
    holder_id: UUID
    issued_on: date
    coupons: tuple[PrintedCoupon, ...]


def read(scanned: str) -> Code | Token:
    """A code or token from what was typed or scanned, without a look-up. Raises: MistypedCode."""
    try:
        return read_scanned(scanned)
    except MalformedCode as error:
        raise MistypedCode(reason=error.reason) from error


def names(session: Session, scanned: Code | Token) -> ColumnElement[bool]:
    """The condition that picks the coupon a code or token names."""
    digest = digest_of(keyring_of(session), scanned)
    return (Coupon.code_digest if isinstance(scanned, Code) else Coupon.token_digest) == digest


def lock_by_code(session: Session, scanned: Code | Token, *, programme_id: UUID) -> Coupon:
    """The row of a coupon, held until commit. Raises: UnknownCoupon."""
    row = session.scalar(
        select(Coupon)
        .where(names(session, scanned), Coupon.programme_id == programme_id)
        .with_for_update()
    )
    if row is None:
        raise UnknownCoupon
    return row


def lock(session: Session, coupon_id: UUID) -> Coupon:
    """The row of a coupon that is there, held until commit and read anew."""
    held = select(Coupon).where(Coupon.id == coupon_id).with_for_update()
    return session.scalars(held, execution_options={"populate_existing": True}).one()


def state(row: Coupon) -> CouponState:
    return CouponState(row.status, row.usable_from, row.usable_until)


def bundle(session: Session, bundle_id: UUID, *, programme_id: UUID) -> Bundle:
    """A bundle with its secrets. Raises: UnknownBundle."""
    row = session.scalar(
        select(CouponBundle).where(
            CouponBundle.id == bundle_id, CouponBundle.programme_id == programme_id
        )
    )
    if row is None:
        raise UnknownBundle
    plain = keyring_of(session).open(
        row.sealed_contents, table="coupon_bundle", column="sealed_contents", row=row.id
    )
    contents = json.loads(plain)
    rows = {
        coupon.id: coupon
        for coupon in session.scalars(
            select(Coupon).where(Coupon.id.in_([UUID(each[0]) for each in contents["coupons"]]))
        )
    }
    coupons = tuple(
        PrintedCoupon(UUID(coupon_id), code, token, state(rows[UUID(coupon_id)]))
        for coupon_id, code, token in contents["coupons"]
    )
    return Bundle(
        row.id, row.programme_id, row.site_id, UUID(contents["holder"]), row.issued_on, coupons
    )


def bundle_of(session: Session, holder_id: UUID) -> UUID | None:
    """The bundle a participant was given, if any."""
    return session.scalar(
        select(CouponBundle.id).where(
            CouponBundle.holder_digest == holder_digest(keyring_of(session), holder_id)
        )
    )


def with_bundle(session: Session, holder_ids: Sequence[UUID]) -> set[UUID]:
    """Those among some participants who were given their coupons."""
    keyring = keyring_of(session)
    holders = {holder_digest(keyring, each): each for each in holder_ids}
    found = select(CouponBundle.holder_digest).where(CouponBundle.holder_digest.in_(holders))
    return {holders[digest] for digest in session.scalars(found)}


def came_back(session: Session, holder_id: UUID) -> int | None:
    """How many of a participant's coupons were redeemed; None when she was given none.

    All that a recruiter may be told: never which, by whom or when.
    """
    row = session.scalar(
        select(CouponBundle).where(
            CouponBundle.holder_digest == holder_digest(keyring_of(session), holder_id)
        )
    )
    if row is None:
        return None
    hers = bundle(session, row.id, programme_id=row.programme_id).coupons
    return sum(each.state.status is CouponStatus.REDEEMED for each in hers)


def listed(session: Session, programme_id: UUID, *, since: date) -> dict[Dated, list[str]]:
    """The tokens of coupons that live, or ended or expired on or after a day: what a desk has to tell apart.

    They are together by what they have in common, and in no order: three of a bundle do not lie beside each other.
    """
    # Read as the database keeps them and past the ORM: three values of twenty thousand rows cost more to convert than to find.
    rows = (
        session.connection()
        .execute(
            select(
                type_coerce(Coupon.id, String),
                type_coerce(Coupon.status, String),
                type_coerce(Coupon.usable_from, String),
                type_coerce(Coupon.usable_until, String),
            ).where(
                Coupon.programme_id == programme_id,
                or_(
                    (Coupon.status == CouponStatus.ISSUED) & (Coupon.usable_until >= since),
                    (Coupon.status != CouponStatus.ISSUED) & (Coupon.status_on >= since),
                ),
            )
        )
        .all()
    )
    wanted = {hex_of(coupon_id): (status, first, last) for coupon_id, status, first, last in rows}
    if not wanted:
        return {}
    found: dict[tuple[str, object, object], list[str]] = {each: [] for each in wanted.values()}
    dated = {each: _dated(*each) for each in found}
    # A coupon can be used soon after its bundle was issued: no older bundle holds one of these.
    oldest = min(each.usable_from for each in dated.values()) - timedelta(days=LONGEST_DAYS)
    sealed = session.connection().execute(
        select(type_coerce(CouponBundle.id, String), CouponBundle.sealed_contents).where(
            CouponBundle.programme_id == programme_id, CouponBundle.issued_on >= oldest
        )
    )
    plain = keyring_of(session).open_all(
        sealed.all(), table="coupon_bundle", column="sealed_contents"
    )
    for contents in json.loads(b"[%b]" % b",".join(plain)):
        for coupon_id, _code, token in contents["coupons"]:
            if coupon_id in wanted:
                found[wanted[coupon_id]].append(token)
    for tokens in found.values():
        tokens.sort()  # they are random, so their own order tells nothing
    return {dated[each]: tokens for each, tokens in found.items()}


def _dated(status: str, usable_from: object, usable_until: object) -> Dated:
    """From what a database gives: an embedded one keeps days as text."""
    first, last = (date.fromisoformat(str(day)) for day in (usable_from, usable_until))
    return Dated(CouponStatus(status), first, last)


def open_origin(keyring: Keyring, coupon_id: UUID, sealed: bytes) -> CouponOrigin:
    plain = keyring.open(sealed, table="coupon", column="sealed_origin", row=coupon_id)
    bundle, recruiter, chain, wave, number, code = json.loads(plain)
    return CouponOrigin(UUID(bundle), UUID(recruiter), UUID(chain), wave, number, code)


def open_origins(keyring: Keyring, rows: Iterable[tuple[UUID | str, bytes]]) -> OriginColumns:
    """The origins of many coupons at a quarter of the cost of one after another."""
    plain = keyring.open_all(rows, table="coupon", column="sealed_origin")
    opened = json.loads(b"[%b]" % b",".join(plain))
    return OriginColumns(*([each[part] for each in opened] for part in range(3)))


def seal_origin(keyring: Keyring, coupon_id: UUID, origin: CouponOrigin) -> bytes:
    ids = [origin.bundle_id.hex, origin.recruiter_id.hex, origin.chain_id.hex]
    plain = json.dumps([*ids, origin.wave, origin.number, origin.code]).encode()
    return keyring.seal(plain, table="coupon", column="sealed_origin", row=coupon_id)


def digest_of(keyring: Keyring, scanned: Code | Token) -> bytes:
    """What the database keeps of a code or a token."""
    if isinstance(scanned, Code):
        return code_digest(keyring, scanned)
    return token_digest(keyring, scanned)


def code_digest(keyring: Keyring, code: Code) -> bytes:
    return keyring.digest("coupon-code", code.digits)


def token_digest(keyring: Keyring, token: Token) -> bytes:
    return keyring.digest("coupon-token", token.text)


def reserved_digest(keyring: Keyring, scanned: Code | Token) -> bytes:
    """What the database keeps of a code or a token while it is on a pad that is nobody's."""
    if isinstance(scanned, Code):
        return keyring.digest("pad-code", scanned.digits)
    return keyring.digest("pad-token", scanned.text)


def holder_digest(keyring: Keyring, holder_id: UUID) -> bytes:
    return keyring.digest("bundle-holder", holder_id.hex)
