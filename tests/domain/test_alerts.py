"""Numbers of staff: their own, sealed, for what they chose, gone when they say so or leave."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.outbox import OutboxRow, body_of
from app.domain.alerts import actions, queries
from app.domain.alerts.errors import NotForYou
from app.domain.alerts.models import StaffNumber, WantedAlert
from app.domain.alerts.rules import AlertKind, kinds_for
from app.domain.contacts.errors import BadNumber, NumberNeeded, UnknownLanguage
from app.domain.staff.actions import remove_member
from app.domain.staff.models import StaffMember
from app.domain.staff.queries import Actor
from app.domain.staff.rules import PERMISSIONS, Role
from app.domain.tables import METADATA
from tests.batches import a_batch, an_office, someone_owed
from tests.factories import NOON, Place, a_place, a_site, an_actor

TYPED, KEPT = "050 123 45 67", "+380501234567"


def keep(session: Session, by: Actor, *kinds: AlertKind, **given: Any) -> None:
    defaults: dict[str, Any] = {"number": TYPED, "language": "uk"}
    actions.keep_number(session, kinds=kinds, by=by, now=NOON, **(defaults | given))


def called(session: Session, place: Place, kind: AlertKind, **given: Any) -> list[UUID]:
    return [each.staff_id for each in queries.to_call(session, place.programme.id, kind, **given)]


def test_a_number_is_kept_sealed_and_its_owner_is_called_for_what_she_chose(
    session: Session,
) -> None:
    place = a_place(session)
    keep(session, place.lead, AlertKind.FEEDBACK_WAITS)

    (to_call,) = queries.to_call(session, place.programme.id, AlertKind.FEEDBACK_WAITS)
    assert (to_call.staff_id, to_call.msisdn, to_call.language) == (place.lead.staff_id, KEPT, "uk")
    assert called(session, place, AlertKind.BATCH_WAITS) == []
    assert KEPT not in repr(to_call)
    assert KEPT not in repr(queries.number_of(session, place.lead.staff_id))
    for name, table in METADATA.tables.items():
        for row in session.execute(select(table)):
            assert "501234567" not in repr(tuple(row)), name


def test_an_empty_number_leaves_the_one_that_is_kept(session: Session) -> None:
    place = a_place(session)
    with pytest.raises(NumberNeeded):
        keep(session, place.lead, AlertKind.BATCH_WAITS, number=None)
    keep(session, place.lead, AlertKind.BATCH_WAITS)
    keep(session, place.lead, AlertKind.FEEDBACK_WAITS, number=None, language="en")

    own = queries.number_of(session, place.lead.staff_id)
    assert own is not None
    assert (own.msisdn, own.language, own.kinds) == (
        KEPT,
        "en",
        frozenset({AlertKind.FEEDBACK_WAITS}),
    )


def test_what_can_be_no_number_or_language_is_refused_and_changes_nothing(session: Session) -> None:
    place = a_place(session)
    keep(session, place.lead, AlertKind.BATCH_WAITS)
    with pytest.raises(BadNumber):
        keep(session, place.lead, number="12")
    with pytest.raises(UnknownLanguage):
        keep(session, place.lead, language="fr")

    assert called(session, place, AlertKind.BATCH_WAITS) == [place.lead.staff_id]


def test_nobody_is_called_to_a_page_that_she_may_not_open(session: Session) -> None:
    place = a_place(session)
    with pytest.raises(NotForYou):
        keep(session, place.intake, AlertKind.FEEDBACK_WAITS)
    assert kinds_for(PERMISSIONS[Role.GATEWAY]) == ()

    keep(session, place.manager, AlertKind.FEEDBACK_WAITS)
    row = session.get(StaffMember, place.manager.staff_id)
    assert row is not None
    row.role = Role.INTAKE  # she does other work now
    session.flush()
    assert called(session, place, AlertKind.FEEDBACK_WAITS) == []


def test_a_site_calls_its_own_people_and_those_of_the_whole_programme(session: Session) -> None:
    place = a_place(session)
    other = a_site(session, place.programme.id)
    elsewhere = an_actor(
        session, Role.INTAKE, programme_id=place.programme.id, site_id=other.id, now=NOON
    )
    anywhere = an_actor(
        session, Role.FINANCE, programme_id=place.programme.id, site_id=None, now=NOON
    )
    for someone in (place.intake, elsewhere, anywhere):
        keep(session, someone, AlertKind.FLOAT_LOW)

    here = set(called(session, place, AlertKind.FLOAT_LOW, site_id=place.site.id))
    assert here == {place.intake.staff_id, anywhere.staff_id}


def test_whoever_removed_her_number_or_left_is_not_called(session: Session) -> None:
    place = a_place(session)
    keep(session, place.lead, AlertKind.FEEDBACK_WAITS)
    keep(session, place.manager, AlertKind.FEEDBACK_WAITS)

    remove_member(session, place.manager.staff_id, by=None, now=NOON)
    assert called(session, place, AlertKind.FEEDBACK_WAITS) == [place.lead.staff_id]
    assert actions.forget_number(session, place.manager.staff_id)

    assert actions.remove_number(session, by=place.lead, now=NOON)
    assert not actions.remove_number(session, by=place.lead, now=NOON)
    assert session.scalars(select(StaffNumber)).all() == []
    assert session.scalars(select(WantedAlert)).all() == []


def test_a_batch_that_was_prepared_says_so_once_and_calls_everyone_but_its_preparer(
    session: Session,
) -> None:
    office = an_office(session)
    place = office.place
    someone_owed(session, place)
    batch = a_batch(session, office)
    for someone in (place.lead, office.preparer):
        keep(session, someone, AlertKind.BATCH_WAITS)

    (event,) = session.scalars(select(OutboxRow).where(OutboxRow.kind == "BatchWaits")).all()
    assert body_of(session, event) == {
        "batch_id": str(batch.id),
        "prepared_by": str(office.preparer.staff_id),
    }
    besides = {"besides": office.preparer.staff_id}
    assert called(session, place, AlertKind.BATCH_WAITS, **besides) == [place.lead.staff_id]
