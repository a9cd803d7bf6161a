"""Handing someone what she is owed: the payment, its receipt on paper or spoken, and giving back what had expired."""

from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from app.core.clock import local_date
from app.core.db import Database
from app.core.errors import DomainError
from app.core.i18n import N_, translations
from app.domain.answers import actions as answers
from app.domain.answers.queries import to_hand_over
from app.domain.appointments.actions import note_came
from app.domain.audit.errors import ReasonNeeded
from app.domain.expiry import actions as expiry
from app.domain.expiry.queries import expired_of
from app.domain.participants import queries as participants
from app.domain.payouts import queries as payouts
from app.domain.payouts.errors import UnknownPayout
from app.domain.programmes import queries as programmes
from app.domain.staff.errors import NotAllowed
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends.actions import pay_in_cash
from app.domain.stipends.queries import books_of
from app.domain.stipends.rules import receipt_text
from app.domain.visits.rules import Step
from app.web.claimed import claimed_with, may_restore
from app.web.deps import Db, Now, allowed
from app.web.desk_place import desk_site
from app.web.flash import done
from app.web.forms import Fields, identifier
from app.web.pages.visit import visit_page
from app.web.templating import language_of, render

router = APIRouter(prefix="/desk/visits/{participant_id}", include_in_schema=False)
Payer = Annotated[Actor, Depends(allowed(Permission.PAY_STIPEND))]

FIGURES = (
    N_("zero"),
    N_("one"),
    N_("two"),
    N_("three"),
    N_("four"),
    N_("five"),
    N_("six"),
    N_("seven"),
    N_("eight"),
    N_("nine"),
)


@router.post("/stipend")
def pay(
    request: Request, db: Db, now: Now, actor: Payer, participant_id: UUID, entered: Fields
) -> Response:
    """Hand her all she is owed; sending the form again pays nothing more."""
    payment_id = identifier(entered, "payment_id") or uuid4()
    proof = entered.get("claimed", "")
    try:
        with db.transaction() as session:
            place = desk_site(session, request, actor)
            books, _ = books_of(session, actor.programme_id, place.id, now=now)
            pay_in_cash(
                session,
                books,
                payment_id=payment_id,
                participant_id=participant_id,
                by=actor.staff_id,
                claimed_with=claimed_with(
                    session, participant_id, proof, actor, on=local_date(now, place.timezone)
                ),
            )
            note_came(session, participant_id, by=actor, now=now)
    except DomainError as problem:
        return _refused(request, db, now, actor, participant_id, problem, proof)
    return RedirectResponse(f"/desk/visits/{participant_id}?after=stipend&paid={payment_id}", 303)


@router.post("/collected")
def hand_over(
    request: Request,
    db: Db,
    now: Now,
    actor: Payer,
    participant_id: UUID,
    line_id: Annotated[UUID, Form()],
    claimed: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Note that she got the cash or voucher that lay ready for her; a second press shows the same receipt.

    Raises: UnknownPayout, also for what lies ready for someone else.
    """
    try:
        with db.transaction() as session:
            person = participants.participant(
                session, participant_id, programme_id=actor.programme_id
            )
            if payouts.payout_to(session, line_id, person.id) is None:
                raise UnknownPayout
            ready = to_hand_over(session, person.id, programme_id=actor.programme_id)
            for each in ready:
                if each.line_id == line_id:
                    answers.hand_over(session, each.batch_id, [line_id], by=actor, now=now)
            note_came(session, person.id, by=actor, now=now)
    except UnknownPayout:
        raise
    except DomainError as problem:
        return _refused(request, db, now, actor, participant_id, problem, claimed)
    return RedirectResponse(f"/desk/visits/{participant_id}?after=stipend&paid={line_id}", 303)


@router.get("/receipts/{payment_id}")
def show_receipt(
    request: Request, db: Db, actor: Payer, participant_id: UUID, payment_id: UUID
) -> Response:
    """A slip with a number, to print or to say. Raises: UnknownPayout, also for someone else's."""
    with db.snapshot() as session:
        participants.participant(session, participant_id, programme_id=actor.programme_id)
        payout = payouts.payout_to(session, payment_id, participant_id)
        if payout is None:
            raise UnknownPayout
        site = programmes.site(session, payout.site_id)
    language = language_of(request)
    context = {
        "participant_id": participant_id,
        "organisation": site.name.get(language) or next(iter(site.name.values())),
        "payout": payout,
        "number": receipt_text(payout.receipt),
        "spoken": spoken(receipt_text(payout.receipt), language),
    }
    return render(request, "receipt.html", context)


@router.post("/restore")
def restore(
    request: Request,
    db: Db,
    now: Now,
    actor: Payer,
    participant_id: UUID,
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Owe her again what had expired. Raises: NotAllowed."""
    if not may_restore(actor):
        raise NotAllowed(permission=Permission.END_COUPON.value)
    try:
        if not reason.strip():
            raise ReasonNeeded
        with db.transaction() as session:
            person = participants.participant(
                session, participant_id, programme_id=actor.programme_id
            )
            expired = [each.entry_id for each in expired_of(session, person.id)]
            books, _ = books_of(session, actor.programme_id, person.site_id, now=now)
            expiry.restore(session, books, expired, by=actor.staff_id, reason=reason.strip())
    except DomainError as problem:
        return _refused(request, db, now, actor, participant_id, problem)
    return done(f"/desk/visits/{participant_id}?step=stipend", "expired_restored")


def spoken(number: str, language: str) -> list[str]:
    """The figures of a number in words, group by group.

    >>> spoken("123 40", "en")
    ['one two three', 'four zero']
    """
    gettext = translations(language).gettext
    return [" ".join(gettext(FIGURES[int(each)]) for each in part) for part in number.split()]


def _refused(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    participant_id: UUID,
    problem: DomainError,
    claimed: str = "",
) -> Response:
    return visit_page(
        request,
        db,
        now,
        actor,
        participant_id,
        wanted=Step.STIPEND,
        problem=problem,
        claimed=claimed,
    )
