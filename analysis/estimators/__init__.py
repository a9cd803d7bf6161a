"""Estimators of the shares of groups in a population: one file each, one line each in the list.

>>> list(ESTIMATORS)
['composition', 'rds_i', 'rds_i_least_squares', 'dual_component', 'rds_ii', 'gile_ss']
"""

from collections.abc import Mapping

from analysis.estimators.composition import composition
from analysis.estimators.dual_component import dual_component
from analysis.estimators.estimator import Estimator, Need
from analysis.estimators.gile_ss import gile_ss
from analysis.estimators.rds_i import rds_i, rds_i_least_squares
from analysis.estimators.rds_ii import rds_ii

__all__ = ["ESTIMATORS", "Estimator", "Need"]

_NOTHING = frozenset[Need]()
_SIZE = frozenset({Need.NETWORK_SIZE})
_BOTH = frozenset({Need.NETWORK_SIZE, Need.RECRUITMENT})
_POPULATION = frozenset({Need.NETWORK_SIZE, Need.POPULATION_SIZE})

_ALL = (
    Estimator("composition", "Composition of the sample", composition, _NOTHING, ""),
    Estimator("rds_i", "RDS-I (Salganik–Heckathorn)", rds_i, _BOTH, "Salganik & Heckathorn 2004"),
    Estimator(
        "rds_i_least_squares", "RDS-I, least squares", rds_i_least_squares, _BOTH, "Heckathorn 2002"
    ),
    Estimator(
        "dual_component", "Dual component (Heckathorn)", dual_component, _BOTH, "Heckathorn 2007"
    ),
    Estimator("rds_ii", "RDS-II (Volz–Heckathorn)", rds_ii, _SIZE, "Volz & Heckathorn 2008"),
    Estimator("gile_ss", "Gile's successive sampling", gile_ss, _POPULATION, "Gile 2011"),
)
ESTIMATORS: Mapping[str, Estimator] = {each.name: each for each in _ALL}
