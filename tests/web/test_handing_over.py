"""Cash or a voucher that finance prepared in a batch reaches the person it was prepared for, at the desk, once."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.answers.queries import to_hand_over
from app.domain.batches import actions as batches
from app.domain.batches import queries
from app.domain.batches.rules import Selection
from app.domain.staff.rules import Role
from app.domain.stipends.rules import Method
from tests.factories import LATER, Place, a_finished_visit, a_place, an_actor
from tests.web.readers import Reader, reader
from tests.web.test_desk import hidden

CASH = 10_000


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session, cash=CASH)


@pytest.fixture
def people(database: Database, place: Place) -> list[UUID]:
    """Two for whom cash lies ready: prepared by one of finance, approved by the lead, released by another."""
    batch, programme = uuid4(), place.programme.id
    with database.transaction() as session:
        found = [a_finished_visit(session, place).participant_id for _ in range(2)]
        payer = an_actor(session, Role.FINANCE, programme_id=programme)
        cash = Selection(methods=frozenset({Method.CASH}))
        batches.prepare(session, batch, cash, by=place.finance, now=LATER)
        seen = queries.seen(session, batch, programme_id=programme)
        batches.approve(session, batch, seen=seen, by=place.lead, now=LATER)
        batches.release(session, batch, by=payer, now=LATER)
    return found


@pytest.fixture
def desk(database: Database, keyring: Keyring, place: Place, people: list[UUID]) -> Reader:
    return reader(database, keyring, place.intake, now=LATER)


def left(database: Database) -> int:
    with database.engine.connect() as connection:
        return int(connection.scalar(text("SELECT sum(balance_minor) FROM cash_float")) or 0)


def test_what_lies_ready_for_her_is_handed_over_once_and_has_a_receipt(
    desk: Reader, database: Database, place: Place, people: list[UUID]
) -> None:
    address = f"/desk/visits/{people[0]}"
    with database.snapshot() as session:
        (ready,) = to_hand_over(session, people[0], programme_id=place.programme.id)
    page = desk.get(f"{address}?step=stipend").text
    assert ready.payment_ref in page
    assert "is being sent" not in page
    form = hidden(page, f"{address}/collected")

    first, again = (desk.send(f"{address}/collected", form) for _ in range(2))

    assert (first.status_code, again.status_code) == (303, 303)
    assert first.headers["location"] == again.headers["location"]
    assert left(database) == CASH - 750
    assert ready.payment_ref not in desk.get(f"{address}?step=stipend").text
    assert desk.get(f"{address}/receipts/{ready.line_id}").status_code == 200


def test_nobody_is_given_what_lies_ready_for_someone_else(
    desk: Reader, database: Database, place: Place, people: list[UUID]
) -> None:
    hers, another = people
    form = hidden(
        desk.get(f"/desk/visits/{hers}?step=stipend").text, f"/desk/visits/{hers}/collected"
    )

    assert desk.send(f"/desk/visits/{another}/collected", form).status_code == 404
    assert left(database) == CASH
    with database.snapshot() as session:
        assert len(to_hand_over(session, another, programme_id=place.programme.id)) == 1
