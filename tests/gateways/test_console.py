"""The console writes what is sent only where a person has put a file for it."""

import json
from pathlib import Path

import httpx
import pytest

from app.gateways.adapter import Accepted, BadOptions, Outcome, Rejected
from app.gateways.registry import adapter_for
from tests.gateways.cases import SMS

CANNOT = Rejected("the file cannot be written", is_channel=True)


def sent_to(outbox: Path) -> Outcome:
    with httpx.Client() as http:
        return adapter_for("console", {"outbox": str(outbox)}).send(SMS, http)


def test_what_is_sent_stands_in_the_file(tmp_path: Path) -> None:
    outbox = tmp_path / "a.outbox.jsonl"
    outbox.touch()
    assert sent_to(outbox) == sent_to(outbox) == Accepted(parts=1)
    told = [json.loads(line) for line in outbox.read_text().splitlines()]
    assert [(each["to"], each["text"], each["our_id"]) for each in told] == [
        (SMS.to, SMS.text, str(SMS.our_id))
    ] * 2


def test_no_file_is_made_and_no_link_followed(tmp_path: Path) -> None:
    absent, link, target = (tmp_path / f"{name}.outbox.jsonl" for name in ("absent", "link", "x"))
    target.touch()
    link.symlink_to(target)
    assert sent_to(absent) == sent_to(link) == CANNOT
    assert not absent.exists()
    assert target.read_text() == ""


@pytest.mark.parametrize("name", ["/etc/cron.d/x", "keys", "a.outbox.jsonl/../b", "a.jsonl"])
def test_another_file_is_refused_when_the_channel_is_opened(name: str) -> None:
    with pytest.raises(BadOptions) as refused:
        adapter_for("console", {"outbox": name})
    assert refused.value.option == "outbox"
