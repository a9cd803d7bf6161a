"""The runs that answer a question about estimates, and what they came to: for the page and for programs."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.domain.analyses import queries
from app.domain.analyses.queries import RunFacts
from app.domain.analyses.rules import AnalysisKind
from app.web.figures.estimates import COMPUTED, Question, told_of


def newest_runs(session: Session, programme_id: UUID, question: Question) -> dict[str, RunFacts]:
    """The newest run of each estimator that there is one of."""
    found = {
        name: queries.latest(
            session, programme_id, AnalysisKind.ESTIMATE, question.parameters(name)
        )
        for name in COMPUTED
    }
    return {name: run for name, run in found.items() if run}


def runs_for(
    session: Session, programme_id: UUID, question: Question, *, today: date
) -> dict[str, RunFacts]:
    """The newest run of each estimator that is under way, or is of today's figures."""
    return {
        name: run
        for name, run in newest_runs(session, programme_id, question).items()
        if run.is_under_way or queries.is_of_now(session, programme_id, run.id, today=today)
    }


def results_of(
    session: Session, programme_id: UUID, runs: Mapping[str, RunFacts]
) -> dict[str, dict[str, Any]]:
    """What came of those that are done, by estimator."""
    return {
        name: told_of(result)
        for name, run in runs.items()
        if (result := queries.result_of(session, programme_id, run.id))
    }
