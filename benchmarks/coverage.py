"""How often a 95 % interval holds the truth: surveys of made-up populations whose truth is known.

    python benchmarks/coverage.py [--surveys N] [--replicates B] [--processes P] [--design NAME] [--all]

For each design, surveys are simulated along the ties of populations made anew for every ten of them,
and estimators get their intervals: that of the forest bootstrap in every survey, the others in one of
five, Gile's, which is slow, in one of ten. Prints the tables of ``analysis/README.md`` as markdown.
The same options give the same tables, however many processes there are. RDS-I, RDS-II and composition
are told nothing of the population's size; Gile's estimator is told the truth.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from analysis.arrays import FloatArray
from analysis.counts import frame
from analysis.estimate import Estimate, Wanted, estimate, estimate_of
from analysis.estimators import ESTIMATORS, Need
from analysis.reach import wilson
from analysis.sample import Sample
from analysis.surveys import recruit
from benchmarks.designs import DESIGNS, Design

SURVEYS_OF_A_POPULATION = 10
ESTIMATES = ("composition", "rds_i", "rds_ii", "gile_ss")
OTHERS = ("tree", "neighbourhood", "salganik")
EVERY = {"forest": 1, "tree": 5, "neighbourhood": 5, "salganik": 5, "gile": 10}
METHODS = [
    *((estimator, "forest") for estimator in ESTIMATES),
    ("composition", "wilson"),
    *(("rds_i", bootstrap) for bootstrap in OTHERS),
    *(("rds_ii", bootstrap) for bootstrap in OTHERS),
    ("gile_ss", "tree"),
    ("gile_ss", "gile"),
    ("rds_i", "forest, in sites"),
    ("rds_ii", "forest, in sites"),
]
SHOWN = [
    *((estimator, "forest") for estimator in ESTIMATES[1:]),
    ("composition", "wilson"),
    *(("rds_ii", bootstrap) for bootstrap in OTHERS),
    ("gile_ss", "gile"),
]


def surveyed(design: Design, number: int, replicates: int) -> tuple[float, list[FloatArray]]:
    """The truth of one population, and (methods, 4) of each of its surveys: share, SE, low, high."""
    random = np.random.default_rng([number, *design.name.encode()])
    population = design.make(random)
    surveys = []
    for each in range(SURVEYS_OF_A_POPULATION):
        sample = recruit(population, design.survey, random, trait="sex")
        seed = number * SURVEYS_OF_A_POPULATION + each
        found = dict(_intervals(sample, len(population), replicates, seed))
        nothing = np.full(4, np.nan)
        surveys.append(np.array([found.get(method, nothing) for method in METHODS]))
    return float(population.shares[0]), surveys


def _intervals(
    sample: Sample, people: int, replicates: int, seed: int
) -> Iterator[tuple[tuple[str, str], FloatArray]]:
    """Every method whose turn it is."""
    ready = frame(sample, sample.trait("sex"))
    of_group, n = ready.counts.of_group[0], np.full(2, len(ready))
    share = of_group / n
    yield (
        ("composition", "wilson"),
        _first(share, np.sqrt(share * (1 - share) / n), *wilson(of_group, n)),
    )
    for name, bootstrap in METHODS:
        if bootstrap in EVERY and seed % EVERY[bootstrap] == 0:
            size = people if Need.POPULATION_SIZE in ESTIMATORS[name].needs else None
            wanted = Wanted(size, bootstrap, replicates, seed=seed)
            yield (name, bootstrap), _shown(estimate_of(ready, name, wanted))
        elif bootstrap == "forest, in sites" and "site" in sample.traits:
            wanted = Wanted(None, "forest", replicates, seed=seed)
            yield (name, bootstrap), _shown(estimate(sample, "sex", name, wanted, within="site"))


def _shown(found: Estimate) -> FloatArray:
    its = found.interval
    if its is None:
        return np.full(4, np.nan)
    return _first(found.share, its.se, its.low, its.high)


def _first(*columns: FloatArray) -> FloatArray:
    return np.array([column[0] for column in columns])


@dataclass(frozen=True)
class Record:
    """What became of one method in one design; shares and widths in percentage points."""

    surveys: int
    coverage: float
    width: float
    bias: float
    rmse: float
    se_ratio: float

    @classmethod
    def of(cls, found: FloatArray, truth: FloatArray) -> "Record | None":
        """From (surveys, 4) share, SE, low, high, those without an estimate left out."""
        made = ~np.isnan(found).any(axis=1)
        if not made.any():
            return None
        share, se, low, high = found[made].T
        off = share - truth[made]
        return cls(
            surveys=int(made.sum()),
            coverage=100 * float(((low <= truth[made]) & (truth[made] <= high)).mean()),
            width=100 * float((high - low).mean()),
            bias=100 * float(off.mean()),
            rmse=100 * float(np.sqrt((off**2).mean())),
            se_ratio=float(np.sqrt((se**2).mean()) / off.std(ddof=1)),
        )

    def __str__(self) -> str:
        return (
            f"{self.surveys:,} | {self.coverage:.1f} | {self.width:.1f} | {self.bias:+.1f} | "
            f"{self.rmse:.1f} | {self.se_ratio:.2f}"
        )


Records = dict[tuple[str, str], Record]


def records(design: Design, surveys: int, replicates: int, pool: ProcessPoolExecutor) -> Records:
    """What became of every method."""
    numbers = range(-(-surveys // SURVEYS_OF_A_POPULATION))
    work = partial(_numbered, design.name, replicates)
    done = list(pool.map(work, numbers, chunksize=2))
    truth = np.repeat([each for each, _ in done], SURVEYS_OF_A_POPULATION)
    found = np.array([survey for _, some in done for survey in some])
    each = {method: Record.of(found[:, i], truth) for i, method in enumerate(METHODS)}
    return {method: record for method, record in each.items() if record is not None}


def _numbered(name: str, replicates: int, number: int) -> tuple[float, list[FloatArray]]:
    design = next(each for each in DESIGNS if each.name == name)
    return surveyed(design, number, replicates)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--surveys", type=int, default=1_000)
    parser.add_argument("--replicates", type=int, default=250)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--design", action="append", choices=[each.name for each in DESIGNS])
    parser.add_argument("--all", action="store_true", help="every method in every design")
    asked = parser.parse_args()
    start, known = time.perf_counter(), {}
    with ProcessPoolExecutor(asked.processes) as pool:
        for design in DESIGNS:
            if asked.design is None or design.name in asked.design:
                known[design] = records(design, asked.surveys, asked.replicates, pool)
                sys.stderr.write(f"{design.name}: {time.perf_counter() - start:.0f} s\n")
    tables = [*overview(known)]
    for design, found in known.items():
        tables += details(design, found, METHODS if asked.all else [*SHOWN, *METHODS[-2:]])
    sys.stdout.write("\n".join(tables) + "\n")


def overview(known: dict[Design, Records]) -> Iterator[str]:
    """Coverage of the methods that matter most, a line a design."""
    titles = [f"{estimator}, {interval}" for estimator, interval in SHOWN]
    yield "| design | what is particular | " + " | ".join(titles) + " |"
    yield "|---|---|" + "---|" * len(titles)
    for design, found in known.items():
        cells = " | ".join(f"{found[method].coverage:.1f}" for method in SHOWN)
        yield f"| {design.name} | {design.about} | {cells} |"


def details(design: Design, found: Records, methods: list[tuple[str, str]]) -> Iterator[str]:
    """All that was measured in one design."""
    yield f"\n{design.name}: {design.about}\n"
    yield "| estimator | interval | surveys | coverage % | width | bias | RMSE | SE / actual SD |"
    yield "|---|---|---|---|---|---|---|---|"
    for method in filter(found.__contains__, methods):
        yield f"| {method[0]} | {method[1]} | {found[method]} |"


if __name__ == "__main__":
    main()
