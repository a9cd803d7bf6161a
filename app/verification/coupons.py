"""Coupons and who came by them."""

import json
from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import String, func, select, type_coerce
from sqlalchemy.orm import Session

from app.core.codes import Code, Token
from app.core.crypto import KeyProblem, Keyring, keyring_of
from app.domain.coupons import queries as coupons
from app.domain.coupons.models import Coupon, CouponBundle
from app.domain.coupons.queries import CouponOrigin
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.models import Redemption
from app.domain.intake.rules import Outcome
from app.domain.participants.rules import Came
from app.verification.forest import placed

_accepted = type_coerce(Redemption.outcome, String) == Outcome.ACCEPTED.value


def redeemed(session: Session) -> Iterator[str]:
    was_accepted = (
        select(Redemption.id).where(Redemption.coupon_id == Coupon.id, _accepted).exists()
    )
    is_redeemed = type_coerce(Coupon.status, String) == CouponStatus.REDEEMED.value
    for coupon in session.scalars(select(Coupon.id).where(is_redeemed, ~was_accepted)):
        yield f"coupon {coupon} is redeemed, but no redemption of it was accepted"
    for coupon in session.scalars(select(Coupon.id).where(~is_redeemed, was_accepted)):
        yield f"coupon {coupon} has an accepted redemption, but is not redeemed"


def once(session: Session) -> Iterator[str]:
    twice = (
        select(Redemption.coupon_id)
        .where(_accepted)
        .group_by(Redemption.coupon_id)
        .having(func.count() > 1)
    )
    for coupon in session.scalars(twice):
        yield f"coupon {coupon} was accepted more than once"


def bundles(session: Session) -> Iterator[str]:
    """What is sealed in a bundle and in its coupons says the same, under the digests they are found by."""
    keyring = keyring_of(session)
    rows = {
        row.id: row
        for row in session.execute(
            select(Coupon.id, Coupon.code_digest, Coupon.token_digest, Coupon.sealed_origin)
        )
    }
    for bundle in session.execute(_BUNDLES):
        opened = _contents(keyring, bundle.id, bundle.sealed_contents)
        if opened is None:
            continue
        holder, contents = opened
        is_true = len(contents) == bundle.size
        is_true &= coupons.holder_digest(keyring, holder) == bundle.holder_digest
        for coupon_id, code, token in contents:
            row = rows.pop(coupon_id, None)
            is_true &= (
                row is not None
                and coupons.code_digest(keyring, Code(code)) == row.code_digest
                and coupons.token_digest(keyring, Token(token)) == row.token_digest
                and _is_of(keyring, row.id, row.sealed_origin, bundle.id, holder)
            )
        if not is_true:
            yield f"bundle {bundle.id} and its coupons do not say the same"
    if rows:
        yield f"{len(rows)} coupons are in no bundle"


def holders(session: Session) -> Iterator[str]:
    keyring = keyring_of(session)
    held = Counter(
        opened[0]
        for bundle in session.execute(_BUNDLES)
        if (opened := _contents(keyring, bundle.id, bundle.sealed_contents))
    )
    for holder, count in held.items():
        if count > 1:
            yield f"participant {holder} has {count} bundles"


def recruits(session: Session) -> Iterator[str]:
    keyring, people = keyring_of(session), placed(session)
    came_by = {}
    rows = session.execute(
        select(Redemption.participant_id, Coupon.id, Coupon.sealed_origin)
        .join(Coupon, Coupon.id == Redemption.coupon_id)
        .where(_accepted)
    )
    for participant, coupon, sealed in rows:
        if origin := _origin(keyring, coupon, sealed):
            came_by[participant] = origin
    for person, place in people.items():
        coupon_origin = came_by.pop(person, None)
        if place.came != Came.RECRUIT.value:
            if coupon_origin:
                yield f"participant {person} came by a coupon, but is no recruit"
        elif coupon_origin is None:
            yield f"participant {person} is a recruit, but came by no coupon"
        elif place.origin and (place.origin.recruiter_id, place.origin.chain_id) != (
            coupon_origin.recruiter_id,
            coupon_origin.chain_id,
        ):
            yield f"participant {person} came by a coupon of another than her recruiter"


_BUNDLES = select(
    CouponBundle.id, CouponBundle.holder_digest, CouponBundle.sealed_contents, CouponBundle.size
)


def _contents(
    keyring: Keyring, bundle: UUID, sealed: bytes
) -> tuple[UUID, list[tuple[UUID, str, str]]] | None:
    try:
        plain = keyring.open(sealed, table="coupon_bundle", column="sealed_contents", row=bundle)
    except KeyProblem:
        return None
    contents = json.loads(plain)
    return UUID(contents["holder"]), [
        (UUID(c), code, token) for c, code, token in contents["coupons"]
    ]


def _origin(keyring: Keyring, coupon: UUID, sealed: bytes) -> CouponOrigin | None:
    try:
        return coupons.open_origin(keyring, coupon, sealed)
    except KeyProblem:
        return None


def _is_of(keyring: Keyring, coupon: UUID, sealed: bytes, bundle: UUID, holder: UUID) -> bool:
    origin = _origin(keyring, coupon, sealed)
    return origin is None or (origin.bundle_id, origin.recruiter_id) == (bundle, holder)
