"""Estimates of a population's shares with their bootstraps."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from analysis.estimate import BEST_BOOTSTRAP, Wanted, estimate
from app.computations.results import as_json, given, plain
from app.core.clock import local_date
from app.core.db import Database
from app.domain.analyses.queries import Result
from app.domain.chains.queries import load_sample
from app.domain.programmes.queries import clock_of
from app.web.figures.estimates import of_women


def compute_estimate(
    database: Database,
    programme_id: UUID,
    parameters: Mapping[str, Any],
    advance: Callable[[float], bool],
    now: datetime,
) -> Result:
    """An estimate of a trait's shares with its bootstrap, as ``analysis.estimate`` has it.

    Parameters, each with its default: ``trait`` sex; ``estimator`` rds_ii; ``bootstrap`` the recommended one;
    ``replicates`` 1000; ``seed`` 0; ``population_size`` null; ``interval`` null (as the bootstrap's authors do);
    ``missing_degree`` drop; ``with_seeds`` true.

    Sex is women and others, as on the pages; recruitment is understood inside sites. The JSON has the fields of
    ``Estimate``, those of its ``interval`` (``replicates`` is how many gave an estimate), the ``parameters`` as used,
    ``as_of`` and ``people``; what cannot be computed is null with a notice.
    """
    used = given(
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
    used["bootstrap"] = used["bootstrap"] or BEST_BOOTSTRAP
    with database.snapshot() as session:
        today = local_date(now, clock_of(session, programme_id, None))
        sample = of_women(load_sample(session, programme_id, today=today).sample)
    found = estimate(
        sample,
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
        within="site" if used["trait"] != "site" else None,
        progress=lambda done, of: advance(done / of),
    )
    told = plain(found)
    if found.interval:
        told["interval"]["replicates"] = len(found.interval.replicates)
    return as_json({**told, "parameters": used, "as_of": today, "people": len(sample)})
