"""Cautions about what a sample's figures can bear: one function each, gravest first in the table.

Each looks at the evidence and gives a notice or ``None``; codes and facts are stable, so that pages
can say the same in any language. Facts hold exact counts: a page that withholds small counts must
withhold them there too.
"""

from collections.abc import Callable

from analysis.cautions import of_chains, of_groups, of_network_sizes, of_size
from analysis.cautions.evidence import Evidence
from analysis.notices import Notice

__all__ = ["CAUTIONS", "Caution", "Evidence"]

Caution = Callable[[Evidence], Notice | None]

CAUTIONS: tuple[Caution, ...] = (
    of_size.small_sample,
    of_chains.few_waves,
    of_chains.short_of_equilibrium,
    of_groups.groups_never_cross,
    of_groups.site_bottleneck,
    of_chains.one_chain_dominates,
    of_chains.chains_disagree,
    of_chains.not_settled,
    of_groups.wide_intervals,
    of_network_sizes.missing_network_size,
    of_network_sizes.implausible_network_size,
    of_network_sizes.differential_activity,
    of_groups.uneven_recruitment,
    of_size.large_part_of_population,
    of_size.seeds_in_estimates,
    of_size.missing_trait,
    of_size.small_level,
    of_network_sizes.heaped_network_sizes,
    of_chains.short_chains,
    of_chains.barren_seeds,
)
