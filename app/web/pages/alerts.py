"""Someone's own telephone, on which she is called to the pages: hers to change and to remove, shown to nobody else."""

from typing import Annotated

from babel import Locale
from fastapi import APIRouter, Depends, Form, Request, Response

from app.core.db import Database
from app.core.errors import DomainError
from app.domain.alerts import actions, queries
from app.domain.alerts.rules import NEEDED, AlertKind, kinds_for
from app.domain.contacts.rules import masked
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.web import vocabulary
from app.web.deps import Db, Now, allowed
from app.web.flash import done
from app.web.problems import STATUS
from app.web.templating import language_of, render
from app.web.wording import words_of

router = APIRouter(prefix="/messages/alerts", include_in_schema=False)
_CALLED = sorted(frozenset().union(*NEEDED.values()))
Called = Annotated[Actor, Depends(allowed(*_CALLED))]


@router.get("")
def show_alerts(request: Request, db: Db, actor: Called) -> Response:
    return _page(request, db, actor)


@router.post("")
def keep(
    request: Request,
    db: Db,
    now: Now,
    actor: Called,
    number: Annotated[str, Form(max_length=60)] = "",
    language: Annotated[str, Form(max_length=10)] = "",
    kind: Annotated[list[AlertKind], Form()] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Keep one's own number and what to be called for. An empty number leaves the one that is kept."""
    try:
        with db.transaction() as session:
            actions.keep_number(
                session,
                number=number.strip() or None,
                kinds=kind,
                language=language or language_of(request),
                by=actor,
                now=now,
            )
    except DomainError as problem:
        return _page(request, db, actor, problem=problem, chosen=frozenset(kind), spoken=language)
    return done("/messages/alerts", "alert_number_kept")


@router.post("/remove")
def remove(db: Db, now: Now, actor: Called) -> Response:
    with db.transaction() as session:
        actions.remove_number(session, by=actor, now=now)
    return done("/messages/alerts", "alert_number_removed")


def _page(
    request: Request,
    db: Database,
    actor: Actor,
    *,
    problem: DomainError | None = None,
    chosen: frozenset[AlertKind] | None = None,
    spoken: str = "",
) -> Response:
    with db.snapshot() as session:
        own = queries.number_of(session, actor.staff_id)
        programme = programmes.programme(session, actor.programme_id)
    reader = language_of(request)
    if chosen is None:
        chosen = own.kinds if own else frozenset(kinds_for(actor.permissions))
    context = {
        "number": masked(own.msisdn) if own else "",
        "kinds": {kind: vocabulary.ALERTS[kind] for kind in kinds_for(actor.permissions)},
        "chosen": chosen,
        "spoken": spoken or (own.language if own else reader),
        "language_names": {
            code: Locale(code).get_display_name(reader) for code in programme.languages
        },
        "problem": problem,
        "problem_text": words_of(problem) if problem else "",
    }
    return render(request, "alerts.html", context, status=STATUS[problem.kind] if problem else 200)
