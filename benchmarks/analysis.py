"""Waves and chains of a large forest: our arrays against networkx, in one run.

    python benchmarks/analysis.py [--participants N] [--rounds R] [--file]

Rounds are interleaved and medians shown, wall time and processor time, with the largest memory each
took (measured apart, for measuring slows down). The answers must agree, or it fails.
"""

import argparse
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from analysis.arrays import IntArray
from analysis.files import read_sample, write_csv
from analysis.forest import chains, grow
from analysis.report import summarise
from analysis.simulate import simulate

Figures = tuple[list[int], list[int]]


def with_arrays(recruiter: IntArray) -> Figures:
    """Wave counts and chain sizes from the array of recruiters."""
    forest = grow(recruiter)
    return forest.wave_counts.tolist(), chains(forest).size.tolist()


def with_networkx(recruiter: IntArray) -> Figures:
    """The same from a graph: build it, then a breadth-first search from every seed."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(len(recruiter)))
    graph.add_edges_from((int(r), i) for i, r in enumerate(recruiter.tolist()) if r >= 0)
    waves: dict[int, int] = {}
    sizes = []
    for seed in np.flatnonzero(recruiter < 0).tolist():
        lengths = nx.single_source_shortest_path_length(graph, seed)
        sizes.append(len(lengths))
        for wave in lengths.values():
            waves[wave] = waves.get(wave, 0) + 1
    return [waves[wave] for wave in sorted(waves)], sorted(sizes, reverse=True)


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the wall and of the processor."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - processor


def megabytes(work: Callable[[], object]) -> float:
    """The most memory it holds at once."""
    tracemalloc.start()
    work()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 2**20


def compare(participants: int, rounds: int) -> None:
    """Both ways over one forest."""
    recruiter = simulate(participants, seed=1).recruiter
    ways = {"arrays": with_arrays, "networkx": with_networkx}
    answers = {name: way(recruiter) for name, way in ways.items()}
    if answers["arrays"] != answers["networkx"]:
        raise SystemExit("the two ways disagree")
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            times[name].append(timed(lambda way=way: way(recruiter)))
    medians = {}
    for name, way in ways.items():
        wall, processor = (statistics.median(column) for column in zip(*times[name], strict=True))
        medians[name] = wall
        memory = megabytes(lambda way=way: way(recruiter))
        say(f"{name:9} {wall:8.3f} s wall {processor:8.3f} s processor {memory:7.0f} MB")
    say(f"networkx / arrays: {medians['networkx'] / medians['arrays']:.0f} times the wall time")


def from_file(participants: int) -> None:
    """From a file on the disk to every figure of the report."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "forest.csv"
        write_csv(simulate(participants, seed=1), file)
        samples = []
        wall, processor = timed(lambda: samples.append(read_sample(file)))
        say(f"reading   {wall:8.3f} s wall {processor:8.3f} s processor")
        wall, processor = timed(lambda: summarise(samples[0], "sex"))
        say(f"figures   {wall:8.3f} s wall {processor:8.3f} s processor")


def say(line: str) -> None:
    """A line of the result."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--participants", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--file", action="store_true", help="from a file to all figures as well")
    asked = parser.parse_args()
    say(f"{asked.participants:,} people, median of {asked.rounds} rounds")
    compare(asked.participants, asked.rounds)
    if asked.file:
        from_file(asked.participants)
