"""What every gateway must do, whoever the provider is. Another one adds a row in ``cases.py`` and files in ``fixtures``."""

import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import app.gateways
from app.core.errors import DomainError
from app.domain.channels.events import (
    Delivery,
    GatewayEvent,
    HungUp,
    Inbound,
    Medium,
    OptedOut,
    Pressed,
)
from app.gateways import generic
from app.gateways.adapter import (
    Adapter,
    BadOptions,
    Call,
    Forged,
    Hook,
    Outcome,
    Rejected,
    Retry,
    Uncertain,
    Unreadable,
)
from app.gateways.registry import ADAPTERS, UnknownGateway, adapter_for
from tests.gateways.cases import CASES, NOW, SMS, adapter
from tests.gateways.recorded import (
    FORM,
    LABELS,
    RecordedAnswer,
    RecordedCall,
    a_call,
    answers,
    answers_of,
    calls,
    calls_of,
)

SLUGS = sorted(ADAPTERS)
SENDERS = [slug for slug in SLUGS if slug in CASES and CASES[slug].sends]
SIGNERS = [slug for slug in SLUGS if slug in CASES and CASES[slug].signs]
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
NEW_ID = re.compile(r"[0-9a-f]{32}")
PRINTABLE = re.compile(r"[\x20-\x7e]{1,500}")
HOSTILE: Sequence[Any] = [
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "\udfff\ud800",
    "ї" * 5000,
    "9" * 5000,
    "9" * 20,
    "-1",
    "1e999999",
    "NaN",
    "\r\nSet-Cookie: a=b",
    "<x>&amp;]]>",
    "+",
    "*" * 500,
    "١٢٣٤٥٦٧٨٩",
    "INFO",
    "' OR 1=1 --",
    "{{7*7}}",
    "9999-12-31T23:59:59-23:59",
    None,
    True,
    [],
    {},
    [[]],
    {"a": {"a": []}},
    0,
    -1,
    10**400,
    1.5,
]


def through(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(answer))


def sent(slug: str, answer: Callable[[httpx.Request], httpx.Response]) -> Outcome:
    with through(answer) as http:
        return adapter(slug).send(SMS, http)


def signed(recorded: RecordedCall) -> Call:
    return CASES[recorded.slug].sign(recorded.call(), recorded.hook)


# The package


def test_every_adapter_of_the_package_is_connected() -> None:
    """A file that was forgotten in the registry would be found by nobody else."""
    written = {
        str(vars(kind)["slug"])
        for found in pkgutil.walk_packages(app.gateways.__path__, "app.gateways.")
        for _, kind in inspect.getmembers(importlib.import_module(found.name), inspect.isclass)
        if kind.__module__ == found.name
        and isinstance(vars(kind).get("slug"), str)
        and hasattr(kind, "parse")
    }
    assert written
    assert written <= set(ADAPTERS)


def test_every_gateway_has_a_case_and_recordings() -> None:
    assert set(SLUGS) == set(CASES)
    assert {each.slug for each in calls()} == set(SLUGS)
    assert {each.slug for each in answers()} >= set(SENDERS)


@pytest.mark.parametrize("slug", SLUGS)
def test_every_gateway_is_named_where_integrators_read(slug: str) -> None:
    readme = files("app.gateways").joinpath("README.md").read_text("utf-8")
    assert f"`{slug}`" in readme.split("## Providers that are connected")[1]


@pytest.mark.parametrize("slug", SLUGS)
def test_every_hook_of_a_gateway_is_recorded(slug: str) -> None:
    assert {each.hook for each in calls_of(slug)} == set(ADAPTERS[slug].hooks)


@pytest.mark.parametrize("recorded", [*calls(), *answers()], ids=str)
def test_every_recording_says_where_it_comes_from(
    recorded: RecordedCall | RecordedAnswer,
) -> None:
    assert recorded.label.startswith(LABELS)


def test_an_unknown_gateway_is_refused_in_words() -> None:
    with pytest.raises(UnknownGateway) as refused:
        adapter_for("pigeons", {})
    assert isinstance(refused.value, DomainError)


# Options


@pytest.mark.parametrize("slug", SLUGS)
def test_an_adapter_is_what_its_registry_says(slug: str) -> None:
    provider, made = ADAPTERS[slug], adapter(slug)
    assert made.slug == slug
    if slug != generic.SLUG:  # what that can do is told by the profile a channel brings along
        assert (made.name, made.media, made.hooks) == (
            provider.name,
            provider.media,
            provider.hooks,
        )
    assert made.media
    assert (Hook.USSD in made.hooks) == (Medium.USSD in made.media)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_missing_option_is_named(slug: str) -> None:
    for option in ADAPTERS[slug].options:
        without = {
            name: value for name, value in CASES[slug].options.items() if name != option.name
        }
        if option.is_required and not option.default:
            with pytest.raises(BadOptions) as refused:
                adapter_for(slug, without)
            assert refused.value.option == option.name


@pytest.mark.parametrize("slug", SLUGS)
def test_an_option_that_does_not_exist_is_refused(slug: str) -> None:
    with pytest.raises(BadOptions):
        adapter_for(slug, {**CASES[slug].options, "no_such_option": "1"})


@pytest.mark.parametrize("slug", SLUGS)
def test_no_secret_option_is_shown_with_the_adapter(slug: str) -> None:
    shown = repr(adapter(slug))
    secrets = {each.name for each in adapter(slug).options if each.is_secret}
    assert not [
        name for name, value in CASES[slug].options.items() if name in secrets and value in shown
    ]


# What comes in


@pytest.mark.parametrize("recorded", calls(), ids=str)
def test_a_recorded_call_means_what_is_written_beside_it(recorded: RecordedCall) -> None:
    made, call = adapter(recorded.slug), signed(recorded)
    assert call.method in made.hooks[recorded.hook]
    made.verify(call, recorded.hook, now=NOW)
    assert [as_written(each) for each in made.parse(call, recorded.hook)] == list(recorded.events)


def as_written(event: GatewayEvent) -> GatewayEvent:
    """What names nothing that could be repeated gets an id of its own each time."""
    if isinstance(event, OptedOut) and NEW_ID.fullmatch(event.event_id):
        return replace(event, event_id="(new)")
    return event


@pytest.mark.parametrize("slug", SIGNERS)
def test_a_call_without_a_signature_is_forged(slug: str) -> None:
    for recorded in calls_of(slug):
        if recorded.hook in CASES[slug].signs:
            with pytest.raises(Forged):
                adapter(slug).verify(recorded.call(), recorded.hook, now=NOW)


@pytest.mark.parametrize("slug", SIGNERS)
def test_a_call_whose_text_was_changed_after_it_was_signed_is_forged(slug: str) -> None:
    for recorded in calls_of(slug):
        call = signed(recorded)
        changed = replace(call, body=call.body + b"&planted=1") if call.body else None
        if changed is None:
            query = [*call.query, ("planted", "1")]
            changed = replace(call, query=query, url=f"{call.url.split('?')[0]}?{urlencode(query)}")
        with pytest.raises(Forged):
            adapter(slug).verify(changed, recorded.hook, now=NOW)


@pytest.mark.parametrize("slug", SIGNERS)
def test_a_call_signed_with_another_secret_is_forged(slug: str) -> None:
    secrets = [each.name for each in ADAPTERS[slug].options if each.is_secret]
    for name in secrets:
        others = {**CASES[slug].options, name: "0123456789abcdef0123456789abcdef"}
        stranger = adapter_for(slug, others)
        for recorded in calls_of(slug):
            if recorded.hook in CASES[slug].signs and _verifies_by(slug, name):
                with pytest.raises(Forged):
                    stranger.verify(signed(recorded), recorded.hook, now=NOW)


def _verifies_by(slug: str, option: str) -> bool:
    return option in CASES[slug].signing_options


def mutated(recorded: RecordedCall, draw: st.DataObject) -> Call:
    """A recorded call with something wrong in it, signed as the provider would have."""
    case = CASES[recorded.slug]
    call = recorded.call()
    ways = ["bytes", "type", "field"]
    way = draw.draw(st.sampled_from(ways))
    hostile = draw.draw(st.sampled_from(HOSTILE))
    if way == "bytes":
        call = replace(call, body=draw.draw(st.binary(max_size=200)))
    elif way == "type":
        kinds = ["text/plain", "application/json", FORM, "multipart/form-data; boundary=x", "", ";"]
        call = replace(
            call, headers={**call.headers, "content-type": draw.draw(st.sampled_from(kinds))}
        )
    elif isinstance(recorded.fields, dict) and recorded.body:
        call = replace(call, body=_with(recorded, draw, hostile))
    elif recorded.query:
        query = [
            (name, _writable(value)) for name, value in _pairs(list(recorded.query), draw, hostile)
        ]
        call = a_call(
            recorded.slug, recorded.hook, call.method, query, call.body, headers=call.headers
        )
    if draw.draw(st.booleans()):
        call = case.sign(call, recorded.hook)
    return call


def _with(recorded: RecordedCall, draw: st.DataObject, hostile: Any) -> bytes:
    assert recorded.fields is not None
    if recorded.headers.get("content-type") == FORM:
        pairs = _pairs(list(recorded.fields.items()), draw, hostile)
        return urlencode(pairs, errors="surrogatepass").encode()
    told = json.loads(json.dumps(recorded.fields))
    place = told
    while True:
        key = draw.draw(
            st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place)))
        )
        inner = place[key]
        if isinstance(inner, dict | list) and inner and draw.draw(st.booleans()):
            place = inner
            continue
        if draw.draw(st.booleans()):
            place[key] = hostile
        else:
            del place[key]
        return json.dumps(told).encode()


def _pairs(
    pairs: list[tuple[str, Any]], draw: st.DataObject, hostile: Any
) -> list[tuple[str, str]]:
    at = draw.draw(st.integers(0, len(pairs) - 1))
    name = pairs[at][0]
    way = draw.draw(st.sampled_from(["replaced", "repeated", "left out"]))
    if way == "replaced":
        pairs[at] = (name, hostile)
    elif way == "repeated":
        pairs.append((name, hostile))
    else:
        del pairs[at]
    return [(name, str(value)) for name, value in pairs]


@pytest.mark.parametrize("recorded", calls(), ids=str)
def test_any_field_of_a_call_may_hold_anything(recorded: RecordedCall) -> None:
    """Each field in turn holds each hostile value, comes twice, or is not there."""
    for call in every_change(recorded):
        check_read_or_refused(adapter(recorded.slug), call, recorded.hook)


def every_change(recorded: RecordedCall) -> Iterator[Call]:
    case, call = CASES[recorded.slug], recorded.call()
    for query in changed_pairs(recorded.query):
        kept = [(name, _writable(value)) for name, value in query]
        asked = a_call(
            recorded.slug, recorded.hook, call.method, kept, call.body, headers=call.headers
        )
        yield case.sign(asked, recorded.hook)
    if recorded.headers.get("content-type") == FORM and recorded.fields is not None:
        for pairs in changed_pairs(list(recorded.fields.items())):
            body = urlencode(pairs, errors="surrogatepass").encode()
            yield case.sign(replace(call, body=body), recorded.hook)
    elif recorded.fields is not None:
        for told in changed_json(recorded.fields):
            yield case.sign(replace(call, body=json.dumps(told).encode()), recorded.hook)


def changed_pairs(pairs: Sequence[tuple[str, Any]]) -> Iterator[list[tuple[str, str]]]:
    for at, (name, value) in enumerate(pairs):
        rest = [(other, str(each)) for other, each in (*pairs[:at], *pairs[at + 1 :])]
        yield rest
        yield [*rest, (name, str(value)), (name, str(value))]
        yield from ([*rest, (name, str(hostile))] for hostile in HOSTILE)


def changed_json(told: Any) -> Iterator[Any]:
    """The same with one thing in it changed, however deep it lies."""
    for key in list(told) if isinstance(told, dict) else range(len(told)):
        for hostile in HOSTILE:
            yield _put(told, key, hostile)
        yield _put(told, key)
        if isinstance(told[key], dict | list):
            yield from (_put(told, key, inner) for inner in changed_json(told[key]))


def _put(told: Any, key: Any, *value: Any) -> Any:
    copied = copy(told)
    if value:
        copied[key] = value[0]
    else:
        del copied[key]
    return copied


def _writable(text: str) -> str:
    """A server reads an address as UTF-8: halves of letters cannot come through it."""
    return text.encode("utf-8", "replace").decode()


@pytest.mark.parametrize("slug", SLUGS)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(draw=st.data())
def test_whatever_comes_is_read_or_refused_and_nothing_else(slug: str, draw: st.DataObject) -> None:
    recorded = draw.draw(st.sampled_from(calls_of(slug)))
    check_read_or_refused(adapter(slug), mutated(recorded, draw), recorded.hook)


def check_read_or_refused(made: Adapter, call: Call, hook: Hook) -> None:
    try:
        made.verify(call, hook, now=NOW)
        events = made.parse(call, hook)
    except Forged:
        return
    except Unreadable as refused:
        check_can_be_logged(refused.reason)
        return
    for event in events:
        check_can_be_kept(event)
    answer = made.render(call, hook, text="Visit us", ends=True)
    assert 200 <= answer.status < 300


def check_can_be_logged(reason: str) -> None:
    """Words of ours and names of fields, none of what was sent."""
    assert re.fullmatch(r"[A-Za-z_, -]{1,80}", reason)


def check_can_be_kept(event: object) -> None:
    """What the next storeys rely on: numbers are numbers, identifiers can be logged, texts can be stored."""
    match event:
        case Inbound(event_id=event_id, sender=sender, text=text, to=to):
            assert E164.fullmatch(sender)
            assert "\0" not in (text + to).encode().decode()
        case Pressed(session_id=event_id, sender=sender, text=text, history=history):
            assert E164.fullmatch(sender)
            assert "\0" not in (text + "".join(history or ())).encode().decode()
        case HungUp(session_id=event_id):
            pass
        case Delivery(event_id=event_id, provider_id=provider_id, error=error):
            assert PRINTABLE.fullmatch(provider_id + error + ".")
        case OptedOut(event_id=event_id, sender=sender):
            assert E164.fullmatch(sender)
        case _:
            raise AssertionError(event)
    assert PRINTABLE.fullmatch(event_id)


# What goes back


@pytest.mark.parametrize("recorded", calls(), ids=str)
def test_the_same_words_are_always_answered_alike(recorded: RecordedCall) -> None:
    call = signed(recorded)
    for text, ends in [(None, True), (None, False), ('1 Так\n2 <Ні> & "x"', False), ("", True)]:
        first, second = (
            adapter(recorded.slug).render(call, recorded.hook, text=text, ends=ends) for _ in "12"
        )
        assert first == second
        assert 200 <= first.status < 300


# What goes out


@pytest.mark.parametrize("recorded", answers(), ids=str)
def test_a_recorded_answer_means_what_is_written_beside_it(recorded: RecordedAnswer) -> None:
    assert sent(recorded.slug, lambda request: recorded.response()) == recorded.outcome


@pytest.mark.parametrize("recorded", [each for each in answers() if each.request], ids=str)
def test_a_message_is_asked_for_as_the_provider_wants_it(recorded: RecordedAnswer) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return recorded.response()

    sent(recorded.slug, answer)
    [request], expected = asked, recorded.request
    assert expected is not None
    assert request.method == expected["method"]
    assert str(request.url).split("?")[0] == expected["url"]
    if "query" in expected:
        assert dict(request.url.params) == expected["query"]
    if "form" in expected:
        assert dict(parse_qsl(request.content.decode(), strict_parsing=True)) == expected["form"]
    if "json" in expected:
        assert json.loads(request.content) == expected["json"]
    for name, value in expected.get("headers", {}).items():
        assert request.headers[name] == value


def test_at_least_one_request_of_each_sender_is_recorded() -> None:
    assert [slug for slug in SENDERS if not any(each.request for each in answers_of(slug))] == []


@pytest.mark.parametrize("slug", SENDERS)
@pytest.mark.parametrize(
    "silence",
    [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout],
    ids=lambda each: each.__name__,
)
def test_what_never_left_may_be_sent_again(slug: str, silence: type[httpx.TransportError]) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise silence("no", request=request)

    assert isinstance(sent(slug, answer), Retry)


@pytest.mark.parametrize("slug", SENDERS)
@pytest.mark.parametrize(
    "silence",
    [httpx.ReadTimeout, httpx.ReadError, httpx.WriteTimeout, httpx.RemoteProtocolError],
    ids=lambda each: each.__name__,
)
def test_what_left_and_was_not_answered_is_uncertain(
    slug: str, silence: type[httpx.TransportError]
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise silence("no", request=request)

    assert isinstance(sent(slug, answer), Uncertain)


@pytest.mark.parametrize("slug", SENDERS)
@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"{", b"null", b"[]", b"{}", b"<html>", b"[" * 5000], ids=repr
)
def test_a_success_that_cannot_be_read_is_no_promise(slug: str, body: bytes) -> None:
    if len(body) > 100:
        body = body[:5000]
    outcome = sent(slug, lambda request: httpx.Response(200, content=body))
    assert type(outcome).__name__ == CASES[slug].unreadable_success


@pytest.mark.parametrize("slug", SENDERS)
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after": "90"},
        {"retry-after": "Fri, 20 Nov 2026 12:01:30 GMT", "date": "Fri, 20 Nov 2026 12:00:00 GMT"},
    ],
    ids=["seconds", "date"],
)
def test_a_provider_that_asks_for_time_gets_it(
    slug: str, status: int, headers: dict[str, str]
) -> None:
    outcome = sent(slug, lambda request: httpx.Response(status, headers=headers))
    assert isinstance(outcome, Retry)
    assert outcome.after == timedelta(seconds=90)


@pytest.mark.parametrize("slug", SENDERS)
def test_a_server_that_broke_may_have_taken_it_before(slug: str) -> None:
    outcome = sent(slug, lambda request: httpx.Response(500))
    assert type(outcome).__name__ == CASES[slug].after_a_500


@pytest.mark.parametrize("slug", SENDERS)
@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_account_is_the_channels_fault(slug: str, status: int) -> None:
    outcome = sent(slug, lambda request: httpx.Response(status))
    assert isinstance(outcome, Rejected)
    assert outcome.is_channel


@pytest.mark.parametrize("slug", SENDERS)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(draw=st.data())
def test_no_answer_whatsoever_breaks_a_send(slug: str, draw: st.DataObject) -> None:
    status = draw.draw(
        st.sampled_from([200, 201, 202, 204, 302, 400, 404, 409, 418, 451, 502, 504])
    )
    recorded = draw.draw(st.sampled_from(answers_of(slug)))
    body = draw.draw(
        st.one_of(st.just(recorded.body), st.binary(max_size=100), _json_like(recorded.body))
    )
    headers = {
        "retry-after": draw.draw(st.sampled_from(["", "-1", "9" * 99, "soon", "Fri, 99 Nov"]))
    }
    outcome = sent(slug, lambda request: httpx.Response(status, content=body, headers=headers))
    reason = getattr(outcome, "reason", "")
    assert SMS.to not in reason
    assert PRINTABLE.fullmatch(reason + ".")


def _json_like(body: bytes) -> st.SearchStrategy[bytes]:
    """The recorded answer with one plain value in it made hostile."""
    values = re.findall(rb'"[^"]*"|\d+', body) or [b"{}"]
    hostile = [json.dumps(each).encode() for each in HOSTILE]
    return st.builds(
        lambda value, wrong: body.replace(value, wrong, 1),
        st.sampled_from(values),
        st.sampled_from(hostile),
    )
