import re
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response

from app.core.db import Database
from app.core.errors import DomainError
from app.core.ids import tag_of
from app.domain.conflicts.actions import decide_conflict, decide_duplicate
from app.domain.conflicts.queries import (
    decided_alike,
    decided_conflicts,
    open_alike,
    open_conflicts,
)
from app.domain.conflicts.rules import Decision
from app.domain.participants.rules import SamePerson
from app.domain.programmes.queries import sites
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web import vocabulary
from app.web.deps import Db, Now, allowed
from app.web.flash import done
from app.web.problems import STATUS
from app.web.templating import render

router = APIRouter(prefix="/conflicts", include_in_schema=False)

_NAMED_ITSELF = re.compile(r"[0-9a-f]{32}")

Decider = Annotated[Actor, Depends(allowed(Permission.DECIDE_CONFLICT))]


@router.get("")
def show_conflicts(request: Request, db: Db, actor: Decider) -> Response:
    """Two people and one coupon, or one code: what waits for a decision, and what was decided."""
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
    return done("/conflicts", "conflict_decided")


@router.post("/people/{participant_id}")
def decide_who(
    request: Request,
    db: Db,
    now: Now,
    actor: Decider,
    participant_id: UUID,
    decision: Annotated[SamePerson, Form()],
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Whether someone who came while nobody could ask her is the one with the same code."""
    try:
        with db.transaction() as session:
            decide_duplicate(session, participant_id, decision, reason=reason, by=actor, now=now)
    except DomainError as problem:
        return _page(request, db, actor, problem=problem, about=participant_id)
    return done("/conflicts", "conflict_decided")


def device_name(device_id: str | None) -> str:
    """What a device goes by: its label, or the beginning of the random name a browser gave itself."""
    return device_id[:8] if device_id and _NAMED_ITSELF.fullmatch(device_id) else device_id or ""


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
            "alike": open_alike(session, actor.programme_id),
            "decided": decided_conflicts(session, actor.programme_id),
            "decided_alike": decided_alike(session, actor.programme_id),
            "places": {place.id: place for place in sites(session, actor.programme_id)},
            "problem": problem.code if problem else None,
            "about": about,
            "device_name": device_name,
            "tag_of": tag_of,
            "words": vocabulary,
        }
    status = STATUS[problem.kind] if problem else 200
    return render(request, "conflicts.html", context, status=status)
