from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from markupsafe import Markup

from app.core.clock import local_date
from app.core.db import Database
from app.domain.chains.queries import load_sample
from app.domain.programmes import queries as programmes
from app.domain.recruitment.queries import load_flow
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web.csv_file import csv_file
from app.web.deps import Db, Now, allowed
from app.web.figures import files
from app.web.figures import flow_pictures as drawing
from app.web.figures.files import Cell, Form
from app.web.figures.flow import Flow, flow_of
from app.web.figures.reach import others_level
from app.web.figures.words import name
from app.web.templating import language_of, render

router = APIRouter(prefix="/reach/flow", include_in_schema=False)

Lead = Annotated[Actor, Depends(allowed(Permission.SEE_CHAINS))]


@dataclass(frozen=True)
class View:
    """What was read, and in which language it is told. ``last_day`` counts from the day a coupon is given out."""

    flow: Flow
    others: str
    last_day: int
    language: str

    @property
    def pictures(self) -> tuple[str, ...]:
        """What there is to draw."""
        if self.flow.is_empty:
            return ()
        days = ("days",) if self.flow.survival is not None else ()
        each = ("each-brings",) if self.flow.reproduction is not None else ()
        return ("coupons", *each, "people", *days)

    def draw(self, picture: str, *, is_narrow: bool = False) -> Markup:
        how = {"others": self.others, "language": self.language}
        width = drawing.NARROW if is_narrow else drawing.WIDE
        if picture == "days" and self.flow.survival is not None:
            svg = drawing.draw_days(self.flow.survival, last_day=self.last_day, width=width, **how)
        elif picture == "each-brings" and self.flow.reproduction is not None:
            width = drawing.NARROW_SQUARES if is_narrow else drawing.SQUARES
            svg = drawing.draw_reproduction(self.flow.reproduction, width=width, **how)
        else:
            steps = self.flow.coupons if picture == "coupons" else self.flow.people
            svg = drawing.draw_steps(steps, drawing.TITLES[picture], width=width, **how)
        return Markup(svg)

    def table(self, picture: str) -> list[list[Cell]]:
        return drawing.table(self.flow, picture, others=self.others, language=self.language)


@router.get("")
def show_flow(request: Request, db: Db, now: Now, actor: Lead) -> Response:
    """From a coupon handed out to a recruit who recruits."""
    view = _view(request, db, now, actor)
    return render(request, "flow.html", {"view": view, "flow": view.flow, "titles": drawing.TITLES})


@router.get("/{picture}.{form}")
def take_away(
    request: Request, db: Db, now: Now, actor: Lead, picture: str, form: Form
) -> Response:
    """A picture, or the table behind it."""
    view = _view(request, db, now, actor)
    if picture not in view.pictures or form is Form.GRAPHML:
        raise HTTPException(404)
    if form is Form.CSV:
        columns, *rows = view.table(picture)
        return csv_file(f"flow-{picture}", [str(each) for each in columns], rows)
    return files.picture(view.draw(picture), form, name=f"flow-{picture}")


def _view(request: Request, db: Database, now: datetime, actor: Actor) -> View:
    with db.snapshot() as session:
        today = local_date(now, programmes.clock_of(session, actor.programme_id, actor.site_id))
        sample = load_sample(session, actor.programme_id, today=today).sample
        loaded = load_flow(session, actor.programme_id, sample, today=today)
        rules = programmes.current_protocol(session, actor.programme_id).rules
    language = language_of(request)
    return View(
        flow=flow_of(sample, loaded.history, loaded.cascade),
        others=name(others_level(sample.trait("sex")), language),
        last_day=rules.validity_days,
        language=language,
    )
