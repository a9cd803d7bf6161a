"""Payouts in batches: looked at before, prepared, approved, released, sent, answered, each by whoever may."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.batches import queries
from app.domain.batches.rules import BatchState, LineState
from app.domain.stipends.rules import Method
from tests.batches import Office, a_batch, a_released_batch, an_approved_batch, an_office, someone_owed
from tests.factories import LATER
from tests.web.readers import Reader, reader

SOON = LATER + timedelta(hours=1)


@pytest.fixture
def office(database: Database) -> Office:
    with database.transaction() as session:
        office = an_office(session)
        for minor, number in ((750, "0501112233"), (820, "0671112233")):
            someone_owed(session, office.place, minor, method=Method.MOBILE_MONEY, number=number)
        someone_owed(session, office.place, 500)
    return office


@pytest.fixture
def preparer(database: Database, keyring: Keyring, office: Office) -> Reader:
    return reader(database, keyring, office.preparer, now=SOON)


@pytest.fixture
def lead(database: Database, keyring: Keyring, office: Office) -> Reader:
    return reader(database, keyring, office.approver, now=SOON)


@pytest.fixture
def payer(database: Database, keyring: Keyring, office: Office) -> Reader:
    return reader(database, keyring, office.payer, now=SOON)


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def test_try(preparer: Reader, lead: Reader, payer: Reader, database: Database, office: Office) -> None:
    print(preparer.get("/stipends/batches").status_code)
    look = preparer.get("/stipends/batches/prepare?look=1&method=cash&method=mobile_money")
    assert look.status_code == 200
    form = {"batch_id": field(look.text, "batch_id"), "method": ["cash", "mobile_money"]}
    made = preparer.send("/stipends/batches/prepare", form)
    assert made.status_code == 303, made.text
    home = made.headers["location"]
    print(preparer.get(home).status_code)
    page = lead.get(home)
    assert page.status_code == 200
    got = lead.send(f"{home}/approve", {"seen": field(page.text, "seen")})
    assert got.status_code == 303, got.text
    got = payer.send(f"{home}/release")
    assert got.status_code == 303, got.text
    page = payer.get(home)
    assert page.status_code == 200
    file = payer.get(f"{home}/payments/mobile_money.file")
    print(file.text)
    for path in re.findall(rf'{home}/lines/[0-9a-f-]+', page.text):
        assert payer.get(path).status_code == 200
    print(payer.get("/stipends/batches").status_code)
