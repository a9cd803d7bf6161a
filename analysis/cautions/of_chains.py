"""Cautions about chains: how long they are, how they differ, and whether figures have come to rest."""

import numpy as np

from analysis.cautions.evidence import Evidence
from analysis.convergence import TOLERANCE, settling
from analysis.forest import chains_by_depth
from analysis.mixing import equilibrium
from analysis.notices import Notice, counted, percent
from analysis.resemblance import weights_of

FEW_WAVES = 5
SHORT_CHAIN = 3
FEW_CHAINS = 3
MOST_OF_ALL = 0.5
CHANCE = 3.0
EXACT = 1e-9


def few_waves(seen: Evidence) -> Notice | None:
    """Fewer than five waves after the seeds.

    >>> from analysis.sample import build_sample
    >>> few_waves(Evidence(build_sample(["a", "b"], ["", "a"]), None)).facts
    {'waves': 1}
    """
    waves = seen.sample.forest.max_wave
    if waves >= FEW_WAVES:
        return None
    text = (
        f"Only {counted(waves, 'wave', 'waves')} after the seeds: the composition may still "
        "reflect whom staff chose as seeds."
    )
    return Notice("few_waves", text, {"waves": waves})


def short_of_equilibrium(seen: Evidence) -> Notice | None:
    """Fewer waves than the composition needs, from a group that has seeds, to come to rest.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(list("abcde"), ["", "a", "a", "c", "c"],
    ...     traits={"sex": list("mmfff")})
    >>> short_of_equilibrium(Evidence(sample, "sex")).facts["waves"]
    2
    """
    if equilibrium(seen.matrix).shares is None:
        return None
    waves, needed = seen.sample.forest.max_wave, seen.waves_to_equilibrium
    of_seeds = seen.trait.codes[seen.sample.forest.seeds]
    groups = np.flatnonzero(np.bincount(of_seeds[of_seeds >= 0], minlength=len(needed)))
    slow = [x for x in groups.tolist() if (each := needed[x]) is None or each > waves]
    if not slow:
        return None
    level = max(slow, key=lambda x: np.inf if (each := needed[x]) is None else each)
    takes = "more than 1,000" if needed[level] is None else f"{needed[level]}"
    text = (
        f"Chains reach wave {waves}, but from seeds of {seen.levels[level]!r} it takes {takes} "
        f"waves until the composition is where recruitment settles: seeds still show in it."
    )
    facts = {"waves": waves, "needed": needed[level], "level": seen.levels[level]}
    return Notice("short_of_equilibrium", text, facts)


def one_chain_dominates(seen: Evidence) -> Notice | None:
    """One of several chains holds more than half of all people.

    >>> from analysis.sample import build_sample
    >>> seen = Evidence(build_sample(["a", "b", "c"], ["", "a", ""]), None)
    >>> one_chain_dominates(seen).facts
    {'share': 67, 'chains': 2}
    """
    size, n = seen.chains.size, len(seen.sample)
    if len(size) < 2 or size[0] <= MOST_OF_ALL * n:
        return None
    share = percent(int(size[0]) / n)
    text = f"One chain of {len(size)} holds {share} % of all people: figures are mostly its."
    return Notice("one_chain_dominates", text, {"share": share, "chains": len(size)})


def chains_disagree(seen: Evidence) -> Notice | None:
    """Chains of ten people or more lie further apart than chance would have them 1 time of 100.

    >>> from analysis.simulate import simulate
    >>> chains_disagree(Evidence(simulate(300, seed=1), "sex")) is None
    True
    """
    apart = [(a.spread / a.limit, x) for x, a in seen.agreements.items() if a.agrees is False]
    if not apart:
        return None
    level = max(apart)[1]
    found = seen.agreements[level]
    low, high = percent(float(found.share.min())), percent(float(found.share.max()))
    text = (
        f"Chains differ more than chance explains: {seen.levels[level]!r} is between {low} % and "
        f"{high} % in them. They seem to run in parts of the network that hardly touch."
    )
    facts = {"level": seen.levels[level], "low": low, "high": high, "chains": len(found.seed)}
    return Notice("chains_disagree", text, facts)


def not_settled(seen: Evidence) -> Notice | None:
    """During the last half of the people RDS-II moved, and by more than chance would move it.

    Chance: three times √(p (1 - p) / m), with m = (Σ w)² / Σ w² people's worth of weights w.

    >>> from analysis.simulate import simulate
    >>> not_settled(Evidence(simulate(300, seed=1), "sex")) is None
    True
    """
    found = settling(seen.course)
    if found.is_settled is not False or not np.isfinite(found.drift).all():
        return None
    weight = weights_of(seen.frame)
    p = seen.course.share[-1]
    by_chance = CHANCE * np.sqrt(p * (1 - p) * (weight**2).sum()) / weight.sum()
    excess = found.drift - np.maximum(by_chance, TOLERANCE)
    level = int(excess.argmax())
    if excess[level] <= EXACT:
        return None
    points = percent(float(found.drift[level]))
    text = (
        f"The estimate for {seen.levels[level]!r} still moved by {points} percentage points during "
        "the last half of the people: it has not come to rest."
    )
    return Notice("not_settled", text, {"level": seen.levels[level], "points": points})


def short_chains(seen: Evidence) -> Notice | None:
    """More than half of the chains that began ended before wave 3; of three chains or more.

    >>> from analysis.sample import build_sample
    >>> short_chains(Evidence(build_sample(list("abcdef"), ["", "", "", *"abc"]), None)).facts
    {'short': 3, 'chains': 3, 'wave': 3}
    """
    ended = chains_by_depth(seen.sample.forest)[1:]
    begun, short = int(ended.sum()), int(ended[: SHORT_CHAIN - 1].sum())
    if begun < FEW_CHAINS or short <= MOST_OF_ALL * begun:
        return None
    text = f"{short} of {begun} chains ended before wave {SHORT_CHAIN}."
    return Notice("short_chains", text, {"short": short, "chains": begun, "wave": SHORT_CHAIN})


def barren_seeds(seen: Evidence) -> Notice | None:
    """There are seeds who recruited nobody.

    >>> from analysis.sample import build_sample
    >>> str(barren_seeds(Evidence(build_sample(["a", "b", "c"], ["", "a", ""]), None)))
    '1 seed of 2 recruited nobody.'
    """
    barren, seeds = int(np.count_nonzero(seen.chains.size == 1)), len(seen.chains.size)
    if not barren:
        return None
    text = f"{counted(barren, 'seed', 'seeds')} of {seeds} recruited nobody."
    return Notice("barren_seeds", text, {"n": barren, "seeds": seeds})
