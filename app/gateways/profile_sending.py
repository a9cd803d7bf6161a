"""Asking a provider to send, as its profile tells, and what its answer means."""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

import httpx

from app.gateways import network
from app.gateways.adapter import (
    Accepted,
    Outcome,
    Rejected,
    Retry,
    Sms,
    Stopped,
    Uncertain,
)
from app.gateways.filling import address, filled, plain_text
from app.gateways.numbers import bare
from app.gateways.profile import Meaning, SaidBack, Send
from app.gateways.reading import WORD, Json, as_text, parse_json, plain
from app.telephone.lengths import is_gsm7, measure

SAID = "said by the provider"
MEANINGS: Mapping[Meaning, Callable[[], Outcome]] = {
    "retry": lambda: Retry(SAID),
    "rejected": lambda: Rejected(SAID),
    "account": lambda: Rejected(SAID, is_channel=True),
    "stopped": Stopped,
    "uncertain": lambda: Uncertain(SAID),
}


def send(part: Send, settings: Mapping[str, str], sms: Sms, http: httpx.Client) -> Outcome:
    parts = measure(sms.text).parts
    if parts > part.most_parts:
        return Rejected(f"the text takes {parts} parts")
    answer = _ask(part, _places(part, settings, sms), http)
    if not isinstance(answer, httpx.Response):
        return answer
    refused, outcome = network.refusal(answer), _meaning(part.answer, answer)
    if refused is None:
        return outcome
    # The table may know better than a bare 400 or 500 why nothing was taken; never that something was.
    is_vague = refused == Rejected(f"HTTP {answer.status_code}") or isinstance(refused, Uncertain)
    return refused if not is_vague or isinstance(outcome, Accepted | Uncertain) else outcome


def _places(part: Send, settings: Mapping[str, str], sms: Sms) -> dict[str, Json]:
    return {
        "to": sms.to if part.plus else bare(sms.to),
        "text": sms.text,
        "sender": sms.sender,
        "our_id": str(sms.our_id),
        "status_url": sms.status_url,
        "coding": part.coding.gsm7 if is_gsm7(sms.text) else part.coding.ucs2,
        **{f"option.{name}": value for name, value in settings.items()},
    }


def _ask(part: Send, places: Mapping[str, Json], http: httpx.Client) -> httpx.Response | Outcome:
    fields = {name: filled(leaf, places.get) for name, leaf in part.fields.items()}
    plain_fields = {name: _leaf(value) for name, value in fields.items()}
    url = address(part.url, places.get)
    if part.format == "query" and fields:
        url += ("&" if "?" in url else "?") + urlencode(plain_fields)
    login = part.basic and [plain_text(each, places.get) for each in part.basic]
    return network.ask(
        http,
        part.method,
        url,
        data=plain_fields if part.format == "form" else None,
        json=fields if part.format == "json" and part.method == "POST" else None,
        headers={name: plain_text(each, places.get) for name, each in part.headers.items()},
        auth=(login[0], login[1]) if login else None,
    )


def _meaning(part: SaidBack, answer: httpx.Response) -> Outcome:
    told = _told(part, answer)
    provider_id = plain(told, *part.id).strip() if part.id else ""
    accepted = Accepted(provider_id if WORD.fullmatch(provider_id) else "")
    if not part.words:
        return accepted
    said = (plain(told, *path).strip().lower() for path in part.field)
    meaning = next((part.words[word] for word in said if word in part.words), None)
    if meaning is None:
        return Uncertain("an answer that is not in the table")
    return accepted if meaning == "accepted" else MEANINGS[meaning]()


def _told(part: SaidBack, answer: httpx.Response) -> Json:
    if part.format == "text":
        text = answer.content[:1_000].decode("utf-8", "replace")
        return list(text.strip().split(part.separator))
    try:
        return parse_json(answer.content)
    except ValueError:
        return None


def _leaf(value: Json) -> str:
    return "" if value is None or isinstance(value, list | dict) else as_text(value)
