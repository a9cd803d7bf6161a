"""Bootstraps of a thousand replicates, their speed and memory, beside R's packages in the same run.

    python benchmarks/bootstraps.py [--people N …] [--replicates B] [--rounds R] [--agreement]

Each bootstrap runs in a process of its own, from a file to the estimates of all replicates, round
after round, so that medians are of interleaved rounds and the memory is that of one method. Where
Rscript is there with the packages RDS, RDStreeboot or Neighboot, ``bootstraps.R`` runs on the same
file in every round, for samples of up to 2,000 people; they make a matrix of n x n. Where it is not,
figures recorded on another day and another machine are shown, and said to be so.

``--agreement`` compares standard errors of 20,000 replicates with those of R instead.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

HERE = Path(__file__)
sys.path.insert(0, str(HERE.parents[1]))

from analysis.arrays import FloatArray
from analysis.bootstraps import BOOTSTRAPS
from analysis.counts import Counts, Frame, frame
from analysis.estimators.estimator import weighted_shares
from analysis.estimators.gile_ss import inclusion
from analysis.estimators.rds_ii import rds_ii
from analysis.files import read_sample, write_csv
from analysis.simulate import simulate
from tests.analysis.datasets import OWN, known_datasets

POPULATIONS = 10
MOST_FOR_R = 2_000
AGREEMENT = 0.07
R_REPLICATES = 1_000
NAME_IN_R = {
    "tree": "rds_ii_tree_bootstrap_RDStreeboot",
    "neighbourhood": "rds_ii_neighbourhood_bootstrap_Neighboot",
    "gile": "gile_ss_gile_bootstrap",
}
RECORDED = {
    "salganik RDS": "25 s of the processor",
    "tree RDS": "12 s of the processor",
    "tree RDStreeboot": "1.8 s of the processor",
    "n = 50,000": "cannot allocate 18.6 GB",
}

Took = dict[str, float]


def once(name: str, file: Path, trait: str, replicates: int) -> Took:
    """One bootstrap in this process: seconds from the sample to the estimates, and the peak memory."""
    sample = read_sample(file)
    wall, processor = time.perf_counter(), time.process_time()
    ready = frame(sample, sample.trait(trait), missing_degree="maximum")
    made = list(estimates(name, ready, replicates, float(POPULATIONS * len(sample))))
    took = {
        "wall": time.perf_counter() - wall,
        "processor": time.process_time() - processor,
        "megabytes": peak_megabytes(),
    }
    if np.isnan(np.concatenate(made)).any():
        raise SystemExit(f"{name}: a replicate without an estimate")
    return took


def estimates(
    name: str, ready: Frame, replicates: int, population_size: float
) -> Iterator[FloatArray]:
    """RDS-II of each replicate; Gile's estimate for Gile's bootstrap."""
    shares = estimator(name, ready, population_size)
    for counts in BOOTSTRAPS[name].resample(
        ready, replicates, np.random.default_rng(1), population_size=population_size
    ):
        yield shares(counts)


def estimator(name: str, ready: Frame, population_size: float) -> Callable[[Counts], FloatArray]:
    """As R has it: Gile's bootstrap keeps the sample's own chances of inclusion."""
    if name != "gile":
        return rds_ii
    weight = np.nan_to_num(1 / inclusion(ready.counts, population_size)[0])
    return lambda counts: weighted_shares(counts, weight)


def peak_megabytes() -> float:
    """The most memory this process ever had, Python and numpy included."""
    status = Path("/proc/self/status").read_text().splitlines()
    [line] = [line for line in status if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


def in_a_process(name: str, file: Path, trait: str, replicates: int) -> Took:
    """``once`` in a process of its own."""
    command = [sys.executable, str(HERE), "--one", name, str(file), trait, str(replicates)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    took: Took = json.loads(done.stdout)
    return took


def in_r(file: Path, trait: str, replicates: int, people: int) -> dict[str, Took]:
    """Every package that is there, by what it is compared with; {} where R is not."""
    if shutil.which("Rscript") is None or people > MOST_FOR_R:
        return {}
    command = ["Rscript", str(HERE.with_suffix(".R")), str(file), trait, str(replicates)]
    done = subprocess.run(
        [*command, str(POPULATIONS * people)], check=False, capture_output=True, text=True
    )
    found = {}
    for line in done.stdout.splitlines():
        name, processor, wall, *_ = line.split("\t")
        if processor == "failed":
            say(f"  {name}: {wall}")
        else:
            found[name] = {"wall": float(wall), "processor": float(processor)}
    if done.returncode:
        say(f"  R failed: {done.stderr.strip()[-400:]}")
    return found


def compare(people: int, replicates: int, rounds: int) -> None:
    """Our bootstraps and R's, round after round, on one file."""
    say(f"{people:,} people, {replicates:,} replicates, median of {rounds} rounds")
    with tempfile.TemporaryDirectory() as folder:
        file, trait = OWN / "forest_500.csv", "t2"
        if people != 500:
            file, trait = Path(folder) / "forest.csv", "sex"
            write_csv(simulate(people, seed=1), file)
        runs: dict[str, list[Took]] = defaultdict(list)
        for _ in range(rounds):
            for name in BOOTSTRAPS:
                runs[name].append(in_a_process(name, file, trait, replicates))
            for name, took in in_r(file, trait, replicates, people).items():
                runs[name].append(took)
    medians = {name: median_of(took) for name, took in runs.items()}
    for name, took in medians.items():
        memory = f"{took['megabytes']:8.0f} MB" if "megabytes" in took else ""
        say(f"  {name:24}{took['wall']:9.3f} s wall {took['processor']:9.3f} s processor{memory}")
    for name, took in medians.items():
        if name not in BOOTSTRAPS:
            ratio = took["processor"] / medians[name.split()[0]]["processor"]
            say(f"  {name} takes {ratio:,.0f} times the processor time")
    if set(medians) <= set(BOOTSTRAPS):
        say("  R was not run. Recorded on another machine (R 4.2.2, RDS 0.9-10, RDStreeboot 1.0;")
        say("  500 people, 1,000 replicates), not in this run:")
        for name, text in RECORDED.items():
            say(f"    {name}: {text}")


def median_of(runs: list[Took]) -> Took:
    return {what: statistics.median(run[what] for run in runs) for what in runs[0]}


def agreement(replicates: int) -> None:
    """Standard errors of many replicates over those of R, which are of 1,000.

    In brackets twice the standard error of that ratio: R's figures wobble, most where a few people
    make a group. The tests draw R's own random numbers again and get its figures to nine digits.
    """
    for known in known_datasets():
        if known.file.suffix != ".csv" or known.file.stem.endswith("_coupons"):
            continue
        sample, size = known.sample(), float(known.figures["population_size_used"])
        for trait, figures in known.traits():
            ready = frame(sample, sample.trait(trait), missing_degree="maximum")
            for name, key in NAME_IN_R.items():
                theirs = figures["se"][key]
                order = [ready.levels.index(level) for level in theirs["levels"]]
                made = np.concatenate(list(estimates(name, ready, replicates, size)))[:, order]
                off = made.std(axis=0, ddof=1) / theirs["se"] - 1
                wobble = 2 * relative_error(made, replicates)
                shown = "  ".join(
                    f"{100 * one:+5.1f} % (±{100 * by:.1f})"
                    for one, by in zip(off, wobble, strict=True)
                )
                mark = "  more than 7 %" if np.abs(off).max() > AGREEMENT else ""
                say(f"{known.file.stem:14} {trait:14} {name:14} {shown}{mark}")


def relative_error(made: FloatArray, replicates: int) -> FloatArray:
    """(k,) of the ratio of two standard deviations: of these replicates, and of R's 1,000.

    That of B values has the relative error √((kurtosis - 1) / 4 B).
    """
    centred = made - made.mean(axis=0)
    kurtosis = (centred**4).mean(axis=0) / (centred**2).mean(axis=0) ** 2
    error: FloatArray = np.sqrt((kurtosis - 1) / 4 * (1 / replicates + 1 / R_REPLICATES))
    return error


def say(line: str) -> None:
    """A line of the result."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, nargs="+", default=[500, 50_000])
    parser.add_argument("--replicates", type=int)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--agreement", action="store_true", help="standard errors, not speed")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        name, file, trait, replicates = asked.one
        say(json.dumps(once(name, Path(file), trait, int(replicates))))
    elif asked.agreement:
        agreement(asked.replicates or 20_000)
    else:
        for people in asked.people:
            compare(people, asked.replicates or 1_000, asked.rounds if people <= 5_000 else 1)
