"""How far what was asked for has come, and what came of it; only ever of the programme that asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from app.core.crypto import keyring_of
from app.domain.analyses.errors import UnknownAnalysis
from app.domain.analyses.models import AnalysisRun
from app.domain.analyses.rules import (
    FINISHED,
    KEPT,
    UNDER_WAY,
    AnalysisKind,
    Parameter,
    RunState,
    canonical,
)
from app.domain.chains.queries import figures_stamp

# Counted up whenever results are written otherwise: what was computed before answers no question any more.
WRITTEN_AS = "2"


@dataclass(frozen=True)
class RunFacts:
    """One run without its result. ``progress`` is a share, 1 when done; ``failure`` a stable code."""

    id: UUID
    kind: str
    parameters: Mapping[str, Any]
    state: RunState
    progress: float
    failure: str | None
    media_type: str | None
    requested_by: UUID
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def is_under_way(self) -> bool:
        """Whether it is worth asking again soon."""
        return self.state in UNDER_WAY


@dataclass(frozen=True)
class Result:
    """What a run came to: a document of its media type (JSON, PDF)."""

    media_type: str
    content: bytes


def run(session: Session, programme_id: UUID, run_id: UUID) -> RunFacts:
    """How far a run has come. Raises: UnknownAnalysis, also for one of another programme."""
    return _facts(found(session, programme_id, run_id))


def result_of(session: Session, programme_id: UUID, run_id: UUID) -> Result | None:
    """What a run came to; None unless it is done. Raises: UnknownAnalysis."""
    row = found(session, programme_id, run_id)
    if row.state is not RunState.DONE or row.sealed_result is None or row.media_type is None:
        return None
    content = keyring_of(session).open(
        row.sealed_result, table="analysis_run", column="sealed_result", row=row.id
    )
    return Result(row.media_type, content)


def latest(
    session: Session,
    programme_id: UUID,
    kind: AnalysisKind,
    parameters: Mapping[str, Parameter],
    *,
    states: tuple[RunState, ...] = (*UNDER_WAY, *FINISHED),
) -> RunFacts | None:
    """The newest run of a question: of any state, or of those given (``(RunState.DONE,)`` for the last result)."""
    rows = session.scalars(
        select(AnalysisRun)
        .options(defer(AnalysisRun.sealed_result))
        .where(
            AnalysisRun.question_digest
            == question_digest(session, programme_id, kind, canonical(parameters)),
            AnalysisRun.state.in_(states),
        )
        .order_by(AnalysisRun.requested_at.desc(), AnalysisRun.id.desc())
        .limit(1)
    )
    return next(map(_facts, rows), None)


def is_of_now(session: Session, programme_id: UUID, run_id: UUID, *, today: date) -> bool:
    """Whether the programme's figures are still those a run was asked about. Raises: UnknownAnalysis."""
    row = found(session, programme_id, run_id)
    return row.figures_digest == figures_digest(session, programme_id, today=today)


def runs_of(
    session: Session, programme_id: UUID, *, kind: AnalysisKind | None = None, most: int = 20
) -> list[RunFacts]:
    """The runs of a programme, newest first."""
    chosen = (
        select(AnalysisRun)
        .options(defer(AnalysisRun.sealed_result))
        .where(AnalysisRun.programme_id == programme_id)
        .order_by(AnalysisRun.requested_at.desc(), AnalysisRun.id.desc())
        .limit(most)
    )
    if kind is not None:
        chosen = chosen.where(AnalysisRun.kind == kind.value)
    return [_facts(row) for row in session.scalars(chosen)]


def under_way(session: Session, programme_id: UUID) -> int:
    """How many runs of a programme wait or are computed."""
    count = session.scalar(
        select(func.count())
        .select_from(AnalysisRun)
        .where(AnalysisRun.programme_id == programme_id, AnalysisRun.state.in_(UNDER_WAY))
    )
    return count or 0


def wants_worker(session: Session, *, now: datetime) -> bool:
    """Whether a run waits, its worker was lost, or its result is past keeping; a look costs no writer its turn."""
    chosen = select(AnalysisRun.id).where(
        (AnalysisRun.state == RunState.WAITING)
        | ((AnalysisRun.state == RunState.RUNNING) & (AnalysisRun.lease_until < now))
        | (AnalysisRun.state.in_(FINISHED) & (AnalysisRun.finished_at < now - KEPT))
    )
    return session.scalar(chosen.limit(1)) is not None


def same_under_way(session: Session, question: bytes, figures: bytes) -> UUID | None:
    """The run under way of the same question about the same figures."""
    return session.scalar(
        select(AnalysisRun.id).where(
            AnalysisRun.question_digest == question,
            AnalysisRun.figures_digest == figures,
            AnalysisRun.state.in_(UNDER_WAY),
        )
    )


def found(
    session: Session, programme_id: UUID, run_id: UUID, *, for_update: bool = False
) -> AnalysisRun:
    """The row of a programme's run. Raises: UnknownAnalysis."""
    chosen = select(AnalysisRun).where(
        AnalysisRun.id == run_id, AnalysisRun.programme_id == programme_id
    )
    held = chosen.with_for_update().execution_options(populate_existing=True)
    row = session.scalar(held if for_update else chosen)
    if row is None:
        raise UnknownAnalysis
    return row


def question_digest(session: Session, programme_id: UUID, kind: AnalysisKind, text: str) -> bytes:
    """What stands for a programme's question: its kind and its parameters as ``canonical`` writes them."""
    keyring = keyring_of(session)
    return keyring.digest("analysis-question", WRITTEN_AS, programme_id.hex, kind.value, text)


def figures_digest(session: Session, programme_id: UUID, *, today: date) -> bytes:
    """What stands for the state of a programme's figures on a day."""
    stamp = figures_stamp(session, programme_id)
    return keyring_of(session).digest("analysis-figures", today.isoformat(), stamp)


def _facts(row: AnalysisRun) -> RunFacts:
    return RunFacts(
        row.id,
        row.kind,
        row.parameters,
        row.state,
        row.progress,
        row.failure,
        row.media_type,
        row.requested_by,
        row.requested_at,
        row.started_at,
        row.finished_at,
    )
