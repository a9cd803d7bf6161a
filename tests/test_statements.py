"""What a redemption costs the database, counted at the driver's door."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

from app.core.crypto import Keyring
from app.core.db import Database
from tests.devices import DeskDevice, a_device
from tests.factories import LATER, Place, a_bundle, a_place, client
from tests.telephones import OTHER, a_line
from tests.web.api import an_api

MOST = 8
BEGINS_OR_ENDS = ("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT")


@contextmanager
def statements(database: Database, *, also_begun: bool = False) -> Iterator[list[str]]:
    """The statements sent meanwhile, but for those that begin or end something."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if also_begun or not statement.startswith(BEGINS_OR_ENDS):
            sent.append(statement)

    engines: set[Engine] = {database._writer}
    if database.is_sqlite:  # on PostgreSQL the reader is the same engine under another isolation
        engines.add(database._reader)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield sent
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


def test_a_redemption_over_http_costs_at_most_eight_statements(
    database: Database, keyring: Keyring
) -> None:
    api = an_api(database, keyring)
    api.get("/coupons/000000000109")  # whatever is asked once in the life of a process

    with statements(database) as sent:
        assert api.post("/redemptions", api.scan()).status_code == 201

    assert 5 <= len(sent) <= MOST, "\n".join(sent)


def test_a_repeated_scan_costs_fewer_and_writes_nothing(
    database: Database, keyring: Keyring
) -> None:
    api = an_api(database, keyring)
    scan = api.scan()
    api.post("/redemptions", scan)

    with statements(database) as sent:
        assert api.post("/redemptions", scan).status_code == 201

    assert len(sent) <= 4, "\n".join(sent)
    assert not [each for each in sent if not each.lstrip().upper().startswith("SELECT")]


def test_an_arrival_in_an_upload_costs_as_much_as_a_redemption(
    database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        place = a_place(session)
    http = client(database, keyring, now=LATER)
    few, many = (waiting(database, keyring, place, count) for count in (1, 6))
    few.send(http, few.waiting, now=LATER)  # whatever is asked once in the life of a process
    few.arrive(cards(database, place, 1)[0])

    with statements(database, also_begun=True) as for_one:
        few.send(http, few.waiting, now=LATER)
    with statements(database, also_begun=True) as for_six:
        many.send(http, many.waiting, now=LATER)

    assert {each["outcome"] for each in many.verdicts.values()} == {"accepted"}
    work, savepoints = (
        [
            sum(each.startswith(BEGINS_OR_ENDS) is begun for each in sent)
            for sent in (for_one, for_six)
        ]
        for begun in (False, True)
    )
    assert work[1] - work[0] <= 5 * MOST, "\n".join(for_six)
    assert savepoints[1] - savepoints[0] <= 5 * 2, "\n".join(for_six)


def test_a_turn_of_a_telephones_menu_costs_at_most_five_statements_and_a_card_two_more(
    database: Database, keyring: Keyring
) -> None:
    line = a_line(database, keyring)
    line.walk("2")  # whatever is asked once in the life of a process
    cost = {}
    for name, keys in {"hours": ("2",), "card": ("1", "000000005724"), "own card": ("3",)}.items():
        menu = line.dial(sender=OTHER)
        for key in keys:
            with statements(database) as sent:
                menu.press(key)
            cost[name] = len(sent)
        line.later(minutes=11)
    with statements(database) as opened:
        menu = line.dial(sender=OTHER)
    with statements(database) as repeated:
        menu.repeat()

    assert max(len(opened), cost["hours"], cost["own card"]) <= 5, cost
    assert cost["card"] <= 7
    assert len(repeated) == 1


def waiting(database: Database, keyring: Keyring, place: Place, count: int) -> DeskDevice:
    """A device with this many arrivals that wait."""
    with database.transaction() as session:
        device = a_device(session, place, keyring)
    for code in cards(database, place, count):
        device.arrive(code)
    return device


def cards(database: Database, place: Place, count: int) -> list[str]:
    with database.transaction() as session:
        bundles = [a_bundle(session, place) for _ in range(count)]
    return [bundle.coupons[0].code for bundle in bundles]
