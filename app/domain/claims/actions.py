import hmac
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.claim_names import ClaimCode, ClaimToken, new_claim_code, new_claim_token
from app.core.clock import local_date
from app.core.crypto import keyring_of
from app.core.db import apart, put
from app.core.errors import DomainError
from app.domain.claims import queries
from app.domain.claims.errors import (
    NoClaimCard,
    NotHerCode,
    PinLocked,
    TooManyMisses,
    UnknownClaimCard,
    WrongPin,
)
from app.domain.claims.models import ClaimCard, ClaimMiss
from app.domain.claims.queries import CardFacts, Names
from app.domain.claims.rules import (
    WRONG_PINS_BY_TELEPHONE,
    WRONG_PINS_MOST,
    CardState,
    check_strong,
    read_pin,
)
from app.domain.participants.queries import lock, uic_digest
from app.domain.programmes import queries as programmes
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission

KEPT_HOURS = timedelta(days=2)


def give_card(
    session: Session, participant_id: UUID, pin: str, *, card_id: UUID, by: Actor, now: datetime
) -> CardFacts:
    """Give someone a card of her own with a PIN that she chose. A card she had before is no longer worth anything.

    Asking again under the same ``card_id`` gives back the same card.

    Raises:
        BadPin, WeakPin, UnknownParticipant.
    """
    chosen = read_pin(pin)
    check_strong(chosen)
    person = lock(session, participant_id, programme_id=by.programme_id)
    on = local_date(now, programmes.site(session, person.site_id).timezone)
    had = queries.card_of(session, participant_id)
    if had and had.id == card_id:
        return had
    if had:
        _end(session, participant_id, CardState.REPLACED, on)
    keyring, names = keyring_of(session), _free_names(session)
    put(
        session,
        ClaimCard,
        {
            "id": card_id,
            "programme_id": by.programme_id,
            "participant_id": participant_id,
            "code_digest": queries.name_digest(keyring, ClaimCode(names.digits)),
            "token_digest": queries.name_digest(keyring, ClaimToken(names.token)),
            "sealed_names": queries.seal_names(keyring, card_id, names),
            "pin_digest": queries.pin_digest(keyring, card_id, chosen),
            "wrong_pins": 0,
            "state": CardState.ACTIVE,
            "given_on": on,
        },
    )
    record_act(
        session, "claim_card.replaced" if had else "claim_card.given", participant_id, by, now
    )
    return CardFacts(card_id, participant_id, on, 0)


def set_pin(
    session: Session, participant_id: UUID, pin: str, *, uic: str | None, by: Actor, now: datetime
) -> None:
    """Let someone choose another PIN, which opens a locked card again.

    She says her own code first; who gave none, or forgot it, asks someone who looks after the coupons.

    Raises:
        BadPin, WeakPin, NoClaimCard, NotHerCode, UnknownParticipant.
    """
    chosen = read_pin(pin)
    check_strong(chosen)
    person = lock(session, participant_id, programme_id=by.programme_id)
    card = queries.card_of(session, participant_id)
    if card is None:
        raise NoClaimCard
    if not by.may(Permission.END_COUPON):
        said = uic_digest(session, by.programme_id, uic) if uic else None
        if said is None or said != person.uic_digest:
            raise NotHerCode
    session.execute(
        update(ClaimCard)
        .where(ClaimCard.id == card.id)
        .values(pin_digest=queries.pin_digest(keyring_of(session), card.id, chosen), wrong_pins=0)
    )
    record_act(session, "claim_card.pin_set", participant_id, by, now)


def end_card(session: Session, participant_id: UUID, *, by: Actor, now: datetime) -> bool:
    """Take someone's card out of use; tells whether she had one. Raises: UnknownParticipant."""
    person = lock(session, participant_id, programme_id=by.programme_id)
    on = local_date(now, programmes.site(session, person.site_id).timezone)
    if not _end(session, participant_id, CardState.ENDED, on):
        return False
    record_act(session, "claim_card.ended", participant_id, by, now)
    return True


def try_card(
    session: Session,
    name: ClaimCode | ClaimToken,
    pin: str,
    *,
    site_id: UUID,
    by: Actor,
    now: datetime,
) -> UUID | DomainError:
    """Whose card this is, when its PIN is right; otherwise the refusal, which is returned and not raised.

    A refusal must be committed: it counts, for the card and for the site.
    """
    if not queries.has_tries_left(session, site_id, now=now):
        return TooManyMisses()
    row = queries.row_of(session, name, programme_id=by.programme_id, for_update=True)
    if row is None or row.state is not CardState.ACTIVE:
        _count_miss(session, site_id, now)
        return UnknownClaimCard()
    if row.wrong_pins >= WRONG_PINS_MOST:
        return PinLocked()
    if row.pin_digest == queries.pin_digest(keyring_of(session), row.id, read_pin(pin)):
        row.wrong_pins = 0
        return row.participant_id
    row.wrong_pins += 1
    _count_miss(session, site_id, now)
    if row.wrong_pins < WRONG_PINS_MOST:
        return WrongPin(left=WRONG_PINS_MOST - row.wrong_pins)
    record_act(session, "claim_card.pin_locked", row.participant_id, by, now)
    return PinLocked()


def try_card_by_telephone(
    session: Session, digits: str, pin: str, *, programme_id: UUID
) -> UUID | None:
    """Whose card these digits are on, when the PIN is right; None for whatever is wrong, at the same cost to the database.

    By telephone a card takes fewer wrong PINs than at the desk, in one count with those of the desk: after that only the
    desk opens it. A wrong PIN must be committed, for it counts. ``digits`` are those of a claim card.
    """
    keyring = keyring_of(session)
    mine = (
        (ClaimCard.code_digest == queries.name_digest(keyring, ClaimCode(digits)))
        & (ClaimCard.programme_id == programme_id)
        & (ClaimCard.state == CardState.ACTIVE)
        & (ClaimCard.wrong_pins < WRONG_PINS_BY_TELEPHONE)
    )
    found = session.execute(
        select(ClaimCard.id, ClaimCard.participant_id, ClaimCard.pin_digest)
        .where(mine)
        .with_for_update()
    ).first()
    given = queries.pin_digest(keyring, found.id if found else UUID(int=0), pin)
    is_right = found is not None and hmac.compare_digest(found.pin_digest or b"", given)
    wrong_pins = 0 if is_right else ClaimCard.wrong_pins + 1
    session.execute(
        update(ClaimCard)
        .where(mine)
        .values(wrong_pins=wrong_pins)
        .execution_options(synchronize_session=False)
    )
    return found.participant_id if found and is_right else None


def forget_old_misses(session: Session, *, now: datetime) -> None:
    session.execute(delete(ClaimMiss).where(ClaimMiss.hour < now - KEPT_HOURS))


def _free_names(session: Session) -> Names:
    """Digits and a token that no card has. No coupon can have them: its check digit and its prefix are others."""
    keyring = keyring_of(session)
    while True:
        code, token = new_claim_code(), new_claim_token()
        taken = select(ClaimCard.id).where(
            (ClaimCard.code_digest == queries.name_digest(keyring, code))
            | (ClaimCard.token_digest == queries.name_digest(keyring, token))
        )
        if session.scalar(taken.limit(1)) is None:
            return Names(code.digits, token.text)


def _end(session: Session, participant_id: UUID, state: CardState, on: date) -> bool:
    ended = session.execute(
        update(ClaimCard)
        .where(ClaimCard.participant_id == participant_id, ClaimCard.state == CardState.ACTIVE)
        .values(state=state, ended_on=on, sealed_names=None, pin_digest=None)
    )
    return bool(ended.rowcount)  # type: ignore[attr-defined]


def _count_miss(session: Session, site_id: UUID, now: datetime) -> None:
    hour = queries.hour_of(now)
    more = (
        update(ClaimMiss)
        .where(ClaimMiss.site_id == site_id, ClaimMiss.hour == hour)
        .values(misses=ClaimMiss.misses + 1)
    )
    if session.execute(more).rowcount:  # type: ignore[attr-defined]
        return
    try:
        with apart(session) as alone:
            put(alone, ClaimMiss, {"site_id": site_id, "hour": hour, "misses": 1})
    except IntegrityError:  # the hour's first miss came twice at once
        session.execute(more)
