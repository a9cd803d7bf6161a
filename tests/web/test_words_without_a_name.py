"""Nothing joins what was said without a name, or a visit that was announced, to the telephone it came from."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import DateTime, LargeBinary, TypeDecorator, select, update

from app.core.crypto import Keyring
from app.core.db import Database, put
from app.core.telephone_numbers import number_digest
from app.domain.announcements import queries as announcements
from app.domain.announcements.models import Announcement
from app.domain.feedback import queries as feedbacks
from app.domain.feedback.models import Feedback
from app.domain.feedback.rules import FeedbackState
from app.domain.messaging import actions, rules
from app.domain.messaging.models import ProviderEvent, UssdSession
from app.domain.tables import METADATA
from app.upkeep import DUTIES
from tests.domain.test_edges import CROWD, Loot
from tests.telephones import Line, a_line

PEOPLE = 8
HOME, SAY, ANNOUNCE_TODAY = "00", ("5", "1"), ("4", "1")


@dataclass(frozen=True)
class Spoken:
    """Someone's number as the database knows it, her feedback, and the receipt that only she has."""

    msisdn: str
    caller: str
    feedback: str
    words: str
    receipt: str


def a_day_of_calls(database: Database, line: Line) -> list[Spoken]:
    """Women who look at the hours, announce visits and say things, half of it by message and half by the menu."""
    crowded(database, line)
    told: dict[str, tuple[str, str]] = {}
    for number in range(PEOPLE):
        msisdn, words = f"+38050111{number:04}", f"The door was locked, said number {number:03}."
        line.later(seconds=11)
        line.text("HOURS", sender=msisdn)
        assert "look forward" in line.walk(HOME, *ANNOUNCE_TODAY, sender=msisdn)
        if number % 2:
            shown = line.text(f"SAY {words}", sender=msisdn)
        else:
            shown = line.walk(HOME, *SAY, words, sender=msisdn)
        told[words] = (msisdn, "".join(re.findall(r"\d", shown)[-10:]))
    with database.snapshot() as session:
        programme_id = line.place.programme.id
        said = feedbacks.said(session, programme_id, FeedbackState.WAITING, most=PEOPLE + 1)
        return [
            Spoken(
                msisdn,
                number_digest(session, programme_id, msisdn).hex(),
                next(each.id.hex for each in said if each.text == words),
                words,
                receipt,
            )
            for words, (msisdn, receipt) in told.items()
        ]


def crowded(database: Database, line: Line) -> None:
    """So many reports of others that what they have in common tells nothing: the programme, the channel, the day."""
    rows = [
        {
            "programme_id": line.place.programme.id,
            "channel_id": line.channel.id,
            "digest": number.to_bytes(32, "big"),
            "heard_on": line.clock[0].date(),
        }
        for number in range(CROWD + 1)
    ]
    with database.transaction() as session:
        put(session, ProviderEvent, rows)


@pytest.fixture
def line(database: Database, keyring: Keyring) -> Line:
    line = a_line(database, keyring)
    line.later(days=5)  # a Monday, when the place is open
    return line


@pytest.fixture
def spoken(database: Database, line: Line) -> list[Spoken]:
    return a_day_of_calls(database, line)


def joined(database: Database, spoken: list[Spoken]) -> list[Spoken]:
    loot = Loot(database)
    assert all(len(loot.rows[each.caller]) > 1 for each in spoken)  # that much is joined, and found
    return [each for each in spoken if loot.connects(each.caller, each.feedback)]


def test_no_join_leads_from_a_number_to_what_was_said(
    database: Database, spoken: list[Spoken]
) -> None:
    assert joined(database, spoken) == []


@pytest.mark.parametrize("slip", ["an instant", "an id"])
def test_with_an_instant_or_an_id_in_common_the_join_is_found(
    database: Database, spoken: list[Spoken], slip: str
) -> None:
    with database.transaction() as session:
        for each in spoken:
            hers = UssdSession.caller_digest == bytes.fromhex(each.caller)
            row = session.scalars(select(UssdSession).where(hers)).first()
            assert row
            shared = row.touched_at.isoformat() if slip == "an instant" else str(row.id)
            its = update(Feedback).where(Feedback.id == UUID(each.feedback))
            session.execute(its.values(language=shared))

    assert joined(database, spoken) == spoken


def test_no_join_leads_from_an_announced_visit_to_a_number_or_another_day(
    database: Database, line: Line, spoken: list[Spoken]
) -> None:
    line.later(days=7)
    for each in spoken:
        line.walk(HOME, *ANNOUNCE_TODAY, sender=each.msisdn)
    with database.snapshot() as session:
        today = line.clock[0].date()
        assert announcements.expected(session, line.place.site.id, today) == PEOPLE
        digests = session.scalars(select(Announcement.caller_digest)).all()
    loot = Loot(database)

    assert len(set(digests)) == 2 * PEOPLE
    for digest in digests:
        assert len(loot.rows[digest.hex()]) == 1
        assert not any(loot.connects(digest.hex(), each.caller) for each in spoken)


def test_feedback_and_announcements_know_days_and_no_times() -> None:
    for model in (Feedback, Announcement):
        for column in model.__table__.columns:
            kind = column.type
            kind = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
            assert not isinstance(kind, DateTime), column


def opened(database: Database, keyring: Keyring) -> dict[str, list[tuple[dict[str, Any], bytes]]]:
    """Every sealed value there is, with the row that it stands in."""
    found: dict[str, list[tuple[dict[str, Any], bytes]]] = {}
    with database.engine.connect() as connection:
        for name, table in METADATA.tables.items():
            for column in table.columns:
                if column.name.startswith("sealed_") and isinstance(column.type, LargeBinary):
                    (key,) = table.primary_key.columns
                    for row in connection.execute(select(table).where(column.is_not(None))):
                        values = dict(row._mapping)
                        plain = keyring.open(
                            values[column.name],
                            table=name,
                            column=column.name,
                            row=values[key.name],
                        )
                        found.setdefault(name, []).append((values, plain))
    return found


def beside_a_number(database: Database, keyring: Keyring, spoken: list[Spoken]) -> set[str]:
    """The tables in which, with the key, words or a receipt stand beside the number that they came from."""
    tables = set()
    for name, rows in opened(database, keyring).items():
        for row, plain in rows:
            for each in spoken:
                says = each.words.encode() in plain or each.receipt.encode() in plain
                is_hers = bytes.fromhex(each.caller) in row.values() or (
                    each.msisdn.encode() in plain
                )
                if says and is_hers:
                    tables.add(name)
    return tables


def test_even_with_the_key_words_and_receipts_stand_beside_no_number(
    database: Database, keyring: Keyring, spoken: list[Spoken]
) -> None:
    assert beside_a_number(database, keyring, spoken) == set()


def test_the_look_with_the_key_finds_what_stands_beside_a_number(
    database: Database, keyring: Keyring, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "is_anonymous", lambda _ask: False)
    monkeypatch.setattr(rules, "ANONYMOUS", frozenset())

    spoken = a_day_of_calls(database, line)

    assert beside_a_number(database, keyring, spoken) == {"provider_event", "ussd_session"}


def test_minutes_later_only_the_feedback_itself_holds_words_and_nothing_a_receipt(
    database: Database, keyring: Keyring, line: Line, spoken: list[Spoken]
) -> None:
    with database.transaction() as session:
        actions.scrub(session, now=line.later(minutes=20))
    for name in ("messages.scrub", "messaging.scrub"):
        if name in DUTIES:
            DUTIES[name].do(database, line.later(minutes=20))

    holding = {
        (name, "receipt" if each.receipt.encode() in plain else "words")
        for name, rows in opened(database, keyring).items()
        for _, plain in rows
        for each in spoken
        if each.receipt.encode() in plain or each.words.encode() in plain
    }
    assert holding == {("feedback", "words")}
    assert timedelta(minutes=20) > rules.SCRUB
