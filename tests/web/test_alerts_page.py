"""One's own number for alerts: masked, for what one may open, gone at once."""

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.alerts import queries
from app.domain.alerts.rules import AlertKind, kinds_for
from app.domain.staff.rules import PERMISSIONS, Permission, Role
from tests.factories import a_place
from tests.web.readers import errors, reader

NUMBER = {"number": "050 123 45 67", "language": "uk"}


def test_each_role_is_offered_what_leads_to_its_pages(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        place = a_place(session)
    for role in Role:
        someone = reader(database, keyring, place.staff[role])
        page = someone.get("/messages/alerts")
        kinds = kinds_for(PERMISSIONS[role])
        assert page.status_code == (200 if kinds else 403), role
        way = "/messages" if Permission.SEE_MESSAGES in PERMISSIONS[role] else "/help"
        assert ('href="/messages/alerts"' in someone.get(way).text) is bool(kinds), role
        offered = {kind for kind in AlertKind if f'value="{kind.value}"' in page.text}
        assert offered == set(kinds), role


def test_a_number_is_kept_masked_and_removed(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        place = a_place(session)
    lead = reader(database, keyring, place.lead)

    assert lead.send("/messages/alerts", NUMBER | {"kind": "batch_waits"}).status_code == 303

    page = lead.get("/messages/alerts").text
    assert "•••• 4567" in page
    assert "1234567" not in page
    assert (
        lead.send("/messages/alerts", {"language": "en"}).status_code == 303
    )  # no kind, same number
    with database.snapshot() as session:
        own = queries.number_of(session, place.lead.staff_id)
    assert own
    assert (own.msisdn, own.kinds) == ("+380501234567", frozenset())
    assert lead.send("/messages/alerts/remove").status_code == 303
    assert "••••" not in lead.get("/messages/alerts").text


def test_a_number_that_is_none_is_refused_beside_its_field_and_not_repeated(
    database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        place = a_place(session)
    lead = reader(database, keyring, place.lead)

    refused = lead.send("/messages/alerts", NUMBER | {"number": "12 34", "kind": "batch_waits"})

    assert refused.status_code == 422
    assert "number" in errors(refused.text)
    assert "12 34" not in refused.text
    assert 'value="batch_waits" checked' in refused.text


def test_nobody_can_ask_to_be_called_to_a_page_that_is_not_hers(
    database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        place = a_place(session)
    intake = reader(database, keyring, place.intake)
    assert intake.send("/messages/alerts", NUMBER | {"kind": "batch_waits"}).status_code == 403


def test_whoever_leaves_takes_her_number_along(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        place = a_place(session)
    reader(database, keyring, place.lead).send("/messages/alerts", NUMBER)
    admin = reader(database, keyring, place.staff[Role.ADMINISTRATOR])

    assert admin.send(f"/staff/{place.lead.staff_id}/remove").status_code == 303

    with database.snapshot() as session:
        assert queries.number_of(session, place.lead.staff_id) is None
