"""How fast coupons are redeemed: ``python -m benchmarks.redemption [--one N] [--many N]``.

Redeems over HTTP on loopback, one after another and by 16 connections at once, on SQLite and on PostgreSQL
(fsync on), each beside its limit in the same run: ``pgbench`` with the very statements a redemption issues, and
on SQLite the same actions with a commit each and no HTTP. Prints rates, the time to an answer, CPU time of server
and database a redemption, and the ratios; exits with 1 where a target is missed.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit
from uuid import uuid4

from app.core import schema
from app.core.clock import utc_now
from app.core.codes import Code
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.intake.actions import redeem
from app.domain.intake.rules import Scan
from app.domain.staff.rules import Role
from benchmarks import same_statements
from tests.factories import Place, a_bundle, a_place, key_for
from tests.postgres import running_postgres
from tests.serving import serving

CONNECTIONS = 16
WARM_UP = 48
# The least that is allowed, of the shared plan: against pgbench, and against a commit each.
AGAINST_PGBENCH, AGAINST_ONE_COMMIT_EACH = 0.20, 3.0


@dataclass(frozen=True)
class Run:
    """What was measured: redemptions a second, seconds to each answer, CPU seconds of server and database."""

    rate: float
    seconds: list[float]
    cpu: float

    def line(self, name: str) -> str:
        ranks = statistics.quantiles(self.seconds, n=100)
        times = "".join(f"{ranks[at - 1] * 1000:9.1f}" for at in (50, 95, 99))
        return f"{name:44}{self.rate:9.0f}{times}{self.cpu * 1000:9.2f}"


@dataclass(frozen=True)
class Stock:
    """A programme with coupons that can be redeemed now, and the key to redeem them with."""

    place: Place
    key: str
    codes: Iterator[str]

    def scan(self) -> dict[str, str]:
        """The next coupon as a device sends it."""
        return {
            "id": str(uuid4()),
            "code": next(self.codes),
            "site": self.place.site.code,
            "device_id": "desk-1",
            "scanned_at": utc_now().isoformat(),
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    parser.add_argument("--one", type=int, default=300, help="redemptions one after another")
    parser.add_argument("--many", type=int, default=1600, help="redemptions by 16 connections")
    sizes = parser.parse_args()
    say(f"{'':44}{'a second':>9}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'CPU ms':>9}")
    with tempfile.TemporaryDirectory(prefix="pdi-bench-", dir="/tmp") as folder:
        grouped = on_sqlite(Path(folder), sizes)
        against = on_postgresql(Path(folder), sizes)
    say("")
    say(f"16 connections on SQLite / a commit each without HTTP: {grouped:.2f} (at least 3)")
    say(
        f"16 connections on PostgreSQL / pgbench with the same statements: {against:.2f} (at least 0.20)"
    )
    return 0 if grouped >= AGAINST_ONE_COMMIT_EACH and against >= AGAINST_PGBENCH else 1


def on_sqlite(folder: Path, sizes: argparse.Namespace) -> float:
    url, keyring = f"sqlite:///{folder}/pdi.sqlite3", Keyring.create(folder / "sqlite.key")
    with a_database(url, keyring) as database:
        stock = stocked(database, 2 * sizes.one + sizes.many + WARM_UP)
        cpu = os.times()
        alone = [one_commit(database, stock) for _ in range(sizes.one)]
        spent = os.times()
    own = (spent.user + spent.system - cpu.user - cpu.system) / sizes.one
    rate = 1 / statistics.fmean(alone)
    say(Run(rate, alone, own).line("SQLite, a commit each, no HTTP"))
    many = over_http(url, folder / "sqlite.key", stock, sizes, "SQLite")
    return many / rate


def on_postgresql(folder: Path, sizes: argparse.Namespace) -> float:
    keyring = Keyring.create(folder / "postgresql.key")
    with running_postgres(durable=True) as postgres:
        url = postgres.create("pdi_benchmark")
        with a_database(url, keyring) as database:
            stock = stocked(database, sizes.one + 2 * sizes.many + 2 * WARM_UP)
            script = same_statements.write(database, keyring, stock.key, stock.scan())
            codes = [next(stock.codes) for _ in range(sizes.many)]
            same_statements.number_coupons(database, keyring, codes)
        many = over_http(url, folder / "postgresql.key", stock, sizes, "PostgreSQL")
        cpu = cpu_of_children()
        limit = same_statements.run(
            url, script, clients=CONNECTIONS, each=sizes.many // CONNECTIONS
        )
        spent = (cpu_of_children() - cpu) / sizes.many * 1000
        say(f"{'PostgreSQL, pgbench, 16 clients':44}{limit:9.0f}{spent:36.2f}")
        postgres.drop("pdi_benchmark")
    return many / limit


@contextmanager
def a_database(url: str, keyring: Keyring) -> Iterator[Database]:
    schema.upgrade(url)
    database = Database(url, keyring)
    try:
        yield database
    finally:
        database.close()


def stocked(database: Database, coupons: int) -> Stock:
    """Coupons in threes, made two days ago."""
    codes: list[str] = []
    made = utc_now() - timedelta(days=2)
    with database.transaction() as session:
        place = a_place(session, now=made)
        key = key_for(session, place, Role.INTAKE, now=made)
    while len(codes) < coupons:
        with database.transaction() as session:
            for _ in range(100):
                codes += [coupon.code for coupon in a_bundle(session, place, now=made).coupons]
    return Stock(place, key, iter(codes))


def one_commit(database: Database, stock: Stock) -> float:
    """Seconds that the action alone takes, its commit included."""
    given = stock.scan()
    began = perf_counter()
    with database.transaction() as session:
        scan = Scan(uuid4(), Code(given["code"]), given["site"], "desk-1", utc_now())
        redeem(session, scan, by=stock.place.intake, now=utc_now())
    return perf_counter() - began


def over_http(
    url: str, key_file: Path, stock: Stock, sizes: argparse.Namespace, name: str
) -> float:
    """Measure one after another, then all connections at once; the rate of the latter."""
    with serving(url, key_file) as server:
        redeem_all(server.url, stock, WARM_UP, connections=CONNECTIONS)
        one = redeem_all(server.url, stock, sizes.one, connections=1)
        say(one.line(f"{name}, HTTP, one after another"))
        many = redeem_all(server.url, stock, sizes.many, connections=CONNECTIONS)
        say(many.line(f"{name}, HTTP, {CONNECTIONS} connections"))
    return many.rate


def redeem_all(url: str, stock: Stock, count: int, *, connections: int) -> Run:
    scans = [json.dumps(stock.scan()) for _ in range(count)]
    cpu, began = cpu_of_children(), perf_counter()
    with ThreadPoolExecutor(connections) as pool:
        shares = [scans[start::connections] for start in range(connections)]
        seconds = list(pool.map(lambda share: send(url, stock.key, share), shares))
    took = perf_counter() - began
    spent = (cpu_of_children() - cpu) / count
    return Run(count / took, [each for share in seconds for each in share], spent)


def send(url: str, key: str, scans: list[str]) -> list[float]:
    """Redeem over one connection, one scan after another; the seconds to each answer."""
    connection = HTTPConnection(urlsplit(url).netloc)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    seconds = []
    for scan in scans:
        began = perf_counter()
        connection.request("POST", "/api/v1/redemptions", scan, headers)
        answer = connection.getresponse()
        body = answer.read()
        seconds.append(perf_counter() - began)
        if answer.status != 201:
            raise RuntimeError(f"{answer.status}: {body!r}")
    connection.close()
    return seconds


def cpu_of_children() -> float:
    """CPU seconds that every process below this one, and those it has waited for, have used so far."""
    parents, used = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # gone in the meantime
            continue
        process = int(stat.parent.name)
        parents[process] = int(fields[1])
        used[process] = sum(map(int, fields[11:15]))
    below, found = [os.getpid()], 0
    while below:
        parent = below.pop()
        children = [process for process, its in parents.items() if its == parent]
        found += sum(used[process] for process in children)
        below += children
    return found / os.sysconf("SC_CLK_TCK")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
