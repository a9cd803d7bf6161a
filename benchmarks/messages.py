"""How fast a crowd is written to: ``python -m benchmarks.messages [--people N]``.

So many people get one message each by six ``pdi worker`` on PostgreSQL, of whom one is killed in the middle of a batch; the
provider is on loopback and reports each delivery. Fails unless everyone got exactly one message and each is delivered. Prints the
time from the first worker's start to the last message, the start of six processes included.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from app.core import schema
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.messages.rules import MessageState
from benchmarks.redemption import say
from tests.crowd import send_to_a_crowd, states
from tests.postgres import running_postgres

NAME = "pdi_benchmark_messages"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=2000)
    people = parser.parse_args().people
    with tempfile.TemporaryDirectory() as folder, running_postgres() as server:
        key_file = Path(folder) / "master.key"
        keyring = Keyring.create(key_file)
        server.drop(NAME)
        url = server.create(NAME)
        schema.upgrade(url)
        database = Database(url, keyring)
        begin = perf_counter()
        provider = send_to_a_crowd(database, key_file, people)
        seconds = perf_counter() - begin
        found = states(database)
        database.close()
        server.drop(NAME)
    say(
        f"{people} people, six workers, one killed: {seconds:.0f} s, {people / seconds:.0f} a second"
    )
    say(f"taken {len(provider.taken)}, twice {len(provider.twice)}, {dict(found)}")
    is_right = not provider.twice and found == {MessageState.DELIVERED: people}
    return 0 if is_right and len(provider.taken) == people else 1


if __name__ == "__main__":
    sys.exit(main())
