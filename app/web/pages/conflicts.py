from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from app.core.db import Database
from app.core.errors import DomainError
from app.domain.conflicts.actions import decide_conflict
from app.domain.conflicts.queries import decided_conflicts, open_conflicts
from app.domain.conflicts.rules import Decision
from app.domain.programmes.queries import sites
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web import vocabulary
from app.web.deps import Db, Now, allowed
from app.web.flash import flash
from app.web.problems import STATUS
from app.web.templating import render

router = APIRouter(prefix="/conflicts", include_in_schema=False)

Decider = Annotated[Actor, Depends(allowed(Permission.DECIDE_CONFLICT))]


@router.get("")
def show_conflicts(request: Request, db: Db, actor: Decider) -> Response:
    """Two people, one coupon: what waits for a decision, and what was decided."""
    return _page(request, db, actor)


@router.post("/{redemption_id}")
def decide(
    request: Request,
    db: Db,
    now: Now,
    actor: Decider,
    redemption_id: UUID,
    decision: Annotated[Decision, Form()],
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    try:
        with db.transaction() as session:
            decide_conflict(session, redemption_id, decision, reason=reason, by=actor, now=now)
    except DomainError as problem:
        return _page(request, db, actor, problem=problem, about=redemption_id)
    response = RedirectResponse("/conflicts", 303)
    flash(response, "conflict_decided")
    return response


def _page(
    request: Request,
    db: Database,
    actor: Actor,
    *,
    problem: DomainError | None = None,
    about: UUID | None = None,
) -> Response:
    with db.snapshot() as session:
        context = {
            "waiting": open_conflicts(session, actor.programme_id),
            "decided": decided_conflicts(session, actor.programme_id),
            "places": {place.id: place for place in sites(session, actor.programme_id)},
            "problem": problem.code if problem else None,
            "about": about,
            "words": vocabulary,
        }
    status = STATUS[problem.kind] if problem else 200
    return render(request, "conflicts.html", context, status=status)
