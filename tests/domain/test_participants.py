"""A unique identifier code is folded before it is compared, and only its keyed digest is kept."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.intake.actions import welcome_walk_in
from app.domain.participants.errors import BadParticipant
from app.domain.participants.rules import normalise_uic
from app.domain.tables import METADATA
from tests.factories import LATER, Place, a_place, a_redemption, a_seed

CANARY = "Zlatoslava-1987-XQ"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Олена 07 85", "OLENA-0785"),
        ("ЩУКА-01", "shchuka 01"),
        ("Їжак 12", "ІЖАК-12"),
        ("Zoë-1990", "ZOE 1990"),
        ("Юрій1975", "iurii-1975"),
        ("АБВГ１２", "abvh12"),
        ("Соня\u030112", "соня12"),
    ],
)
def test_one_code_written_two_ways_is_one_code(one: str, other: str) -> None:
    assert normalise_uic(one) == normalise_uic(other)


@pytest.mark.parametrize("short", ["", "   ", "a-b", "\u0301\u0301\u0301\u0301\u0301", "---- ----"])
def test_what_has_fewer_than_four_letters_is_no_code(short: str) -> None:
    with pytest.raises(BadParticipant):
        normalise_uic(short)


@given(st.text(max_size=40))
def test_folding_never_crashes_and_folding_again_changes_nothing(written: str) -> None:
    try:
        once = normalise_uic(written)
    except BadParticipant:
        return
    assert normalise_uic(once) == once


def test_a_code_is_nowhere_in_the_database_raw_or_folded(
    database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        place = a_place(session)
        come_with(session, place, CANARY)
    places = [CANARY, normalise_uic(CANARY), "Zlatoslava", "1987-xq"]

    stored = everything(database)

    assert keyring.digest("uic", place.programme.id.hex, normalise_uic(CANARY)).hex() in stored
    for canary in places:
        assert canary.lower() not in stored
        assert canary.lower().encode().hex() not in stored


def test_the_control_a_code_that_was_kept_would_be_found(database: Database) -> None:
    with database.transaction() as session:
        place = a_place(session)
        a_redemption(session, place, device_id=CANARY)

    assert CANARY.lower() in everything(database)


def come_with(session: Session, place: Place, uic: str) -> None:
    a_seed(session, place, uic=f"{uic}1")
    a_redemption(session, place, uic=uic)
    welcome_walk_in(session, site=place.site.code, uic=f"{uic}2", by=place.intake, now=LATER)


def everything(database: Database) -> str:
    """All that a thief of the database reads: the bytes of its files, or every row of its tables as text."""
    if database.is_sqlite:
        path = Path(database.url.removeprefix("sqlite:///"))
        raw = b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*"))
        return raw.decode("latin-1").lower() + raw.hex()
    with database.engine.connect() as connection:
        return "\n".join(
            str(row).lower()
            for table in METADATA.tables
            for row in connection.scalars(
                text(f'SELECT t::text FROM "{table}" t'.replace("::", "\\:\\:"))
            )
        )
