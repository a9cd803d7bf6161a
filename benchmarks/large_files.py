"""From a recruitment file to its figures: time and the largest memory, in processes of their own.

    python benchmarks/large_files.py [--participants N ...] [--rounds R] [--folder DIR]

For each N a file is simulated, and then R times, each in a new process:

  figures   waves, chain sizes, recruitment matrix and composition of the file, from the file on
  analyse   ``pdi analyse FILE --json``: every figure, with diagnostics and estimates
  carefully waves of the file by the reader that is meant for small and irregular files; only where
            N is a million or less

Medians are shown: wall time, processor time, the largest memory in GiB (of the process, as the
kernel counts it). A file read before is in the machine's cache.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
ALL_PEOPLE_WHO_INJECT = 12_190_000
MOST_FOR_THE_CAREFUL = 1_000_000


def figures(file: Path) -> None:
    """The four figures, and a line that says what they came to."""
    from analysis.files import read_sample
    from analysis.forest import chains
    from analysis.mixing import recruitment_matrix
    from analysis.reach import composition

    sample = read_sample(file)
    sex = sample.trait("sex")
    waves, sizes = sample.forest.wave_counts, chains(sample.forest).size
    matrix, everyone = recruitment_matrix(sample.recruiter, sex), composition(sex)
    if not waves.sum() == sizes.sum() == everyone.n.sum() == len(sample):
        raise SystemExit("the figures do not add up")
    if matrix.sum() != len(sample) - len(sizes):
        raise SystemExit("the recruits do not add up")


def analyse(file: Path) -> None:
    """All that ``pdi analyse`` says."""
    from app.cli import main

    with Path(os.devnull).open("w") as nothing, redirect_stdout(nothing), redirect_stderr(nothing):
        status = main(["analyse", str(file), "--json"])
    if status:
        raise SystemExit("the file was refused")


def carefully(file: Path) -> None:
    """Waves by the careful reader."""
    from analysis.files import csv_file
    from analysis.files.text import decode

    _ = csv_file.read(decode(file.read_bytes())).forest.wave_counts


def simulated(file: Path, participants: int) -> None:
    """``pdi simulate``."""
    from app.cli import main

    with Path(os.devnull).open("w") as nothing, redirect_stdout(nothing):
        main(["simulate", "--participants", str(participants), "--out", str(file)])


WAYS = {"figures": figures, "analyse": analyse, "carefully": carefully}


def measured(work: str, *arguments: str) -> tuple[float, float, float]:
    """Seconds by the wall and of the processor, and GiB, of one piece of work from its start on."""
    begun = time.perf_counter()
    command = [sys.executable, str(Path(__file__)), "--only", work, *arguments]
    process = os.posix_spawn(sys.executable, command, os.environ)
    _, status, used = os.wait4(process, 0)
    wall = time.perf_counter() - begun
    if status:
        raise SystemExit(f"{work} failed")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20


def compare(participants: int, rounds: int, folder: Path) -> None:
    """Every way over one file, round by round."""
    file = folder / f"people-{participants}.csv"
    wall, processor, memory = measured("simulate", str(file), str(participants))
    say(participants, "simulate", wall, processor, memory)
    few = participants <= MOST_FOR_THE_CAREFUL
    found: dict[str, list[tuple[float, float, float]]] = {
        way: [] for way in WAYS if few or way != "carefully"
    }
    for _ in range(rounds):
        for way, rows in found.items():
            rows.append(measured(way, str(file)))
    for way, rows in found.items():
        say(participants, way, *(statistics.median(column) for column in zip(*rows, strict=True)))
    file.unlink()


def say(participants: int, what: str, wall: float, processor: float, memory: float) -> None:
    """A line of the result."""
    sys.stdout.write(
        f"{participants:>12,} {what:10} {wall:8.2f} s wall {processor:8.2f} s processor "
        f"{memory:6.2f} GiB\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--participants", type=int, nargs="+", default=[1_000_000, ALL_PEOPLE_WHO_INJECT]
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to put the files for the while")
    parser.add_argument("--only", nargs="+", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only and asked.only[0] == "simulate":
        simulated(Path(asked.only[1]), int(asked.only[2]))
    elif asked.only:
        WAYS[asked.only[0]](Path(asked.only[1]))
    else:
        with tempfile.TemporaryDirectory(dir=asked.folder) as scratch:
            for many in asked.participants:
                compare(many, asked.rounds, Path(scratch))
