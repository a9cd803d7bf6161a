"""Vonage (Nexmo): text messages. It calls by GET, by a form or by JSON, as its account is set; each call must be signed.

Signing is switched on in the account's settings together with its method. The signature covers the fields alone, so a name that
could be read as two fields is refused.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Self

import httpx

from app.core.i18n import N_
from app.domain.channels.events import (
    Delivery,
    DeliveryState,
    GatewayEvent,
    Inbound,
    Medium,
)
from app.gateways.adapter import (
    Accepted,
    Answer,
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
from app.gateways.choosing import choice, read_options
from app.gateways.network import answered, ask, refusal
from app.gateways.numbers import bare, msisdn
from app.gateways.reading import Fields, at, fields_of, plain
from app.gateways.words import code, instant, minor, our_id, state_in
from app.telephone.lengths import measure

URL = "https://rest.nexmo.com/sms/json"
ANY_WAY = frozenset({"GET", "POST"})
FRESH = timedelta(minutes=5)
# Vonage keeps its accounts in euro and names no currency.
CURRENCY = "EUR"
SPLITTING = str.maketrans("&=", "__")

PLAIN_MD5 = "md5hash"
HMACS: Mapping[str, str] = {
    "md5": "md5",
    "sha1": "sha1",
    "sha256": "sha256",
    "sha512": "sha512",
}
METHODS = (PLAIN_MD5, *HMACS)

STATES: Mapping[str, DeliveryState] = {
    "accepted": DeliveryState.SENT,
    "buffered": DeliveryState.SENT,
    # The operator will not say more: neither delivered nor failed.
    "unknown": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "expired": DeliveryState.FAILED,
    "failed": DeliveryState.FAILED,
    "rejected": DeliveryState.FAILED,
}
NO_ERROR = "0"
OPTED_OUT = "9"

TAKEN = "0"
REFUSED: Mapping[str, Outcome] = {
    "1": Retry("Vonage throttled", after=timedelta(seconds=1)),
    "2": Rejected("Vonage missing parameters"),
    "3": Rejected("Vonage invalid parameters"),
    "4": Rejected("Vonage invalid credentials", is_channel=True),
    "5": Uncertain("Vonage internal error"),
    "6": Rejected("Vonage invalid message"),
    "7": Stopped(),
    "8": Rejected("Vonage account barred", is_channel=True),
    "9": Rejected("Vonage quota exceeded", is_channel=True),
    "10": Retry("Vonage too many binds"),
    "11": Rejected("Vonage account not enabled", is_channel=True),
    "12": Rejected("Vonage message too long"),
    "14": Rejected("Vonage invalid signature", is_channel=True),
    "15": Rejected("Vonage invalid sender", is_channel=True),
    "22": Rejected("Vonage invalid network code"),
    "23": Rejected("Vonage invalid callback", is_channel=True),
    "29": Rejected("Vonage number not listed for a trial", is_channel=True),
    "32": Rejected("Vonage two ways of signing", is_channel=True),
    "33": Rejected("Vonage number deactivated"),
}


@dataclass(frozen=True)
class Vonage:
    api_key: str
    api_secret: str = field(repr=False)
    signature_secret: str = field(repr=False)
    signature_method: str

    slug: ClassVar[str] = "vonage"
    name: ClassVar[str] = "Vonage"
    media: ClassVar[frozenset[Medium]] = frozenset({Medium.SMS})
    hooks: ClassVar[Mapping[Hook, frozenset[str]]] = {Hook.INBOUND: ANY_WAY, Hook.STATUS: ANY_WAY}
    options: ClassVar[Sequence[Option]] = (
        Option("api_key", N_("API key")),
        Option("api_secret", N_("API secret"), is_secret=True),
        Option("signature_secret", N_("Signature secret"), is_secret=True),
        Option(
            "signature_method",
            N_("Signature method: md5hash, md5, sha1, sha256 or sha512"),
            default="sha256",
        ),
    )
    replies_inline: ClassVar[bool] = False

    @classmethod
    def from_options(cls, options: Options) -> Self:
        chosen = read_options(cls.options, options)
        choice("signature_method", chosen["signature_method"], METHODS)
        return cls(**chosen)

    def verify(self, call: Call, hook: Hook, *, now: datetime) -> None:
        try:
            fields = fields_of(call)
            names = [name for name, _ in fields.pairs]
            given, told_at = fields.word("sig"), fields.word("timestamp")
        except Unreadable:
            raise Forged from None
        if len(set(names)) < len(names) or any("&" in name or "=" in name for name in names):
            raise Forged
        signed = signature(self.signature_secret, self.signature_method, fields)
        if not hmac.compare_digest(given.lower(), signed):
            raise Forged
        if not _is_fresh(told_at, now):
            raise Forged

    def parse(self, call: Call, hook: Hook) -> Sequence[GatewayEvent]:
        fields = fields_of(call)
        if hook is Hook.STATUS:
            return [_delivery(fields)]
        event_id, sender = fields.word("messageId"), msisdn(fields.text("msisdn"))
        # A binary message has data in place of a text.
        text, to = fields.text("text", ""), fields.text("to", "")
        if sender is None:
            return []
        sent_at = instant(fields.text("message-timestamp", ""))
        return [Inbound(event_id, sender, text, to=to, sent_at=sent_at)]

    def render(self, call: Call, hook: Hook, *, text: str | None, ends: bool) -> Answer:
        return Answer()

    def send(self, sms: Sms, http: httpx.Client) -> Outcome:
        form = {
            "api_key": self.api_key,
            "api_secret": self.api_secret,
            "from": bare(sms.sender),
            "to": bare(sms.to),
            "text": sms.text,
            "type": "unicode" if measure(sms.text).encoding == "ucs2" else "text",
            "client-ref": str(sms.our_id),
        }
        if sms.status_url:
            form |= {"status-report-req": "1", "callback": sms.status_url}
        response = ask(http, "POST", URL, data=form)
        if not isinstance(response, httpx.Response):
            return response
        return refusal(response) or _outcome(response)


def signature(secret: str, method: str, fields: Fields) -> str:
    """The signature in lower-case hexadecimal, over every field but itself in order of their names."""
    signed = "".join(
        f"&{name}={value.translate(SPLITTING)}"
        for name, value in sorted(fields.pairs)
        if name != "sig"
    ).encode("utf-8", "replace")
    if method == PLAIN_MD5:
        return hashlib.md5(signed + secret.encode(), usedforsecurity=False).hexdigest()
    return hmac.new(secret.encode(), signed, HMACS[method]).hexdigest()


def _is_fresh(told_at: str, now: datetime) -> bool:
    if not re.fullmatch(r"[0-9]{1,11}", told_at):
        return False
    return abs(now - datetime.fromtimestamp(int(told_at), UTC)) <= FRESH


def _delivery(fields: Fields) -> GatewayEvent:
    provider_id, word = fields.word("messageId"), fields.word("status")
    error = code(fields.text("err-code", ""))
    price = fields.text("price", "")
    return Delivery(
        f"{provider_id} {word} {error}".strip(),
        state_in(STATES, word),
        our_id=our_id(fields.find("client-ref")),
        provider_id=provider_id,
        error="" if error == NO_ERROR else error,
        is_opted_out=error == OPTED_OUT,
        cost=f"{price} {CURRENCY}" if minor(price, CURRENCY) is not None else "",
    )


def _outcome(response: httpx.Response) -> Outcome:
    """What became of the message's parts: Vonage answers for each of them, with a 200 whatever it says."""
    told = answered(response)
    parts = at(told, "messages")
    words = {plain(part, "status") for part in parts} if isinstance(parts, list) else set()
    if words == {TAKEN} and isinstance(parts, list):
        prices = [minor(plain(part, "message-price"), CURRENCY) for part in parts]
        known = [price for price in prices if price is not None]
        return Accepted(
            plain(told, "messages", 0, "message-id"),
            parts=len(parts),
            cost_minor=sum(known) if known and len(known) == len(prices) else None,
            currency=CURRENCY if known else "",
        )
    if len(words) == 1:
        return REFUSED.get(words.pop(), Uncertain("an answer that is not understood"))
    return Uncertain(
        "only some parts were taken" if TAKEN in words else "parts refused differently"
    )
