"""What a provider's silence or refusal says of a message."""

from collections.abc import Iterator
from datetime import timedelta
from gzip import compress

import httpx
import pytest

from app.gateways import network
from app.gateways.adapter import Outcome, Rejected, Retry, Uncertain
from app.gateways.network import ask, refusal, retry_after

DATE = "Fri, 20 Nov 2026 12:00:00 GMT"


def moved(request: httpx.Request) -> httpx.Response:
    elsewhere = {"location": "https://elsewhere.example/"}
    is_there = request.url.host == "elsewhere.example"
    return httpx.Response(200) if is_there else httpx.Response(302, headers=elsewhere)


def test_a_message_is_never_carried_on_to_another_address() -> None:
    """Neither the number nor the key, whatever the client would do by itself."""
    with httpx.Client(transport=httpx.MockTransport(moved), follow_redirects=True) as http:
        answer = ask(http, "POST", "https://gateway.example/")
    assert isinstance(answer, httpx.Response)
    assert answer.status_code == 302
    assert refusal(answer) == Rejected("HTTP 302", is_channel=True)


@pytest.mark.parametrize("url", ["", "gateway.example", "ftp://gateway.example/", "https://a\x00/"])
def test_an_address_that_is_none_is_the_channels_fault(url: str) -> None:
    with httpx.Client() as http:  # the real transport refuses before it connects
        outcome = ask(http, "POST", url)
    assert isinstance(outcome, Rejected)
    assert outcome.is_channel


class Endless(httpx.SyncByteStream):
    """An answer that does not stop, and says how much of it was asked for."""

    def __init__(self) -> None:
        self.sent = 0

    def __iter__(self) -> Iterator[bytes]:
        while True:
            self.sent += 10_000
            yield b" " * 10_000


def test_an_answer_without_end_is_left_where_it_is() -> None:
    endless = Endless()
    answered = httpx.MockTransport(lambda _: httpx.Response(200, stream=endless))
    with httpx.Client(transport=answered) as http:
        answer = ask(http, "POST", "https://gateway.example/")
    assert isinstance(answer, httpx.Response)
    assert len(answer.content) <= endless.sent <= 100_000


def test_an_answer_that_drips_is_left_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 100_000, 9))
    monkeypatch.setattr(network, "monotonic", lambda: next(clock))

    def dripping() -> Iterator[bytes]:
        for _ in range(1_000):
            yield b"{"

    answered = httpx.MockTransport(lambda _: httpx.Response(200, content=dripping()))
    with httpx.Client(transport=answered) as http:
        answer = ask(http, "POST", "https://gateway.example/")
    assert isinstance(answer, httpx.Response)
    assert answer.content == b"{{{"


@pytest.mark.parametrize("status", [200, 400, 503])
def test_an_answer_that_breaks_off_is_uncertain(status: int) -> None:
    def broken() -> Iterator[bytes]:
        yield b"{"
        raise httpx.ReadError("gone")

    answered = httpx.MockTransport(lambda _: httpx.Response(status, content=broken()))
    with httpx.Client(transport=answered) as http:
        assert ask(http, "POST", "https://gateway.example/") == Uncertain("ReadError")


def test_a_packed_answer_is_read() -> None:
    packed = httpx.MockTransport(
        lambda _: httpx.Response(
            200, headers={"content-encoding": "gzip"}, content=compress(b'{"sid": "SM1"}')
        )
    )
    with httpx.Client(transport=packed) as http:
        answer = ask(http, "POST", "https://gateway.example/")
    assert isinstance(answer, httpx.Response)
    assert answer.json() == {"sid": "SM1"}


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Rejected("HTTP 400")),
        (401, Rejected("HTTP 401", is_channel=True)),
        (402, Rejected("HTTP 402", is_channel=True)),
        (403, Rejected("HTTP 403", is_channel=True)),
        (404, Rejected("HTTP 404", is_channel=True)),
        (408, Retry("HTTP 408")),
        (422, Rejected("HTTP 422")),
        (429, Retry("HTTP 429")),
        (500, Uncertain("HTTP 500")),
        (502, Uncertain("HTTP 502")),
        (503, Retry("HTTP 503")),
        (504, Uncertain("HTTP 504")),
        (200, None),
        (202, None),
    ],
)
def test_a_status_tells_whether_it_may_have_been_taken(
    status: int, outcome: Outcome | None
) -> None:
    assert refusal(httpx.Response(status)) == outcome


@pytest.mark.parametrize(
    ("told", "date", "seconds"),
    [
        ("0", None, 0),
        ("120", None, 120),
        ("9" * 40, None, 86_400),
        ("Fri, 20 Nov 2026 12:02:00 GMT", DATE, 120),
        ("Fri, 20 Nov 2026 11:00:00 GMT", DATE, 0),
        ("Fri, 20 Nov 2027 12:00:00 GMT", DATE, 86_400),
        ("Fri, 20 Nov 2026 12:02:00 GMT", None, None),
        ("Fri, 20 Nov 2026 12:02:00 GMT", "today", None),
        ("-1", DATE, None),
        ("1.5", DATE, None),
        ("٣", DATE, None),
        ("", DATE, None),
    ],
)
def test_a_wait_is_asked_for_in_seconds_or_by_the_providers_clock(
    told: str, date: str | None, seconds: int | None
) -> None:
    headers = [(b"retry-after", told.encode())] + ([(b"date", date.encode())] if date else [])
    wait = retry_after(httpx.Response(503, headers=headers))
    assert wait == (None if seconds is None else timedelta(seconds=seconds))
