"""Other systems on their pages: added, told, failing, switched off, told again; a key is shown once."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.audit.models import AuditEvent
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Role
from app.domain.webhooks import actions, queries
from app.domain.webhooks.actions import Said
from app.domain.webhooks.models import WebhookDelivery
from app.domain.webhooks.rules import PATIENCE, TYPES, OffBecause, Problem, State
from app.web import webhook_words
from tests.factories import LATER, NOON, Place, a_place
from tests.web.readers import Reader, errors, reader
from tests.webhooks import ADDRESS, a_release, administrator, an_endpoint

PATH = "/messages/webhooks"


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@pytest.fixture
def keeper(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, administrator(place))


def keys_in(page: str) -> list[str]:
    return re.findall(r"whsec_[\w+/=]+", page)


def form_id_of(page: str) -> str:
    found = re.search(r'name="form_id" value="([^"]+)"', page)
    assert found
    return found[1]


def endpoint_of(database: Database, place: Place) -> queries.EndpointFacts:
    with database.snapshot() as session:
        (found,) = queries.endpoints(session, place.programme.id)
        return found


def with_log(database: Database, place: Place, *answers: Said) -> UUID:
    """An endpoint that gave these answers."""
    with database.transaction() as session:
        endpoint_id, _ = an_endpoint(session, place)
        for said in answers:
            a_release(session, place)
            taken = actions.take(session, endpoint_id, now=NOON)
            assert taken
            actions.note(session, taken, said, luck=0.0, now=NOON)
        return endpoint_id


def fields(**given: object) -> dict[str, object]:
    usual: dict[str, object] = {
        "form_id": str(uuid4()),
        "name": "Dashboard",
        "url": ADDRESS,
        "types": ["coupon.redeemed", "float.low"],
    }
    return usual | given


def test_every_word_of_the_domain_has_a_name_on_the_page() -> None:
    assert set(webhook_words.TYPES) == {*TYPES, "webhook.test"}
    assert set(webhook_words.STATES) == set(State)
    assert set(webhook_words.PROBLEMS) == set(Problem)
    assert set(webhook_words.OFF) == set(OffBecause)


def test_a_system_is_added_and_its_key_is_shown_once(
    database: Database, keeper: Reader, place: Place
) -> None:
    form = fields(form_id=form_id_of(keeper.get(PATH).text))

    answer = keeper.send(PATH, form)
    again = keeper.send(PATH, form)

    assert (answer.status_code, again.status_code) == (201, 201)
    assert keys_in(answer.text) == keys_in(again.text) != []
    found = endpoint_of(database, place)
    assert (found.name, found.url) == ("Dashboard", ADDRESS)
    assert found.event_types == ("coupon.redeemed", "float.low")
    for page in (PATH, f"{PATH}/{found.id}"):
        assert keys_in(keeper.get(page).text) == []


def test_each_type_says_what_it_tells(keeper: Reader) -> None:
    page = keeper.get(PATH).text

    for name in TYPES:
        what, told = webhook_words.TYPES[name]
        assert f'value="{name}"' in page
        assert what in page
        assert told in page


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"name": ""}, "name", "Please fill this in."),
        ({"url": "http://hooks.example.org"}, "url", "begins with https://"),
        ({"url": "https://10.0.0.7/in"}, "url", "closed network"),
        ({"url": "nonsense"}, "url", "begins with https://"),
        ({"types": []}, "types", "Please fill this in."),
    ],
)
def test_a_mistake_is_said_at_its_field_and_nothing_typed_is_lost(
    keeper: Reader, given: dict[str, object], field: str, said: str
) -> None:
    form = fields(**given)

    answer = keeper.send(PATH, form)

    assert answer.status_code == 422
    assert list(errors(answer.text)) == [field]
    assert said in errors(answer.text)[field]
    assert form_id_of(answer.text) == form["form_id"]
    assert f'value="{form["url"]}"' in answer.text


def test_the_setting_lets_a_closed_network_in(
    database: Database, keyring: Keyring, place: Place
) -> None:
    form = fields(url="http://10.1.2.3:8000/in")
    keeper = reader(database, keyring, administrator(place), webhook_networks="10.1.0.0/16")

    assert "10.1.0.0/16" in keeper.get(PATH).text
    assert keeper.send(PATH, form).status_code == 201


def test_it_is_changed_and_saving_it_unchanged_is_no_act(
    database: Database, keeper: Reader, place: Place
) -> None:
    endpoint_id = with_log(database, place)
    path = f"{PATH}/{endpoint_id}"

    for _ in range(2):
        assert keeper.send(path, fields(types=["float.low"])).status_code == 303
    assert keeper.send(path, fields(url="")).status_code == 422

    assert endpoint_of(database, place).event_types == ("float.low",)
    with database.snapshot() as session:
        acts = session.scalars(
            select(AuditEvent.action).where(AuditEvent.action == "webhook.changed")
        ).all()
    assert len(acts) == 1


def test_keys_change_without_a_gap(database: Database, keeper: Reader, place: Place) -> None:
    path = f"{PATH}/{with_log(database, place)}"
    form_id = form_id_of(keeper.get(path).text)

    first = keeper.send(f"{path}/key", {"form_id": form_id})
    second = keeper.send(f"{path}/key", {"form_id": form_id})

    assert keys_in(first.text) == keys_in(second.text) != []
    assert len(endpoint_of(database, place).keys) == 2
    refused = keeper.send(f"{path}/key", {"form_id": str(uuid4())})
    assert refused.status_code == 409
    assert "end the one before" in refused.text
    assert keeper.send(f"{path}/key/end").status_code == 303
    assert len(endpoint_of(database, place).keys) == 1


def test_a_test_is_sent_once_a_form(database: Database, keeper: Reader, place: Place) -> None:
    path = f"{PATH}/{with_log(database, place)}"
    form_id = form_id_of(keeper.get(path).text)

    for _ in range(2):
        assert keeper.send(f"{path}/test", {"form_id": form_id}).status_code == 303

    page = keeper.get(path).text
    assert "The test is on its way." in page
    assert page.count("A test<br>") == 1


def test_the_log_says_state_answer_tries_and_when(
    database: Database, keeper: Reader, place: Place
) -> None:
    endpoint_id = with_log(database, place, Said(204), Said(503), Said(problem=Problem.CERTIFICATE))

    page = keeper.get(f"{PATH}/{endpoint_id}").text

    assert page.count('class="badge good">Was taken<') == 1
    assert page.count('class="badge info">Waits<') == 2
    assert "<td>503</td>" in page
    assert "the certificate is not valid for this name" in page
    assert "It has taken nothing since" in page
    assert keeper.get(f"{PATH}/{endpoint_id}?state=failed").text.count("<td>503</td>") == 0


def test_one_line_and_all_that_failed_are_sent_again_under_their_ids(
    database: Database, keeper: Reader, place: Place
) -> None:
    endpoint_id = with_log(database, place, Said(204))
    with database.transaction() as session:
        a_release(session, place)
        taken = actions.take(session, endpoint_id, now=NOON)
        assert taken
        actions.note(session, taken, Said(410), luck=0.0, now=NOON)
    path = f"{PATH}/{endpoint_id}"
    assert "wants nothing more" in keeper.get(path).text
    assert keeper.send(f"{path}/switch", {"is_on": "true"}).status_code == 303

    def lines() -> dict[UUID, tuple[State, UUID]]:
        with database.snapshot() as session:
            return {
                row.id: (row.state, row.webhook_id)
                for row in session.scalars(select(WebhookDelivery))
            }

    before = lines()
    (good,) = (each for each, (state, _) in before.items() if state is State.DELIVERED)
    for _ in range(2):
        form = {"delivery": str(good), "seen": "1"}
        assert keeper.send(f"{path}/repeat", form).status_code == 303
    assert keeper.send(f"{path}/repeat-failed", {"since": "2026-03-01"}).status_code == 303
    assert "is on its way again" in keeper.get(path).text
    assert keeper.send(f"{path}/repeat-failed", {"since": "2026-03-01"}).status_code == 303
    assert "Since that day everything was taken" in keeper.get(path).text

    assert {state for state, _ in lines().values()} == {State.WAITING}
    assert {key: name for key, (_, name) in lines().items()} == {
        key: name for key, (_, name) in before.items()
    }


def test_one_that_failed_for_days_says_so_on_both_pages(
    database: Database, keeper: Reader, place: Place
) -> None:
    with database.transaction() as session:
        endpoint_id, _ = an_endpoint(session, place)
        for now in (NOON, NOON + PATIENCE):
            a_release(session, place, now=now)
            taken = actions.take(session, endpoint_id, now=now)
            assert taken
            actions.note(session, taken, Said(500), luck=0.0, now=now)

    for page in (PATH, f"{PATH}/{endpoint_id}"):
        assert "It took nothing for three days, so it was switched off." in keeper.get(page).text


def test_off_it_can_be_removed_and_is_gone(
    database: Database, keeper: Reader, place: Place
) -> None:
    path = f"{PATH}/{with_log(database, place, Said(204))}"
    assert f"{path}/remove" not in keeper.get(path).text

    for _ in range(2):
        assert keeper.send(f"{path}/switch", {"is_on": "false"}).status_code == 303
    assert f"{path}/remove" in keeper.get(path).text
    assert keeper.send(f"{path}/test", {"form_id": str(uuid4())}).status_code == 409
    assert keeper.send(f"{path}/remove").status_code == 303

    assert "The other system is off the list" in keeper.get(PATH).text
    assert keeper.get(path).status_code == 404
    assert keeper.send(f"{path}/remove").status_code == 404


@pytest.mark.parametrize(
    ("tail", "form"),
    [
        ("", fields()),
        ("/switch", {"is_on": "false"}),
        ("/key", {"form_id": str(uuid4())}),
        ("/key/end", {}),
        ("/test", {"form_id": str(uuid4())}),
        ("/repeat", {"delivery": str(uuid4()), "seen": "0"}),
        ("/repeat-failed", {"since": "2026-03-01"}),
        ("/remove", {}),
    ],
)
def test_only_whoever_looks_after_them_changes_anything(
    database: Database, keyring: Keyring, place: Place, tail: str, form: dict[str, object]
) -> None:
    endpoint_id = with_log(database, place)
    before = endpoint_of(database, place)
    with database.transaction() as session:
        elsewhere = a_place(session)
    others: list[tuple[Actor, int]] = [
        *((place.staff[role], 403) for role in Role if role is not Role.ADMINISTRATOR),
        (administrator(elsewhere), 404),
    ]

    for actor, status in others:
        answer = reader(database, keyring, actor).send(f"{PATH}/{endpoint_id}{tail}", form)
        assert answer.status_code == status, actor.role

    assert endpoint_of(database, place) == before


def test_the_address_stands_on_no_page_but_its_own(
    database: Database, keyring: Keyring, keeper: Reader, place: Place
) -> None:
    endpoint_id = with_log(database, place)

    assert "canary" in keeper.get(f"{PATH}/{endpoint_id}").text
    assert "canary" not in keeper.get(PATH).text
    assert "canary" not in keeper.get("/audit").text
    late = reader(database, keyring, administrator(place), now=LATER + timedelta(days=1))
    assert "Nothing sent yet" in late.get(PATH).text
