"""Cautions about a sample in plain words: what its figures cannot bear."""

from collections.abc import Iterator

import numpy as np

from analysis.forest import chains
from analysis.notices import Notice, counted
from analysis.sample import Sample

FEW_PEOPLE = 100
FEW_WAVES = 5
MOST_OF_ALL = 0.5
SMALL_LEVEL = 5


def cautions(sample: Sample, trait_name: str | None) -> tuple[Notice, ...]:
    """Everything worth a caution, gravest first; ``None`` where no trait is looked at.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], traits={"sex": ["m", "f"]})
    >>> [notice.code for notice in cautions(sample, "sex")]
    ['small_sample', 'few_waves', 'missing_network_size', 'small_level']
    """
    if not len(sample):
        return (Notice("no_people", "Nobody has been enrolled yet."),)
    of_trait = _of_trait(sample, trait_name) if trait_name is not None else ()
    return (*_of_size(sample), *_of_chains(sample), *_of_sizes(sample), *of_trait)


def _of_size(sample: Sample) -> Iterator[Notice]:
    n, waves = len(sample), sample.forest.max_wave
    if n < FEW_PEOPLE:
        people = counted(n, "person", "people")
        yield Notice("small_sample", f"Only {people}: shares are uncertain.", {"n": n})
    if waves < FEW_WAVES:
        text = (
            f"Only {counted(waves, 'wave', 'waves')} after the seeds: the composition may still "
            "reflect whom staff chose as seeds."
        )
        yield Notice("few_waves", text, {"waves": waves})


def _of_chains(sample: Sample) -> Iterator[Notice]:
    found = chains(sample.forest)
    n = len(sample)
    if len(found.size) > 1 and found.size[0] > MOST_OF_ALL * n:
        share = round(100 * int(found.size[0]) / n)
        text = (
            f"One chain of {len(found.size)} holds {share} % of all people: figures are mostly its."
        )
        yield Notice("one_chain_dominates", text, {"share": share, "chains": len(found.size)})
    barren = int(np.count_nonzero(found.size == 1))
    if barren:
        seeds = counted(barren, "seed", "seeds")
        text = f"{seeds} of {len(found.size)} recruited nobody."
        yield Notice("barren_seeds", text, {"n": barren, "seeds": len(found.size)})


def _of_sizes(sample: Sample) -> Iterator[Notice]:
    sizes = int(np.count_nonzero(np.isnan(sample.network_size)))
    if sizes:
        text = f"{counted(sizes, 'person has', 'people have')} no network size (missing or 0)."
        yield Notice("missing_network_size", text, {"n": sizes})


def _of_trait(sample: Sample, trait_name: str) -> Iterator[Notice]:
    n = len(sample)
    trait = sample.trait(trait_name)
    if trait.missing:
        people = counted(trait.missing, "person has", "people have")
        text = f"{people} no value of {trait_name!r}; shares are of those who have one."
        yield Notice("missing_trait", text, {"n": trait.missing, "trait": trait_name})
    small = [level for level, m in zip(trait.levels, trait.counts, strict=True) if m < SMALL_LEVEL]
    if small:
        names = ", ".join(repr(level) for level in small[:10])
        text = f"Fewer than {SMALL_LEVEL} people at {names} of {trait_name!r}, out of {n:,}."
        yield Notice("small_level", text, {"levels": tuple(small), "trait": trait_name})
