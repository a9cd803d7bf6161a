"""Several workers share the messages: none is sent twice and none is lost, whenever one of them is gone."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.domain.messages import actions, queries
from app.domain.messages.models import Message
from app.domain.messages.queries import Leased
from app.domain.messages.rules import MessageState
from app.sending.messages import send_due
from tests.crowd import send_to_a_crowd, states
from tests.messages import Line, a_line, expected

# ``benchmarks/messages.py`` sends to two thousand.
CROWD = 400


@pytest.mark.parametrize("backend", ["postgresql"])
def test_six_workers_of_which_one_is_killed_send_each_message_once(
    database: Database, key_file: Path
) -> None:
    provider = send_to_a_crowd(database, key_file, CROWD)

    assert provider.twice == []
    assert len(provider.taken) == CROWD
    assert states(database) == {MessageState.DELIVERED: CROWD}


def test_two_threads_send_each_message_once(database: Database) -> None:
    line = a_line(database)
    expected(line, 40)

    in_two_threads(line)

    assert len(line.gateway.taken) == len(set(line.gateway.numbers)) == 40
    assert line.day().spent_minor == 400


def test_without_the_lease_messages_would_be_doubled(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: two workers who look and take without a lease."""
    line = a_line(database)
    expected(line, 40)
    monkeypatch.setattr(actions, "hold", lambda *_: True)
    monkeypatch.setattr(actions, "lease", look_and_take)

    in_two_threads(line)

    assert len(line.gateway.taken) > len(set(line.gateway.numbers))


def test_of_two_workers_none_overdraws_a_days_budget(database: Database) -> None:
    line = a_line(database, daily_budget_minor=155)
    expected(line, 30)

    in_two_threads(line)

    assert len(line.gateway.taken) == 15
    assert line.day().spent_minor == 150


def look_and_take(session: Session, **_: object) -> list[Leased]:
    rows = session.scalars(select(Message).where(Message.state == MessageState.WAITING)).all()
    taken = [
        Leased(
            row.id,
            row.programme_id,
            row.kind,
            row.expires_at,
            row.tries,
            row.counted_on,
            row.id,
            "Europe/Kyiv",
            body,
        )
        for row in rows
        if (body := queries.body_of(session, row))
    ]
    return taken


def in_two_threads(line: Line) -> None:
    """What two workers do who begin at the same moment."""
    begin = threading.Barrier(2, timeout=30)
    failures: list[BaseException] = []

    def work() -> None:
        begin.wait()
        try:
            with line.gateway.client() as http:
                while send_due(line.database, lambda: line.now, http):
                    pass
        except BaseException as failure:
            failures.append(failure)
            raise

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
