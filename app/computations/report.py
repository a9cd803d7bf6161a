"""Making the report in the background: read, tell, set."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.clock import local_date
from app.core.db import Database
from app.core.i18n import SOURCE, languages
from app.domain.analyses.queries import Result
from app.domain.programmes.queries import clock_of
from app.printing.report import report_pdf
from app.web.figures.report.document import report_of
from app.web.figures.report.facts import read_facts

PDF = "application/pdf"


def compute_report(
    database: Database,
    programme_id: UUID,
    parameters: Mapping[str, Any],
    advance: Callable[[float], bool],
    now: datetime,
) -> Result | None:
    """A programme's report as PDF, in the ``language`` of the parameters."""
    asked = str(parameters.get("language", SOURCE))
    language = asked if asked in languages() else SOURCE
    with database.snapshot() as session:
        today = local_date(now, clock_of(session, programme_id, None))
        facts = read_facts(session, programme_id, today=today, language=language)
    if not advance(0.2):
        return None
    report = report_of(facts)
    if not advance(0.7):
        return None
    return Result(PDF, report_pdf(report))
