"""How long finance waits: ``python -m benchmarks.batches [--people N]``.

So many people are owed two rewards each, by voucher. One batch is looked at, prepared, approved by another person, released by a
third, and answered by a file that settles every line; each is one transaction, as a page does it, on SQLite and on PostgreSQL
(fsync on). Prints wall time and the processor time of this process for each step. While a step writes, no desk on SQLite can.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from time import perf_counter, process_time
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.crypto import Keyring
from app.core.db import Database, put
from app.core.ids import random_id
from app.domain.answers import actions as answers
from app.domain.answers.rules import Answer
from app.domain.batches import actions as batches
from app.domain.batches import queries
from app.domain.batches.rules import LineState, Selection
from app.domain.contacts.actions import keep_contact
from app.domain.participants.models import Participant
from app.domain.participants.rules import Came, EntryRoute, Sex, Standing
from app.domain.programmes.rules import PayoutRules, Protocol
from app.domain.staff.rules import Role
from app.domain.stipends.actions import enter
from app.domain.stipends.queries import Earner, books_of
from app.domain.stipends.rules import Account, Method
from benchmarks.redemption import a_database, say
from tests.factories import Place, a_place, an_actor
from tests.postgres import running_postgres

SELECTION = Selection(methods=frozenset({Method.VOUCHER}))
REWARDS = ((None, Account.EXPENSE_PRIMARY, 750), (0, Account.EXPENSE_RECRUITMENT, 250))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":")[0])
    parser.add_argument("--people", type=int, default=5_000, help="lines of the batch")
    people = parser.parse_args().people
    say(f"{people:,} lines, {2 * people:,} rewards{'':14}{'seconds':>9}{'CPU':>8}")
    with tempfile.TemporaryDirectory() as name:
        on_a_database(f"sqlite:///{name}/pdi.sqlite3", "SQLite", people)
        with running_postgres(durable=True) as postgres:
            on_a_database(postgres.create("pdi_benchmark"), "PostgreSQL", people)
            postgres.drop("pdi_benchmark")
    return 0


def on_a_database(url: str, name: str, people: int) -> None:
    with a_database(url, Keyring(bytes(32))) as database:
        with database.transaction() as session:
            place = owing(session, people)
            payer = an_actor(session, Role.FINANCE, programme_id=place.programme.id)
        batch, file = uuid4(), uuid4()
        now = utc_now()
        programme = place.programme.id
        said: list[Answer] = []

        def approve(session: Session) -> None:
            seen = queries.seen(session, batch, programme_id=programme)
            batches.approve(session, batch, seen=seen, by=place.lead, now=now)

        def read(session: Session) -> None:
            said.extend(
                Answer(number + 2, line.payment_ref, LineState.PAID, line.amount.minor)
                for number, line in enumerate(queries.lines(session, batch))
            )

        steps: dict[str, Callable[[Session], object]] = {
            "look before": lambda s: queries.look_before(s, programme, SELECTION),
            "prepare": lambda s: batches.prepare(s, batch, SELECTION, by=place.finance, now=now),
            "approve": approve,
            "release": lambda s: batches.release(s, batch, by=payer, now=now),
            "list the lines": read,
            "look at answers": lambda s: answers.preview(
                s, file, batch, said, sha256=file.bytes * 2, profile="neutral", by=payer, now=now
            ),
            "book answers": lambda s: answers.apply(s, file, by=payer, now=now),
        }
        for step, act in steps.items():
            timed(database, f"{name}, {step}", act)


def timed(database: Database, name: str, act: Callable[[Session], object]) -> None:
    wall, cpu = perf_counter(), process_time()
    with database.transaction() as session:
        act(session)
    say(f"{name:40}{perf_counter() - wall:9.2f}{process_time() - cpu:8.2f}")


def owing(session: Session, people: int) -> Place:
    """People who came long ago, each owed her fee and one reward."""
    now = utc_now() - timedelta(days=30)
    rules = Protocol(payouts=PayoutRules(second_approval_from=0))
    place = a_place(session, now=now, protocol=rules)
    books, _ = books_of(session, place.programme.id, place.site.id, now=now)
    ids = [random_id() for _ in range(people)]
    put(session, Participant, [_someone(each, place, books.on) for each in ids])
    for person in ids:
        keep_contact(
            session,
            person,
            method=Method.VOUCHER,
            number=None,
            may_remind=False,
            language="uk",
            by=place.intake,
            now=now,
        )
        for coupon, expense, minor in REWARDS:
            enter(
                session,
                books,
                minor,
                debit=expense,
                credit=Account.STIPENDS_PAYABLE,
                earner=Earner(person, coupon),
                cause=("benchmark", uuid4()),
            )
    return place


def _someone(person: UUID, place: Place, on: object) -> dict[str, object]:
    return {
        "id": person,
        "programme_id": place.programme.id,
        "site_id": place.site.id,
        "came": Came.SEED,
        "standing": Standing.ENROLLED,
        "wave": 0,
        "entry_route": EntryRoute.OUTREACH,
        "sex": Sex.FEMALE,
        "came_on": on,
    }


if __name__ == "__main__":
    sys.exit(main())
