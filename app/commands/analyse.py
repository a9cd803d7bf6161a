"""``pdi analyse``: the figures and pictures of a recruitment file, without a server."""

import argparse
import json
import sys
from pathlib import Path

from analysis.bootstraps import BOOTSTRAPS
from analysis.errors import SampleError
from analysis.estimate import RECOMMENDED, REPLICATES, Wanted
from analysis.files import FORMATS, read_sample
from analysis.gallery import pictures
from analysis.report import choose_trait, summarise
from analysis.sample import Sample
from analysis.screen import render


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("file", type=Path, help="a recruitment file")
    parser.add_argument(
        "--format",
        choices=("auto", *FORMATS),
        default="auto",
        help="its layout (found out by default)",
    )
    parser.add_argument("--trait", metavar="COLUMN", help="the column that tells people apart")
    parser.add_argument(
        "--population-size", type=_positive, metavar="N", help="people there are, for Gile's SS"
    )
    parser.add_argument(
        "--bootstrap", type=_positive, metavar="B", help="intervals from so many replicates"
    )
    parser.add_argument(
        "--interval",
        choices=(RECOMMENDED, *BOOTSTRAPS),
        default=RECOMMENDED,
        help="by which bootstrap (each estimator's own by default)",
    )
    parser.add_argument(
        "--within",
        metavar="COLUMN",
        help="recruitment hardly crosses its values (a site); recommended intervals allow for it",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the bootstrap")
    parser.add_argument(
        "--missing-degree",
        choices=("drop", "maximum"),
        default="drop",
        help="what stands for a network size that is missing or 0",
    )
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write pictures (SVG) here")


def run(arguments: argparse.Namespace) -> int:
    """Analyse one file; 0 if it could be read, 1 with the reason on the error stream if not."""
    try:
        sample = read_sample(arguments.file, layout=arguments.format)
        trait = arguments.trait or _chosen(sample)
        wanted = Wanted(
            population_size=arguments.population_size,
            bootstrap=arguments.interval if arguments.bootstrap else None,
            replicates=arguments.bootstrap or REPLICATES,
            seed=arguments.seed,
        )
        figures = summarise(
            sample,
            trait,
            missing_degree=arguments.missing_degree,
            wanted=wanted,
            within=arguments.within,
        )
        if arguments.plots:
            _write_pictures(sample, trait, arguments.plots)
    except SampleError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"error: {error.filename}: {error.strerror}\n")
        return 1
    if arguments.json:
        sys.stdout.write(json.dumps(figures, ensure_ascii=False, allow_nan=False, indent=1) + "\n")
    else:
        sys.stdout.write(render(figures))
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _chosen(sample: Sample) -> str | None:
    trait = choose_trait(sample)
    if trait is None:
        sys.stderr.write("note: there is no trait; figures that compare people are left out\n")
        return None
    others = ", ".join(name for name in sample.traits if name != trait)
    choice = f"; --trait can choose another: {others}" if others else ""
    sys.stderr.write(f"note: figures are by {trait!r}{choice}\n")
    return trait


def _write_pictures(sample: Sample, trait: str | None, folder: Path) -> None:
    if trait is None:
        sys.stderr.write("note: there are no pictures, for each of them compares people\n")
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in pictures(sample, trait).items():
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
