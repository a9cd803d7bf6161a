"""A weight for each person, so that any question can be answered with an estimator's eyes."""

from collections.abc import Callable, Mapping

import numpy as np

from analysis.arrays import FloatArray
from analysis.counts import Counts, frame
from analysis.degrees import MissingDegree
from analysis.errors import SampleError
from analysis.estimators import ESTIMATORS
from analysis.estimators.dual_component import dual_component_weights
from analysis.estimators.estimator import normalised
from analysis.estimators.gile_ss import inclusion
from analysis.sample import Sample

Weigh = Callable[[Counts, float | None], FloatArray]


def weights(
    sample: Sample,
    trait_name: str,
    estimator: str = "rds_ii",
    *,
    population_size: float | None = None,
    missing_degree: MissingDegree = "drop",
) -> FloatArray:
    """(n,) weights that sum to 1: over a group, to the estimator's share of it.

    Whoever has no say in the estimate has weight 0; all are nan where there is no estimate.

    Raises:
        SampleError: ``unknown_trait``, ``unknown_estimator``, ``no_population_size``.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b", "c"], ["", "a", "a"], network_size=[1, 3, None],
    ...     traits={"sex": ["f", "m", "m"]})
    >>> weights(sample, "sex").tolist()
    [0.75, 0.25, 0.0]
    """
    if estimator not in ESTIMATORS:
        known = ", ".join(ESTIMATORS)
        raise SampleError(
            "unknown_estimator", f"There is no estimator {estimator!r}; choose one of {known}."
        )
    if estimator == "gile_ss" and population_size is None:
        raise SampleError("no_population_size", "Gile's weights need the size of the population.")
    ready = frame(sample, sample.trait(trait_name), missing_degree=missing_degree)
    of_cell = np.zeros(ready.people_shape)
    if estimator == "composition":
        of_cell[:, :-1] = 1.0
    else:
        weigh = _BY_PERSON.get(estimator) or _by_group(estimator)
        of_cell[:-1, :-1] = np.nan_to_num(weigh(ready.counts, population_size)[0])
    return normalised(of_cell[ready.size, ready.group])


def _by_group(estimator: str) -> Weigh:
    """Everyone of a group weighs the same: the group's share over its people."""

    def weigh(counts: Counts, population_size: float | None) -> FloatArray:
        n = counts.placed.sum(axis=-2, keepdims=True)
        shares = ESTIMATORS[estimator].shares(counts, population_size)[..., np.newaxis, :]
        each = np.broadcast_to(shares / np.maximum(n, 1), counts.placed.shape)
        return np.array(each)

    return weigh


def _by_inclusion(counts: Counts, population_size: float | None) -> FloatArray:
    assert population_size is not None
    return 1 / inclusion(counts, population_size)[..., np.newaxis]


_BY_PERSON: Mapping[str, Weigh] = {
    "rds_ii": lambda counts, _: 1 / counts.degree[np.newaxis, :, np.newaxis],
    "gile_ss": _by_inclusion,
    "dual_component": lambda counts, _: dual_component_weights(counts),
}


def mean_of(values: FloatArray, weight: FloatArray) -> float:
    """Σ w y / Σ w over those whose value is known: the estimated mean in the population.

    Args:
        values: (n,) in their own unit; nan where missing.
        weight: (n,) of ``weights``.

    >>> mean_of(np.array([20.0, 40.0, np.nan]), np.array([0.5, 0.25, 0.25]))
    26.666666666666668
    """
    known = ~np.isnan(values)
    total = float(weight[known].sum())
    return float(values[known] @ weight[known]) / total if total > 0 else float("nan")
