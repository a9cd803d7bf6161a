"""``pdi gateway``: channels opened and ended from the command line, without a secret in its arguments or its listing."""

import io
import re
from pathlib import Path
from uuid import UUID

import pytest

from app.cli import main
from app.core.crypto import Keyring
from app.core.db import Database
from app.core.installation import ensure_installed
from app.domain.audit.models import AuditEvent
from app.domain.channels.queries import ChannelFacts, channels_of, secrets_of
from app.gateways.registry import ADAPTERS
from tests.factories import NOON, Place, a_place, client


@pytest.fixture
def place(
    database: Database, database_url: str, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> Place:
    monkeypatch.setenv("PDI_DATABASE_URL", database_url)
    monkeypatch.setenv("PDI_KEY_FILE", str(key_file))
    monkeypatch.setenv("PDI_PUBLIC_URL", "https://pdi.example")
    with database.transaction() as session:
        ensure_installed(session, now=NOON)
        return a_place(session)


def channels(database: Database, place: Place) -> list[ChannelFacts]:
    with database.snapshot() as session:
        return channels_of(session, place.programme.id)


def test_a_channel_is_opened_with_its_secrets_piped_in_and_its_addresses_work_at_once(
    place: Place,
    database: Database,
    keyring: Keyring,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a canary\n"))

    assert main(["gateway", "open", "africastalking", "username=sandbox", "--name", "AT"]) == 0

    shown = capsys.readouterr().out
    (channel,) = channels(database, place)
    assert channel.options == {"username": "sandbox", "api_key": "a canary"}
    assert "canary" not in shown
    (address,) = re.findall(r"https://pdi\.example(/gw/africastalking/\S+/ussd)", shown)
    form = {"sessionId": "1", "phoneNumber": "+254711000111", "text": "", "serviceCode": "*1#"}
    with client(database, keyring) as http:
        assert http.post(address, data=form).text.startswith("CON ")

    assert main(["gateway", "list"]) == 0
    listed = capsys.readouterr().out
    assert str(channel.id) in listed
    assert address.split("/")[4] not in listed


def test_a_secret_in_an_argument_is_refused(
    place: Place, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["gateway", "open", "africastalking", "username=sandbox", "api_key=a canary"]

    assert main(given) == 1

    assert "api_key is a secret" in capsys.readouterr().err
    assert channels(database, place) == []


def test_a_secret_may_come_from_the_environment(
    place: Place, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PDI_GATEWAY_API_KEY", "from the environment")

    assert main(["gateway", "open", "africastalking", "username=sandbox"]) == 0

    assert channels(database, place)[0].options["api_key"] == "from the environment"


def test_secrets_are_renewed_and_ended_and_channels_switched(
    place: Place, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    def ids(channel_id: UUID) -> list[UUID]:
        with database.snapshot() as session:
            return [each.id for each in secrets_of(session, channel_id)]

    assert main(["gateway", "open", "console", "--name", "Line"]) == 0
    (channel,) = channels(database, place)
    assert main(["gateway", "secret", "renew", "Line"]) == 0
    first, second = ids(channel.id)
    assert main(["gateway", "secret", "renew", "Line"]) == 1
    assert "too_many_secrets" in capsys.readouterr().err

    assert main(["gateway", "secret", "end", "Line"]) == 1
    assert main(["gateway", "secret", "end", "Line", str(first)]) == 0
    assert ids(channel.id) == [second]

    for act in ("off", "on"):
        assert main(["gateway", act, str(channel.id)[-8:]]) == 0
        assert channels(database, place)[0].is_on is (act == "on")
    assert main(["gateway", "off", "Nobody"]) == 1
    assert "unknown_channel" in capsys.readouterr().err


def test_a_test_message_leaves_by_the_channel_and_goes_nowhere_without_a_number(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["gateway", "open", "console", "--name", "Line"]) == 0

    assert main(["gateway", "test", "Line", "+380501112233"]) == 0
    assert "took it" in capsys.readouterr().out
    assert main(["gateway", "test", "Line", "0501112233"]) == 1
    assert "country code" in capsys.readouterr().err


def test_every_kind_is_listed_with_what_it_asks_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gateway", "kinds"]) == 0

    shown = capsys.readouterr().out
    for slug, kind in ADAPTERS.items():
        assert re.search(rf"^{slug} ", shown, re.MULTILINE)
        for option in kind.options:
            assert re.search(rf"^    {option.name} ", shown, re.MULTILINE)


def test_what_a_provider_sent_is_shown_to_whoever_is_at_the_machine_and_recorded(
    place: Place,
    database: Database,
    keyring: Keyring,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["gateway", "open", "console", "--name", "Line"]) == 0
    (address,) = re.findall(r"https://pdi\.example(/gw/\S+/inbound)", capsys.readouterr().out)
    with client(database, keyring) as http:
        http.post(address, data={"from": "+380501112233", "text": "HOURS"})

    assert main(["gateway", "calls", "Line"]) == 0

    assert "text=HOURS" in capsys.readouterr().out
    with database.snapshot() as session:
        acts = {each.action for each in session.query(AuditEvent)}
    assert "channel.calls_read" in acts
