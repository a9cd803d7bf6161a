"""Bootstraps for samples drawn through peers: one file each, one line each in the list.

>>> list(BOOTSTRAPS)
['forest', 'tree', 'neighbourhood', 'salganik', 'gile']
"""

from collections.abc import Mapping

from analysis.bootstraps.bootstrap import Bootstrap, IntervalKind
from analysis.bootstraps.forest import forest
from analysis.bootstraps.gile import gile
from analysis.bootstraps.neighbourhood import neighbourhood
from analysis.bootstraps.salganik import salganik
from analysis.bootstraps.tree import tree

__all__ = ["BOOTSTRAPS", "Bootstrap", "IntervalKind"]

_ALL = (
    Bootstrap(
        "forest",
        "Forest bootstrap",
        forest,
        "logit",
        "Salganik 2006, along the forest as it grew",
        finite_correction=True,
    ),
    Bootstrap("tree", "Tree bootstrap", tree, "percentile", "Baraff, McCormick & Raftery 2016"),
    Bootstrap(
        "neighbourhood", "Neighbourhood bootstrap", neighbourhood, "percentile", "Yauck et al. 2022"
    ),
    Bootstrap("salganik", "Salganik's bootstrap", salganik, "percentile", "Salganik 2006"),
    Bootstrap(
        "gile",
        "Gile's bootstrap",
        gile,
        "normal",
        "Gile 2011",
        needs_population_size=True,
        keeps_inclusion=True,
    ),
)
BOOTSTRAPS: Mapping[str, Bootstrap] = {each.name: each for each in _ALL}
