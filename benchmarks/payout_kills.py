"""What is left when the server dies while money is sent: ``python -m benchmarks.payout_kills [--rounds N] [--seed S]``.

Each round walks a batch from its approval to its booked answers over HTTP, on SQLite and on PostgreSQL (fsync on), and kills the
server twice at random moments: once while it is approved or released, once while its answers are read or booked. After each kill
the server is started again, the tables are asked what stands, every check of money is run, and the step is sent again. Prints, by
step, how often it was killed, how often it had been kept and how often it had been answered by then; exits with 1 where a step
was half done, was answered and not kept, or could not be gone on with.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from app.core.crypto import Keyring
from benchmarks.redemption import a_database, say
from tests.journeys.payout_kills import EARLY, LATE, drill, some_finance
from tests.postgres import running_postgres


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    parser.add_argument("--rounds", type=int, default=50, help="batches, two kills each")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        clean = [
            on_a_database(f"sqlite:///{name}/pdi.sqlite3", "SQLite", Path(name), given),
        ]
        with running_postgres(durable=True) as postgres:
            url = postgres.create("pdi_benchmark")
            clean.append(on_a_database(url, "PostgreSQL", Path(name), given))
            postgres.drop("pdi_benchmark")
    return 0 if all(clean) else 1


def on_a_database(url: str, name: str, folder: Path, given: argparse.Namespace) -> bool:
    """Do the rounds and print what came of them; tells whether nothing was found."""
    key_file = folder / f"{name}.key"
    with a_database(url, Keyring.create(key_file)) as database:
        finance = some_finance(database, key_file)
        tally = drill(finance, rounds=given.rounds, rng=random.Random(given.seed))
    say(f"{name}: {tally.rounds} batches, {tally.kills.total()} kills")
    for step in (*EARLY, *LATE):
        killed, kept, answered = tally.kills[step], tally.kept[step], tally.answered[step]
        say(f"  {step:8} killed {killed:4}, kept by then {kept:4}, answered by then {answered:4}")
    for fault in tally.faults:
        say(f"  {fault}")
    return not tally.faults


if __name__ == "__main__":
    sys.exit(main())
