"""Profiles: what is filled in stays in its place, and what is wrong with one is said before a channel is opened by it."""

import json
from collections.abc import Callable
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit
from uuid import UUID

import httpx
import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from app.gateways import generic
from app.gateways.adapter import Accepted, BadOptions, Call, Hook, Rejected, Sms, Unreadable
from app.gateways.filling import address, form_text, json_text, plain_text, xml_text
from app.gateways.generic import Generic
from app.gateways.profile import LONGEST, read_profile
from app.gateways.reading import Json
from app.gateways.registry import adapter_for, options_of
from tests.gateways import made_up

LETTERS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)
HOSTILE = st.one_of(
    LETTERS,
    st.sampled_from(
        ['"}', "]]>", "</page>", "&amp;", "%s", "{text}", "{call.x}", "a&b=c", "\\", "'", "\r\n"]
    ),
)


def values(**found: str) -> Callable[[str], Json]:
    return found.get


@given(text=HOSTILE, name=HOSTILE)
def test_nothing_breaks_out_of_json(text: str, name: str) -> None:
    template: Json = {"a": {"m": "Id {name}: {text}", "t": "{text}"}, "more": [True, "{name}"]}
    assert json.loads(json_text(template, values(text=text, name=name))) == {
        "a": {"m": f"Id {name}: {text}", "t": text},
        "more": [True, name],
    }


@given(text=HOSTILE)
def test_nothing_breaks_out_of_xml(text: str) -> None:
    page = fromstring(xml_text('<page title="{text}"><b>{text}</b></page>', values(text=text)))
    [inner] = page
    assert [each.tag for each in page.iter()] == ["page", "b"]
    kept = "".join(each for each in text if each.isprintable())
    assert kept == "".join(each for each in inner.text or "" if each.isprintable()).replace(
        "\ufffe", ""
    )
    assert set(page.keys()) == {"title"}


@given(text=HOSTILE, name=HOSTILE)
def test_nothing_breaks_out_of_a_form_or_an_address(text: str, name: str) -> None:
    form = form_text({"text": "{text}", "from": "{name}"}, values(text=text, name=name))
    assert dict(parse_qsl(form, keep_blank_values=True)) == {"text": text, "from": name}

    url = address("https://a.example/{name}/send?text={text}&end=1", values(text=text, name=name))
    parts = urlsplit(url)
    assert parts.netloc == "a.example"
    assert unquote(parts.path.split("/")[1]) == name
    assert dict(parse_qsl(parts.query, keep_blank_values=True)) == {"text": text, "end": "1"}


@given(text=HOSTILE)
def test_what_is_filled_in_is_not_filled_again(text: str) -> None:
    assert plain_text("CON {text}", values(text=text, **{"option.key": "secret"})) == f"CON {text}"


def test_a_profile_that_is_none_is_refused_in_one_way() -> None:
    for text in ("", "   ", "name =", "x" * (LONGEST + 1), "a = " + "[" * 3000):
        with pytest.raises(BadOptions) as refused:
            adapter_for("generic", {"profile": text})
        assert refused.value.option == "profile"


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        ('session = "sid"', 'sesion = "sid"', "ussd.session"),
        ('sender = "phone"', 'sender = ""', "ussd.sender"),
        ('input = "history"', 'input = "all"', "ussd.input"),
        ("<page more=\"no\">{text}</page>", "<page more=\"no\">{text}", "ussd.reply"),
        ("<page more=\"no\">{text}</page>", "<page>{txt}</page>", "ussd.reply"),
        ('url = "https://', 'url = "ftp://', "send.url"),
        ('"{option.user}"', '"{option.usr}"', "option.usr"),
        ('"{status_url}?ours={our_id}"', '"{option.secret}"', "option.secret"),
        ('OK = "accepted"', 'OK = "fine"', "send.answer.words"),
        ('ARRIVED = "delivered"', 'ARRIVED = "read"', "status.words"),
        ('ours = "ours"', "", "status"),
        ('id = "ref"', "", "inbound.id"),
        ('name = "user"', 'name = "profile"', "profile"),
        ("plus = false", "plus = false\nmost_parts = 99", "send.most_parts"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_profile_is_said_with_its_place(
    before: str, after: str, where: str
) -> None:
    text = made_up.profile()
    assert before in text
    broken = text.replace(before, after, 1)
    if where == "status":
        broken = broken.replace('theirs = "id"', "")
    with pytest.raises(BadOptions, match=where.replace(".", r"\.")):
        read_profile(broken)


def test_a_channel_without_a_good_profile_is_asked_for_one_first() -> None:
    for given_options in ({}, {"profile": "name = "}):
        assert [each.name for each in options_of("generic", given_options)] == ["profile"]


def test_every_profile_in_the_folder_is_offered() -> None:
    assert {path.stem for path in generic.FOLDER.iterdir()} == set(generic.SHIPPED)


@pytest.mark.parametrize("slug", generic.SHIPPED)
def test_every_shipped_profile_says_how_it_is_known(slug: str) -> None:
    assert generic.shipped_profile(slug).evidence.startswith(("[run]", "[doc]", "[src]", "[2nd]"))


@pytest.mark.parametrize("slug", generic.SHIPPED)
def test_what_a_shipped_profile_asks_for_can_be_translated(slug: str) -> None:
    asked = generic.shipped_profile(slug).asked_for
    assert {option.label for option in asked} <= set(generic.LABELS)


# What is particular


def sms(text: str) -> Sms:
    return Sms(UUID(int=7), "+254711000111", text, "20880", "https://pdi.example/s")


def kestrel() -> Generic:
    options = {"profile": made_up.profile(), "user": "pdi", "password": "secret"}
    made = adapter_for("generic", options)
    assert isinstance(made, Generic)
    return made


def test_other_letters_are_announced_to_the_provider() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, text="OK|1")

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        for text in ("Come on Friday", "Чекаємо в п’ятницю"):
            kestrel().send(sms(text), http)
    assert [parse_qs(each.content.decode())["unicode"] for each in asked] == [["no"], ["yes"]]
    assert parse_qs(asked[1].content.decode())["body"] == ["Чекаємо в п’ятницю"]


def test_a_text_that_would_be_cut_is_refused_before_it_leaves() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError("it left")

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        assert kestrel().send(sms("ї" * 202), http) == Rejected("the text takes 4 parts")


@pytest.mark.parametrize("charset", ["idna", "base64", "rot13", "utf-16", "no-such", "utf-8"])
def test_an_answer_is_read_whatever_its_charset_is_said_to_be(charset: str) -> None:
    headers = {"content-type": f"text/plain; charset={charset}"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, content=b"OK|7"))
    with httpx.Client(transport=transport) as http:
        assert kestrel().send(sms("a"), http) == Accepted("7")


def test_a_call_without_its_text_is_not_an_empty_one() -> None:
    body = json.dumps({"messages": [{"ref": "m", "from": "254711000111", "message": "STOP"}]})
    call = Call("POST", "https://pdi.example/inbound", {}, [], body.encode())
    with pytest.raises(Unreadable, match="no text"):
        kestrel().parse(call, Hook.INBOUND)


def test_a_field_that_comes_twice_is_taken_for_none() -> None:
    query = [("sid", "8f2"), ("sid", "9a1"), ("phone", "254711000111"), ("typed", "")]
    call = Call("GET", "https://pdi.example/ussd", {}, query, b"")
    with pytest.raises(Unreadable, match="no identifier"):
        kestrel().parse(call, Hook.USSD)


def test_numbers_and_truths_are_given_back_as_they_came() -> None:
    beem = adapter_for("beem", {"api_key": "a", "secret_key": "b"})
    body = {
        "command": "continue",
        "msisdn": "255754000111",
        "session_id": "5c2",
        "operator": 'voda"com',
        "payload": {"request_id": 7, "response": "1"},
    }
    headers = {"content-type": "application/json"}
    call = Call("POST", "https://pdi.example/ussd", headers, [], json.dumps(body).encode())
    answer = beem.render(call, Hook.USSD, text="1 Card", ends=False)
    assert answer.media_type == "application/json"
    assert json.loads(answer.body) == {
        "command": "continue",
        "msisdn": "255754000111",
        "session_id": "5c2",
        "operator": 'voda"com',
        "payload": {"request_id": 7, "request": "1 Card"},
    }
