"""What is particular to Kannel; that a real one agrees is shown in ``tests/journeys/test_kannel.py``."""

from urllib.parse import urlencode

import httpx
import pytest

from app.domain.channels.events import Inbound
from app.gateways.adapter import Accepted, Adapter, BadOptions, Call, Hook, Rejected, Sms, Uncertain
from app.gateways.registry import adapter_for
from tests.gateways.cases import CASES, OUR_ID, adapter


@pytest.fixture
def kannel() -> Adapter:
    return adapter("kannel")


def sms(text: str, status_url: str = "") -> Sms:
    return Sms(OUR_ID, "+254711000111", text, "20880", status_url)


def asked_for(kannel: Adapter, message: Sms) -> httpx.Request:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(202)

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        assert isinstance(kannel.send(message, http), Accepted)
    [request] = asked
    return request


def a_call(**fields: str) -> Call:
    query = {"from": "+254711000111", "text": "1", "id": "k-1", "meta": "?smpp?"} | fields
    url = "http://127.0.0.1/inbound?" + urlencode(query)
    return Call("GET", url, {}, list(query.items()), b"")


def test_number_and_words_are_in_no_address(kannel: Adapter) -> None:
    request = asked_for(kannel, sms("Your visit is on Friday."))
    assert str(request.url) == "http://127.0.0.1:13013/cgi-bin/sendsms"
    assert request.content == b"Your visit is on Friday."


def test_other_letters_go_as_ucs2_or_they_would_become_question_marks(kannel: Adapter) -> None:
    assert asked_for(kannel, sms("Чекаємо")).headers["x-kannel-coding"] == "2"
    assert asked_for(kannel, sms("€ {10}")).headers["x-kannel-coding"] == "0"
    told = kannel.render(a_call(), Hook.INBOUND, text="Чекаємо", ends=True)
    assert told.headers == {"X-Kannel-Coding": "2"}
    assert told.media_type == "text/plain; charset=UTF-8"


def test_a_text_that_kannel_would_cut_is_refused_by_us(kannel: Adapter) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise AssertionError("it left")

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        assert kannel.send(sms("a" * 460), http) == Rejected("the text takes 4 parts")
    assert asked_for(kannel, sms("a" * 459))


@pytest.mark.parametrize("status", [200, 201, 204])
def test_only_a_202_is_an_acceptance(kannel: Adapter, status: int) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status))
    with httpx.Client(transport=transport) as http:
        assert isinstance(kannel.send(sms("a"), http), Uncertain)


def test_without_an_address_for_reports_none_is_asked_for(kannel: Adapter) -> None:
    assert "x-kannel-dlr-url" not in asked_for(kannel, sms("a")).headers


def test_signs_of_percent_in_our_address_are_not_taken_for_kannels_own(kannel: Adapter) -> None:
    request = asked_for(kannel, sms("a", "https://pdi.example/gw/a%20b/status"))
    told = request.headers["x-kannel-dlr-url"]
    assert told.startswith("https://pdi.example/gw/a%%20b/status?ours=")
    assert told.endswith("&state=%d&theirs=%F")


@pytest.mark.parametrize(("ends", "operation"), [(False, "2"), (True, "17")])
def test_a_screen_says_whether_it_waits_for_an_answer(
    kannel: Adapter, ends: bool, operation: str
) -> None:
    call = a_call(meta="?smpp?ussd_op=\x12&")
    told = kannel.render(call, Hook.INBOUND, text="1 Card", ends=ends)
    assert told.headers["X-Kannel-Meta-Data"] == f"?smpp?ussd_op={operation}"


def test_an_operator_may_number_its_operations_otherwise() -> None:
    options = {**CASES["kannel"].options, "ussd_goes_on": "3", "ussd_ends": "32"}
    call = a_call(meta="?smpp?ussd_op=1&")
    told = adapter_for("kannel", options).render(call, Hook.USSD, text="1 Card", ends=True)
    assert told.headers["X-Kannel-Meta-Data"] == "?smpp?ussd_op=32"


@pytest.mark.parametrize("wrong", ["x", "0", "11", "-1", "٣", "9" * 5000])
def test_a_number_of_parts_that_is_none_is_refused(wrong: str) -> None:
    options = {**CASES["kannel"].options, "most_parts": wrong}
    with pytest.raises(BadOptions) as refused:
        adapter_for("kannel", options)
    assert refused.value.option == "most_parts"


def test_without_recoding_the_text_is_read_in_its_own_charset(kannel: Adapter) -> None:
    query = "from=%2B254711000111&charset=UTF-16BE&id=k-1&text=%04%13%04%3E%04W"
    pairs = [("from", "+254711000111"), ("charset", "UTF-16BE"), ("id", "k-1"), ("text", "\x04")]
    call = Call("GET", f"http://127.0.0.1/inbound?{query}", {}, pairs, b"")
    assert kannel.parse(call, Hook.INBOUND) == [Inbound("k-1", "+254711000111", "Гої")]
