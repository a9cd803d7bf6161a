"""A server that dies while a batch is approved, sent or answered leaves nothing half done; whoever comes next goes on."""

import random
from pathlib import Path

from app.core.db import Database
from tests.journeys.payout_kills import drill, some_finance

ROUNDS = 4


def test_a_server_killed_during_any_step_of_a_batch_leaves_all_of_it_or_nothing(
    database: Database, key_file: Path
) -> None:
    tally = drill(some_finance(database, key_file), rounds=ROUNDS, rng=random.Random(ROUNDS))

    assert tally.faults == []
    assert (tally.rounds, tally.kills.total()) == (ROUNDS, 2 * ROUNDS)
