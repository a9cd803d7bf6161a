"""``pdi simulate``: a synthetic recruitment forest in the csv layout."""

import argparse
import sys
from pathlib import Path

from analysis.files import write_csv
from analysis.simulate import simulate

MOST = 20_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--participants", type=_count, required=True, metavar="N", help="how many")
    parser.add_argument("--seed", type=_seed, default=0, metavar="S", help="same seed, same file")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to write")


def run(arguments: argparse.Namespace) -> int:
    """Write the file; 0, or 1 with the reason on the error stream."""
    try:
        write_csv(simulate(arguments.participants, seed=arguments.seed), arguments.out)
    except OSError as error:
        sys.stderr.write(f"error: {error.filename}: {error.strerror}\n")
        return 1
    sys.stdout.write(f"wrote {arguments.participants:,} simulated people to {arguments.out}\n")
    return 0


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MOST:
        raise argparse.ArgumentTypeError(f"must be between 1 and {MOST:,}")
    return number


def _seed(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number
