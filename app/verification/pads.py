"""Bundles on paper that were nobody's when they were printed."""

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import String, select, type_coerce
from sqlalchemy.orm import Session

from app.core.crypto import KeyProblem, Keyring, keyring_of
from app.domain.coupons import queries as coupons
from app.domain.coupons.models import Coupon, ReservedCoupon
from app.domain.pads import queries
from app.domain.pads.models import CouponPad
from app.domain.pads.queries import Contents
from app.domain.pads.rules import PadStatus


def given(session: Session) -> Iterator[str]:
    """The cards of a given pad are coupons of one bundle; those of any other pad are no coupons."""
    keyring = keyring_of(session)
    known = {
        row.code_digest: row
        for row in session.execute(select(Coupon.code_digest, Coupon.id, Coupon.sealed_origin))
    }
    for pad, status, contents in _opened(session, keyring):
        found = [
            row
            for code, _ in contents.names
            if (row := known.get(coupons.code_digest(keyring, code)))
        ]
        if status != PadStatus.GIVEN.value:
            if found:
                yield f"pad {pad} is {status}, but its cards are someone's coupons"
        elif not found:
            yield f"pad {pad} is given, but none of its cards is a coupon"
        elif len({_bundle(keyring, row.id, row.sealed_origin) for row in found} - {None}) > 1:
            yield f"the cards of pad {pad} are of several bundles"


def reserved(session: Session) -> Iterator[str]:
    """Every card of a pad is kept from being drawn again, and is on no other pad; a promise is to the one it is found by."""
    keyring = keyring_of(session)
    kept: dict[UUID, set[tuple[bytes, bytes]]] = defaultdict(set)
    for pad, *digests in session.execute(
        select(ReservedCoupon.pad_id, ReservedCoupon.code_digest, ReservedCoupon.token_digest)
    ):
        kept[pad].add((digests[0], digests[1]))
    promises = dict(_promises(session))
    seen: set[str] = set()
    for pad, _status, contents in _opened(session, keyring):
        names = {
            (coupons.reserved_digest(keyring, code), coupons.reserved_digest(keyring, token))
            for code, token in contents.names
        }
        if names != kept.pop(pad, set()):
            yield f"pad {pad} and what is kept of its cards do not say the same"
        codes = {code.digits for code, _ in contents.names}
        if seen & codes:
            yield f"a card of pad {pad} is on another pad too"
        seen |= codes
        holder = contents.promise and queries.promised_digest(keyring, contents.promise.holder_id)
        if promises.get(pad) != holder:
            yield f"pad {pad} is promised to another than it says"


def _promises(session: Session) -> Iterator[tuple[UUID, bytes]]:
    rows = select(CouponPad.id, CouponPad.promised_digest)
    for pad, digest in session.execute(rows.where(CouponPad.promised_digest.is_not(None))):
        if digest is not None:
            yield pad, digest


def _opened(session: Session, keyring: Keyring) -> Iterator[tuple[UUID, str, Contents]]:
    rows = session.execute(
        select(CouponPad.id, type_coerce(CouponPad.status, String), CouponPad.sealed_contents)
    )
    for pad, status, sealed in rows:
        try:
            yield pad, status, queries.open_contents(keyring, pad, sealed)
        except KeyProblem:  # told by the check of the seals
            continue


def _bundle(keyring: Keyring, coupon: UUID, sealed: bytes) -> UUID | None:
    try:
        return coupons.open_origin(keyring, coupon, sealed).bundle_id
    except KeyProblem:
        return None
