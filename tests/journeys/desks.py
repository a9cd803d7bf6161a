"""A served programme with a desk, and cards to bring to it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Page
from sqlalchemy import func, select

from app.core.clock import utc_now
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.coupons.queries import Bundle, PrintedCoupon
from app.domain.intake.models import Redemption
from app.domain.staff.actions import start_session
from tests.conftest import TEMPLATE
from tests.factories import Place, a_bundle, a_finished_visit, a_place, a_seed
from tests.postgres import Postgres
from tests.serving import serving

_numbers = count(1000)


@dataclass(frozen=True)
class Desk:
    """A programme, served."""

    url: str
    database: Database
    place: Place

    def with_new_cards(self) -> "World":
        now, number = utc_now(), next(_numbers)
        made = now - timedelta(days=5)
        with self.database.transaction() as session:
            bundle = a_bundle(session, self.place, now=made)
            seed = a_seed(session, self.place, now=made)
            used = a_bundle(session, self.place, seed, now=made).coupons[0]
            a_finished_visit(
                session,
                self.place,
                used,
                recruiter_id=seed,
                now=now - timedelta(days=1),
                uic=f"olena {number}",
            )
        return World(self, bundle, used, number, _redemptions(self.database))


@dataclass(frozen=True)
class World:
    """A seed's cards that can be used today, and one that ``olena`` with this number used yesterday."""

    desk: Desk
    bundle: Bundle
    used: PrintedCoupon
    number: int
    redeemed_before: int

    @property
    def url(self) -> str:
        return self.desk.url

    @property
    def cards(self) -> tuple[PrintedCoupon, ...]:
        return self.bundle.coupons

    def enter(self, context: BrowserContext, path: str = "/desk") -> Page:
        """A tab in which someone of the intake has logged in."""
        with self.desk.database.transaction() as session:
            secret = start_session(session, self.desk.place.intake, now=utc_now())
        context.add_cookies([{"name": "pdi_session", "value": secret, "url": self.url}])
        page = context.new_page()
        page.goto(f"{self.url}{path}")
        return page

    def redemptions(self) -> int:
        """How many cards were redeemed since these were made."""
        return _redemptions(self.desk.database) - self.redeemed_before


@contextmanager
def served_desk(database_url: str, folder: Path, **programme: Any) -> Iterator[Desk]:
    """Serve a migrated database with a programme in it, with what is given of it."""
    key_file = folder / "master.key"
    database = Database(database_url, Keyring.create(key_file))
    with closing(database):
        with database.transaction() as session:
            place = a_place(session, now=utc_now() - timedelta(days=9), **programme)
        with serving(database_url, key_file) as server:
            yield Desk(server.url, database, place)


@contextmanager
def desks_on_demand(
    request: pytest.FixtureRequest, folders: pytest.TempPathFactory
) -> Iterator[Callable[[str], Desk]]:
    """A served programme on each kind of database, started when it is first asked for."""
    with ExitStack() as running:
        started: dict[str, Desk] = {}

        def desk(backend: str) -> Desk:
            if backend not in started:
                url = running.enter_context(a_database(backend, request, folders))
                folder = folders.mktemp("desk")
                started[backend] = running.enter_context(served_desk(url, folder))
            return started[backend]

        yield desk


@contextmanager
def a_database(
    backend: str, request: pytest.FixtureRequest, folders: pytest.TempPathFactory
) -> Iterator[str]:
    """A migrated, empty database for a whole file of journeys."""
    if backend == "sqlite":
        path = folders.mktemp("database") / "pdi.sqlite3"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = f"pdi_test_{uuid4().hex}"
    yield postgres.create(name, template=TEMPLATE)
    postgres.drop(name)


def _redemptions(database: Database) -> int:
    with database.snapshot() as session:
        return session.scalar(select(func.count()).select_from(Redemption)) or 0
