"""Recorded calls and answers of providers, as files: what came, and what it must mean.

A file is ``fixtures/<slug>/<what>.json``. Its ``from`` says where the facts come from: [run] seen against the real program, [doc]
the vendor's page, [src] a client's source, [2nd] a third party. A call has ``hook``, ``method``, one of ``form``, ``json``,
``body`` or nothing, a ``query``, ``headers`` and the ``events`` it means. An answer to a message we send has ``status``, ``json`` or
``body``, ``headers``, the ``outcome`` it means, and may say the ``request`` that it was given to.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx

from app.domain.channels.events import (
    Delivery,
    DeliveryState,
    GatewayEvent,
    HungUp,
    Inbound,
    OptedOut,
    Pressed,
)
from app.gateways.adapter import (
    Accepted,
    Call,
    Hook,
    Outcome,
    Rejected,
    Retry,
    Stopped,
    Uncertain,
)

FIXTURES = Path(__file__).parent / "fixtures"
LABELS = ("[run]", "[doc]", "[src]", "[2nd]")
ADDRESS = "https://pdi.example/gw"
FORM = "application/x-www-form-urlencoded"
EVENTS: Mapping[str, type[GatewayEvent]] = {
    each.__name__: each for each in (Inbound, Pressed, HungUp, Delivery, OptedOut)
}
OUTCOMES: Mapping[str, type[Outcome]] = {
    each.__name__: each for each in (Accepted, Retry, Rejected, Stopped, Uncertain)
}


@dataclass(frozen=True)
class RecordedCall:
    """A provider's call of one of our addresses."""

    slug: str
    name: str
    label: str
    hook: Hook
    method: str
    headers: Mapping[str, str]
    query: Sequence[tuple[str, str]]
    body: bytes
    fields: Mapping[str, Any] | None = field(repr=False)
    events: Sequence[GatewayEvent]

    def __str__(self) -> str:
        return f"{self.slug}-{self.name}"

    def call(self) -> Call:
        return a_call(
            self.slug, self.hook, self.method, self.query, self.body, headers=self.headers
        )


@dataclass(frozen=True)
class RecordedAnswer:
    """A provider's answer to a message of ours."""

    slug: str
    name: str
    label: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    outcome: Outcome
    request: Mapping[str, Any] | None

    def __str__(self) -> str:
        return f"{self.slug}-{self.name}"

    def response(self) -> httpx.Response:
        return httpx.Response(self.status, headers=self.headers, content=self.body)


def a_call(
    slug: str,
    hook: Hook,
    method: str,
    query: Sequence[tuple[str, str]],
    body: bytes,
    *,
    headers: Mapping[str, str],
) -> Call:
    url = f"{ADDRESS}/{slug}/channel/secret/{hook}"
    if query:
        url += "?" + urlencode(query, errors="surrogatepass")
    return Call(method, url, headers, query, body)


@cache
def calls() -> Sequence[RecordedCall]:
    return [_call(slug, name, told) for slug, name, told in _files() if "hook" in told]


@cache
def answers() -> Sequence[RecordedAnswer]:
    return [_answer(slug, name, told) for slug, name, told in _files() if "outcome" in told]


def calls_of(slug: str) -> Sequence[RecordedCall]:
    return [each for each in calls() if each.slug == slug]


def answers_of(slug: str) -> Sequence[RecordedAnswer]:
    return [each for each in answers() if each.slug == slug]


def _files() -> Sequence[tuple[str, str, dict[str, Any]]]:
    return [
        (path.parent.name, path.stem, json.loads(path.read_text()))
        for path in sorted(FIXTURES.glob("*/*.json"))
    ]


def _body(told: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
    if "form" in told:
        return urlencode(told["form"]).encode(), {"content-type": FORM}
    if "json" in told:
        return json.dumps(told["json"]).encode(), {"content-type": "application/json"}
    return told.get("body", "").encode(), {}


def _call(slug: str, name: str, told: Mapping[str, Any]) -> RecordedCall:
    body, headers = _body(told)
    query = list(told.get("query", {}).items())
    return RecordedCall(
        slug,
        name,
        told["from"],
        Hook(told["hook"]),
        told.get("method", "POST"),
        headers | told.get("headers", {}),
        query,
        body,
        told.get("form", told.get("json")),
        [_event(each) for each in told["events"]],
    )


def _answer(slug: str, name: str, told: Mapping[str, Any]) -> RecordedAnswer:
    body, headers = _body(told)
    headers |= told.get("headers", {})
    outcome, request = _outcome(told["outcome"]), told.get("request")
    return RecordedAnswer(slug, name, told["from"], told["status"], headers, body, outcome, request)


def _event(told: Mapping[str, Any]) -> GatewayEvent:
    values = {name: value for name, value in told.items() if name != "event"}
    if "state" in values:
        values["state"] = DeliveryState(values["state"])
    if "our_id" in values:
        values["our_id"] = UUID(values["our_id"])
    if "sent_at" in values:
        values["sent_at"] = datetime.fromisoformat(values["sent_at"])
    if "history" in values:
        values["history"] = tuple(values["history"])
    return EVENTS[told["event"]](**values)


def _outcome(told: Mapping[str, Any]) -> Outcome:
    values = {name: value for name, value in told.items() if name != "is"}
    if "after" in values:
        values["after"] = timedelta(seconds=values["after"])
    return OUTCOMES[told["is"]](**values)
