"""How fast a device's queue is taken in: ``python -m benchmarks.desk_sync [--events N] [--rounds N]``.

A desk has worked without a network: people with cards came, and every fourth went through her whole visit. Its device then
sends what waits, 50 events at a time, as the desk's courier does, on SQLite and on PostgreSQL (fsync on). Each round takes in
a queue over HTTP on loopback; one in this process, several events in a transaction as the server does it; one in this process
with a transaction for each event; and redeems as many cards with the action alone, a transaction each, which is the limit
of those. Prints the median of the rounds; exits with 1 where 200 events over HTTP take longer than ten seconds.
"""

import argparse
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import perf_counter, process_time
from uuid import uuid4

import httpx

from app.core import installation
from app.core.clock import utc_now
from app.core.codes import Code
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.intake.actions import redeem
from app.domain.intake.rules import Scan
from app.web import delivering
from benchmarks.redemption import a_database, cpu_of_children, say
from tests.devices import DeskDevice, a_device
from tests.factories import Place, a_bundle, a_place, client
from tests.postgres import running_postgres
from tests.serving import serving

SECONDS_FOR_200 = 10.0
HTTP, TOGETHER, ALONE, LIMIT = (
    "HTTP, several events a transaction",
    "in process, several a transaction",
    "in process, a transaction each",
    "redemptions alone, a transaction each",
)


@dataclass(frozen=True)
class Rate:
    """Events a second, and CPU seconds of server and database for one."""

    a_second: float
    cpu: float


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    parser.add_argument("--events", type=int, default=200, help="events a queue")
    parser.add_argument("--rounds", type=int, default=5, help="queues measured each way")
    sizes = parser.parse_args()
    say(f"{'':56}{'a second':>9}{'CPU ms':>9}{'200 take s':>12}")
    with tempfile.TemporaryDirectory(prefix="pdi-bench-", dir="/tmp") as folder:
        place = Path(folder)
        rates = [measure("SQLite", f"sqlite:///{folder}/pdi.sqlite3", place / "one.key", sizes)]
        with running_postgres(durable=True) as postgres:
            url = postgres.create("pdi_benchmark")
            rates.append(measure("PostgreSQL", url, place / "other.key", sizes))
            postgres.drop("pdi_benchmark")
    return 0 if all(200 / rate <= SECONDS_FOR_200 for rate in rates) else 1


def measure(name: str, url: str, key_file: Path, sizes: argparse.Namespace) -> float:
    """Measure the ways in turn, so that none has the quieter machine; the rate of what the server does."""
    keyring, found = Keyring.create(key_file), defaultdict[str, list[Rate]](list)
    with a_database(url, keyring) as database:
        began = utc_now() - timedelta(days=2)
        with database.transaction() as session:
            installation.ensure_installed(session, now=began)
            place = a_place(session, now=began)
        with (
            serving(url, key_file) as server,
            httpx.Client(base_url=server.url, timeout=60) as http,
        ):
            here = client(database, keyring, now=utc_now)
            for turn in range(sizes.rounds + 1):
                for way, door, group in (
                    (HTTP, http, None),
                    (TOGETHER, here, None),
                    (ALONE, here, 1),
                ):
                    device = a_queue(database, keyring, place, sizes.events)
                    found[way].append(send_all(device, door, group))
                found[LIMIT].append(redeem_all(database, place, sizes.events))
                if turn == 0:
                    found.clear()  # whatever is done once in the life of a process
    for way, rates in found.items():
        rate = statistics.median(each.a_second for each in rates)
        cpu = statistics.median(each.cpu for each in rates) * 1000
        say(f"{name + ', ' + way:56}{rate:9.0f}{cpu:9.2f}{200 / rate:12.2f}")
    return statistics.median(each.a_second for each in found[HTTP])


def a_queue(database: Database, keyring: Keyring, place: Place, events: int) -> DeskDevice:
    """What a desk did within the last hours, sealed and waiting."""
    with database.transaction() as session:
        device = a_device(session, place, keyring, now=utc_now() - timedelta(days=1))
    codes, at = cards(database, place), utc_now() - timedelta(hours=5)
    while len(device.sealed) < events:
        for visitor in range(4):
            person = device.arrive(next(codes), at=at)
            if visitor == 0:
                device.go_through_visit(person, at=at)
            at += timedelta(seconds=10)
    del device.sealed[events:]
    return device


def cards(database: Database, place: Place) -> Iterator[str]:
    """Cards made two days ago."""
    while True:
        with database.transaction() as session:
            made = [a_bundle(session, place, now=utc_now() - timedelta(days=2)) for _ in range(20)]
        yield from (coupon.code for bundle in made for coupon in bundle.coupons)


def send_all(device: DeskDevice, http: httpx.Client, group: int | None) -> Rate:
    """Send a queue as the desk's courier does; in this process ``group`` is how many events share a transaction."""
    usual, delivering.GROUP = delivering.GROUP, group or delivering.GROUP
    cpu, began = cpu_used(), perf_counter()
    while device.waiting:
        device.send(http, device.waiting[:50], now=utc_now())
    took, spent = perf_counter() - began, cpu_used() - cpu
    delivering.GROUP = usual
    refused = [each for each in device.verdicts.values() if each["outcome"] != "accepted"]
    if refused:
        raise RuntimeError(f"{len(refused)} events were refused: {refused[0]['code']}")
    return Rate(len(device.sealed) / took, spent / len(device.sealed))


def cpu_used() -> float:
    """CPU seconds of this process, the server and the database."""
    return process_time() + cpu_of_children()


def redeem_all(database: Database, place: Place, count: int) -> Rate:
    codes = cards(database, place)
    scanned = [next(codes) for _ in range(count)]
    cpu, began = cpu_used(), perf_counter()
    for code in scanned:
        with database.transaction() as session:
            scan = Scan(uuid4(), Code(code), place.site.code, "desk-1", utc_now())
            redeem(session, scan, by=place.intake, now=utc_now())
    took, spent = perf_counter() - began, cpu_used() - cpu
    return Rate(count / took, spent / count)


if __name__ == "__main__":
    sys.exit(main())
