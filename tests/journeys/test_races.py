"""Many desks, one coupon, real server processes: whoever wins, the coupon counts once."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, create_engine, func, select, text

from app.core.clock import utc_now
from app.core.codes import new_code
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.coupons.models import Coupon
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.models import Redemption, RefusedScan
from app.domain.participants.models import Participant
from app.domain.staff.rules import Role
from app.domain.stipends.models import LedgerEntry
from tests.factories import a_bundle, a_place, key_for
from tests.serving import serving

DESKS = 64


@dataclass(frozen=True)
class Scene:
    """Coupons that can be redeemed now, and who may."""

    codes: list[str]
    site: str
    key: str

    def scan(self, code: str) -> dict[str, Any]:
        return {
            "id": str(uuid4()),
            "code": code,
            "site": self.site,
            "device_id": "desk",
            "scanned_at": utc_now().isoformat(),
        }


@pytest.fixture
def scene(database: Database) -> Scene:
    made = utc_now() - timedelta(days=2)
    with database.transaction() as session:
        place = a_place(session, now=made)
        coupons = a_bundle(session, place, now=made).coupons
        key = key_for(session, place, Role.INTAKE, now=made)
    return Scene([each.code for each in coupons], place.site.code, key)


@contextmanager
def servers(database: Database, key_file: Path, *, processes: int) -> Iterator[list[str]]:
    """One server of so many processes, or on PostgreSQL so many servers."""
    with ExitStack() as stack:
        count, workers = (1, processes) if database.is_sqlite else (processes, 1)
        yield [
            stack.enter_context(serving(database.url, key_file, workers=workers)).url
            for _ in range(count)
        ]


def send(urls: list[str], scans: list[dict[str, Any]], key: str) -> list[httpx.Response]:
    """All at once, each on a connection of its own, in turn to each server."""

    async def all_at_once() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(limits=limits, timeout=60, headers=headers) as client:
            return await asyncio.gather(
                *(
                    client.post(f"{urls[number % len(urls)]}/api/v1/redemptions", json=scan)
                    for number, scan in enumerate(scans)
                )
            )

    return asyncio.run(all_at_once())


@pytest.mark.parametrize(
    ("backend", "processes"), [("sqlite", 1), ("sqlite", 2), ("postgresql", 2)]
)
def test_of_64_desks_one_redeems_and_a_scan_sent_64_times_is_answered_once_for_all(
    database: Database, key_file: Path, scene: Scene, processes: int
) -> None:
    with servers(database, key_file, processes=processes) as urls:
        replies = send(urls, [scene.scan(scene.codes[0]) for _ in range(DESKS)], scene.key)
        assert Counter(reply.status_code for reply in replies) == {201: 1, 409: DESKS - 1}
        refused = [reply.json() for reply in replies if reply.status_code == 409]
        assert {each["code"] for each in refused} == {"already_redeemed"}
        assert on_record(database) == {
            "redemptions": 1,
            "recruits": 1,
            "held": 1,
            "refusals": DESKS - 1,
            "spent": 1,
        }

        for code in (scene.codes[1], new_code().digits):
            replies = send(urls, [scene.scan(code)] * DESKS, scene.key)
            assert len({(reply.status_code, reply.text) for reply in replies}) == 1
        assert on_record(database) == {
            "redemptions": 2,
            "recruits": 2,
            "held": 2,
            "refusals": DESKS,
            "spent": 2,
        }


@pytest.mark.parametrize("backend", ["postgresql"])
def test_the_control_reading_before_writing_would_redeem_twice(
    database: Database, keyring: Keyring, scene: Scene
) -> None:
    """The race is real: without the conditional update several desks find the coupon unspent."""
    desks = 8
    engine = create_engine(database.url, pool_size=desks)
    at_once = threading.Barrier(desks)
    with ThreadPoolExecutor(desks) as pool:
        spent = sum(pool.map(lambda _: read_then_write(engine, at_once), range(desks)))
    engine.dispose()

    assert spent > 1


def read_then_write(engine: Engine, at_once: threading.Barrier) -> bool:
    with engine.begin() as connection:
        (status, coupon) = connection.execute(
            text("SELECT status, id FROM coupon ORDER BY id LIMIT 1")
        ).one()
        at_once.wait(10)
        if status != "issued":
            return False
        connection.execute(
            text("UPDATE coupon SET status = 'redeemed' WHERE id = :id"), {"id": coupon}
        )
        return True


def on_record(database: Database) -> dict[str, int]:
    counts = {
        "redemptions": select(func.count()).select_from(Redemption),
        "recruits": select(func.count()).where(Participant.wave == 1),
        "held": select(func.count()).select_from(LedgerEntry),
        "refusals": select(func.count()).select_from(RefusedScan),
        "spent": select(func.count()).where(Coupon.status == CouponStatus.REDEEMED),
    }
    with database.snapshot() as session:
        return {name: session.scalar(count) or 0 for name, count in counts.items()}
