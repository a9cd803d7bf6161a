"""How people claim: cards and numbers that say the same wherever they are kept, and what two people gave up."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import String, func, select, type_coerce
from sqlalchemy.orm import Session

from app.core.claim_names import ClaimCode, ClaimToken, is_own
from app.core.codes import Code
from app.core.crypto import KeyProblem, Keyring, keyring_of
from app.domain.claims import queries as claims
from app.domain.claims.models import ClaimCard
from app.domain.claims.rules import CardState
from app.domain.contacts import queries as contacts
from app.domain.contacts.models import ContactNumber, ParticipantContact
from app.domain.coupons.models import Coupon
from app.domain.coupons.queries import code_digest
from app.domain.stipends.models import LedgerEntry
from app.domain.stipends.rules import Account
from app.domain.unclaimed.models import WriteOffRequest
from app.domain.unclaimed.rules import RequestState

_state = type_coerce(ClaimCard.state, String)


def cards(session: Session) -> Iterator[str]:
    """One card in use for each, found by the names that are printed on it, which are no coupon's."""
    keyring = keyring_of(session)
    coupons = set(session.scalars(select(Coupon.code_digest)))
    in_use: Counter[UUID] = Counter()
    rows = select(
        ClaimCard.id,
        ClaimCard.participant_id,
        ClaimCard.code_digest,
        ClaimCard.token_digest,
        ClaimCard.sealed_names,
        ClaimCard.pin_digest,
        _state,
    )
    for card, person, code, token, sealed, pin, state in session.execute(rows):
        if state != CardState.ACTIVE.value:
            if sealed is not None or pin is not None:
                yield f"card {card} is {state}, but its names or its PIN are still kept"
            continue
        in_use[person] += 1
        try:
            names = claims.open_names(keyring, card, sealed or b"")
        except KeyProblem:  # told by the check of the seals
            continue
        kept = (
            claims.name_digest(keyring, ClaimCode(names.digits)),
            claims.name_digest(keyring, ClaimToken(names.token)),
        )
        if kept != (code, token):
            yield f"card {card} is found by other names than are printed on it"
        if not is_own(names.digits) or code_digest(keyring, Code(names.digits)) in coupons:
            yield f"the digits of card {card} can be a coupon's"
    for person, number in in_use.items():
        if number > 1:
            yield f"participant {person} has {number} cards in use"


def numbers(session: Session) -> Iterator[str]:
    """Every telephone number is found again for the person who gave it, and for nobody else."""
    keyring = keyring_of(session)
    given: dict[UUID, bytes] = {}
    rows = select(
        ParticipantContact.participant_id,
        ParticipantContact.programme_id,
        ParticipantContact.sealed_msisdn,
        ParticipantContact.may_remind,
    )
    for person, programme, sealed, may_remind in session.execute(rows):
        if sealed is None:
            if may_remind:
                yield f"participant {person} is to be reminded without a number"
            continue
        try:
            msisdn = keyring.open(
                sealed, table=contacts.TABLE, column=contacts.COLUMN, row=person
            ).decode()
        except KeyProblem:  # told by the check of the seals
            continue
        given[person] = contacts.number_digest(session, programme, msisdn)
    found = defaultdict(list)
    for row, digest, sealed in session.execute(
        select(ContactNumber.id, ContactNumber.number_digest, ContactNumber.sealed_participant)
    ):
        holder = _holder(keyring, row, sealed)
        if holder:
            found[holder].append(digest)
    for person in given.keys() | found.keys():
        if found[person] != [given[person]] if person in given else found[person]:
            yield f"the number of participant {person} is found otherwise than it was given"


def write_offs(session: Session) -> Iterator[str]:
    """What was asked to be given up was approved by someone else, and all that was approved is given up."""
    approved: dict[UUID, int] = defaultdict(int)
    state = type_coerce(WriteOffRequest.state, String)
    rows = select(
        WriteOffRequest.id,
        WriteOffRequest.site_id,
        WriteOffRequest.amount_minor,
        WriteOffRequest.requested_by,
        WriteOffRequest.decided_by,
        state,
    )
    for request, site, minor, asked_by, decided_by, word in session.execute(rows):
        if asked_by == decided_by:
            yield f"request {request} was decided by whoever asked for it"
        if word == RequestState.APPROVED.value:
            approved[site] += minor
    booked = session.execute(
        select(LedgerEntry.site_id, func.sum(LedgerEntry.amount_minor))
        .where(
            type_coerce(LedgerEntry.debit, String) == Account.STIPENDS_UNCLAIMED.value,
            type_coerce(LedgerEntry.credit, String) == Account.WRITE_OFF.value,
        )
        .group_by(LedgerEntry.site_id)
    )
    given_up = {site: int(minor) for site, minor in booked}
    for site, minor in approved.items():
        if minor > given_up.get(site, 0):
            yield f"site {site} gave up {given_up.get(site, 0)}, but {minor} was approved"


def _holder(keyring: Keyring, row: UUID, sealed: bytes) -> UUID | None:
    try:
        plain = keyring.open(sealed, table="contact_number", column="sealed_participant", row=row)
    except KeyProblem:  # told by the check of the seals
        return None
    return UUID(bytes=plain)
