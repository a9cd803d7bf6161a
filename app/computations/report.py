"""The printable report of a programme: read, computed, told, set."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from analysis.errors import SampleError
from app.computations.estimates import compute_estimate
from app.computations.forecasts import compute_forecast
from app.core.clock import local_date
from app.core.db import Database
from app.core.i18n import SOURCE, languages
from app.domain.analyses.queries import Result
from app.domain.programmes.queries import clock_of
from app.printing.report import report_pdf
from app.web.figures import forecasts
from app.web.figures.estimates import (
    Question,
    Row,
    courses,
    is_enough,
    mixing,
    points,
    told_of,
)
from app.web.figures.forecasts import Outlook
from app.web.figures.report.document import report_of
from app.web.figures.report.facts import Estimated, Facts, read_facts

PDF = "application/pdf"
READ, ESTIMATED, FORECAST, TOLD = 0.05, 0.6, 0.85, 0.9

Advance = Callable[[float], bool]
Estimate = Callable[[Mapping[str, Any], Advance], Result]


def compute_report(
    database: Database,
    programme_id: UUID,
    parameters: Mapping[str, Any],
    advance: Advance,
    now: datetime,
) -> Result | None:
    """A programme's report as PDF, in the ``language`` of the parameters.

    Its estimates and its forecast are those of their pages when nothing is chosen there.
    """

    def estimate(asked: Mapping[str, Any], tell: Advance) -> Result:
        return compute_estimate(database, programme_id, asked, tell, now)

    asked = str(parameters.get("language", SOURCE))
    language = asked if asked in languages() else SOURCE
    with database.snapshot() as session:
        today = local_date(now, clock_of(session, programme_id, None))
        facts = read_facts(session, programme_id, today=today, language=language)
    if not advance(READ):
        return None
    facts = replace(facts, estimated=_estimated(facts, estimate, advance))
    if not advance(ESTIMATED):
        return None
    if is_enough(facts.live.sample):
        tell = _part_of(advance, ESTIMATED, FORECAST - ESTIMATED)
        facts = replace(facts, outlook=_outlook(database, programme_id, tell, now))
    if not advance(FORECAST):
        return None
    report = report_of(facts)
    if not advance(TOLD):
        return None
    return Result(PDF, report_pdf(report))


def _estimated(facts: Facts, estimate: Estimate, advance: Advance) -> Estimated | None:
    """Every estimator with its interval; one that has none is told without it."""
    sample, question = facts.live.sample, Question()
    if not is_enough(sample):
        return None
    found = points(sample, question)
    width = (ESTIMATED - READ) / len(found)
    rows = tuple(
        _with_interval(row, question, estimate, _part_of(advance, READ + i * width, width))
        for i, row in enumerate(found)
    )
    return Estimated(rows, courses(sample, question), mixing(sample, question))


def _with_interval(row: Row, question: Question, estimate: Estimate, tell: Advance) -> Row:
    if row.share is None or not row.is_estimate or question.lacks_size(row.estimator):
        return row
    try:
        return row.with_interval(told_of(estimate(question.parameters(row.estimator), tell)))
    except SampleError:  # too few people for this bootstrap, or the whole report is to stop
        return row


def _outlook(
    database: Database, programme_id: UUID, tell: Advance, now: datetime
) -> Outlook | None:
    """What recruitment brings if nothing is changed; None where too little is known."""
    asked = forecasts.Question().parameters
    try:
        found = compute_forecast(database, programme_id, asked, tell, now)
    except SampleError:
        return None
    return forecasts.outlook_of(told_of(found)) if found else None


def _part_of(advance: Advance, start: float, width: float) -> Advance:
    """The progress of one part of the work as that of the whole."""
    return lambda share: advance(start + share * width)
