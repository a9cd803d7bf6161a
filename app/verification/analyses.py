"""What is computed in the background."""

from collections.abc import Iterator

from sqlalchemy import String, case, select, type_coerce
from sqlalchemy.orm import Session

from app.domain.analyses.models import AnalysisRun
from app.domain.analyses.rules import FINISHED, RunState

_state = type_coerce(AnalysisRun.state, String)
# What a run has exactly while it is in some state.
_HAS = {
    AnalysisRun.lease_until: (RunState.RUNNING,),
    AnalysisRun.finished_at: FINISHED,
    AnalysisRun.sealed_result: (RunState.DONE,),
    AnalysisRun.media_type: (RunState.DONE,),
    AnalysisRun.failure: (RunState.FAILED,),
}


def runs(session: Session) -> Iterator[str]:
    """A run has a worker only while it is computed, and a result or a reason only as it ended."""
    for column, states in _HAS.items():
        has = case((column.is_not(None), 1), else_=0)
        due = case((_state.in_([state.value for state in states]), 1), else_=0)
        for run in session.scalars(select(AnalysisRun.id).where(has != due)):
            yield f"analysis {run} has no {column.key} though it should, or has one though it should not"
