"""The worked example of ``app/gateways/README.md``: an aggregator that exists nowhere is connected by the TOML that stands there."""

import re
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from defusedxml.ElementTree import fromstring
from sqlalchemy import select

from app.cli import main
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.channels.events import Delivery, DeliveryState, Inbound, Pressed
from app.domain.messages.models import Message
from app.domain.messages.rules import MessageState
from app.domain.notices.actions import remind_of_appointments
from app.domain.programmes.rules import Protocol
from app.gateways.adapter import Accepted, Adapter, Call, Hook, Outcome, Rejected, Retry, Stopped
from app.gateways.registry import adapter_for, options_of
from app.sending.messages import send_due
from tests.factories import a_bundle, a_place, client
from tests.gateways.cases import OUR_ID, SMS
from tests.gateways.made_up import profile
from tests.messages import ANY_TIME, DAY_BEFORE, an_appointment, someone

OPTIONS = {"profile": profile(), "user": "pdi", "password": "kestrel-password"}


@pytest.fixture
def kestrel() -> Adapter:
    return adapter_for("generic", OPTIONS)


def dialled(keys: str) -> Call:
    query = [("sid", "8f2"), ("phone", "254711000111"), ("dialled", "*415*33#"), ("typed", keys)]
    url = "https://pdi.example/gw/generic/c/s/ussd?" + "&".join(f"{k}={quote(v)}" for k, v in query)
    return Call("GET", url, {}, query, b"")


def test_the_channel_is_asked_for_what_the_profile_declares() -> None:
    assert [option.name for option in options_of("generic", {})] == ["profile"]
    assert [option.name for option in options_of("generic", OPTIONS)] == [
        "profile",
        "user",
        "password",
    ]


def test_a_conversation_by_its_keys(kestrel: Adapter) -> None:
    opened, second, third = (
        kestrel.parse(dialled(keys), Hook.USSD)[0]
        for keys in ("*415*33#", "*415*33*1#", "*415*33*1*56781234#")
    )
    assert opened == Pressed("8f2", "+254711000111", "", is_new=True, history=())
    assert second == Pressed("8f2", "+254711000111", "1", is_new=False, history=("1",))
    assert third == Pressed(
        "8f2", "+254711000111", "56781234", is_new=False, history=("1", "56781234")
    )


@pytest.mark.parametrize(("ends", "more"), [(False, "yes"), (True, "no")])
def test_a_screen_reaches_the_telephone_whole(kestrel: Adapter, ends: bool, more: str) -> None:
    screen = "1 Card & date\n2 <Hours>"
    answer = kestrel.render(dialled("*415*33#"), Hook.USSD, text=screen, ends=ends)
    page = fromstring(answer.body)
    assert (page.text, page.get("more")) == (screen, more)
    assert answer.media_type.startswith("text/xml")


def test_texts_come_several_at_once(kestrel: Adapter) -> None:
    body = (
        b'{"messages": [{"ref": "m-1", "from": "0711000111", "to": "20880", "body": "HOURS"},'
        b' {"ref": "m-2", "from": "254711000112", "to": "20880", "body": "STOP"}]}'
    )
    url = "https://pdi.example/gw/generic/c/s/inbound"
    call = Call("POST", url, {"content-type": "application/json"}, [], body)
    assert kestrel.parse(call, Hook.INBOUND) == [
        Inbound("m-1", "+254711000111", "HOURS", "20880"),
        Inbound("m-2", "+254711000112", "STOP", "20880"),
    ]
    assert not kestrel.replies_inline


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("OK|k-77", Accepted("k-77")),
        ("OK|10", Accepted("10")),
        ("ERR|10", Rejected("said by the provider", is_channel=True)),
        ("ERR|11", Rejected("said by the provider")),
        ("ERR|12", Retry("said by the provider")),
        ("ERR|13", Stopped()),
    ],
)
def test_a_message_is_sent_and_its_answer_understood(
    kestrel: Adapter, said: str, outcome: Outcome
) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, text=said + "\n")

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        assert kestrel.send(SMS, http) == outcome
    [request] = asked
    assert (request.method, str(request.url)) == ("POST", "https://api.kestrel.example/v2/messages")
    assert request.headers["authorization"].startswith("Basic ")
    assert parse_qs(request.content.decode()) == {
        "to": ["254711000111"],
        "from": ["20880"],
        "body": [SMS.text],
        "unicode": ["no"],
        "notify": [f"{SMS.status_url}?ours={OUR_ID}"],
    }


def test_a_report_comes_to_the_address_that_went_with_the_message(kestrel: Adapter) -> None:
    url = f"{SMS.status_url}?ours={OUR_ID}"
    form = {"content-type": "application/x-www-form-urlencoded"}
    call = Call("POST", url, form, [("ours", str(OUR_ID))], b"id=k-77&state=ARRIVED&reason=")
    assert kestrel.parse(call, Hook.STATUS) == [
        Delivery(f"{OUR_ID}:delivered", DeliveryState.DELIVERED, our_id=OUR_ID, provider_id="k-77")
    ]


def test_one_command_connects_it_and_telephones_are_answered_and_written_to(
    database: Database,
    database_url: str,
    key_file: Path,
    keyring: Keyring,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with database.transaction() as session:
        place = a_place(session, protocol=Protocol(messages=ANY_TIME))
        card = a_bundle(session, place).coupons[0]
        an_appointment(session, place, someone(session, place, number="+254711000111"))
    file = tmp_path / "kestrel.toml"
    file.write_text(profile())
    for name, value in {
        "DATABASE_URL": database_url,
        "KEY_FILE": str(key_file),
        "DATA_DIR": str(tmp_path),
        "GATEWAY_PASSWORD": "kestrel-password",
    }.items():
        monkeypatch.setenv(f"PDI_{name}", value)

    opening = ["gateway", "open", "generic", "user=pdi", "--profile", str(file)]
    assert main([*opening, "--sender", "20880", "--language", "en"]) == 0

    addresses = re.findall(r"https?://\S+", capsys.readouterr().out)
    paths = {url.rsplit("/", 1)[1]: urlsplit(url).path for url in addresses}
    with client(database, keyring, now=DAY_BEFORE) as http:
        # A menu is walked to its end.
        shown = []
        for keys in ("", "*1", f"*1*{card.code}"):
            params = {"sid": "8f2", "phone": "254711000111", "dialled": "*415*33#"}
            reply = http.get(paths["ussd"], params=params | {"typed": f"*415*33{keys}#"})
            page = fromstring(reply.content)
            shown.append((page.get("more"), (page.text or "").split("\n")[0]))
        assert shown == [
            ("yes", "Welcome. Please choose:"),
            ("yes", "Please type the 12 digits of the card."),
            ("no", "This card can be used until 1 April. You are welcome."),
        ]

        # A text is answered by a message, for Kestrel passes on nothing that stands in its answer.
        told = {"messages": [{"ref": "m-1", "from": "0711000111", "to": "20880", "body": "HELP"}]}
        assert http.post(paths["inbound"], json=told).content == b""

        # That answer leaves, and so does a reminder.
        with database.transaction() as session:
            assert remind_of_appointments(session, place.programme.id, now=DAY_BEFORE) == 1
        sent: list[dict[str, list[str]]] = []

        def kestrel(request: httpx.Request) -> httpx.Response:
            sent.append(parse_qs(request.content.decode()))
            return httpx.Response(200, text=f"OK|k-{len(sent)}")

        with httpx.Client(transport=httpx.MockTransport(kestrel)) as provider:
            while send_due(
                database, lambda: DAY_BEFORE, provider, public_url="https://pdi.example"
            ):
                pass
        assert {each["to"][0] for each in sent} == {"254711000111"}
        [reminder] = [each for each in sent if "Health centre" in each["body"][0]]
        assert len(sent) == 2

        # Its report comes back to the address that went with it.
        notify = urlsplit(reminder["notify"][0])
        report = {"id": "k-1", "state": "ARRIVED", "reason": ""}
        assert http.post(f"{notify.path}?{notify.query}", data=report).status_code == 200
    with database.snapshot() as session:
        assert MessageState.DELIVERED in set(session.scalars(select(Message.state)))
