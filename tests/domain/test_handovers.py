"""Cash is handed from one person to another: whose it is, who confirms, and who decides."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.money import Money
from app.domain.audit.errors import ReasonNeeded
from app.domain.counts.rules import CountKind
from app.domain.floats import actions, queries
from app.domain.floats.errors import (
    HandoverEnded,
    HandoverWaits,
    MoneyMoved,
    NotAReceiver,
    NotTheHolder,
    NotYourHandover,
    UnknownHandover,
)
from app.domain.floats.models import CashHandover
from app.domain.floats.rules import HandoverStep
from app.domain.staff.errors import NotAllowed
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Role
from tests.cash import (
    CASH,
    NEXT,
    a_till,
    books,
    count,
    disagree,
    drawer,
    faults,
    hand_over,
    in_books,
    key_of,
    pay,
    sound,
)
from tests.factories import LATER, Place, a_finished_visit, a_place, a_site, an_actor


@pytest.fixture
def place(session: Session) -> Place:
    return a_till(session)


@pytest.fixture
def colleague(session: Session, place: Place) -> Actor:
    return an_actor(session, Role.INTAKE, programme_id=place.programme.id, site_id=place.site.id)


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
            {"id": key_of(session, uuid4()), "other": key_of(session, uuid4())},
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
    session.execute(CashHandover.__table__.insert().values(**row))  # type: ignore[attr-defined]
    told = faults(session)
    assert "several people at once" in told
    assert "not counted by whoever gave it" in told


def _roaming(session: Session, place: Place) -> Actor:
    return an_actor(session, Role.FINANCE, programme_id=place.programme.id)


def _last_count(session: Session, place: Place) -> UUID:
    """A count of another site, which no handover has used."""
    found = session.execute(
        text("SELECT id FROM cash_count WHERE site_id <> :site"),
        {"site": key_of(session, place.site.id)},
    ).scalar_one()
    return found if isinstance(found, UUID) else UUID(str(found))


def test_a_handover_of_another_programme_is_not_known(
    session: Session, place: Place, colleague: Actor
) -> None:
    handover_id = hand_over(session, place, colleague)
    elsewhere = a_place(session)
    with pytest.raises(UnknownHandover):
        actions.withdraw_handover(
            session, books(session, elsewhere), handover_id, by=elsewhere.intake, now=NEXT
        )
