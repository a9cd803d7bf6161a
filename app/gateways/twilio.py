"""Twilio: text messages. Every call is signed over the address we are called at and the fields of its form."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Self
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape

import httpx

from app.core.i18n import N_
from app.domain.channels.events import (
    Delivery,
    DeliveryState,
    GatewayEvent,
    Inbound,
    Medium,
    OptedOut,
)
from app.gateways.adapter import (
    Accepted,
    Answer,
    BadOptions,
    Call,
    Forged,
    Hook,
    Option,
    Options,
    Outcome,
    Rejected,
    Retry,
    Sms,
    Stopped,
    Uncertain,
    Unreadable,
)
from app.gateways.choosing import read_options
from app.gateways.network import answered, ask, refusal, retry_after
from app.gateways.numbers import msisdn
from app.gateways.reading import Fields, form_of, plain, query_of
from app.gateways.words import code, our_id, state_in, whole

API = "https://api.twilio.com/2010-04-01/Accounts"
ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")
# A pool of senders, in place of a number.
SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
PORTS = {"https": 443, "http": 80}
XML = "text/xml; charset=utf-8"
NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

STATES: Mapping[str, DeliveryState] = {
    "accepted": DeliveryState.QUEUED,
    "scheduled": DeliveryState.QUEUED,
    "queued": DeliveryState.QUEUED,
    "sending": DeliveryState.SENT,
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.DELIVERED,
    "undelivered": DeliveryState.FAILED,
    "failed": DeliveryState.FAILED,
    "canceled": DeliveryState.FAILED,
}
OPTED_OUT = "21610"

# By Twilio's code, whatever status it comes with. A 500 is in none of them: Twilio says that a message may go out twice after it.
LATER = frozenset({"14107", "20429", "21611", "21730", "30001", "30022", "63038"})
OUR_ACCOUNT = frozenset(
    {
        "20003",  # the keys are wrong
        "20005",  # the account is closed
        "20008",  # the keys are for tests
        "21212",  # no such sender
        "21408",  # the country is not switched on
        "21603",  # no sender
        "21606",  # the sender is not ours
        "21608",  # a trial account, a number that was not shown to it
        "21659",
        "21660",
        "21661",  # a sender that sends no texts
        "21701",
        "21703",  # a pool without senders
        "21705",
    }
)
THIS_MESSAGE = frozenset({"21211", "21214", "21602", "21604", "21605", "21612", "21614", "21617"})


@dataclass(frozen=True)
class Twilio:
    account_sid: str
    auth_token: str = field(repr=False)

    slug: ClassVar[str] = "twilio"
    name: ClassVar[str] = "Twilio"
    media: ClassVar[frozenset[Medium]] = frozenset({Medium.SMS})
    hooks: ClassVar[Mapping[Hook, frozenset[str]]] = {
        Hook.INBOUND: frozenset({"POST"}),
        Hook.STATUS: frozenset({"POST"}),
    }
    options: ClassVar[Sequence[Option]] = (
        Option("account_sid", N_("Account SID")),
        Option("auth_token", N_("Auth token"), is_secret=True),
    )
    replies_inline: ClassVar[bool] = True

    @classmethod
    def from_options(cls, options: Options) -> Self:
        chosen = read_options(cls.options, options)
        if not ACCOUNT.fullmatch(chosen["account_sid"]):
            raise BadOptions("account_sid", "must be AC and 32 digits and letters from a to f")
        return cls(**chosen)

    def verify(self, call: Call, hook: Hook, *, now: datetime) -> None:
        """Twilio signs the address sometimes with its port and sometimes without, so both are tried."""
        try:
            pairs = form_of(call).pairs
        except Unreadable:
            raise Forged from None
        given = call.headers.get("x-twilio-signature", "").encode()
        signed = (signature(self.auth_token, url, pairs) for url in both_ways(call.url))
        if not any(hmac.compare_digest(given, each.encode()) for each in signed):
            raise Forged

    def parse(self, call: Call, hook: Hook) -> Sequence[GatewayEvent]:
        fields = form_of(call)
        if hook is Hook.STATUS:
            return [_delivery(fields, query_of(call))]
        event_id, sender = fields.word("MessageSid"), msisdn(fields.text("From"))
        text = fields.text("Body", "")
        if sender is None:
            return []
        # Twilio has stopped the number by itself already, and answered it.
        if fields.text("OptOutType", "") == "STOP":
            return [OptedOut(event_id, sender)]
        return [Inbound(event_id, sender, text, to=fields.text("To", ""))]

    def render(self, call: Call, hook: Hook, *, text: str | None, ends: bool) -> Answer:
        if hook is Hook.STATUS:
            return Answer()
        said = f"<Message>{escape(NO_XML.sub('', text))}</Message>" if text else ""
        return Answer(f"<Response>{said}</Response>".encode(), XML)

    def send(self, sms: Sms, http: httpx.Client) -> Outcome:
        form = {"To": sms.to, "Body": sms.text}
        form["MessagingServiceSid" if SERVICE.fullmatch(sms.sender) else "From"] = sms.sender
        if sms.status_url:
            form["StatusCallback"] = f"{sms.status_url}?{urlencode({'id': str(sms.our_id)})}"
        response = ask(
            http,
            "POST",
            f"{API}/{self.account_sid}/Messages.json",
            data=form,
            auth=(self.account_sid, self.auth_token),
        )
        if not isinstance(response, httpx.Response):
            return response
        return _refused(response) or _accepted(response)


def signature(token: str, url: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Base64 of the HMAC-SHA1 over the address and each name with its value, in order. A pair that comes twice counts once."""
    signed = url + "".join(name + value for name, value in sorted(set(pairs)))
    digest = hmac.new(token.encode(), signed.encode("utf-8", "replace"), hashlib.sha1)
    return base64.b64encode(digest.digest()).decode()


def both_ways(url: str) -> list[str]:
    """An address without its port and with it, the usual one if it names none.

    >>> both_ways("https://pdi.example/gw?a=b"), both_ways("https://pdi.example:8443/gw")
    (['https://pdi.example/gw?a=b', 'https://pdi.example:443/gw?a=b'], ['https://pdi.example/gw', 'https://pdi.example:8443/gw'])
    """
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    try:
        port = urlsplit(url).port
    except ValueError:
        return [url]
    if port is None:
        return [url, f"{scheme}://{place}:{PORTS.get(scheme, 80)}{slash}{path}"]
    return [f"{scheme}://{place.removesuffix(f':{port}')}{slash}{path}", url]


def _delivery(fields: Fields, query: Fields) -> GatewayEvent:
    """A report. Our id stands in the query of the address that we asked to be called at, and is signed with it."""
    provider_id, word = fields.word("MessageSid"), fields.word("MessageStatus")
    error = code(fields.text("ErrorCode", ""))
    return Delivery(
        f"{provider_id} {word}",
        state_in(STATES, word),
        our_id=our_id(query.find("id")),
        provider_id=provider_id,
        error=error,
        is_opted_out=error == OPTED_OUT,
    )


def _refused(response: httpx.Response) -> Outcome | None:
    number = plain(answered(response), "code") if response.is_error else ""
    reason = f"Twilio {code(number)}"
    if number == OPTED_OUT:
        return Stopped()
    if number in LATER:
        return Retry(reason, after=retry_after(response))
    if number in OUR_ACCOUNT or number in THIS_MESSAGE:
        return Rejected(reason, is_channel=number in OUR_ACCOUNT)
    return refusal(response)


def _accepted(response: httpx.Response) -> Outcome:
    told = answered(response)
    provider_id = plain(told, "sid")
    if not provider_id:
        return Uncertain("an answer that is not understood")
    # A pool counts its parts only when it has chosen a sender, and says 0 until then.
    return Accepted(provider_id, parts=whole(plain(told, "num_segments")) or None)
