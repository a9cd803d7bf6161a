"""What is missing is known by whoever handed it out, and given up by two people."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain.shortages import actions as shortages
from app.domain.shortages.errors import NothingToWriteOff, OwnWriteOff, WriteOffDecided
from app.domain.shortages.models import CashWriteOffDecision
from app.domain.shortages.queries import losses, missing
from app.domain.shortages.rules import Discrepancy
from app.domain.staff.errors import NotAllowed
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Role
from tests.cash import CASH, NEXT, a_loss, a_till, ask, books, count, in_books, sound
from tests.factories import NOON, Place


@pytest.fixture
def place(session: Session) -> Place:
    return a_till(session)


def decide(
    session: Session, place: Place, write_off_id: UUID, by: Actor, *, is_approved: bool = True
) -> None:
    shortages.decide_write_off(
        session,
        books(session, place),
        write_off_id,
        is_approved=is_approved,
        note="Seen",
        by=by,
        now=NEXT,
    )


def test_a_loss_is_known_by_whoever_handed_it_out(session: Session, place: Place) -> None:
    a_loss(session, place)
    (loss,) = losses(session, place.programme.id)
    assert (loss.paid_by, loss.amount.minor, loss.site_id) == (
        place.manager.staff_id,
        4_000,
        place.site.id,
    )
    assert loss.receipt
    (gap,) = missing(session, place.programme.id)
    assert (gap.account, gap.amount.minor) == (Discrepancy.CASH_LOSS, 4_000)


def test_two_people_give_a_loss_up_and_never_one(session: Session, place: Place) -> None:
    a_loss(session, place)
    write_off_id = ask(session, place, 4_000)
    with pytest.raises(OwnWriteOff):
        decide(session, place, write_off_id, place.finance)
    assert in_books(session, place.site, "cash_loss") == 4_000

    for _ in range(2):
        decide(session, place, write_off_id, place.lead)

    assert in_books(session, place.site, "cash_loss") == 0
    assert in_books(session, place.site, "write_off") == 4_000
    assert missing(session, place.programme.id) == []
    with pytest.raises(WriteOffDecided):
        decide(session, place, write_off_id, place.lead, is_approved=False)
    sound(session)


def test_an_administrator_does_not_decide_about_her_own_request_either(
    session: Session, place: Place
) -> None:
    a_loss(session, place)
    write_off_id = ask(session, place, 4_000)
    row = {
        "write_off_id": write_off_id,
        "requested_by": place.finance.staff_id,
        "decided_by": place.finance.staff_id,
        "decided_at": NEXT,
        "is_approved": False,
    }
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(CashWriteOffDecision.__table__.insert().values(**row))  # type: ignore[attr-defined]
    with (
        pytest.raises(IntegrityError),
        session.begin_nested(),
    ):  # nor by naming another as who asked
        session.execute(
            CashWriteOffDecision.__table__.insert().values(  # type: ignore[attr-defined]
                **{**row, "requested_by": place.lead.staff_id}
            )
        )
    decide(session, place, write_off_id, place.staff[Role.ADMINISTRATOR], is_approved=False)
    assert in_books(session, place.site, "cash_loss") == 4_000


def test_no_more_is_given_up_than_is_missing(session: Session, place: Place) -> None:
    a_loss(session, place)
    for minor in (4_001, 0, -1):
        with pytest.raises(NothingToWriteOff):
            ask(session, place, minor)
    both = [ask(session, place, 3_000), ask(session, place, 3_000)]
    decide(session, place, both[0], place.lead)
    with pytest.raises(NothingToWriteOff):
        decide(session, place, both[1], place.lead)


def test_money_too_much_is_written_off_to_the_other_side(session: Session, place: Place) -> None:
    count(session, place, CASH + 900, reason="Found")
    write_off_id = ask(session, place, -900, Discrepancy.CASH_VARIANCE)
    decide(session, place, write_off_id, place.lead)
    assert in_books(session, place.site, "cash_variance") == 0
    assert in_books(session, place.site, "write_off") == -900
    sound(session)


def test_only_finance_asks_and_a_desk_does_not_decide(session: Session, place: Place) -> None:
    a_loss(session, place)
    write_off_id = ask(session, place, 4_000)
    with pytest.raises(NotAllowed):
        decide(session, place, write_off_id, place.intake)
    with pytest.raises(NotAllowed):
        shortages.ask_write_off(
            session,
            books(session, place),
            Discrepancy.CASH_LOSS,
            1,
            write_off_id=uuid4(),
            reason="x",
            by=place.manager,
            now=NOON,
        )
