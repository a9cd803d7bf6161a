"""A drawer with cash in it, and what people do with it, for tests of every noun about cash."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.money import Money
from app.domain.counts.actions import Sheet
from app.domain.counts.rules import CountKind
from app.domain.floats import actions, queries
from app.domain.floats.actions import Counted
from app.domain.floats.queries import Drawer
from app.domain.programmes.queries import SiteFacts
from app.domain.shortages import actions as shortages
from app.domain.shortages.rules import Discrepancy
from app.domain.staff.queries import Actor
from app.domain.stipends.actions import note_fee_paid, pay_in_cash
from app.domain.stipends.queries import Books, books_of
from app.domain.treasury.actions import bring_to_bank, fund_float
from app.verification import CHECKS
from tests.factories import LATER, Place, a_finished_visit, a_place

CASH = 100_000  # 1,000.00


NEXT = LATER + timedelta(minutes=30)


def a_till(session: Session) -> Place:
    """A site with a thousand in its drawer, and a visit that earned something."""
    place = a_place(session, cash=CASH)
    a_finished_visit(session, place)
    return place


def books(session: Session, place: Place, *, now: datetime = LATER) -> Books:
    return books_of(session, place.programme.id, place.site.id, now=now)[0]


def drawer(session: Session, place: Place) -> Drawer:
    return queries.drawer(session, place.programme.id, place.site.id)


def a_sheet(session: Session, place: Place, minor: int = CASH, **given: Any) -> Sheet:
    """A count of so much, all in the smallest piece that makes it exact."""
    defaults: dict[str, Any] = {
        "count_id": uuid4(),
        "kind": CountKind.SPOT_CHECK,
        "pieces": {100: minor // 100, 1: minor % 100},
        "seen": drawer(session, place).seen,
    }
    return Sheet(**(defaults | given))


def count(
    session: Session,
    place: Place,
    minor: int = CASH,
    *,
    by: Actor | None = None,
    now: datetime = LATER,
    **given: Any,
) -> Counted:
    sheet = a_sheet(session, place, minor, **given)
    return actions.count_cash(
        session, books(session, place, now=now), sheet, by=by or place.intake, now=now
    )


def pay(session: Session, place: Place, participant_id: UUID, now: datetime = LATER) -> Money:
    paid = pay_in_cash(
        session,
        books(session, place, now=now),
        payment_id=uuid4(),
        participant_id=participant_id,
        by=place.intake.staff_id,
    )
    return paid.amount


def in_books(session: Session, site: SiteFacts, account: str = "cash_float") -> int:
    """What stands in an account of a site, in SQL of its own."""
    found = session.execute(
        text(
            "SELECT COALESCE(SUM(CASE WHEN debit = :a THEN amount_minor ELSE 0 END), 0)"
            " - COALESCE(SUM(CASE WHEN credit = :a THEN amount_minor ELSE 0 END), 0)"
            " FROM ledger_entry WHERE site_id = :site AND (debit = :a OR credit = :a)"
        ),
        {"a": account, "site": key_of(session, site.id)},
    )
    return int(found.scalar_one())


def key_of(session: Session, identifier: UUID) -> object:
    return identifier.hex if session.get_bind().dialect.name == "sqlite" else identifier


def sound(session: Session) -> None:
    session.flush()
    for name, check in CHECKS.items():
        if name.startswith(("cash", "ledger", "reversals", "payouts", "guards")):
            assert list(check(session)) == [], name


def top_up(session: Session, place: Place, minor: int) -> None:
    fund_float(
        session,
        books(session, place),
        minor,
        funding_id=uuid4(),
        by=place.finance.staff_id,
        now=LATER,
    )


def to_bank(session: Session, place: Place, minor: int) -> None:
    bring_to_bank(
        session, books(session, place), minor, deposit_id=uuid4(), by=place.finance, now=LATER
    )


def faults(session: Session) -> str:
    session.flush()
    names = [name for name in CHECKS if name.startswith("cash ")]
    assert len(names) == 4
    return " ".join(fault for name in names for fault in CHECKS[name](session))


def hand_over(
    session: Session, place: Place, receiver: Actor, *, minor: int = CASH, **given: Any
) -> UUID:
    count(session, place, minor, kind=CountKind.HANDOVER, receiver_id=receiver.staff_id, **given)
    waiting = drawer(session, place).waiting
    assert waiting
    return waiting.id


def disagree(session: Session, place: Place, colleague: Actor, minor: int) -> UUID:
    handover_id = hand_over(session, place, colleague)
    fits = actions.dispute_handover(
        session,
        books(session, place),
        handover_id,
        minor,
        seen=drawer(session, place).seen,
        by=colleague,
        now=NEXT,
    )
    assert not fits
    return handover_id


def a_loss(session: Session, place: Place, minor: int = 4_000) -> None:
    person = a_finished_visit(session, place).recruiter_id
    note_fee_paid(
        session,
        books(session, place),
        payment_id=uuid4(),
        participant_id=person,
        minor=minor,
        by=place.manager.staff_id,
        now=LATER,
    )


def ask(
    session: Session, place: Place, minor: int, account: Discrepancy = Discrepancy.CASH_LOSS
) -> UUID:
    write_off_id = uuid4()
    shortages.ask_write_off(
        session,
        books(session, place),
        account,
        minor,
        write_off_id=write_off_id,
        reason="Nobody can give it back",
        by=place.finance,
        now=LATER,
    )
    return write_off_id
