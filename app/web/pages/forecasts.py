from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi import Form as Field
from fastapi.responses import RedirectResponse
from markupsafe import Markup
from pydantic import BaseModel, StringConstraints

from app.core.clock import local_date
from app.core.db import Database
from app.core.errors import DomainError
from app.core.i18n import N_
from app.core.money import Money, NotAnAmount
from app.domain.analyses import actions, queries
from app.domain.analyses.queries import RunFacts
from app.domain.analyses.rules import AnalysisKind, RunState
from app.domain.chains.queries import load_sample
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web.csv_file import csv_file
from app.web.deps import Db, Now, allowed
from app.web.figures import files
from app.web.figures import forecast_pictures as drawing
from app.web.figures.estimates import is_enough, told_of
from app.web.figures.files import Form
from app.web.figures.forecasts import FACTORS, HORIZONS, Outlook, Question, outlook_of
from app.web.figures.reach import Reach, reach_of_programme
from app.web.following import Following, progress_of
from app.web.problems import STATUS
from app.web.templating import language_of, render

router = APIRouter(prefix="/reach/forecast", include_in_schema=False)

Lead = Annotated[Actor, Depends(allowed(Permission.SEE_CHAINS))]
Short = Annotated[str, StringConstraints(max_length=12)]
MOST = {"coupons": 20, "seeds_female": 500, "seeds_male": 500}
PROBLEMS = {
    "too_much": N_("Please write %(most)s at most."),
    "bad_week": N_("Please write one of the weeks looked at, from 1 to %(most)s."),
    "bad_number": N_("Please write a whole number here, or leave it empty."),
    "bad_amount": N_("Please write an amount of money here, or leave it empty."),
    "too_many_analyses": N_(
        "Many calculations are waiting already. Please wait until some are done, or stop one."
    ),
}
FAILURES = {
    "no_coupons_matured": N_(
        "A forecast begins when some coupons that came back have had all their days: until then "
        "nobody knows how many come."
    ),
}


COMPUTING = N_("The forecast is being computed. You can leave this page and come back.")


class Asked(BaseModel):
    """The form as it was sent; empty is as now."""

    weeks: int = HORIZONS[1]
    coupons: Short = ""
    seeds_female: Short = ""
    seeds_male: Short = ""
    odds: Short = ""
    reward: Short = ""
    from_week: Short = "1"


AskedFor = Annotated[Asked, Query()]


@dataclass(frozen=True)
class View:
    """What is asked, and what came of it.

    ``problems`` are codes by the name of their field. Without ``is_enough`` nothing is told, whoever asked before.
    """

    asked: Asked
    question: Question
    problems: dict[str, str]
    reach: Reach
    is_enough: bool
    run: RunFacts | None
    outlook: Outlook | None
    is_of_today: bool
    mark: float
    currency: str
    language: str
    problem: str | None = None

    @property
    def following(self) -> Following:
        return _followed(self.asked, self.run)

    @property
    def failure(self) -> str | None:
        """The code of why it could not be computed."""
        has_failed = self.run is not None and self.run.state is RunState.FAILED
        return (self.run.failure or "failed") if self.run and has_failed else None

    @property
    def pictures(self) -> tuple[str, ...]:
        """What there is to draw."""
        return tuple(drawing.TITLES) if self.outlook else ()

    def draw(self, picture: str, width: int = drawing.WIDE) -> Markup:
        assert self.outlook is not None, "only asked for what is in `pictures`"
        svg = drawing.draw(
            self.outlook,
            self.reach,
            picture,
            mark=self.mark,
            language=self.language,
            width=width,
        )
        return Markup(svg)


@router.get("")
def show_forecast(request: Request, db: Db, now: Now, actor: Lead, asked: AskedFor) -> Response:
    return _page(request, _view(request, db, now, actor, asked))


@router.get("/progress")
def show_progress(request: Request, db: Db, actor: Lead, asked: AskedFor) -> Response:
    """How far it is, for the page to ask again and again."""
    return progress_of(request, _followed(asked, _newest(db, actor, asked)))


@router.post("")
def compute(
    request: Request, db: Db, now: Now, actor: Lead, asked: Annotated[Asked, Field()]
) -> Response:
    """Ask for a forecast, computed in the background."""
    view = _view(request, db, now, actor, asked)
    if view.problems:
        return _page(request, view, status=422)
    if not view.is_enough:
        return RedirectResponse(view.following.address, 303)
    try:
        with db.transaction() as session:
            wanted = view.question.parameters
            actions.request(session, AnalysisKind.FORECAST, wanted, by=actor, now=now)
    except DomainError as problem:
        return _page(request, replace(view, problem=problem.code), status=STATUS[problem.kind])
    return RedirectResponse(view.following.address, 303)


@router.post("/stop")
def stop(db: Db, now: Now, actor: Lead, asked: Annotated[Asked, Field()]) -> Response:
    run = _newest(db, actor, asked)
    if run:
        with db.transaction() as session:
            actions.cancel(session, run.id, by=actor, now=now)
    return RedirectResponse(_followed(asked, run).address, 303)


@router.get("/{picture}.{form}")
def take_away(
    request: Request, db: Db, now: Now, actor: Lead, picture: str, form: Form, asked: AskedFor
) -> Response:
    """A picture, or the weeks to come as a table."""
    view = _view(request, db, now, actor, asked)
    if picture not in view.pictures or form is Form.GRAPHML or view.outlook is None:
        raise HTTPException(404)
    if form is Form.CSV:
        columns, *rows = drawing.file_table(view.outlook, picture, view.language)
        return csv_file(f"forecast-{picture}", [str(each) for each in columns], rows)
    return files.picture(view.draw(picture), form, name=f"forecast-{picture}")


def _view(request: Request, db: Database, now: datetime, actor: Actor, asked: Asked) -> View:
    with db.snapshot() as session:
        facts = programmes.programme(session, actor.programme_id)
        today = local_date(now, programmes.clock_of(session, actor.programme_id, actor.site_id))
        live = load_sample(session, actor.programme_id, today=today)
        question, problems = _question(asked, facts.currency)
        wanted = (session, actor.programme_id, AnalysisKind.FORECAST, question.parameters)
        newest = queries.latest(*wanted)
        done = queries.latest(*wanted, states=(RunState.DONE,))
        result = done and queries.result_of(session, actor.programme_id, done.id)
        is_of_today = done is not None and queries.is_of_now(
            session, actor.programme_id, done.id, today=today
        )
    has_enough = is_enough(live.sample)
    return View(
        asked=asked,
        question=question,
        problems=problems,
        reach=reach_of_programme(live),
        is_enough=has_enough,
        run=newest,
        outlook=(
            outlook_of(told_of(result), is_of_now=is_of_today) if result and has_enough else None
        ),
        is_of_today=is_of_today,
        mark=facts.women_mark,
        currency=facts.currency,
        language=language_of(request),
    )


def _newest(db: Database, actor: Actor, asked: Asked) -> RunFacts | None:
    """The newest run, without reading who came."""
    with db.snapshot() as session:
        currency = programmes.programme(session, actor.programme_id).currency
        question, _ = _question(asked, currency)
        return queries.latest(
            session, actor.programme_id, AnalysisKind.FORECAST, question.parameters
        )


def _followed(asked: Asked, run: RunFacts | None) -> Following:
    return Following(router.prefix, COMPUTING, asked, [run] if run else [])


def _question(asked: Asked, currency: str) -> tuple[Question, dict[str, str]]:
    """What is asked, and the code of what is wrong by the name of its field."""
    problems, numbers = dict[str, str](), dict[str, int | None]()
    weeks = asked.weeks if asked.weeks in HORIZONS else HORIZONS[1]
    for field, most in MOST.items():
        numbers[field] = _whole(getattr(asked, field))
        if numbers[field] is None and getattr(asked, field).strip():
            problems[field] = "bad_number"
        elif (numbers[field] or 0) > most:
            numbers[field], problems[field] = None, "too_much"
    from_week = _whole(asked.from_week or "1")
    if from_week is None or not 1 <= from_week <= weeks:
        from_week, problems["from_week"] = 1, "bad_week"
    try:
        reward = Money.parse(asked.reward, currency).minor if asked.reward.strip() else None
    except NotAnAmount:
        reward, problems["reward"] = None, "bad_amount"
    odds = next((factor for factor in FACTORS if f"{factor:g}" == asked.odds), None)
    question = Question(
        weeks=weeks,
        coupons=numbers["coupons"],
        seeds_female=numbers["seeds_female"],
        seeds_male=numbers["seeds_male"],
        odds=odds,
        reward=reward,
        from_week=from_week,
    )
    return question, problems


def _whole(text: str) -> int | None:
    return int(text) if text.strip().isdecimal() else None


def _page(request: Request, view: View, *, status: int = 200) -> Response:
    context = {
        "view": view,
        "outlook": view.outlook,
        "narrow": drawing.NARROW,
        "titles": drawing.TITLES,
        "money": lambda minor: Money(minor, view.currency),
        "tables": {
            picture: drawing.table(view.outlook, picture, view.language)
            for picture in view.pictures
            if view.outlook
        },
        "horizons": HORIZONS,
        "factors": [f"{factor:g}" for factor in FACTORS],
        "texts": PROBLEMS,
        "most": {**MOST, "from_week": view.question.weeks},
        "failures": FAILURES,
    }
    return render(request, "forecasts.html", context, status=status)
