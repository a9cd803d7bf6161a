from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from app.domain.audit.models import AuditEvent
from app.domain.contacts.actions import keep_contact
from app.domain.opt_outs.actions import opt_in, opt_out
from app.domain.opt_outs.queries import has_opted_out
from app.domain.stipends.rules import Method
from tests.factories import LATER, Place, a_finished_visit, a_place
from tests.telephones import HER, OTHER

ON = LATER.date()


@pytest.fixture
def place(session: Session) -> Place:
    return a_place(session)


def keep(session: Session, place: Place, person: UUID, *, may_remind: bool) -> None:
    keep_contact(
        session,
        person,
        method=Method.CASH,
        number=HER,
        may_remind=may_remind,
        language="uk",
        by=place.intake,
        now=LATER,
    )


def test_a_number_that_stopped_stays_stopped_however_often_it_says_so(
    session: Session, place: Place
) -> None:
    for _ in range(2):
        opt_out(session, place.programme.id, HER, ON)

    assert has_opted_out(session, place.programme.id, HER)
    assert not has_opted_out(session, place.programme.id, OTHER)
    assert not has_opted_out(session, a_place(session).programme.id, HER)


def test_it_starts_again_once(session: Session, place: Place) -> None:
    opt_out(session, place.programme.id, HER, ON)

    assert opt_in(session, place.programme.id, HER)
    assert not opt_in(session, place.programme.id, HER)
    assert not has_opted_out(session, place.programme.id, HER)


@pytest.mark.parametrize("says_yes", [True, False])
def test_saying_yes_at_the_desk_ends_an_earlier_stop_and_nothing_else_does(
    says_yes: bool, session: Session, place: Place
) -> None:
    person = a_finished_visit(session, place).participant_id
    opt_out(session, place.programme.id, HER, ON)

    keep(session, place, person, may_remind=says_yes)

    assert has_opted_out(session, place.programme.id, HER) is not says_yes
    (kept,) = session.query(AuditEvent).filter_by(action="contact.kept")
    assert ("wants_messages_again" in kept.facts) is says_yes
