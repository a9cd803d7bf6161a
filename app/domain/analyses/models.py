from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, choice
from app.core.ids import uuid7
from app.domain.analyses.rules import RunState

_UNDER_WAY = text("state IN ('waiting', 'running')")


class AnalysisRun(Base):
    """Something to be computed in the background, and what came of it.

    ``question_digest`` stands for kind and parameters, ``figures_digest`` for the programme's figures when it was asked:
    while a run is under way the same question about the same figures is that run. ``attempts`` counts the workers that
    took it, and is what a worker shows to be the one that has it now.
    """

    __tablename__ = "analysis_run"
    __table_args__ = (
        CheckConstraint("progress >= 0 AND progress <= 1", name="progress_is_a_share"),
        Index(
            "uq_analysis_run_under_way",
            "question_digest",
            "figures_digest",
            unique=True,
            sqlite_where=_UNDER_WAY,
            postgresql_where=_UNDER_WAY,
        ),
        Index("ix_analysis_run_question", "question_digest", "requested_at"),
        Index("ix_analysis_run_programme", "programme_id", "requested_at"),
        Index("ix_analysis_run_state", "state", "requested_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    programme_id: Mapped[UUID] = mapped_column(ForeignKey("programme.id"))
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    kind: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    question_digest: Mapped[bytes]
    figures_digest: Mapped[bytes]
    state: Mapped[RunState] = mapped_column(choice(RunState))
    progress: Mapped[float] = mapped_column(default=0.0)
    attempts: Mapped[int] = mapped_column(default=0)
    requested_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    media_type: Mapped[str | None]
    sealed_result: Mapped[bytes | None]
    failure: Mapped[str | None]
