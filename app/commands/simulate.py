"""``pdi simulate``: synthetic recruitment in the csv layout.

By itself it writes a forest that branches. With ``--population`` it makes a population whose truth is
known, with ties between its people, and recruits along them.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from analysis.files import write_csv
from analysis.networks import Population, Society, populate
from analysis.sample import Sample
from analysis.simulate import simulate
from analysis.surveys import Survey, recruit

MOST = 20_000_000
MOST_IN_A_NETWORK = 1_000_000
OF_A_POPULATION = "share homophily activity degree_mean degree_spread seeds seeds_of coupons truth"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--participants", type=_count, required=True, metavar="N", help="how many")
    parser.add_argument("--seed", type=_seed, default=0, metavar="S", help="same seed, same file")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to write")
    town = parser.add_argument_group("along the ties of a population whose truth is known")
    town.add_argument(
        "--population", type=_people, metavar="N", help="people in it; the rest needs this"
    )
    town.add_argument("--share", type=_share, metavar="S", help="share of women (0.3)")
    town.add_argument(
        "--homophily",
        type=_above_0,
        metavar="H",
        help="cross-ties by chance over those there are (1)",
    )
    town.add_argument(
        "--activity", type=_above_0, metavar="A", help="women's mean network size over men's (1)"
    )
    town.add_argument("--degree-mean", type=_above_0, metavar="D", help="mean network size (12)")
    town.add_argument(
        "--degree-spread", type=_above_0, metavar="C", help="its coefficient of variation (0.8)"
    )
    town.add_argument("--seeds", type=_count, metavar="K", help="seeds to begin with (8)")
    town.add_argument("--seeds-of", choices=Society.levels, help="all seeds are of this sex")
    town.add_argument("--coupons", type=_count, metavar="K", help="coupons a person (3)")
    town.add_argument("--truth", type=Path, metavar="FILE", help="write what is true to this json")


def run(arguments: argparse.Namespace) -> int:
    """Write the file; 0, or 1 with the reason on the error stream, or 2 for options that clash."""
    asked = [name for name in OF_A_POPULATION.split() if getattr(arguments, name) is not None]
    if arguments.population is None and asked:
        sys.stderr.write(f"error: --{asked[0].replace('_', '-')} needs --population\n")
        return 2
    try:
        if arguments.population is None:
            sample = simulate(arguments.participants, seed=arguments.seed)
        else:
            sample = _along_ties(arguments)
        write_csv(sample, arguments.out)
    except ValueError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"error: {error.filename}: {error.strerror}\n")
        return 1
    sys.stdout.write(f"wrote {arguments.participants:,} simulated people to {arguments.out}\n")
    return 0


def _along_ties(arguments: argparse.Namespace) -> Sample:
    given = {name: value for name, value in vars(arguments).items() if value is not None}
    share = given.get("share", Society.shares[0])
    society = Society(
        people=arguments.population,
        shares=(share, 1 - share),
        activity=(given.get("activity", 1.0), 1.0),
        homophily=given.get("homophily", Society.homophily),
        mean_degree=given.get("degree_mean", Society.mean_degree),
        spread=given.get("degree_spread", Society.spread),
    )
    survey = Survey(
        participants=arguments.participants,
        seeds=given.get("seeds", Survey.seeds),
        seeds_of=arguments.seeds_of,
        coupons=given.get("coupons", Survey.coupons),
    )
    random = np.random.default_rng(arguments.seed)
    population = populate(society, random)
    sample = recruit(population, survey, random, trait="sex")
    if arguments.truth is not None:
        text = json.dumps(truth_of(population), indent=2, allow_nan=False)
        arguments.truth.write_text(text + "\n", encoding="utf-8")
    return sample


def truth_of(population: Population) -> dict[str, object]:
    """What a survey of that population is to find, as JSON values."""
    women, men = population.mean_degrees.tolist()
    return {
        "people": len(population),
        "trait": "sex",
        "shares": dict(zip(population.levels, population.shares.tolist(), strict=True)),
        "mean_network_size": {population.levels[0]: women, population.levels[1]: men},
        "activity": women / men,
        "homophily": population.homophily,
    }


def _count(text: str) -> int:
    return _whole(text, MOST)


def _people(text: str) -> int:
    return _whole(text, MOST_IN_A_NETWORK)


def _whole(text: str, most: int) -> int:
    number = int(text)
    if not 1 <= number <= most:
        raise argparse.ArgumentTypeError(f"must be between 1 and {most:,}")
    return number


def _share(text: str) -> float:
    number = float(text)
    if not 0 < number < 1:
        raise argparse.ArgumentTypeError("must be between 0 and 1")
    return number


def _above_0(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("must be above 0")
    return number


def _seed(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number
