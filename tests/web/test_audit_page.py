"""The record page: newest first, by act, and whether it is whole."""

import pytest
from sqlalchemy import text

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.audit.actions import chain, record
from tests.factories import NOON, Place, a_place
from tests.web.readers import Reader, reader


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@pytest.fixture
def lead(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.lead)


def noted(database: Database, place: Place, act: str, *, times: int = 1) -> None:
    with database.transaction() as session:
        for number in range(times):
            record(
                session,
                act,
                subject=place.site.id,
                staff_id=place.intake.staff_id,
                programme_id=place.programme.id,
                at=NOON,
                facts={"number": number},
            )


def test_acts_are_shown_newest_first_and_by_page(
    lead: Reader, database: Database, place: Place
) -> None:
    noted(database, place, "coupon.ended", times=60)
    first = lead.get("/audit?action=coupon.ended").text
    assert first.index("number: 59") < first.index("number: 10")
    assert "number: 9<" not in first
    link = first.split('href="/audit?before=')[1].split('"')[0].replace("&amp;", "&")
    second = lead.get(f"/audit?before={link}").text
    assert "number: 9<" in second
    assert "number: 10<" not in second
    assert "Adopted new rules" not in second.split("<tbody>")[1]


def test_the_acts_of_another_programme_are_not_shown(lead: Reader, database: Database) -> None:
    with database.transaction() as session:
        other = a_place(session)
    noted(database, other, "coupon.ended")
    assert "Ended a coupon" not in lead.get("/audit").text


def test_a_whole_record_is_called_whole_with_its_counts(
    lead: Reader, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        placed = chain(session)
    noted(database, place, "coupon.ended", times=2)
    page = lead.get("/audit/chain").text
    assert "The record is whole." in page
    assert f"{placed} acts were checked" in page
    assert "2 new acts" in page


def test_a_record_altered_from_outside_is_called_so(
    lead: Reader, database: Database, place: Place
) -> None:
    noted(database, place, "coupon.ended")
    with database.transaction() as session:
        chain(session)
    with database.engine.begin() as connection:
        if database.is_sqlite:
            names = connection.execute(
                text(
                    "SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='audit_event'"
                )
            )
            for (name,) in names.all():
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("ALTER TABLE audit_event DISABLE TRIGGER ALL"))
        connection.execute(
            text("UPDATE audit_event SET action = 'coupon.redeemed' WHERE action = 'coupon.ended'")
        )
    page = lead.get("/audit/chain", headers={"HX-Request": "true"}).text
    assert "The record has 2 faults." in page  # altered, and no longer what its place says
    assert "was altered" in page
    assert "<html" not in page


def test_a_page_that_nobody_made_is_refused(lead: Reader) -> None:
    assert lead.get("/audit?before=yesterday").status_code == 422
    assert "no such act" in lead.get("/audit?action=unheard.of").text
