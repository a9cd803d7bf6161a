from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.db import Database
from app.core.errors import DomainError
from app.core.i18n import N_, translations
from app.domain.analyses import actions as analyses
from app.domain.analyses import queries as runs
from app.domain.analyses.errors import UnknownAnalysis
from app.domain.analyses.queries import RunFacts
from app.domain.analyses.rules import KEPT, AnalysisKind, RunState
from app.domain.coupons.queries import read
from app.domain.pads import actions, queries
from app.domain.pads.queries import BatchFacts
from app.domain.pads.rules import MOST_PADS, PadStatus
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor, usernames
from app.domain.staff.rules import Permission
from app.printing.design import find_design
from app.printing.sheet import sheet_pdf
from app.web.deps import Db, Now, allowed
from app.web.desk_place import desk_site
from app.web.flash import done
from app.web.problems import STATUS
from app.web.sheets import training_sheets
from app.web.templating import language_of, render
from app.web.wording import words_of

router = APIRouter(include_in_schema=False)

Printer = Annotated[Actor, Depends(allowed(Permission.PRINT_PADS))]
Looker = Annotated[Actor, Depends(allowed(Permission.LOOK_UP_COUPON))]
Reason = Annotated[str, Form(max_length=500)]

LESSONS = {
    "good": N_("Practice: good"),
    "used_before": N_("Practice: used before"),
    "expired": N_("Practice: past its last day"),
    "not_yet": N_("Practice: not usable yet"),
    "ended": N_("Practice: cancelled"),
    "mistyped": N_("Practice: digits mistyped"),
    "unknown": N_("Practice: not known"),
}


@dataclass(frozen=True)
class Printing:
    """A batch as its list shows it, with the run that makes its sheets if there still is one."""

    batch: BatchFacts
    run: RunFacts | None
    by: str

    @property
    def is_under_way(self) -> bool:
        return self.run is not None and self.run.is_under_way

    @property
    def kept_until(self) -> datetime | None:
        """Until when its file can be taken away."""
        is_done = self.run is not None and self.run.state is RunState.DONE
        return (
            self.run.finished_at + KEPT if is_done and self.run and self.run.finished_at else None
        )

    @property
    def blank(self) -> int:
        return self.batch.count(PadStatus.BLANK)

    @property
    def may_print_again(self) -> bool:
        """Whether its sheets would have to be made anew: the file is gone, or never came to be."""
        is_live = self.batch.stopped_at is None and not self.is_under_way
        has_any = self.blank > 0 or self.batch.printed_at is None
        return is_live and has_any and self.kept_until is None


@router.get("/pads")
def show_pads(request: Request, db: Db, now: Now, actor: Printer) -> Response:
    return _page(request, db, now, actor)


@router.get("/pads/list")
def show_list(request: Request, db: Db, now: Now, actor: Printer) -> Response:
    """The list alone, which the page asks for again while something is being printed."""
    return render(request, "pads_list.html", _listed(db, now, actor))


@router.post("/pads")
def order(
    request: Request,
    db: Db,
    now: Now,
    actor: Printer,
    batch_id: Annotated[UUID, Form()],
    site: Annotated[str, Form(max_length=64)] = "",
    pads: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Print so many pads for a site; the same form again prints nothing more."""
    try:
        with db.transaction() as session:
            place = (
                programmes.site_by_code(session, actor.programme_id, site)
                if site
                else desk_site(session, request, actor)
            )
            rules = programmes.current_protocol(session, actor.programme_id).rules
            batch = actions.order_batch(
                session,
                batch_id,
                site_id=place.id,
                pads=int(pads) if pads.isascii() and pads.isdigit() else 0,
                cards=rules.coupons_per_bundle,
                by=actor,
                now=now,
            )
            if batch.run_id is None and batch.stopped_at is None:
                _ask_for_sheets(session, batch.id, actor, now)
    except DomainError as problem:
        return _page(request, db, now, actor, problem=problem, pads=pads)
    return RedirectResponse("/pads", 303)


@router.post("/pads/void")
def void_pad(
    request: Request,
    db: Db,
    now: Now,
    actor: Printer,
    scanned: Annotated[str, Form(max_length=512)] = "",
    reason: Reason = "",
) -> Response:
    """Cancel one pad, by any card of it."""
    try:
        with db.transaction() as session:
            actions.void_pad(session, read(scanned), reason=reason, by=actor, now=now)
    except DomainError as problem:
        return _page(request, db, now, actor, problem=problem, scanned=scanned, reason=reason)
    return _voided()


@router.post("/pads/{batch_id}/stop")
def stop(db: Db, now: Now, actor: Printer, batch_id: UUID) -> Response:
    """Give up a batch that is being printed, or whose sheets nobody has taken away."""
    with db.transaction() as session:
        batch = queries.batch(session, batch_id, programme_id=actor.programme_id)
        if batch.run_id and _run(session, actor, batch):
            analyses.cancel(session, batch.run_id, by=actor, now=now)
        actions.stop_batch(session, batch_id, by=actor, now=now)
    return RedirectResponse("/pads", 303)


@router.post("/pads/{batch_id}/again")
def print_again(request: Request, db: Db, now: Now, actor: Printer, batch_id: UUID) -> Response:
    """Make the sheets of a batch again: of those pads that are nobody's yet."""
    try:
        with db.transaction() as session:
            batch = queries.batch(session, batch_id, programme_id=actor.programme_id)
            if Printing(batch, _run(session, actor, batch), "").may_print_again:
                _ask_for_sheets(session, batch_id, actor, now)
    except DomainError as problem:
        return _page(request, db, now, actor, problem=problem)
    return RedirectResponse("/pads", 303)


@router.post("/pads/{batch_id}/void")
def void_batch(
    request: Request, db: Db, now: Now, actor: Printer, batch_id: UUID, reason: Reason = ""
) -> Response:
    """Cancel all of a batch that is nobody's."""
    try:
        with db.transaction() as session:
            actions.void_batch(session, batch_id, reason=reason, by=actor, now=now)
    except DomainError as problem:
        return _page(request, db, now, actor, problem=problem)
    return _voided()


@router.get("/pads/{batch_id}.pdf")
def take_away(db: Db, now: Now, actor: Printer, batch_id: UUID) -> Response:
    """The sheets of a batch: from the first time they are taken away its pads count, and each time is kept."""
    with db.transaction() as session:
        batch = queries.batch(session, batch_id, programme_id=actor.programme_id)
        if batch.run_id is None or _run(session, actor, batch) is None:
            raise HTTPException(404)
        result = runs.result_of(session, actor.programme_id, batch.run_id)
        if result is None:
            raise HTTPException(404)
        actions.note_printed(session, batch_id, by=actor, now=now)
        place = programmes.site(session, batch.site_id)
    name = f"cards-{place.code}-{local_date(batch.requested_at, place.timezone)}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(result.content, media_type=result.media_type, headers=headers)


@router.get("/desk/training-cards.pdf")
def print_training_cards(request: Request, db: Db, now: Now, actor: Looker) -> Response:
    """Cards to practise with, which count nowhere."""
    with db.snapshot() as session:
        programme = programmes.programme(session, actor.programme_id)
        place = desk_site(session, request, actor)
    design = find_design(programme.coupon_design)
    say = translations(language_of(request)).gettext
    sheets = training_sheets(
        programme,
        place,
        {lesson: say(text) for lesson, text in LESSONS.items()},
        today=local_date(now, place.timezone),
        room=design.coupons,
    )
    headers = {"Content-Disposition": 'inline; filename="training-cards.pdf"'}
    return Response(sheet_pdf(sheets, design), media_type="application/pdf", headers=headers)


def _ask_for_sheets(session: Session, batch_id: UUID, actor: Actor, now: datetime) -> None:
    asked = {"batch": batch_id.hex}
    run_id = analyses.request(session, AnalysisKind.PADS, asked, by=actor, now=now)
    actions.note_run(session, batch_id, run_id, by=actor)


def _voided() -> Response:
    return done("/pads", "pads_voided")


def _page(
    request: Request,
    db: Database,
    now: datetime,
    actor: Actor,
    *,
    problem: DomainError | None = None,
    **entered: str,
) -> Response:
    with db.snapshot() as session:
        chosen = desk_site(session, request, actor)
        rules = programmes.current_protocol(session, actor.programme_id).rules
    context = {
        **_listed(db, now, actor),
        "batch_id": uuid4(),
        "chosen": chosen,
        "cards": rules.coupons_per_bundle,
        "most": MOST_PADS,
        "kept_days": KEPT.days,
        "entered": {"pads": "", "scanned": "", "reason": "", **entered},
        "problem": words_of(problem) if problem else "",
    }
    return render(request, "pads.html", context, status=STATUS[problem.kind] if problem else 200)


def _listed(db: Database, now: datetime, actor: Actor) -> Mapping[str, object]:
    with db.snapshot() as session:
        found = queries.batches(session, actor.programme_id)
        names = usernames(session, actor.programme_id)
        printings = [
            Printing(batch, _run(session, actor, batch), names.get(batch.requested_by, ""))
            for batch in found
        ]
        places = {place.id: place for place in programmes.sites(session, actor.programme_id)}
        clock = programmes.clock_of(session, actor.programme_id, actor.site_id)
    return {
        "printings": printings,
        "places": places,
        "clock": clock,
        "is_busy": any(each.is_under_way for each in printings),
        "now": now,
    }


def _run(session: Session, actor: Actor, batch: BatchFacts) -> RunFacts | None:
    """The run that makes the sheets of a batch; None once it was removed."""
    if batch.run_id is None:
        return None
    try:
        return runs.run(session, actor.programme_id, batch.run_id)
    except UnknownAnalysis:
        return None
