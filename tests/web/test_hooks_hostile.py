"""Whatever is sent to a provider's address: never an error of ours, never a second effect, nothing told to strangers or to a log."""

import json
import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.channels.actions import end_secret, renew_secret, switch
from app.domain.channels.queries import secrets_of
from app.domain.feedback.models import Feedback
from app.domain.limits.models import CodeMiss
from app.domain.messaging.models import ProviderEvent, RawCall
from app.domain.opt_outs.models import OptOut
from app.gateways.registry import ADAPTERS
from app.web.channel_doors import KEPT_SECONDS
from tests.factories import LATER
from tests.gateways.cases import CASES
from tests.telephones import HER, Line, a_line

HOOKS = ("inbound", "status", "ussd")
WORDS = (
    b"",
    b"\x00",
    b"\xff\xfe\x80",
    b"text=",
    "текст=ї".encode(),
    b"{}",
    b"[]",
    b"null",
    b"[[[[",
)
TYPES = (
    "",
    "text/plain",
    "application/json",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-16",
    "application/json; charset=koi8-u",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "\x7f/\xff",
)


@pytest.fixture
def line(database: Database, keyring: Keyring) -> Line:
    return a_line(database, keyring)


def counted(database: Database) -> dict[str, int]:
    with database.snapshot() as session:
        return {
            model.__tablename__: session.scalar(select(func.count()).select_from(model)) or 0
            for model in (Feedback, OptOut, CodeMiss, ProviderEvent, RawCall)
        }


def is_nowhere(reply: httpx.Response) -> bool:
    return reply.status_code == 404 and reply.content == b"" and "content-type" not in reply.headers


def test_whoever_has_no_right_to_call_gets_one_and_the_same_empty_answer(
    line: Line, database: Database, keyring: Keyring
) -> None:
    other = a_line(database, keyring, "africastalking", place=line.place)
    closed = a_line(database, keyring, place=line.place, allowed_addresses=["192.0.2.0/24"])
    off = a_line(database, keyring, place=line.place)
    with database.transaction() as session:
        switch(session, off.channel.id, is_on=False, by=None, now=LATER)
    form = {"from": HER, "text": "STOP", "id": "1"}
    channel, secret = line.channel.id, line.secret
    paths = {
        "wrong secret": line.path("inbound", secret[:-1] + "x"),
        "shorter": line.path("inbound", secret[:-1]),
        "another's secret": line.path("inbound", other.secret),
        "another provider": f"/gw/africastalking/{channel}/{secret}/inbound",
        "no provider": f"/gw/nobody/{channel}/{secret}/inbound",
        "no channel": f"/gw/console/{uuid4()}/{secret}/inbound",
        "no id": f"/gw/console/%00'--/{secret}/inbound",
        "no hook": line.path("outbound"),
        "too short": f"/gw/console/{channel}/{secret}",
        "too long": line.path("inbound") + "/more",
        "forbidden address": closed.path("inbound"),
        "switched off": off.path("inbound"),
    }
    for what, path in paths.items():
        assert is_nowhere(line.http.post(path, data=form)), what
    assert is_nowhere(line.http.get(line.path("inbound"), params=form))  # a console posts
    assert counted(database)["opt_out"] == 0
    assert line.http.post(line.path("inbound"), data=form).status_code == 200


def test_a_channel_that_does_not_receive_still_hears_reports(
    database: Database, keyring: Keyring
) -> None:
    line = a_line(database, keyring, receives=False)

    assert is_nowhere(line.post("inbound", **{"from": HER, "text": "STOP", "id": "1"}))
    assert line.post("status", our_id=uuid4(), state="delivered").status_code == 200


def test_both_secrets_let_in_and_an_ended_one_is_dead_within_two_seconds(
    line: Line, database: Database
) -> None:
    moments = [1000.0]
    app: Any = line.http._transport
    app.app.state.channel_doors._clock = lambda: moments[0]

    with database.transaction() as session:
        second = renew_secret(session, line.channel.id, by=None, now=LATER)
    form = {"from": HER, "text": "HELP"}
    first_path, second_path = line.path("inbound"), line.path("inbound", second)
    for path in (first_path, second_path):
        assert line.http.post(path, data=form).status_code == 200

    with database.transaction() as session:
        older = secrets_of(session, line.channel.id)[0]
        end_secret(session, line.channel.id, older.id, by=None, now=LATER)
    moments[0] += KEPT_SECONDS
    assert is_nowhere(line.http.post(first_path, data=form))
    assert line.http.post(second_path, data=form).status_code == 200


@pytest.mark.parametrize(
    ("proxies", "forwarded", "is_in"),
    [
        (0, ["192.0.2.7"], False),  # nobody stands in front: anyone can have written that
        (1, ["192.0.2.7"], True),
        (1, ["192.0.2.7, 203.0.113.9"], False),  # spoofed: the proxy wrote the last one
        (1, ["203.0.113.9, 192.0.2.7"], True),
        (2, ["192.0.2.7"], False),  # past one of the two
        (2, ["203.0.113.9, 192.0.2.7, 198.51.100.1"], True),
        (2, ["203.0.113.9", "192.0.2.7", "198.51.100.1"], True),  # one line each
        (2, ["192.0.2.7, 203.0.113.9, 198.51.100.1"], False),
        (1, [], False),
        (1, [""], False),
        (1, ["192.0.2.7:1234"], False),
    ],
)
def test_an_allowed_address_is_read_through_the_proxies_there_are(
    proxies: int, forwarded: list[str], is_in: bool, database: Database, keyring: Keyring
) -> None:
    line = a_line(
        database,
        keyring,
        allowed_addresses=["192.0.2.7"],
        settings={"proxy_count": proxies},
    )
    headers = [("X-Forwarded-For", each) for each in forwarded]

    reply = line.http.post(
        line.path("inbound"), data={"from": HER, "text": "HELP"}, headers=headers
    )

    assert is_nowhere(reply) is not is_in


@pytest.mark.parametrize("slug", sorted(CASES))
def test_whatever_a_body_holds_no_provider_makes_us_stumble(
    slug: str, database: Database, keyring: Keyring
) -> None:
    line = a_line(database, keyring, slug, options=CASES[slug].options, media=ADAPTERS[slug].media)
    chance = random.Random(slug)
    before = counted(database)
    seen = set()
    for hook in HOOKS:
        for kind in TYPES:
            for body in (*WORDS, chance.randbytes(40), b"a=" + chance.randbytes(300)):
                headers = [(b"Content-Type", kind.encode("latin-1"))] if kind else []
                reply = line.http.post(line.path(hook), content=body, headers=headers)
                seen.add(reply.status_code)
        for query in ("", "?", "?%ff=%00&&=;", "?text=%", "?a[b]=c&a=1&a=2", "?" + "x=1&" * 300):
            seen.add(line.http.get(line.path(hook) + query).status_code)

    assert seen <= {200, 204, 400, 404}
    after = counted(database)
    assert {name: after[name] - before[name] for name in ("opt_out", "feedback", "code_miss")} == {
        "opt_out": 0,
        "feedback": 0,
        "code_miss": 0,
    }


def test_hostile_words_of_a_telephone_are_only_words(line: Line, database: Database) -> None:
    for words in (
        "\x00",
        "SAY \x00\x00ab",
        "🙂" * 400,
        "\ud7ff\ue000",
        "SAY " + "x" * 5000,
        "READ " + "9" * 4000,
        "HOURS 99999999999999999999",
        "%s %(name)s {0}",
        "'; DROP TABLE opt_out; --",
        "\u202e\u200b STOP me",
        "٠١٢٣٤٥٦٧٨٩١٢",
        "*" * 200,
    ):
        reply = line.post("inbound", **{"from": HER, "text": words})
        assert reply.status_code == 200, words
        menu = line.dial()
        for _ in range(2):
            assert menu.press(words).startswith(("CON ", "END ")), words


def test_a_body_beyond_the_limit_is_refused(line: Line) -> None:
    reply = line.http.post(line.path("inbound"), data={"from": HER, "text": "x" * 70_000})

    assert reply.status_code == 413


def test_a_text_message_played_again_after_an_hour_or_a_week_has_no_effect(
    line: Line, database: Database
) -> None:
    for words in ("SAY the door was locked", "STOP", "000000005724"):
        line.text(words, event=words)
    before = counted(database)
    line.later(hours=1)
    for days in (0, 7, 30):
        line.later(days=days)
        for words in ("SAY the door was locked", "STOP", "000000005724"):
            line.text(words, event=words)

    assert counted(database) == before


def test_reports_that_are_forged_or_repeated_or_late_change_nothing(
    line: Line, database: Database
) -> None:
    nobodys = uuid4()
    for state in ("delivered", "queued", "failed", "delivered", "sent"):
        assert line.post("status", our_id=nobodys, state=state).status_code == 200
    for form in ({"our_id": "x", "state": "delivered"}, {"our_id": nobodys}, {"state": "sent"}):
        assert line.post("status", **form).status_code == 400
    assert line.post("status", our_id=nobodys, state="\x00").status_code in (200, 400)


def test_nothing_of_a_call_reaches_a_log(
    line: Line, caplog: pytest.LogCaptureFixture, database: Database
) -> None:
    with caplog.at_level(logging.DEBUG):
        line.text("SAY the canary sings", event="canary-event")
        line.walk("3", "000000005726", "4071")
        line.walk("1", "000000005724")
        line.post("inbound", **{"from": "canary-number", "text": "x"})
        line.post("inbound", text="canary without a number")
        line.http.post(line.path("ussd"), content=b"\xff canary", headers={"Content-Type": "x"})
        line.http.get(line.path("inbound", "canary-secret") + "?text=canary")
        with failing(database):
            line.http.post(line.path("inbound"), data={"from": HER, "text": "canary", "id": "2"})

    of_ours = (each for each in caplog.records if each.name != "httpx")  # that is who calls
    said = "\n".join(map(caplog.handler.format, of_ours))
    assert "/gw/{slug}/{channel_id}/{secret}/{hook}" in said
    for canary in ("canary", line.secret, HER, HER[1:], "4071", "000000005726", "000000005724"):
        assert canary not in said, canary


@contextmanager
def failing(database: Database) -> Iterator[None]:
    """The database is away until the block ends."""
    kept = {name: getattr(Database, name) for name in ("transaction", "snapshot")}

    @contextmanager
    def away(_database: Database) -> Iterator[Session]:
        raise OperationalError("SELECT canary", {"text": "canary"}, Exception("gone"))
        yield  # pragma: no cover

    try:
        for name in kept:
            setattr(Database, name, away)
        yield
    finally:
        for name, method in kept.items():
            setattr(Database, name, method)


def test_while_the_database_is_away_a_text_message_is_to_be_sent_again(
    line: Line, database: Database
) -> None:
    line.text("HELP")
    form = {"from": HER, "text": "STOP", "id": "later"}
    with failing(database):
        reply = line.http.post(line.path("inbound"), data=form)
    assert reply.status_code == 503
    assert int(reply.headers["retry-after"]) > 0
    assert counted(database)["opt_out"] == 0

    assert line.http.post(line.path("inbound"), data=form).status_code == 200
    assert counted(database)["opt_out"] == 1


def test_while_the_database_is_away_a_menu_asks_to_try_again_soon(
    line: Line, database: Database
) -> None:
    menu = line.dial()
    line.later(seconds=5)
    with failing(database):
        away = menu.repeat("2")
        stranger = line.http.post(line.path("ussd", "x" * 32), data={"session": "1", "from": HER})

    assert away.startswith("END Please try again")
    assert stranger.status_code == 503
    assert menu.press("2").startswith("CON Health centre")


def test_a_rate_of_calls_gets_a_rate_of_equal_answers(line: Line) -> None:
    told = {line.text("000000005724", sender=f"+3805011122{number:02}") for number in range(12)}

    assert told == {"Not usable. Ask at the desk."}


def test_json_of_every_shape_is_read_or_refused(database: Database, keyring: Keyring) -> None:
    line = a_line(database, keyring, "infobip", options=CASES["infobip"].options)
    values: tuple[Any, ...] = (
        {},
        [],
        {"results": {}},
        {"results": [1, None, "x", {}]},
        {"results": [{"messageId": {}, "from": [], "text": None}]},
        {"results": [{"messageId": "1", "from": HER, "text": {"a": 1}}]},
        {"results": [{"messageId": "1" * 5000, "from": HER, "text": "STOP"}]},
    )
    for value in values:
        for hook in ("inbound", "status"):
            reply = line.http.post(
                line.path(hook),
                content=json.dumps(value),
                headers={"Content-Type": "application/json"},
            )
            assert reply.status_code in (200, 204, 400), value
    deep = b"[" * 30_000
    reply = line.http.post(
        line.path("inbound"), content=deep, headers={"Content-Type": "application/json"}
    )
    assert reply.status_code == 400
