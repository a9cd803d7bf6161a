"""``pdi verify``: every invariant the database must hold, a line each."""

import argparse
import sys
from itertools import islice

from app.commands.opening import add_data_argument, opened, settings_of
from app.verification import CHECKS

SHOWN = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run every check on one snapshot; 0 when all hold."""
    all_hold = True
    with opened(settings_of(arguments)) as database, database.snapshot() as session:
        for name, check in CHECKS.items():
            faults = list(islice(check(session), SHOWN + 1))
            sys.stdout.write(f"{'FAULT' if faults else 'ok   '}  {name}\n")
            for fault in faults[:SHOWN]:
                sys.stdout.write(f"         {fault}\n")
            if len(faults) > SHOWN:
                sys.stdout.write("         and more\n")
            sys.stdout.flush()
            all_hold &= not faults
    return 0 if all_hold else 1
