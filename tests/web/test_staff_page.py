"""The staff page: log-ins given and taken away, keys shown once."""

import re
from uuid import UUID

import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.staff.actions import check_password
from app.domain.staff.queries import by_api_key, staff_of
from app.domain.staff.rules import Role
from tests.factories import Place, a_place, client
from tests.web.readers import Reader, errors, reader


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@pytest.fixture
def admin(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.staff[Role.ADMINISTRATOR])


def secret_on(page: str) -> str:
    found = re.search(r'class="secret digits">([^<]+)<', page)
    assert found
    return found[1]


def test_a_made_password_is_shown_once_and_opens(
    admin: Reader, database: Database, place: Place
) -> None:
    given = {"username": " Desk-2 ", "role": "intake", "site": place.site.code}
    answer = admin.send("/staff", given)
    assert answer.status_code == 201
    secret = secret_on(answer.text)
    assert secret not in admin.get("/staff").text
    with database.snapshot() as session:
        actor = check_password(session, "desk-2", secret)
    assert (actor.role, actor.site_id) == (Role.INTAKE, place.site.id)


def test_a_typed_password_is_taken(admin: Reader, database: Database) -> None:
    given = {"username": "second", "role": "finance", "password": "twelve or more"}
    admin.send("/staff", given)
    with database.snapshot() as session:
        assert check_password(session, "second", "twelve or more").site_id is None


def test_a_short_password_and_a_taken_name_are_refused_at_their_fields(
    admin: Reader, place: Place
) -> None:
    short = admin.send("/staff", {"username": "third", "role": "intake", "password": "short"})
    taken = admin.send("/staff", {"username": place.intake.username, "role": "intake"})
    assert list(errors(short.text)) == ["password"]
    assert list(errors(taken.text)) == ["username"]
    assert short.status_code == taken.status_code == 422


@pytest.mark.parametrize(
    "given",
    [
        {"username": "a b", "role": "intake"},
        {"username": "", "role": "intake"},
        {"username": "fourth", "role": "king"},
        {"username": "fourth", "role": "intake", "site": "NOWHERE"},
    ],
)
def test_what_the_form_cannot_send_gives_nobody_a_log_in(
    admin: Reader, database: Database, place: Place, given: dict[str, str]
) -> None:
    assert admin.send("/staff", given).status_code in (404, 422)
    with database.snapshot() as session:
        assert len(staff_of(session, place.programme.id)) == len(Role)


def test_a_key_is_shown_once_works_and_can_be_ended(
    admin: Reader, database: Database, place: Place
) -> None:
    page = f"/staff/{place.intake.staff_id}"
    answer = admin.send(f"{page}/keys", {"label": "tablet"})
    secret = secret_on(answer.text)
    assert secret.startswith("pdi_")
    assert "tablet" in admin.get(page).text
    assert secret not in admin.get(page).text
    with database.snapshot() as session:
        assert by_api_key(session, secret).staff_id == place.intake.staff_id
    assert admin.send(f"{page}/keys/end").headers["location"] == "/staff"
    assert "tablet" not in admin.get(page).text


def test_a_removed_log_in_ends_its_sessions(
    admin: Reader, database: Database, keyring: Keyring, place: Place
) -> None:
    someone = reader(database, keyring, place.intake)
    admin.send(f"/staff/{place.intake.staff_id}/remove")
    assert someone.get("/").headers["location"].startswith("/login")
    assert "Left on" in admin.get("/staff").text


def test_nobody_removes_her_own_log_in(admin: Reader, place: Place) -> None:
    own = place.staff[Role.ADMINISTRATOR].staff_id
    answer = admin.send(f"/staff/{own}/remove")
    assert answer.status_code == 409
    assert "own_log_in" in answer.text
    assert f'action="/staff/{own}/remove"' not in admin.get(f"/staff/{own}").text


def test_the_staff_of_another_programme_are_out_of_reach(
    admin: Reader, database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        other = a_place(session)
    theirs: UUID = other.intake.staff_id
    answers = [
        admin.get(f"/staff/{theirs}"),
        admin.send(f"/staff/{theirs}/remove"),
        admin.send(f"/staff/{theirs}/keys", {"label": "mine"}),
        admin.send(f"/staff/{theirs}/keys/end"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert other.intake.username not in admin.get("/staff").text
    assert client(database, keyring).get("/healthz").status_code == 200
