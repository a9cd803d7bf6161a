"""Pads by what is printed on them, and what became of the batches."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ScalarSelect, Select, func, select
from sqlalchemy.orm import Session

from app.core.codes import Code, Token
from app.core.crypto import Keyring, keyring_of
from app.domain.coupons.models import Coupon, ReservedCoupon
from app.domain.coupons.queries import names, reserved_digest
from app.domain.pads.errors import PadAlreadyGiven, UnknownBatch, UnknownPad
from app.domain.pads.models import CouponPad, PadBatch
from app.domain.pads.rules import PadStatus

Name = tuple[Code, Token]


@dataclass(frozen=True)
class Promise:
    """Whose a pad will be once she may have coupons, which of its cards she took, when, and from whom."""

    holder_id: UUID
    codes: tuple[str, ...]
    on: date
    by: UUID


@dataclass(frozen=True)
class Contents:
    """What the seal of a pad hides."""

    names: tuple[Name, ...]
    promise: Promise | None = None


@dataclass(frozen=True)
class BatchFacts:
    """A batch and what became of its pads. ``pads`` were asked for, ``by_status`` are those there are."""

    id: UUID
    site_id: UUID
    pads: int
    cards: int
    run_id: UUID | None
    requested_by: UUID
    requested_at: datetime
    printed_at: datetime | None
    stopped_at: datetime | None
    by_status: dict[PadStatus, int]

    def count(self, status: PadStatus) -> int:
        return self.by_status.get(status, 0)


def lock(session: Session, scanned: Code | Token, *, programme_id: UUID) -> CouponPad:
    """The pad that one of its cards names, held until commit.

    Raises:
        UnknownPad: there is none, or its sheets were never taken away.
        PadAlreadyGiven: it is a card of someone's bundle.
    """
    row = session.scalar(
        select(CouponPad)
        .where(
            CouponPad.id == _pad_of(keyring_of(session), scanned),
            CouponPad.programme_id == programme_id,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        if session.scalar(select(Coupon.id).where(names(session, scanned))) is not None:
            raise PadAlreadyGiven
        raise UnknownPad
    if session.scalar(select(PadBatch.printed_at).where(PadBatch.id == row.batch_id)) is None:
        raise UnknownPad
    return row


def promised_to(session: Session, holder_id: UUID) -> CouponPad | None:
    """The pad that someone holds who may not have coupons yet, held until commit."""
    return session.scalar(
        select(CouponPad)
        .where(CouponPad.promised_digest == promised_digest(keyring_of(session), holder_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def is_promised_one(session: Session, holder_id: UUID) -> bool:
    """Whether someone holds a pad that is not hers yet."""
    digest = promised_digest(keyring_of(session), holder_id)
    found = select(CouponPad.id).where(CouponPad.promised_digest == digest)
    return session.scalar(found) is not None


def status_of(session: Session, scanned: Code | Token) -> tuple[UUID, PadStatus] | None:
    """The programme and the state of the printed pad that a card is of; None when it is of none."""
    found = session.execute(
        select(CouponPad.programme_id, CouponPad.status)
        .join(PadBatch, PadBatch.id == CouponPad.batch_id)
        .where(
            CouponPad.id == _pad_of(keyring_of(session), scanned), PadBatch.printed_at.is_not(None)
        )
    ).first()
    return (found.programme_id, found.status) if found else None


def size_of(session: Session, scanned: Code | Token) -> int | None:
    """How many cards the pad was printed with that a card is of; None when it is of none."""
    pad = _pad_of(keyring_of(session), scanned)
    return session.scalar(select(CouponPad.size).where(CouponPad.id == pad))


def has_blanks(session: Session, programme_id: UUID) -> bool:
    """Whether there is a pad that can be given to someone."""
    return session.scalar(_printed_blanks(programme_id).limit(1)) is not None


def blanks(session: Session, programme_id: UUID) -> list[tuple[int, list[Token]]]:
    """Every pad that can be given to someone: how many cards it has, and their tokens from the top."""
    found = _printed_blanks(programme_id).order_by(CouponPad.id)
    rows = session.execute(found.with_only_columns(CouponPad.id, CouponPad.sealed_contents))
    plain = keyring_of(session).open_all(
        [(row.id, row.sealed_contents) for row in rows],
        table="coupon_pad",
        column="sealed_contents",
    )
    pads = [[Token(token) for _, token in json.loads(each)["coupons"]] for each in plain]
    return [(len(tokens), tokens) for tokens in pads]


def batch(session: Session, batch_id: UUID, *, programme_id: UUID) -> BatchFacts:
    """Raises: UnknownBatch."""
    row = session.scalar(_batches(programme_id).where(PadBatch.id == batch_id))
    if row is None:
        raise UnknownBatch
    return _facts(session, [row])[0]


def batches(session: Session, programme_id: UUID, *, most: int = 50) -> list[BatchFacts]:
    """The newest batches first."""
    found = _batches(programme_id).order_by(PadBatch.requested_at.desc(), PadBatch.id).limit(most)
    return _facts(session, list(session.scalars(found)))


def lock_batch(session: Session, batch_id: UUID, *, programme_id: UUID) -> PadBatch:
    """The row of a batch, held until commit. Raises: UnknownBatch."""
    row = session.scalar(
        _batches(programme_id)
        .where(PadBatch.id == batch_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise UnknownBatch
    return row


def to_print(session: Session, batch_id: UUID) -> list[tuple[Name, ...]]:
    """The cards of each pad of a batch that is nobody's, pad after pad."""
    rows = session.execute(
        select(CouponPad.id, CouponPad.sealed_contents)
        .where(CouponPad.batch_id == batch_id, CouponPad.status == PadStatus.BLANK)
        .order_by(CouponPad.id)
    )
    keyring = keyring_of(session)
    return [open_contents(keyring, row.id, row.sealed_contents).names for row in rows]


def reserved(session: Session, batch_id: UUID) -> int:
    """How many pads of a batch have their codes already."""
    count = select(func.count()).select_from(CouponPad).where(CouponPad.batch_id == batch_id)
    return session.scalar(count) or 0


def promised_digest(keyring: Keyring, holder_id: UUID) -> bytes:
    return keyring.digest("pad-promise", holder_id.hex)


def open_contents(keyring: Keyring, pad_id: UUID, sealed: bytes) -> Contents:
    plain = json.loads(
        keyring.open(sealed, table="coupon_pad", column="sealed_contents", row=pad_id)
    )
    found = tuple((Code(code), Token(token)) for code, token in plain["coupons"])
    if "promise" not in plain:
        return Contents(found)
    holder, codes, on, by = plain["promise"]
    return Contents(found, Promise(UUID(holder), tuple(codes), date.fromisoformat(on), UUID(by)))


def seal_contents(keyring: Keyring, pad_id: UUID, contents: Contents) -> bytes:
    plain: dict[str, object] = {
        "coupons": [[code.digits, token.text] for code, token in contents.names]
    }
    if promise := contents.promise:
        by = [promise.on.isoformat(), promise.by.hex]
        plain["promise"] = [promise.holder_id.hex, list(promise.codes), *by]
    return keyring.seal(
        json.dumps(plain).encode(), table="coupon_pad", column="sealed_contents", row=pad_id
    )


def _pad_of(keyring: Keyring, scanned: Code | Token) -> ScalarSelect[UUID]:
    by_code = isinstance(scanned, Code)
    name = ReservedCoupon.code_digest if by_code else ReservedCoupon.token_digest
    found = select(ReservedCoupon.pad_id).where(name == reserved_digest(keyring, scanned))
    return found.scalar_subquery()


def _printed_blanks(programme_id: UUID) -> Select[UUID]:
    return (
        select(CouponPad.id)
        .join(PadBatch, PadBatch.id == CouponPad.batch_id)
        .where(
            CouponPad.programme_id == programme_id,
            CouponPad.status == PadStatus.BLANK,
            PadBatch.printed_at.is_not(None),
        )
    )


def _batches(programme_id: UUID) -> Select[PadBatch]:
    return select(PadBatch).where(PadBatch.programme_id == programme_id)


def _facts(session: Session, rows: list[PadBatch]) -> list[BatchFacts]:
    counts = session.execute(
        select(CouponPad.batch_id, CouponPad.status, func.count())
        .where(CouponPad.batch_id.in_([row.id for row in rows]))
        .group_by(CouponPad.batch_id, CouponPad.status)
    ).all()
    return [
        BatchFacts(
            row.id,
            row.site_id,
            row.pads,
            row.cards,
            row.run_id,
            row.requested_by,
            row.requested_at,
            row.printed_at,
            row.stopped_at,
            {status: count for batch_id, status, count in counts if batch_id == row.id},
        )
        for row in rows
    ]
