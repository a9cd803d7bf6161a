"""``pdi convert``: a recruitment file in another layout, with nothing lost on the way."""

import argparse
import sys
from pathlib import Path

from analysis.errors import SampleError
from analysis.files import FORMATS, WITHOUT_COUPONS, WRITERS, read_sample, write_sample


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "file", type=Path, help="a recruitment file, or the folder of a data package"
    )
    parser.add_argument("--to", choices=tuple(WRITERS), required=True, help="the layout to write")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help="where to write; for a data package a folder, or a name that ends in .zip",
    )
    parser.add_argument(
        "--format",
        choices=("auto", *FORMATS),
        default="auto",
        help="the layout of the file (found out by default)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the file; 0, or 1 with the reason on the error stream. What is refused is not begun."""
    try:
        sample = read_sample(arguments.file, layout=arguments.format)
        write_sample(sample, arguments.out, layout=arguments.to)
    except SampleError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"error: {error.filename}: {error.strerror}\n")
        return 1
    notes = [str(notice) for notice in sample.notices]
    if sample.coupons is not None and arguments.to in WITHOUT_COUPONS:
        notes.append(
            f"The {arguments.to} layout has no place for coupon figures: they are left out."
        )
    sys.stderr.write("".join(f"note: {note}\n" for note in notes))
    sys.stdout.write(f"wrote {len(sample):,} people to {arguments.out}\n")
    return 0
