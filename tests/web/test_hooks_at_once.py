"""The same call, twice at the same instant, by two server processes: one effect and one answer."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import httpx
from sqlalchemy import func, select

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.channels.rules import path
from app.domain.feedback.models import Feedback
from app.domain.limits.models import CodeMiss
from app.domain.messaging.models import ProviderEvent, UssdSession
from tests.factories import NOON, a_place
from tests.serving import Server, serving
from tests.telephones import HER, a_channel

ROUNDS = 6


def count(database: Database, model: type) -> int:
    with database.snapshot() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def at_once(servers: list[Server], target: str, form: dict[str, str]) -> list[httpx.Response]:
    """The same call by each server, let go together."""
    together = Barrier(len(servers))

    def call(server: Server) -> httpx.Response:
        with httpx.Client(timeout=30) as http:
            together.wait()
            return http.post(server.url + target, data=form)

    with ThreadPoolExecutor(len(servers)) as pool:
        return list(pool.map(call, servers))


def test_the_same_call_at_two_servers_at_once_has_one_effect_and_one_answer(
    database: Database, database_url: str, key_file: Path, keyring: Keyring
) -> None:
    with database.transaction() as session:
        place = a_place(session, now=NOON)
        channel, secret = a_channel(session, place)
    to_text, to_menu = (path("console", channel.id, secret, hook) for hook in ("inbound", "ussd"))
    with serving(database_url, key_file) as one, serving(database_url, key_file) as other:
        servers = [one, other] * 2
        for number in range(ROUNDS):
            said = {"from": HER, "text": f"SAY it was cold {number}", "id": f"event-{number}"}
            answers = {reply.text for reply in at_once(servers, to_text, said)}
            assert len(answers) == 1
            assert re.search(r"\d{3} \d{3} \d{4}", answers.pop())

            asked = {"from": HER, "text": "000000005724", "id": f"code-{number}"}
            assert len({reply.text for reply in at_once(servers, to_text, asked)}) == 1

            opened = {"from": HER, "session": f"session-{number}", "text": ""}
            assert len({reply.text for reply in at_once(servers, to_menu, opened)}) == 1

    assert count(database, Feedback) == ROUNDS
    assert count(database, ProviderEvent) == 2 * ROUNDS
    assert count(database, UssdSession) == ROUNDS
    assert count(database, CodeMiss) == min(ROUNDS, 5)  # then the number is told nothing more


def test_guesses_at_once_are_let_through_no_more_often_than_one_after_another(
    database: Database, database_url: str, key_file: Path, keyring: Keyring
) -> None:
    with database.transaction() as session:
        channel, secret = a_channel(session, a_place(session, now=NOON))
    target = path("console", channel.id, secret, "inbound")
    with serving(database_url, key_file) as one, serving(database_url, key_file) as other:
        together = Barrier(16)

        def guess(number: int) -> str:
            form = {"from": HER, "text": "000000005724", "id": f"guess-{number}"}
            with httpx.Client(timeout=60) as http:
                together.wait()
                return http.post((one, other)[number % 2].url + target, data=form).text

        with ThreadPoolExecutor(16) as pool:
            told = list(pool.map(guess, range(16)))

    assert sum(each.startswith("Not usable") for each in told) == 5
    assert sum("ask at the desk" in each and not each.startswith("Not") for each in told) == 11
