"""Kind of analysis → the function that computes it. One table, read by the worker.

A computation reads the programme's figures in one short snapshot, computes with no transaction open, and tells again
and again how far it is. When it is told to stop it may return or raise anything: nothing is kept. What it cannot
compute it refuses with a stable code. To add one: a word in ``AnalysisKind``, a function, a line in ``KINDS``.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np

from analysis.estimate import Wanted, estimate, recommended
from app.core.clock import local_date
from app.core.db import Database
from app.domain.analyses.errors import BadAnalysis
from app.domain.analyses.queries import Result
from app.domain.analyses.rules import AnalysisKind
from app.domain.chains.queries import LiveSample, load_sample
from app.domain.programmes.queries import clock_of

# Told the share that is done; False means stop.
Advance = Callable[[float], bool]
Computation = Callable[[Database, UUID, Mapping[str, Any], Advance, datetime], Result | None]

JSON = "application/json"
# More would say nothing that so many do not, and keep other programmes waiting.
MOST_REPLICATES = 20_000


def compute_estimate(
    database: Database,
    programme_id: UUID,
    parameters: Mapping[str, Any],
    advance: Advance,
    now: datetime,
) -> Result:
    """An estimate of a trait's shares with its bootstrap, as ``analysis.estimate`` has it.

    Parameters, each with its default: ``trait`` sex; ``estimator`` rds_ii; ``bootstrap`` the recommended one;
    ``replicates`` 1000; ``seed`` 0; ``population_size`` null; ``interval`` null (as the bootstrap's authors do);
    ``missing_degree`` drop; ``with_seeds`` true.

    The JSON has the fields of ``Estimate``, those of its ``interval`` (``replicates`` is how many gave an estimate), the
    ``parameters`` as used, ``as_of`` and ``people``; what cannot be computed is null with a notice.
    """
    used = _given(
        parameters,
        trait="sex",
        estimator="rds_ii",
        bootstrap=None,
        replicates=1000,
        seed=0,
        population_size=None,
        interval=None,
        missing_degree="drop",
        with_seeds=True,
    )
    used["bootstrap"] = used["bootstrap"] or recommended(used["estimator"])
    _check_replicates(used)
    live, today = _live(database, programme_id, now)
    found = estimate(
        live.sample,
        used["trait"],
        used["estimator"],
        Wanted(
            population_size=used["population_size"],
            bootstrap=used["bootstrap"],
            replicates=used["replicates"],
            kind=used["interval"],
            seed=used["seed"],
        ),
        missing_degree=used["missing_degree"],
        with_seeds=used["with_seeds"],
        progress=lambda done, of: advance(done / of),
    )
    told = plain(found)
    if found.interval:
        told["interval"]["replicates"] = len(found.interval.replicates)
    return _json({**told, "parameters": used, "as_of": today, "people": len(live.sample)})


KINDS: Mapping[str, Computation] = {
    AnalysisKind.ESTIMATE: compute_estimate,
}


def plain(value: object) -> Any:
    """A frozen result of ``analysis`` as JSON values: fields by name, arrays as lists, nan and NaT as null.

    >>> plain({"share": np.array([0.25, np.nan]), "day": np.datetime64("2026-03-02")})
    {'share': [0.25, None], 'day': '2026-03-02'}
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.astype(str).tolist() if value.dtype.kind == "M" else value.tolist())
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    is_missing = value == "NaT" or (isinstance(value, float) and math.isnan(value))
    return None if is_missing else value


def _given(parameters: Mapping[str, Any], **defaults: Any) -> dict[str, Any]:
    """The parameters with what was left out. Raises: BadAnalysis, for one that has no meaning here."""
    unknown = sorted(set(parameters) - set(defaults))
    if unknown:
        raise BadAnalysis(parameter=unknown[0], reason="unknown")
    return defaults | dict(parameters)


def _check_replicates(used: Mapping[str, Any]) -> None:
    if not isinstance(used["replicates"], int) or used["replicates"] > MOST_REPLICATES:
        raise BadAnalysis(parameter="replicates", reason="out_of_range")


def _live(database: Database, programme_id: UUID, now: datetime) -> tuple[LiveSample, date]:
    with database.snapshot() as session:
        today = local_date(now, clock_of(session, programme_id, None))
        return load_sample(session, programme_id, today=today), today


def _json(told: Mapping[str, object]) -> Result:
    return Result(JSON, json.dumps(plain(told), ensure_ascii=False, allow_nan=False).encode())
