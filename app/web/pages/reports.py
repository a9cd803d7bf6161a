from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from app.core.db import Database
from app.core.errors import DomainError
from app.core.i18n import languages
from app.domain.analyses import actions, queries
from app.domain.analyses.queries import RunFacts
from app.domain.analyses.rules import KEPT, AnalysisKind
from app.domain.programmes.queries import clock_of, programme
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web.deps import Db, Now, allowed
from app.web.problems import STATUS
from app.web.templating import language_of, render

router = APIRouter(prefix="/reports", include_in_schema=False)

Lead = Annotated[Actor, Depends(allowed(Permission.SEE_CHAINS))]
MOST = 12


@router.get("")
def show_reports(request: Request, db: Db, actor: Lead) -> Response:
    return _page(request, db, actor)


@router.get("/list")
def show_list(request: Request, db: Db, actor: Lead) -> Response:
    """The list alone, which the page asks for again while a report is being made."""
    return render(request, "reports_list.html", _context(db, actor))


@router.post("")
def ask(
    request: Request, db: Db, now: Now, actor: Lead, language: Annotated[str, Form()] = ""
) -> Response:
    chosen = language if language in languages() else language_of(request)
    try:
        with db.transaction() as session:
            actions.request(session, AnalysisKind.REPORT, {"language": chosen}, by=actor, now=now)
    except DomainError as problem:
        return _page(request, db, actor, problem=problem)
    return RedirectResponse("/reports", 303)


@router.post("/{run_id}/stop")
def stop(db: Db, now: Now, actor: Lead, run_id: UUID) -> Response:
    with db.transaction() as session:
        actions.cancel(session, run_id, by=actor, now=now)
    return RedirectResponse("/reports", 303)


@router.get("/{run_id}.pdf")
def take_away(db: Db, now: Now, actor: Lead, run_id: UUID) -> Response:
    """The report itself; taking it away is kept in the record."""
    with db.transaction() as session:
        run = queries.run(session, actor.programme_id, run_id)
        result = queries.result_of(session, actor.programme_id, run_id)
        if result is None or run.kind != AnalysisKind.REPORT:
            raise HTTPException(404)
        code = programme(session, actor.programme_id).code
        actions.note_read(session, run_id, by=actor, now=now)
    name = f"report-{code}-{run.requested_at:%Y-%m-%d}-{run.parameters['language']}.pdf"
    return Response(
        result.content,
        media_type=result.media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _page(
    request: Request, db: Database, actor: Actor, *, problem: DomainError | None = None
) -> Response:
    context = {
        **_context(db, actor),
        "chosen": language_of(request),
        "kept_days": KEPT.days,
        "problem": problem.code if problem else None,
    }
    return render(request, "reports.html", context, status=STATUS[problem.kind] if problem else 200)


def _context(db: Database, actor: Actor) -> dict[str, object]:
    with db.snapshot() as session:
        runs: list[RunFacts] = queries.runs_of(
            session, actor.programme_id, kind=AnalysisKind.REPORT, most=MOST
        )
        clock = clock_of(session, actor.programme_id, actor.site_id)
    return {"runs": runs, "clock": clock, "is_busy": any(run.is_under_way for run in runs)}
