"""How fast a telephone's menu answers: ``python -m benchmarks.ussd [--sessions N] [--rounds N] [--thinking SECONDS]``.

Fifty telephones at once walk the menu over HTTP on loopback, as Africa's Talking calls: open it, look at the hours, go back, check a
card. First without a pause between an answer and the next key, which is as fast as the server goes, then with a second of thinking,
which is still much faster than people type. On SQLite with one server process, on PostgreSQL (fsync on) with one and two. Prints
turns a second, the time to an answer and CPU time of server and database a turn; exits with 1 where p95 is beyond 150 ms with thinking.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from app.core.clock import utc_now
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.channels.rules import path
from benchmarks.redemption import a_database, cpu_of_children, say
from tests.factories import a_bundle, a_place
from tests.postgres import running_postgres
from tests.serving import serving
from tests.telephones import a_channel

LONGEST_P95 = 0.150
WARM_UP_ROUNDS = 2


@dataclass(frozen=True)
class Stage:
    """A menu that can be called, and cards to ask about."""

    path: str
    codes: Sequence[str]


@dataclass(frozen=True)
class Load:
    """What was measured: turns a second, seconds to each answer, CPU seconds of server and database a turn."""

    rate: float
    seconds: list[float]
    cpu: float

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.seconds, n=100)[94]

    def line(self, name: str) -> str:
        ranks = statistics.quantiles(self.seconds, n=100)
        times = "".join(f"{ranks[at - 1] * 1000:9.1f}" for at in (50, 95, 99))
        return f"{name:52}{self.rate:9.0f}{times}{self.cpu * 1000:9.2f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    parser.add_argument("--sessions", type=int, default=50, help="telephones at once")
    parser.add_argument(
        "--rounds", type=int, default=10, help="calls of the menu, of five turns each"
    )
    parser.add_argument("--thinking", type=float, default=1.0, help="seconds between two keys")
    sizes = parser.parse_args()
    say(f"{'':52}{'a second':>9}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'CPU ms':>9}")
    with tempfile.TemporaryDirectory(prefix="pdi-bench-", dir="/tmp") as folder:
        found = on_sqlite(Path(folder), sizes) + on_postgresql(Path(folder), sizes)
    return 0 if all(each.p95 <= LONGEST_P95 for each in found) else 1


def on_sqlite(folder: Path, sizes: argparse.Namespace) -> list[Load]:
    url, keyring = f"sqlite:///{folder}/pdi.sqlite3", Keyring.create(folder / "sqlite.key")
    with a_database(url, keyring) as database:
        stage = staged(database)
    return measured(url, folder / "sqlite.key", stage, sizes, "SQLite", workers=1)


def on_postgresql(folder: Path, sizes: argparse.Namespace) -> list[Load]:
    keyring = Keyring.create(folder / "postgresql.key")
    with running_postgres(durable=True) as postgres:
        url = postgres.create("pdi_benchmark")
        with a_database(url, keyring) as database:
            stage = staged(database)
        found = []
        for workers in (1, 2):
            name = f"PostgreSQL, {workers} server process{'es' if workers > 1 else ''}"
            found += measured(url, folder / "postgresql.key", stage, sizes, name, workers=workers)
        postgres.drop("pdi_benchmark")
    return found


def staged(database: Database) -> Stage:
    made = utc_now() - timedelta(days=2)
    with database.transaction() as session:
        place = a_place(session, now=made)
        codes = [a_bundle(session, place, now=made).coupons[0].code for _ in range(60)]
        options = {"username": "sandbox", "api_key": "a key"}
        channel, secret = a_channel(session, place, "africastalking", options=options, now=made)
    return Stage(path(channel.slug, channel.id, secret, "ussd"), codes)


def measured(
    url: str, key_file: Path, stage: Stage, sizes: argparse.Namespace, name: str, *, workers: int
) -> list[Load]:
    """Both loads; the one with thinking is what is held to the limit."""
    with serving(url, key_file, workers=workers) as server:
        everyone(server.url, stage, sizes.sessions, WARM_UP_ROUNDS, 0)
        at_once = everyone(server.url, stage, sizes.sessions, sizes.rounds, 0)
        say(at_once.line(f"{name}, {sizes.sessions} sessions, no pause"))
        thinking = everyone(server.url, stage, sizes.sessions, sizes.rounds, sizes.thinking)
        say(thinking.line(f"{name}, {sizes.sessions} sessions, {sizes.thinking:g} s between keys"))
    return [thinking]


def everyone(url: str, stage: Stage, sessions: int, rounds: int, thinking: float) -> Load:
    cpu, began = cpu_of_children(), perf_counter()
    with ThreadPoolExecutor(sessions) as pool:
        calls = [
            pool.submit(one_telephone, url, stage, f"+3805{number:08}", rounds, thinking)
            for number in range(sessions)
        ]
        seconds = [each for call in calls for each in call.result()]
    took = perf_counter() - began
    return Load(len(seconds) / took, seconds, (cpu_of_children() - cpu) / len(seconds))


def one_telephone(url: str, stage: Stage, number: str, rounds: int, thinking: float) -> list[float]:
    """Call the menu so many times over one connection; the seconds to each answer."""
    connection = HTTPConnection(urlsplit(url).netloc)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    seconds = []
    time.sleep(random.random() * thinking)
    for _ in range(rounds):
        session, typed = uuid4().hex, []
        for key in ("", "2", "0", "1", random.choice(stage.codes)):
            typed += [key] if key else []
            form = {
                "sessionId": session,
                "serviceCode": "*384#",
                "phoneNumber": number,
                "networkCode": "1",
                "text": "*".join(typed),
            }
            began = perf_counter()
            connection.request("POST", stage.path, urlencode(form), headers)
            answer = connection.getresponse()
            body = answer.read()
            seconds.append(perf_counter() - began)
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}: {body!r}")
            time.sleep(thinking)
        if not body.startswith(b"END This card can be used"):
            raise RuntimeError(f"a usable card was answered {body!r}")
    connection.close()
    return seconds


if __name__ == "__main__":
    sys.exit(main())
