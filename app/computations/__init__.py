"""Kind of analysis → the function that computes it. One table, read by the worker.

A computation reads the programme's figures in one short snapshot, computes with no transaction open, and tells again
and again how far it is. When it is told to stop it may return or raise anything: nothing is kept. What it cannot
compute it refuses with a stable code. To add one: a word in ``AnalysisKind``, a function, a line in ``KINDS``.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.computations.estimates import compute_estimate
from app.computations.forecasts import compute_forecast
from app.computations.pads import print_pads
from app.computations.report import compute_report
from app.core.db import Database
from app.domain.analyses.queries import Result
from app.domain.analyses.rules import AnalysisKind

# Told the share that is done; False means stop.
Advance = Callable[[float], bool]
Computation = Callable[[Database, UUID, Mapping[str, Any], Advance, datetime], Result | None]

KINDS: Mapping[str, Computation] = {
    AnalysisKind.ESTIMATE: compute_estimate,
    AnalysisKind.FORECAST: compute_forecast,
    AnalysisKind.REPORT: compute_report,
    AnalysisKind.PADS: print_pads,
}
