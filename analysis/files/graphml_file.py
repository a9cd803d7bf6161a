"""One chain as GraphML, for people who look at it in another program."""

from pathlib import Path

import networkx as nx

from analysis.sample import Sample, to_networkx


def write_graphml(sample: Sample, seed: int, path: Path) -> None:
    """Write the chain that a seed began; nodes carry wave, network size, day and traits.

    Args:
        seed: index of the seed.
    """
    nx.write_graphml_xml(to_networkx(sample, seed=seed), path, named_key_ids=True)
