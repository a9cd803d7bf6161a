"""How someone wants to be paid, and whether she may be reminded: asked at the desk, kept sealed, removed whenever she likes."""

from typing import Annotated
from uuid import UUID

from babel import Locale
from fastapi import APIRouter, Depends, Request, Response

from app.core.db import Database
from app.core.errors import DomainError
from app.core.ids import tag_of
from app.domain.contacts import actions
from app.domain.contacts import queries as contacts
from app.domain.contacts.rules import masked
from app.domain.opt_outs.queries import has_opted_out
from app.domain.participants import queries as participants
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.stipends.rules import Method
from app.web import vocabulary
from app.web.deps import Db, Now, allowed
from app.web.flash import done
from app.web.forms import Entered, Fields, one_of, refill
from app.web.problems import STATUS
from app.web.templating import language_of, render
from app.web.wording import words_of

router = APIRouter(prefix="/desk/visits/{participant_id}/contact", include_in_schema=False)
Payer = Annotated[Actor, Depends(allowed(Permission.PAY_STIPEND))]


@router.get("")
def show_contact(request: Request, db: Db, actor: Payer, participant_id: UUID) -> Response:
    return _page(request, db, actor, participant_id)


@router.post("")
def keep(
    request: Request, db: Db, now: Now, actor: Payer, participant_id: UUID, entered: Fields
) -> Response:
    """Keep what she says now. An empty number leaves the one that is kept; removing it is a button of its own."""
    try:
        with db.transaction() as session:
            known = contacts.contact_of(session, participant_id)
            method = one_of(entered, "method", [each.value for each in Method])
            actions.keep_contact(
                session,
                participant_id,
                method=Method(method or Method.CASH),
                number=entered.get("number") or (known.msisdn if known else None),
                may_remind=entered.get("may_remind") == "yes",
                language=entered.get("language") or language_of(request),
                by=actor,
                now=now,
            )
    except DomainError as problem:
        return _page(request, db, actor, participant_id, problem=problem, entered=entered)
    return _back(participant_id, "contact_kept")


@router.post("/remove")
def remove(db: Db, now: Now, actor: Payer, participant_id: UUID) -> Response:
    with db.transaction() as session:
        actions.remove_contact(session, participant_id, by=actor, now=now)
    return _back(participant_id, "contact_removed")


def _page(
    request: Request,
    db: Database,
    actor: Actor,
    participant_id: UUID,
    *,
    problem: DomainError | None = None,
    entered: Entered | None = None,
) -> Response:
    with db.snapshot() as session:
        person = participants.participant(session, participant_id, programme_id=actor.programme_id)
        contact = contacts.contact_of(session, participant_id)
        programme = programmes.programme(session, actor.programme_id)
        has_stopped = bool(
            contact
            and contact.msisdn
            and has_opted_out(session, actor.programme_id, contact.msisdn)
        )
    context = {
        "person": person,
        "tag": tag_of(participant_id),
        "contact": contact,
        "number": masked(contact.msisdn) if contact and contact.msisdn else "",
        "has_stopped": has_stopped,
        "methods": vocabulary.METHODS,
        "language_names": {
            code: Locale(code).get_display_name(language_of(request))
            for code in programme.languages
        },
        "problem": problem,
        "problem_text": words_of(problem) if problem else "",
        "entered": refill(entered),
    }
    return render(request, "contact.html", context, status=STATUS[problem.kind] if problem else 200)


def _back(participant_id: UUID, said: str) -> Response:
    return done(f"/desk/visits/{participant_id}?step=stipend", said)
