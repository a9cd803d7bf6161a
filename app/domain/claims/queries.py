import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.claim_names import ClaimCode, ClaimToken
from app.core.crypto import Keyring, keyring_of
from app.core.money import Money
from app.domain.claims.errors import UnknownClaimCard
from app.domain.claims.models import ClaimCard, ClaimMiss
from app.domain.claims.rules import MISSES_AN_HOUR, WRONG_PINS_MOST, CardState
from app.domain.stipends.models import LedgerEntry
from app.domain.stipends.queries import accounts_of
from app.domain.stipends.rules import Account

SHORTEST_MARK = 32


@dataclass(frozen=True)
class CardFacts:
    """A card in use, as the desk sees it: never its digits."""

    id: UUID
    participant_id: UUID
    given_on: date
    wrong_pins: int

    @property
    def is_locked(self) -> bool:
        return self.wrong_pins >= WRONG_PINS_MOST


@dataclass(frozen=True)
class Names:
    """What is printed on a card; in no ``repr``."""

    digits: str = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True)
class OnItsWay:
    amount: Money
    since: date


def card_of(session: Session, participant_id: UUID) -> CardFacts | None:
    """The card someone has in use."""
    row = session.scalar(
        select(ClaimCard).where(
            ClaimCard.participant_id == participant_id, ClaimCard.state == CardState.ACTIVE
        )
    )
    return CardFacts(row.id, row.participant_id, row.given_on, row.wrong_pins) if row else None


def names_of(session: Session, card_id: UUID, *, programme_id: UUID) -> Names:
    """What to print on a card in use. Raises: UnknownClaimCard."""
    row = session.get(ClaimCard, card_id)
    if row is None or row.programme_id != programme_id or row.sealed_names is None:
        raise UnknownClaimCard
    return open_names(keyring_of(session), row.id, row.sealed_names)


def open_names(keyring: Keyring, card_id: UUID, sealed: bytes) -> Names:
    plain = keyring.open(sealed, table="claim_card", column="sealed_names", row=card_id)
    return Names(*json.loads(plain))


def seal_names(keyring: Keyring, card_id: UUID, names: Names) -> bytes:
    plain = json.dumps([names.digits, names.token]).encode()
    return keyring.seal(plain, table="claim_card", column="sealed_names", row=card_id)


def name_digest(keyring: Keyring, name: ClaimCode | ClaimToken) -> bytes:
    if isinstance(name, ClaimCode):
        return keyring.digest("claim-code", name.digits)
    return keyring.digest("claim-token", name.text)


def pin_digest(keyring: Keyring, card_id: UUID, pin: str) -> bytes:
    """What is kept of a PIN: without the key, ten thousand of them cannot be tried."""
    return keyring.digest("claim-pin", card_id.hex, pin)


def is_known(session: Session, name: ClaimCode | ClaimToken, *, programme_id: UUID) -> bool:
    """Whether a card of the programme ever had this name, in use or not."""
    return row_of(session, name, programme_id=programme_id) is not None


def row_of(
    session: Session,
    name: ClaimCode | ClaimToken,
    *,
    programme_id: UUID,
    for_update: bool = False,
) -> ClaimCard | None:
    column = ClaimCard.code_digest if isinstance(name, ClaimCode) else ClaimCard.token_digest
    wanted = select(ClaimCard).where(
        column == name_digest(keyring_of(session), name), ClaimCard.programme_id == programme_id
    )
    if for_update:
        wanted = wanted.with_for_update().execution_options(populate_existing=True)
    return session.scalar(wanted)


def has_tries_left(session: Session, site_id: UUID, *, now: datetime) -> bool:
    """Whether cards may still be tried at a site this hour."""
    misses = session.scalar(
        select(ClaimMiss.misses).where(ClaimMiss.site_id == site_id, ClaimMiss.hour == hour_of(now))
    )
    return (misses or 0) < MISSES_AN_HOUR


def hour_of(now: datetime) -> datetime:
    return now - timedelta(minutes=now.minute, seconds=now.second, microseconds=now.microsecond)


def on_its_way(session: Session, participant_id: UUID, *, currency: str) -> OnItsWay | None:
    """What was sent to someone and nobody has confirmed yet; None when there is nothing."""
    accounts = list(accounts_of(session, participant_id))
    mine = LedgerEntry.holder_digest.in_(accounts)
    sent, since = session.execute(
        select(func.sum(LedgerEntry.amount_minor), func.max(LedgerEntry.entered_on)).where(
            mine, LedgerEntry.credit == Account.CLEARING
        )
    ).one()
    ended = session.scalar(
        select(func.sum(LedgerEntry.amount_minor)).where(
            mine, LedgerEntry.debit == Account.CLEARING
        )
    )
    minor = int(sent or 0) - int(ended or 0)
    return OnItsWay(Money(minor, currency), since) if minor > 0 else None


def claim_mark(
    session: Session, participant_id: UUID, *, how: str, staff_id: UUID, on: date
) -> str:
    """Proof that someone showed her card or said her code to a member of staff that day.

    It goes with the address of her payment page; nobody else can make one, and tomorrow it is worth nothing.
    """
    parts = (participant_id.hex, how, staff_id.hex, on.isoformat())
    return keyring_of(session).digest("claimed-with", *parts).hex()[:SHORTEST_MARK]
