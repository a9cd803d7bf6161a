from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi import Form as Field
from fastapi.responses import RedirectResponse
from markupsafe import Markup
from pydantic import BaseModel, StringConstraints

from analysis.bootstraps import BOOTSTRAPS
from analysis.errors import SampleError
from app.core.clock import local_date
from app.core.db import Database
from app.core.errors import DomainError
from app.core.i18n import N_
from app.domain.analyses import actions
from app.domain.analyses.queries import RunFacts
from app.domain.analyses.rules import AnalysisKind
from app.domain.chains.queries import LiveSample, load_sample
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.web.csv_file import csv_file
from app.web.deps import Db, Now, allowed
from app.web.figures import estimate_pictures as drawing
from app.web.figures import files
from app.web.figures.cautions import cautions_in_words
from app.web.figures.estimate_runs import newest_runs, results_of, runs_for
from app.web.figures.estimate_words import ABOUT, HOMOPHILY, NAMES
from app.web.figures.estimate_words import BOOTSTRAPS as BOOTSTRAP_NAMES
from app.web.figures.estimates import (
    COMPUTED,
    REPLICATES,
    Courses,
    Mixing,
    Question,
    Row,
    courses,
    is_enough,
    mixing,
    parse_population,
    points,
)
from app.web.figures.files import Cell, Form
from app.web.figures.reach import others_level
from app.web.following import Following, progress_of
from app.web.problems import STATUS
from app.web.templating import language_of, render

router = APIRouter(prefix="/reach/estimates", include_in_schema=False)

Lead = Annotated[Actor, Depends(allowed(Permission.SEE_CHAINS))]


TITLES = {
    "estimates": N_("Share of women, by each way of estimating"),
    "convergence": N_("How the estimate settled"),
    "chains": N_("The estimate within each large chain"),
}
PROBLEMS = {
    "bad_population_size": N_("Please write the size of the population as a whole number."),
    "population_too_small": N_(
        "The population cannot be smaller than the people who were reached already."
    ),
    "too_many_analyses": N_(
        "Many calculations are waiting already. Please wait until some are done, or stop one."
    ),
}


COMPUTING = N_("The intervals are being computed. You can leave this page and come back.")


class Asked(BaseModel):
    """The form as it was sent; what is not among the choices is the usual choice."""

    population: Annotated[str, StringConstraints(max_length=20)] = ""
    bootstrap: Annotated[str, StringConstraints(max_length=20)] = ""
    replicates: int = REPLICATES[0]
    seeds: Literal["with", "without"] = "with"

    def question(self, people: int) -> Question:
        """Raises: SampleError, where the size of the population is no such."""
        return Question(
            bootstrap=self.bootstrap if self.bootstrap in BOOTSTRAPS else "",
            replicates=self.replicates if self.replicates in REPLICATES else REPLICATES[0],
            population_size=parse_population(self.population, people),
            with_seeds=self.seeds == "with",
        )


AskedFor = Annotated[Asked, Query()]


@dataclass(frozen=True)
class View:
    """What was read and what was computed of it. Without ``rows`` there are too few people to estimate anything."""

    asked: Asked
    question: Question
    live: LiveSample
    rows: tuple[Row, ...]
    courses: Courses | None
    mixing: Mixing | None
    runs: tuple[RunFacts, ...]
    mark: float
    language: str
    problem: str | None

    @property
    def following(self) -> Following:
        return _followed(self.asked, self.runs)

    @property
    def has_intervals(self) -> bool:
        return any(row.low is not None for row in self.rows)

    @property
    def can_compute(self) -> list[str]:
        """What has not been computed of today's figures yet, and can be."""
        done = {row.estimator for row in self.rows if row.low is not None}
        under_way = {run.parameters["estimator"] for run in self.runs if run.is_under_way}
        known = {row.estimator for row in self.rows if row.share is not None}
        left = known - done - under_way
        return [n for n in COMPUTED if n in left and not self.question.lacks_size(n)]

    @property
    def pictures(self) -> tuple[str, ...]:
        """What there is to draw."""
        if self.courses is None:
            return ()
        several = ("chains",) if len(self.courses.chains) > 1 else ()
        return ("estimates", "convergence", *several)

    def draw(self, picture: str, width: int = drawing.WIDE) -> Markup:
        if picture == "estimates":
            svg = drawing.draw_estimates(
                self.rows, mark=self.mark, language=self.language, width=width
            )
        elif picture == "convergence":
            svg = drawing.draw_convergence(self.drawn, language=self.language, width=width)
        else:
            svg = drawing.draw_chains(
                self.drawn, self.live.labels, language=self.language, width=width
            )
        return Markup(svg)

    def table(self, picture: str) -> list[list[Cell]]:
        """What is behind a picture; its first row is the heading."""
        if picture == "estimates":
            return drawing.estimates_table(self.rows, self.language)
        if picture == "convergence":
            return drawing.course_table(self.drawn.whole, self.language)
        return drawing.chains_table(self.drawn, self.live.labels, self.language)

    @property
    def drawn(self) -> Courses:
        assert self.courses is not None, "only asked for what is in `pictures`"
        return self.courses


@router.get("")
def show_estimates(request: Request, db: Db, now: Now, actor: Lead, asked: AskedFor) -> Response:
    return _page(request, _view(request, db, now, actor, asked))


@router.get("/progress")
def show_progress(request: Request, db: Db, actor: Lead, asked: AskedFor) -> Response:
    """How far it is, for the page to ask again and again."""
    return progress_of(request, _followed(asked, _newest(db, actor, asked)))


@router.post("")
def compute(
    request: Request, db: Db, now: Now, actor: Lead, asked: Annotated[Asked, Field()]
) -> Response:
    """Ask for the intervals of every estimator that can have one, computed in the background."""
    view = _view(request, db, now, actor, asked)
    if view.problem:
        return _page(request, view, status=422)
    try:
        with db.transaction() as session:
            for name in view.can_compute:
                wanted = view.question.parameters(name)
                actions.request(session, AnalysisKind.ESTIMATE, wanted, by=actor, now=now)
    except DomainError as problem:
        return _page(request, replace(view, problem=problem.code), status=STATUS[problem.kind])
    return RedirectResponse(view.following.address, 303)


@router.post("/stop")
def stop(db: Db, now: Now, actor: Lead, asked: Annotated[Asked, Field()]) -> Response:
    """Stop what is under way for this question."""
    runs = _newest(db, actor, asked)
    with db.transaction() as session:
        for run in runs:
            actions.cancel(session, run.id, by=actor, now=now)
    return RedirectResponse(_followed(asked, runs).address, 303)


@router.get("/{picture}.{form}")
def take_away(
    request: Request, db: Db, now: Now, actor: Lead, picture: str, form: Form, asked: AskedFor
) -> Response:
    """A picture, or the table behind it."""
    view = _view(request, db, now, actor, asked)
    if picture not in view.pictures or form is Form.GRAPHML:
        raise HTTPException(404)
    if form is Form.CSV:
        columns, *rows = view.table(picture)
        return csv_file(f"reach-{picture}", [str(each) for each in columns], rows)
    return files.picture(view.draw(picture), form, name=f"reach-{picture}")


def _view(request: Request, db: Database, now: datetime, actor: Actor, asked: Asked) -> View:
    with db.snapshot() as session:
        mark = programmes.programme(session, actor.programme_id).women_mark
        today = local_date(now, programmes.clock_of(session, actor.programme_id, actor.site_id))
        live = load_sample(session, actor.programme_id, today=today)
        question, problem = _question(asked, len(live.sample))
        runs = (
            runs_for(session, actor.programme_id, question, today=today)
            if is_enough(live.sample)
            else {}
        )
        results = results_of(session, actor.programme_id, runs)
    rows = points(live.sample, question) if is_enough(live.sample) else ()
    return View(
        asked=asked,
        question=question,
        live=live,
        rows=tuple(
            row.with_interval(results[row.estimator]) if row.estimator in results else row
            for row in rows
        ),
        courses=courses(live.sample, question) if rows else None,
        mixing=mixing(live.sample, question) if rows else None,
        runs=tuple(runs.values()),
        mark=mark,
        language=language_of(request),
        problem=problem,
    )


def _newest(db: Database, actor: Actor, asked: Asked) -> Sequence[RunFacts]:
    """The newest run of each estimator, without reading who came."""
    question, _ = _question(asked, people=0)
    with db.snapshot() as session:
        return tuple(newest_runs(session, actor.programme_id, question).values())


def _followed(asked: Asked, runs: Sequence[RunFacts]) -> Following:
    return Following(router.prefix, COMPUTING, asked, runs)


def _question(asked: Asked, people: int) -> tuple[Question, str | None]:
    """What is asked, and the code of what is wrong with it."""
    try:
        return asked.question(people), None
    except SampleError as problem:
        return asked.model_copy(update={"population": ""}).question(people), problem.code


def _cautions(view: View) -> list[str]:
    sample = view.live.sample
    level = others_level(sample.trait("sex"))
    return cautions_in_words(sample, view.question, others_level=level, language=view.language)


def _page(request: Request, view: View, *, status: int = 200) -> Response:
    context = {
        "view": view,
        "narrow": drawing.NARROW,
        "names": NAMES,
        "about": ABOUT,
        "bootstraps": BOOTSTRAP_NAMES,
        "replicates": REPLICATES,
        "homophily": HOMOPHILY,
        "titles": TITLES,
        "problems": PROBLEMS,
        "cautions": _cautions(view) if view.rows else [],
    }
    return render(request, "estimates.html", context, status=status)
