"""Cash in a drawer: counted against the books, handed from one person to another, carried about, and given up."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.money import Money
from app.core.outbox import OutboxRow, body_of
from app.domain.audit.errors import ReasonNeeded
from app.domain.floats import actions, queries
from app.domain.floats.actions import Counted, Sheet
from app.domain.floats.errors import (
    BadCount,
    CountIdReused,
    HandoverEnded,
    HandoverWaits,
    MoneyMoved,
    NotAReceiver,
    NothingToWriteOff,
    NotTheHolder,
    NotYourHandover,
    NotYourSite,
    OwnWriteOff,
    SameSite,
    UnknownHandover,
    WriteOffDecided,
)
from app.domain.floats.queries import Drawer
from app.domain.floats.rules import CountKind, Discrepancy, HandoverStep, Movement
from app.domain.programmes.queries import SiteFacts
from app.domain.programmes.rules import PayoutRules, Protocol
from app.domain.staff.errors import NotAllowed
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Role
from app.domain.stipends.actions import enter, note_fee_paid, pay_in_cash
from app.domain.stipends.errors import BadAmount, FloatTooLow, PaymentIdReused
from app.domain.stipends.queries import Books, books_of
from app.domain.stipends.rules import Account
from app.domain.treasury.actions import allow_overdraft, fund_bank, fund_float
from app.upkeep import DUTIES, warn
from app.verification import CHECKS
from tests.factories import LATER, NOON, Place, a_finished_visit, a_place, a_site, an_actor

CASH = 100_000  # 1,000.00
NEXT = LATER + timedelta(minutes=30)


@pytest.fixture
def place(session: Session) -> Place:
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
        {"a": account, "site": _key(session, site.id)},
    )
    return int(found.scalar_one())


def _key(session: Session, identifier: UUID) -> object:
    return identifier.hex if session.get_bind().dialect.name == "sqlite" else identifier


def sound(session: Session) -> None:
    session.flush()
    for name, check in CHECKS.items():
        if name.startswith(("cash", "ledger", "reversals", "payouts", "guards")):
            assert list(check(session)) == [], name


def test_a_count_that_fits_is_kept_and_moves_nothing(session: Session, place: Place) -> None:
    counted = count(session, place)

    assert counted == Counted(Money(0, "UAH"), is_kept=True)
    (kept,) = queries.counts_of(session, place.programme.id, place.site.id)
    assert (kept.expected.minor, kept.counted.minor, kept.reason) == (CASH, CASH, None)
    assert kept.is_blind
    assert kept.pieces == {100: 1000}
    assert in_books(session, place.site) == CASH
    assert in_books(session, place.site, "cash_variance") == 0
    sound(session)


@pytest.mark.parametrize("difference", [-1, -2_550, 1, 777])
def test_what_differs_is_entered_only_with_a_reason(
    session: Session, place: Place, difference: int
) -> None:
    sheet = a_sheet(session, place, CASH + difference)
    first = actions.count_cash(session, books(session, place), sheet, by=place.intake, now=LATER)
    assert first == Counted(Money(difference, "UAH"), is_kept=False)
    assert in_books(session, place.site) == CASH

    again = replace(sheet, reason=" A note stuck to another. ")
    second = actions.count_cash(session, books(session, place), again, by=place.intake, now=NEXT)

    assert second == Counted(Money(difference, "UAH"), is_kept=True)
    assert in_books(session, place.site) == CASH + difference
    assert in_books(session, place.site, "cash_variance") == -difference
    assert drawer(session, place).balance.minor == CASH + difference
    (kept,) = queries.counts_of(session, place.programme.id, place.site.id)
    assert kept.reason == "A note stuck to another."
    assert kept.difference.minor == difference
    assert [each.minor for each in kept.tries] == [CASH + difference]
    sound(session)


def test_the_first_blind_count_is_kept_though_the_second_fits(
    session: Session, place: Place
) -> None:
    sheet = a_sheet(session, place, CASH - 500)
    actions.count_cash(session, books(session, place), sheet, by=place.intake, now=LATER)
    fitting = replace(sheet, pieces={100: CASH // 100})
    assert actions.count_cash(
        session, books(session, place), fitting, by=place.intake, now=NEXT
    ).is_kept

    (kept,) = queries.counts_of(session, place.programme.id, place.site.id)
    assert [each.minor for each in kept.tries] == [CASH - 500]


def test_the_same_sheet_again_changes_nothing_and_another_one_is_refused(
    session: Session, place: Place
) -> None:
    sheet = a_sheet(session, place, CASH - 100, reason="One missing")
    for _ in range(3):
        counted = actions.count_cash(
            session, books(session, place), sheet, by=place.intake, now=LATER
        )
        assert counted == Counted(Money(-100, "UAH"), is_kept=True)
    assert in_books(session, place.site) == CASH - 100

    other = replace(sheet, pieces={100: 1})
    with pytest.raises(CountIdReused):
        actions.count_cash(session, books(session, place), other, by=place.intake, now=LATER)


def test_money_that_moves_while_someone_counts_asks_for_another_count(
    session: Session, place: Place
) -> None:
    visit = a_finished_visit(session, place)
    sheet = a_sheet(session, place)
    pay(session, place, visit.participant_id)

    with pytest.raises(MoneyMoved):
        actions.count_cash(session, books(session, place), sheet, by=place.intake, now=NEXT)

    left = drawer(session, place).balance.minor
    assert left < CASH
    assert count(session, place, left) == Counted(Money(0, "UAH"), is_kept=True)


def test_money_in_and_out_of_the_same_amount_is_noticed_too(session: Session, place: Place) -> None:
    sheet = a_sheet(session, place)
    for act in (_top_up, _to_bank):
        act(session, place, 500)
    assert drawer(session, place).balance.minor == CASH

    with pytest.raises(MoneyMoved):
        actions.count_cash(session, books(session, place), sheet, by=place.intake, now=NEXT)


def test_of_two_counts_of_one_drawer_the_later_is_asked_again(
    session: Session, place: Place
) -> None:
    first, second = a_sheet(session, place), a_sheet(session, place, CASH - 100, reason="Missing")
    actions.count_cash(session, books(session, place), first, by=place.intake, now=LATER)

    with pytest.raises(MoneyMoved):
        actions.count_cash(session, books(session, place), second, by=place.manager, now=LATER)


@pytest.mark.parametrize("pieces", [{0: 1}, {-100: 1}, {100: -1}, {100: 100_001}, {10**13: 1}])
def test_a_number_that_no_drawer_holds_is_refused(
    session: Session, place: Place, pieces: Mapping[int, int]
) -> None:
    with pytest.raises(BadCount):
        count(session, place, pieces=pieces)


def test_whoever_belongs_to_a_site_counts_no_other(session: Session, place: Place) -> None:
    other = place.at(a_site(session, place.programme.id, cash=5))
    with pytest.raises(NotYourSite):
        count(session, other, 5)
    with pytest.raises(NotAllowed):
        count(session, place, by=place.lead)
    roams = an_actor(session, Role.FINANCE, programme_id=place.programme.id)
    assert count(session, other, 5, by=roams).is_kept


def test_whoever_counts_at_opening_is_responsible(session: Session, place: Place) -> None:
    assert drawer(session, place).holder is None
    count(session, place, kind=CountKind.OPENING)
    count(session, place, by=place.manager)

    holder = drawer(session, place).holder
    assert holder
    assert holder.staff_id == place.intake.staff_id


@pytest.fixture
def colleague(session: Session, place: Place) -> Actor:
    return an_actor(session, Role.INTAKE, programme_id=place.programme.id, site_id=place.site.id)


def hand_over(
    session: Session, place: Place, receiver: Actor, *, minor: int = CASH, **given: Any
) -> UUID:
    count(session, place, minor, kind=CountKind.HANDOVER, receiver_id=receiver.staff_id, **given)
    waiting = drawer(session, place).waiting
    assert waiting
    return waiting.id


def test_the_giver_is_responsible_until_the_receiver_confirms(
    session: Session, place: Place, colleague: Actor
) -> None:
    count(session, place, kind=CountKind.OPENING)
    handover_id = hand_over(session, place, colleague)
    holder = drawer(session, place).holder
    assert holder
    assert holder.staff_id == place.intake.staff_id

    for _ in range(2):
        actions.confirm_handover(
            session,
            books(session, place),
            handover_id,
            seen=drawer(session, place).seen,
            by=colleague,
            now=NEXT,
        )

    after = drawer(session, place)
    assert after.waiting is None
    assert after.holder
    assert (after.holder.staff_id, after.holder.since) == (colleague.staff_id, NEXT)
    sound(session)


def test_nobody_confirms_for_another_and_nobody_hands_over_to_herself(
    session: Session, place: Place, colleague: Actor
) -> None:
    with pytest.raises(NotAReceiver):
        hand_over(session, place, place.intake)
    with pytest.raises(NotAReceiver):
        hand_over(session, place, place.lead)
    handover_id = hand_over(session, place, colleague)
    seen = drawer(session, place).seen
    for other in (place.intake, place.manager):
        with pytest.raises(NotYourHandover):
            actions.confirm_handover(
                session, books(session, place), handover_id, seen=seen, by=other, now=NEXT
            )
    with pytest.raises(NotYourHandover):
        actions.withdraw_handover(
            session, books(session, place), handover_id, by=colleague, now=NEXT
        )


def test_the_database_itself_knows_no_handover_to_oneself_nor_a_step_of_someone_else(
    session: Session, place: Place, colleague: Actor
) -> None:
    handover_id = hand_over(session, place, colleague)
    to_herself = (
        "INSERT INTO cash_handover SELECT :id, programme_id, site_id, :other, given_by, given_by,"
        " given_at FROM cash_handover"
    )
    with pytest.raises(IntegrityError, match=r"two_people|CHECK"), session.begin_nested():
        session.execute(
            text(to_herself),
            {"id": _key(session, uuid4()), "other": _key(session, uuid4())},
        )
    row = {
        "id": uuid4(),
        "handover_id": handover_id,
        "step": HandoverStep.CONFIRMED,
        "is_end": True,
        "done_by": place.intake.staff_id,
        "received_by": colleague.staff_id,
        "given_by": place.intake.staff_id,
        "done_at": NEXT,
    }
    for wrong in (
        row,
        {**row, "step": HandoverStep.DECIDED, "reason": "x"},
        {**row, "done_by": colleague.staff_id, "step": HandoverStep.WITHDRAWN},
        {**row, "done_by": place.manager.staff_id, "received_by": place.manager.staff_id},
        {**row, "done_by": colleague.staff_id, "is_end": False},
    ):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(actions.CashHandoverStep.__table__.insert().values(**wrong))  # type: ignore[attr-defined]
    right = {**row, "done_by": colleague.staff_id}
    session.execute(actions.CashHandoverStep.__table__.insert().values(**right))  # type: ignore[attr-defined]
    with pytest.raises(IntegrityError), session.begin_nested():  # it ends once
        session.execute(
            actions.CashHandoverStep.__table__.insert().values(**{**right, "id": uuid4()})  # type: ignore[attr-defined]
        )


def test_a_handover_is_taken_back_before_it_is_confirmed_and_not_after(
    session: Session, place: Place, colleague: Actor
) -> None:
    handover_id = hand_over(session, place, colleague)
    for _ in range(2):
        actions.withdraw_handover(
            session, books(session, place), handover_id, by=place.intake, now=NEXT
        )
    assert drawer(session, place).waiting is None
    with pytest.raises(HandoverEnded):
        actions.confirm_handover(
            session,
            books(session, place),
            handover_id,
            seen=drawer(session, place).seen,
            by=colleague,
            now=NEXT,
        )

    second = hand_over(session, place, colleague)
    actions.confirm_handover(
        session,
        books(session, place),
        second,
        seen=drawer(session, place).seen,
        by=colleague,
        now=NEXT,
    )
    with pytest.raises(HandoverEnded):
        actions.withdraw_handover(session, books(session, place), second, by=place.intake, now=NEXT)


def test_while_cash_is_on_its_way_nobody_else_counts_it(
    session: Session, place: Place, colleague: Actor
) -> None:
    hand_over(session, place, colleague)
    for by in (colleague, place.manager):
        with pytest.raises(HandoverWaits):
            count(session, place, by=by, kind=CountKind.OPENING)


def test_only_the_holder_hands_over(session: Session, place: Place, colleague: Actor) -> None:
    count(session, place, kind=CountKind.OPENING)
    with pytest.raises(NotTheHolder):
        hand_over(session, place, place.intake, by=colleague)
    assert hand_over(session, place, colleague)


def test_a_payment_between_handing_over_and_confirming_is_known_to_both(
    session: Session, place: Place, colleague: Actor
) -> None:
    visit = a_finished_visit(session, place)
    handover_id = hand_over(session, place, colleague)
    seen = drawer(session, place).seen
    paid = pay(session, place, visit.participant_id)
    with pytest.raises(MoneyMoved):
        actions.confirm_handover(
            session, books(session, place), handover_id, seen=seen, by=colleague, now=NEXT
        )

    actions.confirm_handover(
        session,
        books(session, place),
        handover_id,
        seen=drawer(session, place).seen,
        by=colleague,
        now=NEXT,
    )
    end = queries.handover(session, handover_id, programme_id=place.programme.id).end
    assert end
    assert end.counted == Money(CASH - paid.minor, "UAH")


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


def test_a_receiver_who_counts_as_much_as_the_books_say_has_confirmed(
    session: Session, place: Place, colleague: Actor
) -> None:
    handover_id = hand_over(session, place, colleague)
    assert actions.dispute_handover(
        session,
        books(session, place),
        handover_id,
        CASH,
        seen=drawer(session, place).seen,
        by=colleague,
        now=NEXT,
    )
    assert drawer(session, place).waiting is None


def test_where_two_disagree_the_giver_counts_again(
    session: Session, place: Place, colleague: Actor
) -> None:
    first = disagree(session, place, colleague, CASH - 2_000)
    waiting = drawer(session, place).waiting
    assert waiting
    assert waiting.claim
    assert waiting.claim.counted == Money(CASH - 2_000, "UAH")

    second = hand_over(session, place, colleague, minor=CASH - 2_000, reason="Two notes were gone")

    assert second != first
    end = queries.handover(session, first, programme_id=place.programme.id).end
    assert end
    assert end.step is HandoverStep.RECOUNTED
    assert in_books(session, place.site) == CASH - 2_000
    actions.confirm_handover(
        session,
        books(session, place),
        second,
        seen=drawer(session, place).seen,
        by=colleague,
        now=NEXT,
    )
    sound(session)


def test_where_two_disagree_a_third_person_decides_with_a_reason(
    session: Session, place: Place, colleague: Actor
) -> None:
    handover_id = disagree(session, place, colleague, CASH - 2_000)
    given: dict[str, Any] = {"seen": drawer(session, place).seen, "now": NEXT}
    where = books(session, place)
    with pytest.raises(NotAllowed):
        actions.decide_handover(
            session, where, handover_id, CASH, reason="x", by=colleague, **given
        )
    with pytest.raises(ReasonNeeded):
        actions.decide_handover(
            session, where, handover_id, CASH, reason=" ", by=place.manager, **given
        )

    for _ in range(2):
        actions.decide_handover(
            session, where, handover_id, CASH - 1_000, reason="Counted", by=place.manager, **given
        )

    after = drawer(session, place)
    assert after.balance.minor == in_books(session, place.site) == CASH - 1_000
    assert in_books(session, place.site, "cash_variance") == 1_000
    assert after.holder
    assert after.holder.staff_id == colleague.staff_id
    sound(session)


def test_a_manager_does_not_decide_about_a_handover_of_her_own(
    session: Session, place: Place
) -> None:
    handover_id = hand_over(session, place, place.intake, by=place.manager)
    actions.dispute_handover(
        session,
        books(session, place),
        handover_id,
        5,
        seen=drawer(session, place).seen,
        by=place.intake,
        now=NEXT,
    )
    with pytest.raises(NotYourHandover):
        actions.decide_handover(
            session,
            books(session, place),
            handover_id,
            CASH,
            reason="Mine",
            seen=drawer(session, place).seen,
            by=place.manager,
            now=NEXT,
        )


def _top_up(session: Session, place: Place, minor: int) -> None:
    fund_float(
        session,
        books(session, place),
        minor,
        funding_id=uuid4(),
        by=place.finance.staff_id,
        now=LATER,
    )


def _to_bank(session: Session, place: Place, minor: int) -> None:
    actions.bring_to_bank(
        session, books(session, place), minor, deposit_id=uuid4(), by=place.finance, now=LATER
    )


def test_cash_carried_to_another_site_is_one_act_in_the_books_of_both(
    session: Session, place: Place
) -> None:
    other = place.at(a_site(session, place.programme.id, cash=0))
    move_id = uuid4()
    for _ in range(2):
        actions.move_cash(
            session,
            books(session, place),
            books(session, other),
            30_000,
            move_id=move_id,
            by=place.finance,
            now=LATER,
        )

    assert in_books(session, place.site) == CASH - 30_000
    assert in_books(session, other.site) == 30_000
    both = (place.site, other.site)
    assert sum(in_books(session, site, "between_sites") for site in both) == 0
    with pytest.raises(PaymentIdReused):
        actions.move_cash(
            session,
            books(session, place),
            books(session, other),
            1,
            move_id=move_id,
            by=place.finance,
            now=LATER,
        )
    sound(session)


def test_more_cash_than_there_is_is_not_carried_away_even_where_it_may_be_overdrawn(
    session: Session, place: Place
) -> None:
    other = place.at(a_site(session, place.programme.id, cash=0))
    allow_overdraft(session, place.site.id, 50_000, reason="Late", by=place.manager, now=LATER)
    acts: list[Any] = [
        lambda: actions.move_cash(
            session,
            books(session, place),
            books(session, other),
            CASH + 1,
            move_id=uuid4(),
            by=place.finance,
            now=LATER,
        ),
        lambda: _to_bank(session, place, CASH + 1),
    ]
    for act in acts:
        with pytest.raises(FloatTooLow) as refused:
            act()
        assert refused.value.facts == {"missing": 1}
    assert in_books(session, place.site) == CASH
    with pytest.raises(SameSite):
        actions.move_cash(
            session,
            books(session, place),
            books(session, place),
            1,
            move_id=uuid4(),
            by=place.finance,
            now=LATER,
        )
    with pytest.raises(BadAmount):
        _to_bank(session, place, 0)


def test_cash_comes_from_the_bank_and_goes_back(session: Session, place: Place) -> None:
    fund_bank(
        session,
        books(session, place),
        80_000,
        funding_id=uuid4(),
        by=place.finance.staff_id,
        now=LATER,
    )
    _to_bank(session, place, 40_000)
    assert in_books(session, place.site, "bank") == 120_000
    assert in_books(session, place.site) == CASH - 40_000


def test_cash_from_another_site_ends_what_a_float_may_be_overdrawn(
    session: Session, place: Place
) -> None:
    other = place.at(a_site(session, place.programme.id, cash=0))
    allow_overdraft(
        session, other.site.id, 50_000, reason="The car is late", by=place.finance, now=LATER
    )
    assert drawer(session, other).overdraft.minor == 50_000
    actions.move_cash(
        session,
        books(session, place),
        books(session, other),
        1_000,
        move_id=uuid4(),
        by=place.finance,
        now=LATER,
    )
    assert drawer(session, other).overdraft.minor == 0


def test_a_day_belongs_to_the_calendar_of_its_site(session: Session, place: Place) -> None:
    late = datetime(2026, 3, 4, 22, 30, tzinfo=UTC)  # half past midnight in Kyiv
    count(session, place, CASH - 700, reason="Missing", kind=CountKind.END_OF_DAY, now=late)

    evening = queries.day_of(session, place.programme.id, place.site.id, date(2026, 3, 4))
    night = queries.day_of(session, place.programme.id, place.site.id, date(2026, 3, 5))

    assert evening.counts == ()
    assert (evening.opening.minor, evening.closing.minor) == (CASH, CASH)
    assert [each.counted.minor for each in night.counts] == [CASH - 700]
    (moved,) = night.movements
    assert (moved.movement, moved.entries, moved.amount.minor) == (Movement.COUNTED, 1, -700)
    assert (night.opening.minor, night.closing.minor) == (CASH, CASH - 700)


def test_the_report_of_a_day_tells_every_movement_as_the_ledger_has_it(
    session: Session, place: Place
) -> None:
    other = place.at(a_site(session, place.programme.id, cash=0))
    first, second = a_finished_visit(session, place), a_finished_visit(session, place)
    paid = [pay(session, place, each.participant_id).minor for each in (first, second)]
    stranger = a_finished_visit(session, place).recruiter_id
    note_fee_paid(
        session,
        books(session, place),
        payment_id=uuid4(),
        participant_id=stranger,
        minor=4_321,
        by=place.manager.staff_id,
        now=LATER,
    )
    _top_up(session, place, 5_000)
    _to_bank(session, place, 2_000)
    actions.move_cash(
        session,
        books(session, place),
        books(session, other),
        3_000,
        move_id=uuid4(),
        by=place.finance,
        now=LATER,
    )
    left = drawer(session, place).balance.minor
    count(session, place, left - 50, reason="Missing", kind=CountKind.END_OF_DAY)

    day = queries.day_of(session, place.programme.id, place.site.id, date(2026, 3, 4))

    told = {each.movement: each.amount.minor for each in day.movements}
    assert told == {
        Movement.FUNDED: 5_000,
        Movement.PAID: -sum(paid),
        Movement.LOST: -4_321,
        Movement.COUNTED: -50,
        Movement.TO_SITE: -3_000,
        Movement.TO_BANK: -2_000,
    }
    assert day.opening.minor == CASH
    assert day.closing.minor == in_books(session, place.site) == left - 50
    assert sorted(each.amount.minor for each in day.receipts) == sorted([*paid, 4_321])
    assert [each.amount.minor for each in day.receipts if each.is_loss] == [4_321]
    assert day.paid.minor == sum(paid) + 4_321
    there = queries.day_of(session, place.programme.id, other.site.id, date(2026, 3, 4))
    assert [(each.movement, each.amount.minor) for each in there.movements] == [
        (Movement.FROM_SITE, 3_000)
    ]


def test_what_is_paid_for_another_site_is_told_apart_from_cash_carried_there(
    session: Session, place: Place
) -> None:
    other = place.at(a_site(session, place.programme.id, cash=50_000))
    visit = a_finished_visit(session, place)
    paid = pay(session, other, visit.participant_id)

    day = queries.day_of(session, place.programme.id, other.site.id, date(2026, 3, 4))

    assert [(each.movement, each.amount.minor) for each in day.movements] == [
        (Movement.PAID_FOR_SITE, -paid.minor)
    ]


def test_the_course_of_a_float_ends_each_day_where_the_ledger_does(
    session: Session, place: Place
) -> None:
    for days in (1, 2, 5):
        now = LATER + timedelta(days=days)
        minor = drawer(session, place).balance.minor
        count(session, place, minor - 1_000 * days, reason="Missing", now=now)

    course = queries.course_of(
        session, place.site.id, since=date(2026, 3, 3), until=date(2026, 3, 9)
    )

    assert course == [
        (date(2026, 3, 3), CASH),
        (date(2026, 3, 4), CASH),
        (date(2026, 3, 5), CASH - 1_000),
        (date(2026, 3, 6), CASH - 3_000),
        (date(2026, 3, 7), CASH - 3_000),
        (date(2026, 3, 8), CASH - 3_000),
        (date(2026, 3, 9), CASH - 8_000),
    ]


def test_how_long_cash_lasts_follows_what_was_paid_lately(session: Session, place: Place) -> None:
    today = date(2026, 3, 4)
    assert queries.outlook_of(session, place.site.id, balance_minor=CASH, today=today).days is None
    paid = pay(session, place, a_finished_visit(session, place).participant_id).minor
    _to_bank(session, place, 500)

    lasts = queries.outlook_of(session, place.site.id, balance_minor=CASH, today=today)

    assert lasts.days == CASH * 28 // paid
    later = queries.outlook_of(
        session, place.site.id, balance_minor=CASH, today=today + timedelta(days=28)
    )
    assert later.days is None


def test_a_low_float_is_told_once_a_day_of_its_site(session: Session) -> None:
    rules = Protocol(payouts=PayoutRules(float_low=5_000))
    place = a_place(session, cash=4_999, protocol=rules)
    enough = a_site(session, place.programme.id, cash=5_000)
    a_site(session, place.programme.id, cash=0)
    assert queries.low_floats(session, place.programme.id) == [place.site.id]
    assert enough.id not in queries.low_floats(session, place.programme.id)

    evening = datetime(2026, 3, 4, 20, 0, tzinfo=UTC)
    told = [
        actions.warn_of_low_floats(session, now=evening + timedelta(hours=hours))
        for hours in (0, 1, 2.5, 3, 26.5)
    ]

    assert told == [1, 0, 1, 0, 1]  # it is another day in Kyiv from 22:00 UTC on
    rows = session.query(OutboxRow).where(OutboxRow.kind == "FloatLow").all()
    assert [body_of(session, row)["on"] for row in rows] == [
        "2026-03-04",
        "2026-03-05",
        "2026-03-06",
    ]
    assert set(body_of(session, rows[0])) == {
        "site_id",
        "on",
        "balance_minor",
        "low_minor",
        "currency",
    }


def test_a_worker_tells_of_low_floats_without_being_asked(database: Database) -> None:
    with database.transaction() as session:
        a_place(session, cash=1)
    assert warn(database, LATER) == 1
    assert warn(database, LATER) == 0
    assert DUTIES["floats.warn"].do is warn


def faults(session: Session) -> str:
    session.flush()
    names = [name for name in CHECKS if name.startswith("cash ")]
    assert len(names) == 4
    return " ".join(fault for name in names for fault in CHECKS[name](session))


def test_verify_finds_a_variance_that_nobody_counted(session: Session, place: Place) -> None:
    count(session, place, CASH - 500, reason="Missing")
    assert faults(session) == ""
    enter(
        session,
        books(session, place),
        100,
        debit=Account.CASH_VARIANCE,
        credit=Account.CASH_FLOAT,
        earner=None,
        cause=("variance", uuid4()),
    )
    assert "no count does" in faults(session)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"pieces": {"100": 7}}, "not the sum of its coins"),
        ({"counted_minor": 800, "reason": "x"}, "by something else than the ledger says"),
    ],
)
def test_verify_finds_a_count_that_does_not_add_up(
    session: Session, place: Place, changed: dict[str, Any], told: str
) -> None:
    entry = enter(
        session,
        books(session, place),
        7,
        debit=Account.CASH_VARIANCE,
        credit=Account.CASH_FLOAT,
        earner=None,
        cause=("variance", uuid4()),
    )
    row = {
        "id": uuid4(),
        "programme_id": place.programme.id,
        "site_id": place.site.id,
        "kind": CountKind.SPOT_CHECK,
        "counted_on": date(2026, 3, 4),
        "counted_at": LATER,
        "counted_by": place.intake.staff_id,
        "currency": "UAH",
        "pieces": {"100": 8},
        "expected_minor": 807,
        "counted_minor": 800,
        "is_blind": True,
        "reason": "x",
        "variance_entry": entry,
    }
    if told.startswith("by"):
        row["expected_minor"] = 900
    session.execute(actions.CashCount.__table__.insert().values(**(row | changed)))  # type: ignore[attr-defined]
    assert told in faults(session)


def test_verify_finds_two_handovers_of_one_drawer_at_once(
    session: Session, place: Place, colleague: Actor
) -> None:
    hand_over(session, place, colleague)
    first = drawer(session, place).waiting
    assert first
    actions.withdraw_handover(session, books(session, place), first.id, by=place.intake, now=LATER)
    hand_over(session, place, colleague)
    assert faults(session) == ""
    count(
        session,
        place.at(a_site(session, place.programme.id, cash=0)),
        0,
        by=_roaming(session, place),
    )
    row = {
        "id": uuid4(),
        "programme_id": place.programme.id,
        "site_id": place.site.id,
        "count_id": _last_count(session, place),
        "received_by": colleague.staff_id,
        "given_by": place.manager.staff_id,
        "given_at": LATER,
    }
    session.execute(actions.CashHandover.__table__.insert().values(**row))  # type: ignore[attr-defined]
    told = faults(session)
    assert "several people at once" in told
    assert "not counted by whoever gave it" in told


def _roaming(session: Session, place: Place) -> Actor:
    return an_actor(session, Role.FINANCE, programme_id=place.programme.id)


def _last_count(session: Session, place: Place) -> UUID:
    """A count of another site, which no handover has used."""
    found = session.execute(
        text("SELECT id FROM cash_count WHERE site_id <> :site"),
        {"site": _key(session, place.site.id)},
    ).scalar_one()
    return found if isinstance(found, UUID) else UUID(str(found))


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


def test_a_loss_is_known_by_whoever_handed_it_out(session: Session, place: Place) -> None:
    a_loss(session, place)
    (loss,) = queries.losses(session, place.programme.id)
    assert (loss.paid_by, loss.amount.minor, loss.site_id) == (
        place.manager.staff_id,
        4_000,
        place.site.id,
    )
    assert loss.receipt
    (missing,) = queries.missing(session, place.programme.id)
    assert (missing.account, missing.amount.minor) == (Discrepancy.CASH_LOSS, 4_000)


def ask(
    session: Session, place: Place, minor: int, account: Discrepancy = Discrepancy.CASH_LOSS
) -> UUID:
    write_off_id = uuid4()
    actions.ask_write_off(
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


def decide(
    session: Session, place: Place, write_off_id: UUID, by: Actor, *, is_approved: bool = True
) -> None:
    actions.decide_write_off(
        session,
        books(session, place),
        write_off_id,
        is_approved=is_approved,
        note="Seen",
        by=by,
        now=NEXT,
    )


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
    assert queries.missing(session, place.programme.id) == []
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
        session.execute(actions.CashWriteOffDecision.__table__.insert().values(**row))  # type: ignore[attr-defined]
    with (
        pytest.raises(IntegrityError),
        session.begin_nested(),
    ):  # nor by naming another as who asked
        session.execute(
            actions.CashWriteOffDecision.__table__.insert().values(  # type: ignore[attr-defined]
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
        actions.ask_write_off(
            session,
            books(session, place),
            Discrepancy.CASH_LOSS,
            1,
            write_off_id=uuid4(),
            reason="x",
            by=place.manager,
            now=NOON,
        )


def test_what_waits_for_someone_is_counted_for_her_only(
    session: Session, place: Place, colleague: Actor
) -> None:
    disagree(session, place, colleague, CASH - 100)
    a_loss(session, place)
    ask(session, place, 4_000)
    assert queries.waiting_for(session, colleague).to_confirm == 1
    assert queries.waiting_for(session, place.intake) == queries.Waiting()
    assert queries.waiting_for(session, place.manager).to_decide == 1
    assert queries.waiting_for(session, place.lead).write_offs == 1
    assert queries.waiting_for(session, place.finance).write_offs == 0


@pytest.mark.parametrize("currency", ["UAH", "EUR", "USD", "GEL", "KES", "GHS", "TND", "UGX"])
def test_coins_and_notes_are_exact_in_their_own_smallest_unit(currency: str) -> None:
    worths = queries.denominations(currency)
    assert list(worths) == sorted(set(worths), reverse=True)
    assert all(worth > 0 for worth in worths)


def test_a_currency_that_is_not_known_has_no_list() -> None:
    assert queries.denominations("XXX") == ()
    assert queries.denominations("UAH")[:2] == (100_000, 50_000)
    assert queries.denominations("UGX")[0] == 50_000  # it has no smaller unit
    assert queries.denominations("TND")[-1] == 10  # a thousandth is its smallest


def test_a_handover_of_another_programme_is_not_known(
    session: Session, place: Place, colleague: Actor
) -> None:
    handover_id = hand_over(session, place, colleague)
    elsewhere = a_place(session)
    with pytest.raises(UnknownHandover):
        actions.withdraw_handover(
            session, books(session, elsewhere), handover_id, by=elsewhere.intake, now=NEXT
        )
