from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.db import Database
from app.core.errors import DomainError
from app.core.ids import tag_of
from app.domain.appointments import queries as appointments
from app.domain.appointments.actions import note_came
from app.domain.coupons.queries import read
from app.domain.participants import queries as participants
from app.domain.payouts import queries as payouts
from app.domain.payouts.queries import PayoutFacts
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.domain.visits import actions as visits
from app.domain.visits import queries as visit_queries
from app.domain.visits.rules import Progress, Step, next_step, openable, steps
from app.web import vocabulary
from app.web.api.bundles import print_sheet
from app.web.claimed import may_restore
from app.web.deps import Db, Now, allowed
from app.web.desk_place import desk_site
from app.web.flash import flash
from app.web.forms import Entered, Fields, refill
from app.web.problems import STATUS
from app.web.templating import render
from app.web.visit_facts import facts_of
from app.web.visit_steps import ENTER, Entry
from app.web.wording import words_of

router = APIRouter(prefix="/desk", include_in_schema=False)

Taker = Annotated[Actor, Depends(allowed(Permission.TAKE_IN))]
Issuer = Annotated[Actor, Depends(allowed(Permission.ISSUE_BUNDLE))]

# Where the page goes on after a step that may be left out.
PASSED = {Step.SERVICES: Step.SERVICES, Step.STIPEND: Step.STIPEND, Step.TRAINING: Step.STIPEND}

router.add_api_route("/bundles/{bundle_id}/sheet.pdf", print_sheet, methods=["GET"])


@router.get("/visits/{participant_id}")
def show_visit(
    request: Request,
    db: Db,
    now: Now,
    actor: Taker,
    participant_id: UUID,
    step: Annotated[Step | None, Query()] = None,
    after: Annotated[Step | None, Query()] = None,
    paid: Annotated[UUID | None, Query()] = None,
    claimed: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """Where a visit stands: the next step, one that was asked for, or the one after a step left out."""
    return visit_page(
        request,
        db,
        now,
        actor,
        participant_id,
        wanted=step,
        after=after,
        paid=paid,
        claimed=claimed,
    )


@router.post("/visits/{participant_id}/bundle")
def give_cards(request: Request, db: Db, now: Now, actor: Issuer, participant_id: UUID) -> Response:
    """Make her own three cards, once."""
    try:
        with db.transaction() as session:
            visits.give_bundle(session, participant_id, by=actor, now=now)
    except DomainError as problem:
        return visit_page(
            request, db, now, actor, participant_id, wanted=Step.BUNDLE, problem=problem
        )
    response = _go_on(participant_id, "step=bundle")
    flash(response, "cards_made")
    return response


@router.post("/visits/{participant_id}/pad")
def give_printed_cards(
    request: Request,
    db: Db,
    now: Now,
    actor: Issuer,
    participant_id: UUID,
    scanned: Annotated[str, Form(max_length=512)] = "",
) -> Response:
    """Make a printed pad her own, by any card of it."""
    try:
        with db.transaction() as session:
            visits.give_bundle(session, participant_id, by=actor, now=now, pad=read(scanned))
    except DomainError as problem:
        return visit_page(
            request, db, now, actor, participant_id, wanted=Step.BUNDLE, problem=problem
        )
    return _go_on(participant_id, "step=bundle")


@router.post("/visits/{participant_id}/{step}")
def enter(
    request: Request,
    db: Db,
    now: Now,
    actor: Taker,
    participant_id: UUID,
    step: Step,
    entered: Fields,
) -> Response:
    """Keep what was entered for a step, and go on to the next."""
    try:
        with db.transaction() as session:
            place = desk_site(session, request, actor)
            ENTER[step](Entry(session, participant_id, entered, place, actor, now))
            note_came(session, participant_id, by=actor, now=now)
    except DomainError as problem:
        return visit_page(
            request, db, now, actor, participant_id, wanted=step, problem=problem, entered=entered
        )
    after = PASSED.get(step)
    return _go_on(participant_id, f"after={after.value}" if after else "")


def visit_page(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    participant_id: UUID,
    *,
    wanted: Step | None = None,
    after: Step | None = None,
    paid: UUID | None = None,
    claimed: str = "",
    problem: DomainError | None = None,
    entered: Entered | None = None,
) -> Response:
    with db.snapshot() as session:
        person = participants.participant(session, participant_id, programme_id=actor.programme_id)
        how_far = visit_queries.progress(session, participant_id, programme_id=actor.programme_id)
        following = next_step(how_far, after=after)
        step = wanted if wanted in openable(how_far) else following
        place = desk_site(session, request, actor)
        today = local_date(now, place.timezone)
        context = {
            "person": person,
            "tag": tag_of(participant_id),
            "is_back": person.came_on < today,
            "how_far": how_far,
            "step": step.value,
            "steps": _steps(how_far, step),
            "names": vocabulary.STEPS,
            "following": following,
            "correct": visit_queries.correct_answers(session, participant_id),
            "items": len(visit_queries.knowledge_test()[1]),
            "receipt": _receipt(session, paid, participant_id),
            "claimed": claimed,
            "agreed": appointments.standing(session, participant_id),
            "today": today,
            "problem": problem,
            "problem_text": words_of(problem) if problem else "",
            "waits": participants.waits_for_decision(session, participant_id),
            "entered": refill(entered),
            "words": vocabulary,
            "may_pay": actor.may(Permission.PAY_STIPEND),
            "may_restore": may_restore(actor),
            "may_issue": actor.may(Permission.ISSUE_BUNDLE),
            **facts_of(step, session, person, today),
        }
    status = STATUS[problem.kind] if problem else 200
    return render(request, "visit.html", context, status=status)


def _steps(how_far: Progress, current: Step) -> list[tuple[Step, str, bool]]:
    """Each step with its state and whether it can be opened."""
    done, may_open = how_far.done(), openable(how_far)
    done[Step.STIPEND] &= Step.STIPEND in may_open
    order = steps(how_far)
    states = []
    for step in order:
        passed = order.index(step) < order.index(current) if current in order else False
        state = "done" if done[step] else "skipped" if passed else "waiting"
        states.append((step, state, step in may_open and step is not current))
    return states


def _receipt(session: Session, paid: UUID | None, participant_id: UUID) -> PayoutFacts | None:
    """The payment that was just made, if it was hers."""
    return payouts.payout_to(session, paid, participant_id) if paid else None


def _go_on(participant_id: UUID, query: str) -> RedirectResponse:
    address = f"/desk/visits/{participant_id}"
    return RedirectResponse(f"{address}?{query}" if query else address, 303)
