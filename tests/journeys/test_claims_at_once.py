"""Two hundred ask for one person's money at once, at two server processes: she is paid once, and each hears the truth."""

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import Database
from app.domain.coupons.queries import PrintedCoupon
from app.domain.staff.actions import start_session
from app.domain.stipends import actions
from app.domain.stipends import queries as stipends
from app.domain.stipends.errors import AccrualChanged
from app.domain.stipends.queries import Accrual, books_of
from app.verification import money
from tests.factories import Place, a_bundle, a_finished_visit, a_place, a_seed
from tests.serving import serving

CLAIMS = 200
OWED = 590  # what a woman under 25 with all answers right earns whoever taught her
FLOATED = 10_000
CLERKS = 4


@dataclass(frozen=True)
class Scene:
    """Someone who taught two people, one of whom has come by now, and a desk that may pay her."""

    place: Place
    recruiter: UUID
    cards: tuple[PrintedCoupon, ...]
    secret: str

    def earn(self, database: Database, card: int) -> None:
        """Someone comes with a card of hers, and does well."""
        with database.transaction() as session:
            now = utc_now() - timedelta(minutes=5)
            a_finished_visit(
                session, self.place, self.cards[card], recruiter_id=self.recruiter, now=now
            )


@pytest.fixture
def scene(database: Database) -> Scene:
    made = utc_now() - timedelta(days=5)
    with database.transaction() as session:
        place = a_place(session, cash=FLOATED, now=made)
        recruiter = a_seed(session, place, now=made)
        cards = a_bundle(session, place, recruiter, now=made).coupons
        secret = start_session(session, place.intake, now=utc_now())
    scene = Scene(place, recruiter, cards, secret)
    scene.earn(database, 0)
    return scene


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_of_200_claims_of_one_stipend_at_two_processes_one_is_paid(
    database: Database, key_file: Path, scene: Scene
) -> None:
    with ExitStack() as stack:
        servers, workers = (1, 2) if database.is_sqlite else (2, 1)
        urls = [
            stack.enter_context(serving(database.url, key_file, workers=workers)).url
            for _ in range(servers)
        ]
        replies = claim(urls, scene, [uuid4() for _ in range(CLAIMS)])
        # The first is sent on; everyone else is shown the payment page, which says that there is nothing to pay.
        assert Counter(reply.status_code for reply in replies) == {303: 1, 409: CLAIMS - 1}
        assert on_the_books(database) == {"payouts": 1, "handed out": OWED, "left": FLOATED - OWED}

        # She earns again, and now it is one claim that arrives two hundred times.
        scene.earn(database, 1)
        replies = claim(urls, scene, [uuid4()] * CLAIMS)
        assert {reply.status_code for reply in replies} == {303}
        assert len({reply.headers["location"] for reply in replies}) == 1
        books = on_the_books(database)
        assert books == {"payouts": 2, "handed out": 2 * OWED, "left": FLOATED - 2 * OWED}

    with database.snapshot() as session:
        checks = (money.entries, money.reversals, money.payouts, money.accounts)
        assert [fault for check in checks for fault in check(session)] == []


GUARDS = (
    "ALTER TABLE payout_line DROP CONSTRAINT pk_payout_line",
    "ALTER TABLE ledger_entry DROP CONSTRAINT uq_ledger_entry_cause_digest",
)


@pytest.mark.parametrize("backend", ["postgresql"])
@pytest.mark.parametrize(
    ("without", "paid"), [((), 1), (GUARDS[:1], 1), (GUARDS[1:], 1), (GUARDS, CLERKS)]
)
def test_who_pays_without_waiting_is_stopped_by_the_database_and_by_nothing_else(
    database: Database,
    scene: Scene,
    monkeypatch: pytest.MonkeyPatch,
    without: Sequence[str],
    paid: int,
) -> None:
    """The race is real: each of two keys stops it alone, and with neither she is paid by everyone who looked in time."""
    with database.engine.begin() as connection:
        for guard in without:
            connection.execute(text(guard))
    look = stipends.owed_to

    def look_and_wait(session: Session, participant_id: UUID) -> list[Accrual]:
        found = look(session, participant_id)
        everyone_looked.wait(20)
        return found

    everyone_looked = threading.Barrier(CLERKS)
    monkeypatch.setattr(actions, "lock", lambda *_, **__: None)
    monkeypatch.setattr(stipends, "owed_to", look_and_wait)

    def pay(_clerk: int) -> bool:
        try:
            with database.transaction() as session:
                now = utc_now()
                books, _ = books_of(session, scene.place.programme.id, scene.place.site.id, now=now)
                actions.pay_in_cash(
                    session,
                    books,
                    payment_id=uuid4(),
                    participant_id=scene.recruiter,
                    by=scene.place.intake.staff_id,
                )
        except AccrualChanged:
            return False
        return True

    with ThreadPoolExecutor(CLERKS) as pool:
        assert sum(pool.map(pay, range(CLERKS))) == paid


def claim(urls: Sequence[str], scene: Scene, payments: Sequence[UUID]) -> list[httpx.Response]:
    """Ask for her money under each id at once, each on a connection of its own, in turn at each server."""
    address = f"/desk/visits/{scene.recruiter}"

    async def all_at_once() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        cookies = {"pdi_session": scene.secret}
        async with httpx.AsyncClient(limits=limits, timeout=120, cookies=cookies) as browser:
            page = (await browser.get(f"{urls[0]}{address}?step=stipend")).text
            found = re.search(r'name="csrf" value="([^"]+)"', page)
            assert found
            return await asyncio.gather(
                *(
                    browser.post(
                        f"{urls[number % len(urls)]}{address}/stipend",
                        data={"csrf": found[1], "payment_id": str(payment)},
                    )
                    for number, payment in enumerate(payments)
                )
            )

    return asyncio.run(all_at_once())


def on_the_books(database: Database) -> dict[str, int]:
    """What the tables say, asked without the program's own queries."""
    asked = {
        "payouts": "SELECT count(*) FROM payout",
        "handed out": "SELECT coalesce(sum(amount_minor), 0) FROM ledger_entry "
        "WHERE debit = 'stipends_payable' AND credit = 'cash_float'",
        "left": "SELECT sum(balance_minor) FROM cash_float",
    }
    with database.engine.connect() as connection:
        return {name: int(connection.scalar(text(query)) or 0) for name, query in asked.items()}
