"""Asking for something to be computed, and computing it: a run is taken, told of, and finished by one worker."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.crypto import keyring_of
from app.core.ids import uuid7
from app.domain.analyses import queries
from app.domain.analyses.errors import TooManyAnalyses
from app.domain.analyses.models import AnalysisRun
from app.domain.analyses.queries import Result
from app.domain.analyses.rules import (
    FINISHED,
    KEPT,
    LEASE,
    MOST_ATTEMPTS,
    MOST_UNDER_WAY,
    UNDER_WAY,
    AnalysisKind,
    Parameter,
    RunState,
    canonical,
)
from app.domain.audit.actions import record
from app.domain.programmes.queries import clock_of
from app.domain.staff.queries import Actor

WORKERS_LOST = "workers_lost"


@dataclass(frozen=True)
class TakenRun:
    """A run that a worker has to itself while its lease lasts; ``attempt`` tells it from whoever had it before."""

    id: UUID
    programme_id: UUID
    kind: str
    parameters: Mapping[str, Any]
    attempt: int


def request(
    session: Session,
    kind: AnalysisKind,
    parameters: Mapping[str, Parameter],
    *,
    by: Actor,
    now: datetime,
) -> UUID:
    """Ask for something to be computed; returns its run, to be followed with ``queries.run``.

    Asking again while the same is under way for the same figures gives back that run. Whether someone may ask
    is for the door to check.

    Raises:
        BadAnalysis: parameters that are not short words and numbers.
        TooManyAnalyses: the programme has enough under way.
    """
    text = canonical(parameters)
    today = local_date(now, clock_of(session, by.programme_id, by.site_id))
    question = queries.question_digest(session, by.programme_id, kind, text)
    figures = queries.figures_digest(session, by.programme_id, today=today)
    if same := queries.same_under_way(session, question, figures):
        return same
    if queries.under_way(session, by.programme_id) >= MOST_UNDER_WAY:
        raise TooManyAnalyses(most=MOST_UNDER_WAY)
    row = AnalysisRun(
        id=uuid7(),
        programme_id=by.programme_id,
        requested_by=by.staff_id,
        kind=kind.value,
        parameters=dict(parameters),
        question_digest=question,
        figures_digest=figures,
        state=RunState.WAITING,
        requested_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # someone asked the same in the same moment
        if same := queries.same_under_way(session, question, figures):
            return same
        raise
    _record(session, "analysis.requested", row, by=by, now=now)
    return row.id


def cancel(session: Session, run_id: UUID, *, by: Actor, now: datetime) -> None:
    """Stop a run that waits or is computed; one that has ended stays as it is. Raises: UnknownAnalysis."""
    row = queries.found(session, by.programme_id, run_id, for_update=True)
    if row.state not in UNDER_WAY:
        return
    row.state, row.finished_at, row.lease_until = RunState.CANCELLED, now, None
    session.flush()
    _record(session, "analysis.cancelled", row, by=by, now=now)


def note_read(session: Session, run_id: UUID, *, by: Actor, now: datetime) -> None:
    """Note that someone took a report away. Raises: UnknownAnalysis."""
    row = queries.found(session, by.programme_id, run_id)
    _record(session, "analysis.read", row, by=by, now=now)


def take(session: Session, *, now: datetime) -> TakenRun | None:
    """Take the run that waits longest, or one whose worker was lost; workers that ask at once get different ones.

    One that three workers were lost over is given up as failed.
    """
    while True:
        row = session.scalar(
            select(AnalysisRun)
            .where(
                (AnalysisRun.state == RunState.WAITING)
                | ((AnalysisRun.state == RunState.RUNNING) & (AnalysisRun.lease_until < now))
            )
            .order_by(AnalysisRun.requested_at, AnalysisRun.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if row is None:
            return None
        if row.attempts < MOST_ATTEMPTS:
            break
        row.state, row.failure, row.finished_at = RunState.FAILED, WORKERS_LOST, now
        row.lease_until = None
        session.flush()
    row.state, row.started_at, row.lease_until = RunState.RUNNING, now, now + LEASE
    row.attempts, row.progress = row.attempts + 1, 0.0
    session.flush()
    return TakenRun(row.id, row.programme_id, row.kind, row.parameters, row.attempts)


def advance(session: Session, taken: TakenRun, progress: float, *, now: datetime) -> bool:
    """Tell how far a run is and keep it for longer; False when it was cancelled or is another worker's now."""
    share = min(max(progress, 0.0), 1.0)
    return _set(session, taken, progress=share, lease_until=now + LEASE)


def finish(session: Session, taken: TakenRun, result: Result, *, now: datetime) -> bool:
    """Keep what a run came to, sealed; False, and nothing kept, when it is no longer this worker's."""
    sealed = keyring_of(session).seal(
        result.content, table="analysis_run", column="sealed_result", row=taken.id
    )
    return _set(
        session,
        taken,
        state=RunState.DONE,
        progress=1.0,
        media_type=result.media_type,
        sealed_result=sealed,
        finished_at=now,
        lease_until=None,
    )


def fail(session: Session, taken: TakenRun, code: str, *, now: datetime) -> bool:
    """End a run that cannot be computed, with a stable code that says why."""
    return _set(
        session, taken, state=RunState.FAILED, failure=code, finished_at=now, lease_until=None
    )


def give_back(session: Session, taken: TakenRun) -> bool:
    """Let a run wait again that its worker had to leave; it was not the run's fault, and is not counted."""
    return _set(
        session,
        taken,
        state=RunState.WAITING,
        attempts=taken.attempt - 1,
        progress=0.0,
        started_at=None,
        lease_until=None,
    )


def remove_old(session: Session, *, now: datetime) -> int:
    """Remove what ended long ago, results and all; returns how many."""
    old = delete(AnalysisRun).where(
        AnalysisRun.state.in_(FINISHED), AnalysisRun.finished_at < now - KEPT
    )
    return cast("CursorResult[Any]", session.execute(old)).rowcount


def _set(session: Session, taken: TakenRun, **values: object) -> bool:
    mine = update(AnalysisRun).where(
        AnalysisRun.id == taken.id,
        AnalysisRun.state == RunState.RUNNING,
        AnalysisRun.attempts == taken.attempt,
    )
    return cast("CursorResult[Any]", session.execute(mine.values(**values))).rowcount == 1


def _record(session: Session, action: str, row: AnalysisRun, *, by: Actor, now: datetime) -> None:
    record(
        session,
        action,
        subject=row.id,
        staff_id=by.staff_id,
        programme_id=by.programme_id,
        at=now,
        facts={"kind": row.kind},
    )
