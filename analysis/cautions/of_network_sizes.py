"""Cautions about network sizes as people told them."""

import numpy as np

from analysis.cautions.evidence import Evidence
from analysis.notices import Notice, counted

HEAPED_FROM = 15
HEAPED = 0.4
ENOUGH_SIZES = 20
ENOUGH_PEOPLE = 10
MUCH_MORE = 2.0


def missing_network_size(seen: Evidence) -> Notice | None:
    """There are people whose network size is not known.

    >>> from analysis.sample import build_sample
    >>> str(missing_network_size(Evidence(build_sample(["a"], [""]), None)))
    '1 person has no network size (missing or 0).'
    """
    n = int(np.count_nonzero(np.isnan(seen.sample.network_size)))
    if not n:
        return None
    text = f"{counted(n, 'person has', 'people have')} no network size (missing or 0)."
    return Notice("missing_network_size", text, {"n": n, "of": len(seen.sample)})


def implausible_network_size(seen: Evidence) -> Notice | None:
    """There are people whose network is smaller than those of it who were seen: recruits, recruiter.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(list("abcd"), ["", "a", "b", "b"], network_size=[1, 2, 1, 1])
    >>> implausible_network_size(Evidence(sample, None)).facts
    {'n': 1}
    """
    forest = seen.sample.forest
    seen_of_it = forest.recruits + (forest.recruiter >= 0)
    n = int(np.count_nonzero(seen.sample.network_size < seen_of_it))
    if not n:
        return None
    told = counted(n, "person told", "people told")
    text = (
        f"{told} a network smaller than the people we saw of it (recruiter and recruits): the "
        "question may have been understood otherwise. Such people weigh too much."
    )
    return Notice("implausible_network_size", text, {"n": n})


def heaped_network_sizes(seen: Evidence) -> Notice | None:
    """Beyond 15, more than 40 % of the network sizes are multiples of 5; 20 % would be by chance.

    >>> from analysis.sample import build_sample
    >>> ids = [str(i) for i in range(20)]
    >>> sample = build_sample(ids, [""] * 20, network_size=[20, 30] * 10)
    >>> heaped_network_sizes(Evidence(sample, None)).facts
    {'percent': 100, 'n': 20}
    """
    counts = seen.frame.counts
    size, people = counts.degree, counts.of_degree[0].astype(np.int64)
    if seen.missing_degree == "maximum" and len(people):
        people[-1] -= np.count_nonzero(np.isnan(seen.sample.network_size) & seen.frame.is_counted)
    large = size > HEAPED_FROM
    n, heaped = int(people[large].sum()), int(people[large & (size % 5 == 0)].sum())
    if n < ENOUGH_SIZES or heaped <= HEAPED * n:
        return None
    percent = round(100 * heaped / n)
    text = (
        f"Beyond {HEAPED_FROM}, {percent} % of the network sizes are multiples of 5: people "
        "estimated them. That is usual, and adds to the uncertainty; do not trim them."
    )
    return Notice("heaped_network_sizes", text, {"percent": percent, "n": n})


def differential_activity(seen: Evidence) -> Notice | None:
    """Networks of one group are at least twice as large as another's; of ten people or more each.

    >>> from analysis.sample import build_sample
    >>> ids = [str(i) for i in range(20)]
    >>> sample = build_sample(ids, [""] * 20, network_size=[4] * 10 + [12] * 10,
    ...     traits={"sex": list("f" * 10 + "m" * 10)})
    >>> differential_activity(Evidence(sample, "sex")).facts
    {'larger': 'm', 'smaller': 'f', 'times': 3.0}
    """
    placed = seen.frame.counts.placed[0].astype(np.float64)
    n = placed.sum(axis=0)
    enough = np.flatnonzero(n >= ENOUGH_PEOPLE)
    if len(enough) < 2:
        return None
    mean = n[enough] / ((1 / seen.frame.degree) @ placed[:, enough])
    low, high = enough[mean.argmin()], enough[mean.argmax()]
    times = float(mean.max() / mean.min())
    if times < MUCH_MORE - 1e-9:
        return None
    text = (
        f"Networks at {seen.levels[high]!r} are {times:.1f} times as large as at "
        f"{seen.levels[low]!r}: the composition leans far towards the larger ones, and estimates "
        "rest on how well network sizes were asked."
    )
    facts = {
        "larger": seen.levels[high],
        "smaller": seen.levels[low],
        "times": round(times, 1),
    }
    return Notice("differential_activity", text, facts)
