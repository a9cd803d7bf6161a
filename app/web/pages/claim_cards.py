"""Someone's own card: given with a PIN she types herself, printed the same day, replaced when it is lost."""

from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, Request, Response

from app.core.clock import local_date
from app.core.db import Database
from app.core.errors import DomainError
from app.core.i18n import N_, translations
from app.core.ids import tag_of
from app.domain.claims import actions
from app.domain.claims import queries as claims
from app.domain.claims.errors import PinsDiffer, UnknownClaimCard
from app.domain.claims.rules import LONGEST_PIN, SHORTEST_PIN
from app.domain.participants import queries as participants
from app.domain.participants.rules import Standing
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.printing.claim_card import ClaimCardFace, claim_card_pdf
from app.web.deps import Db, Now, allowed
from app.web.flash import done
from app.web.problems import STATUS
from app.web.templating import render
from app.web.wording import words_of

router = APIRouter(prefix="/desk/visits/{participant_id}/card", include_in_schema=False)
Payer = Annotated[Actor, Depends(allowed(Permission.PAY_STIPEND))]
Pin = Annotated[str, Form(max_length=20)]

TITLE = N_("Card")
LINE = N_("My card. Please bring it along when you come.")


@router.get("")
def show_card(request: Request, db: Db, now: Now, actor: Payer, participant_id: UUID) -> Response:
    return _page(request, db, now, actor, participant_id)


@router.post("")
def give(
    request: Request,
    db: Db,
    now: Now,
    actor: Payer,
    participant_id: UUID,
    card_id: Annotated[UUID, Form()],
    pin: Pin = "",
    pin_again: Pin = "",
) -> Response:
    """Give her a card, or another one in place of the one she lost; sending the form again gives no second one."""
    try:
        _check_same(pin, pin_again)
        with db.transaction() as session:
            actions.give_card(session, participant_id, pin, card_id=card_id, by=actor, now=now)
    except DomainError as problem:
        return _page(request, db, now, actor, participant_id, problem=problem)
    return _done(participant_id, "own_card_given")


@router.post("/pin")
def choose_pin(
    request: Request,
    db: Db,
    now: Now,
    actor: Payer,
    participant_id: UUID,
    pin: Pin = "",
    pin_again: Pin = "",
    uic: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    try:
        _check_same(pin, pin_again)
        with db.transaction() as session:
            actions.set_pin(
                session, participant_id, pin, uic=uic.strip() or None, by=actor, now=now
            )
    except DomainError as problem:
        return _page(request, db, now, actor, participant_id, pin_problem=problem)
    return _done(participant_id, "pin_set")


@router.post("/end")
def end(db: Db, now: Now, actor: Payer, participant_id: UUID) -> Response:
    with db.transaction() as session:
        actions.end_card(session, participant_id, by=actor, now=now)
    return _done(participant_id, "own_card_ended")


@router.get("/sheet.pdf")
def print_card(db: Db, now: Now, actor: Payer, participant_id: UUID) -> Response:
    """Her card to print and cut, on the day it was given. Raises: UnknownClaimCard."""
    with db.snapshot() as session:
        person = participants.participant(session, participant_id, programme_id=actor.programme_id)
        site = programmes.site(session, person.site_id)
        programme = programmes.programme(session, actor.programme_id)
        card = claims.card_of(session, participant_id)
        if card is None or card.given_on != local_date(now, site.timezone):
            raise UnknownClaimCard
        names = claims.names_of(session, card.id, programme_id=actor.programme_id)
    first = programme.languages[0]
    face = ClaimCardFace(
        language=first,
        organisation=site.name.get(first, programme.name),
        address=site.address.get(first, ""),
        phone=site.phone,
        title=translations(first).gettext(TITLE),
        lines=tuple(
            dict.fromkeys(translations(each).gettext(LINE) for each in programme.languages)
        ),
        qr_text=names.token,
        digits=names.digits,
    )
    headers = {"Content-Disposition": 'inline; filename="card.pdf"'}
    return Response(claim_card_pdf(face), media_type="application/pdf", headers=headers)


def _page(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    participant_id: UUID,
    *,
    problem: DomainError | None = None,
    pin_problem: DomainError | None = None,
) -> Response:
    with db.snapshot() as session:
        person = participants.participant(session, participant_id, programme_id=actor.programme_id)
        card = claims.card_of(session, participant_id)
        site = programmes.site(session, person.site_id)
        is_new = card is not None and card.given_on == local_date(now, site.timezone)
        names = None
        if card and is_new:
            names = claims.names_of(session, card.id, programme_id=actor.programme_id)
    refusal = problem or pin_problem
    context = {
        "person": person,
        "tag": tag_of(participant_id),
        "card": card,
        "names": names,
        "card_id": uuid4(),
        "problem": words_of(problem) if problem else "",
        "pin_problem": words_of(pin_problem) if pin_problem else "",
        "shortest": SHORTEST_PIN,
        "longest": LONGEST_PIN,
        "may_have": person.standing in (Standing.ARRIVED, Standing.ENROLLED),
        "knows_no_code": actor.may(Permission.END_COUPON),
    }
    status = STATUS[refusal.kind] if refusal else 200
    return render(request, "claim_card.html", context, status=status)


def _check_same(pin: str, pin_again: str) -> None:
    if pin.strip() != pin_again.strip():
        raise PinsDiffer


def _done(participant_id: UUID, said: str) -> Response:
    return done(f"/desk/visits/{participant_id}/card", said)
