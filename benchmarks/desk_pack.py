"""How large and how fast a device's list is: ``python -m benchmarks.desk_pack [--coupons N]``.

Makes a programme whose coupons live, were redeemed or expired over five months, enrols a device, and lets it fetch its
list over HTTP on SQLite and on PostgreSQL (fsync on): fresh, and again when nothing is new. Beside it, in the same run,
the same coupons read as records and written as JSON without HTTP. Prints bytes, medians and CPU of server and database;
exits with 1 where a target is missed. pretix 2026.8 keeps 33 MB of 20,000 tickets on its scanner; a request of it
takes 45 ms at least, all of them of a processor, and brings 50 tickets: 18 s. So CPU is compared, which says the same on a
busy machine.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from sqlalchemy import Select, select, update

from app.core import schema
from app.core.clock import utc_now
from app.core.crypto import Keyring
from app.core.db import Database
from app.core.installation import ensure_installed
from app.domain.coupons.actions import issue_bundle
from app.domain.coupons.models import Coupon
from app.domain.coupons.rules import CouponStatus
from app.domain.devices.actions import begin_enrolment, enrol
from app.domain.participants.queries import Origin
from app.domain.programmes.queries import current_protocol
from benchmarks.redemption import cpu_of_children, say
from tests.factories import Place, a_place
from tests.postgres import running_postgres
from tests.serving import serving

ROUNDS = 9
SIZE, DAYS = 3, 150
PRETIX_BYTES, PRETIX_SECONDS, PRETIX_TICKETS = 33_000_000, 18.0, 20_000
SHARE = 1 / 20


@dataclass(frozen=True)
class Fetched:
    """A list as a device got it: bytes, the median of seconds, and of CPU seconds of server and database."""

    size: int
    seconds: float
    cpu: float

    def line(self, name: str) -> str:
        return f"{name:44}{self.size:12,}{self.seconds * 1000:10.0f}{self.cpu * 1000:10.0f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    parser.add_argument("--coupons", type=int, default=PRETIX_TICKETS)
    coupons = parser.parse_args().coupons
    say(f"{coupons:,} coupons, medians of {ROUNDS} rounds")
    say(f"{'':44}{'bytes':>12}{'ms':>10}{'CPU ms':>10}")
    with tempfile.TemporaryDirectory(prefix="pdi-bench-", dir="/tmp") as name:
        folder = Path(name)
        found = [measured(f"sqlite:///{folder}/pdi.sqlite3", folder / "s.key", coupons, "SQLite")]
        with running_postgres(durable=True) as postgres:
            url = postgres.create("pdi_benchmark")
            found.append(measured(url, folder / "p.key", coupons, "PostgreSQL"))
    size = max(each.size for each in found) / PRETIX_BYTES
    seconds = max(each.cpu for each in found) / PRETIX_SECONDS
    say("")
    say(f"bytes / pretix's 33 MB of 20,000: 1/{1 / size:.0f} (at most 1/20)")
    say(f"CPU / pretix's 400 requests at their fastest: 1/{1 / seconds:.0f} (at most 1/20)")
    return 0 if size <= SHARE and seconds <= SHARE else 1


def measured(url: str, key_file: Path, coupons: int, name: str) -> Fetched:
    keyring = Keyring.create(key_file)
    schema.upgrade(url)
    with closing(Database(url, keyring)) as database:
        place, key = stocked(database, coupons)
        with serving(url, key_file) as server:
            tag = ""
            fetch(server.url, key, tag)  # what the first request has to load is no part of it
            rounds, again, records = [], [], []
            for _ in range(ROUNDS):
                fresh, tag = timed(partial(fetch, server.url, key, ""))
                rounds.append(fresh)
                again.append(timed(partial(fetch, server.url, key, tag))[0])
                began = perf_counter()
                written = as_records(database, place.programme.id)
                records.append(Fetched(written, perf_counter() - began, 0))
    whole = median(rounds)
    say(whole.line(f"{name}, the list"))
    say(median(again).line(f"{name}, nothing new (304)"))
    say(median(records).line(f"{name}, records as JSON, without HTTP"))
    return whole


def stocked(database: Database, coupons: int) -> tuple[Place, str]:
    """A programme with its coupons, and the key of a device of it."""
    now = utc_now()
    with database.transaction() as session:
        ensure_installed(session, now=now)
        place = a_place(session, now=now)
        begun = begin_enrolment(
            session, label="1", staff_id=place.intake.staff_id, by=place.manager, now=now
        )
        key = enrol(session, begun.secret, browser="", now=now).key
        protocol = current_protocol(session, place.programme.id)
    bundles = coupons // SIZE
    for start in range(0, bundles, 200):
        with database.transaction() as session:
            for number in range(start, min(start + 200, bundles)):
                on = (now - timedelta(days=number % DAYS)).date()
                issue_bundle(
                    session,
                    programme_id=place.programme.id,
                    site_id=place.site.id,
                    protocol_id=protocol.id,
                    holder_id=uuid4(),
                    holder_origin=Origin(uuid4(), None),
                    holder_wave=0,
                    size=SIZE,
                    usable_from=on + timedelta(days=1),
                    usable_until=on + timedelta(days=30),
                    on=on,
                    by=place.intake.staff_id,
                )
    with database.transaction() as session:  # every third came back
        ids = session.scalars(coupons_of(place.programme.id)).all()[::3]
        for start in range(0, len(ids), 500):
            session.execute(
                update(Coupon)
                .where(Coupon.id.in_(ids[start : start + 500]))
                .values(status=CouponStatus.REDEEMED)
            )
    return place, key


def coupons_of(programme_id: UUID) -> Select[UUID]:
    return select(Coupon.id).where(Coupon.programme_id == programme_id)


def fetch(url: str, key: str, tag: str) -> tuple[int, str]:
    """Bytes of the body, and its tag."""
    connection = HTTPConnection(urlsplit(url).netloc)
    headers = {"Authorization": f"Bearer {key}", "If-None-Match": tag}
    connection.request("GET", "/api/v1/desk/pack", headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != (304 if tag else 200):
        raise RuntimeError(f"{answer.status}: {body[:200]!r}")
    return len(body), answer.headers["ETag"]


def timed(fetching: Callable[[], tuple[int, str]]) -> tuple[Fetched, str]:
    cpu, began = cpu_of_children(), perf_counter()
    size, tag = fetching()
    took = perf_counter() - began
    return Fetched(size, took, cpu_of_children() - cpu), tag


def as_records(database: Database, programme_id: UUID) -> int:
    """The same coupons one record each, as a snapshot of rows would bring them; its bytes."""
    with database.snapshot() as session:
        rows = session.scalars(select(Coupon).where(Coupon.programme_id == programme_id))
        records = [
            {
                "id": str(row.id),
                "site": str(row.site_id),
                "status": row.status.value,
                "usable_from": row.usable_from.isoformat(),
                "usable_until": row.usable_until.isoformat(),
                "status_on": row.status_on.isoformat(),
                "token_digest": row.token_digest.hex(),
                "code_digest": row.code_digest.hex(),
            }
            for row in rows
        ]
    return len(json.dumps(records))


def median(found: list[Fetched]) -> Fetched:
    return Fetched(
        found[0].size,
        statistics.median(each.seconds for each in found),
        statistics.median(each.cpu for each in found),
    )


if __name__ == "__main__":
    sys.exit(main())
