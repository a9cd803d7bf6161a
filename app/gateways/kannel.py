"""Kannel, the operator's own gateway: SMS, and USSD over SMPP. It is ours to configure, so the names of its fields are ours.

On a private network, smsbox calls us with what these escapes hold (one line in its configuration)::

    group = sms-service
    keyword = default
    catch-all = true
    get-url = "https://…/gw/kannel/…/inbound?from=%p&to=%P&text=%b&charset=%C&id=%I&time=%T&meta=%D"
    accept-x-kannel-headers = true
    omit-empty = true
    concatenation = true
    max-messages = 3

``%I`` stays the same when a call is repeated. ``mo-recode = true`` and four empty ``reply-…`` belong into ``group = smsbox``,
or telephones get Kannel's own English when we are away. USSD over SMPP needs the operator's TLV to be named::

    group = smpp-tlv
    name = ussd_op
    tag = 0x0501
    type = integer
    length = 1

Guide: https://www.kannel.org/download/1.4.5/userguide-1.4.5/userguide.html. What it leaves out was seen with 1.4.5 running:
only a 200 counts, a body without a Content-Type goes out as bytes, and text that is not GSM-7 becomes ``???`` unless the coding
says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import ClassVar, Self
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode, urlsplit

import httpx

from app.core.i18n import N_
from app.domain.channels.events import (
    Delivery,
    DeliveryState,
    GatewayEvent,
    HungUp,
    Inbound,
    Medium,
    Pressed,
)
from app.gateways import network
from app.gateways.adapter import (
    Accepted,
    Answer,
    BadOptions,
    Call,
    Hook,
    Option,
    Options,
    Outcome,
    Rejected,
    Sms,
    Uncertain,
    Unreadable,
)
from app.gateways.choosing import read_options
from app.gateways.numbers import msisdn
from app.gateways.reading import Fields, query_of
from app.gateways.words import our_id, state_in
from app.telephone.lengths import is_gsm7, measure

STATES: Mapping[str, DeliveryState] = {
    "1": DeliveryState.DELIVERED,
    "2": DeliveryState.FAILED,
    "4": DeliveryState.QUEUED,
    "8": DeliveryState.SENT,
    "16": DeliveryState.FAILED,
}
ERRORS: Mapping[str, str] = {"2": "undelivered", "16": "refused"}
EVERY_REPORT = str(sum(map(int, STATES)))

# ussd_service_op of SMPP 3.4, 5.3.2.44: a telephone opens a menu, or answers what we asked.
OPENS = frozenset({0, 1})
ANSWERS = frozenset({2, 18})
CHARSETS: Mapping[str, str] = {
    "UTF-16BE": "utf-16-be",
    "ISO-8859-1": "latin-1",
    "WINDOWS-1252": "cp1252",
}
GSM7, UCS2 = "0", "2"


@dataclass(frozen=True)
class Kannel:
    """A smsbox and its bearerbox."""

    slug: ClassVar[str] = "kannel"
    name: ClassVar[str] = "Kannel"
    media: ClassVar[frozenset[Medium]] = frozenset({Medium.SMS, Medium.USSD})
    hooks: ClassVar[Mapping[Hook, frozenset[str]]] = {
        Hook.INBOUND: frozenset({"GET"}),
        Hook.USSD: frozenset({"GET"}),
        Hook.STATUS: frozenset({"GET"}),
    }
    replies_inline: ClassVar[bool] = True
    options: ClassVar[Sequence[Option]] = (
        Option(
            "sendsms_url",
            N_("Address of sendsms"),
            default="http://127.0.0.1:13013/cgi-bin/sendsms",
        ),
        Option("username", N_("User name")),
        Option("password", N_("Password"), is_secret=True),
        Option("smsc", N_("SMSC to send through (smsc-id)"), is_required=False),
        Option("most_parts", N_("Most parts of a message (max-messages)"), default="3"),
        Option("ussd_goes_on", N_("ussd_op of a screen that waits for an answer"), default="2"),
        Option("ussd_ends", N_("ussd_op of a last screen"), default="17"),
    )

    sendsms_url: str
    username: str
    password: str = field(repr=False)
    smsc: str
    most_parts: int
    ussd_goes_on: int
    ussd_ends: int

    @classmethod
    def from_options(cls, options: Options) -> Self:
        """Raises: BadOptions."""
        read = read_options(cls.options, options)
        return cls(
            sendsms_url=read["sendsms_url"],
            username=read["username"],
            password=read["password"],
            smsc=read["smsc"],
            most_parts=_number(read, "most_parts", 1, 10),
            ussd_goes_on=_number(read, "ussd_goes_on", 0, 255),
            ussd_ends=_number(read, "ussd_ends", 0, 255),
        )

    def verify(self, call: Call, hook: Hook, *, now: datetime) -> None:
        """Kannel signs nothing: the private network and the secret address are all there is."""

    def parse(self, call: Call, hook: Hook) -> Sequence[GatewayEvent]:
        fields = query_of(call)
        if hook is Hook.STATUS:
            return [_report(fields)]
        sender, operation = msisdn(fields.text("from")), _ussd_op(fields)
        if sender is None:
            return []  # an operator's advertisement: nobody waits for an answer
        if operation is None:
            return [
                Inbound(
                    event_id=fields.word("id"),
                    sender=sender,
                    text=_text(call, fields),
                    to=fields.text("to", ""),
                    sent_at=_instant(fields.text("time", "")),
                )
            ]
        if operation not in OPENS | ANSWERS:
            return [HungUp(_session_of(sender))]
        return [
            Pressed(
                session_id=_session_of(sender),
                sender=sender,
                text="" if operation in OPENS else _text(call, fields),
                is_new=operation in OPENS,
                event_id=fields.word("id"),
            )
        ]

    def render(self, call: Call, hook: Hook, *, text: str | None, ends: bool) -> Answer:
        if not text:
            return Answer()
        headers = {} if is_gsm7(text) else {"X-Kannel-Coding": UCS2}
        if hook is not Hook.STATUS and _ussd_op(query_of(call)) is not None:
            operation = self.ussd_ends if ends else self.ussd_goes_on
            headers["X-Kannel-Meta-Data"] = f"?smpp?ussd_op={operation}"
            headers["X-Kannel-BInfo"] = "USSD"  # the service_type of SMPP
        return Answer(text.encode(), headers=headers)

    def send(self, sms: Sms, http: httpx.Client) -> Outcome:
        parts = measure(sms.text).parts
        if parts > self.most_parts:
            # Kannel would cut the text at max-messages and still say 202.
            return Rejected(f"the text takes {parts} parts")
        answer = network.ask(
            http,
            "POST",
            self.sendsms_url,
            content=sms.text.encode(),
            headers=self._headers(sms),
        )
        if not isinstance(answer, httpx.Response):
            return answer
        if answer.status_code == httpx.codes.ACCEPTED:
            return Accepted(parts=parts)
        return network.refusal(answer) or Uncertain(f"HTTP {answer.status_code}")

    def _headers(self, sms: Sms) -> dict[str, str]:
        """As headers and a body, number and text are in no address, and so in nobody's log of addresses."""
        headers = {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-Kannel-Username": self.username,
            "X-Kannel-Password": self.password,
            "X-Kannel-To": sms.to,
            "X-Kannel-Coding": GSM7 if is_gsm7(sms.text) else UCS2,
        }
        if sms.sender:
            headers["X-Kannel-From"] = sms.sender
        if self.smsc:
            headers["X-Kannel-SMSC"] = self.smsc
        if sms.status_url:
            headers["X-Kannel-DLR-Mask"] = EVERY_REPORT
            headers["X-Kannel-DLR-Url"] = _report_url(sms)
        return headers


def _number(options: Mapping[str, str], name: str, least: int, most: int) -> int:
    text = options[name]
    if not (text.isascii() and text.isdigit() and least <= int(text[:4]) <= most):
        raise BadOptions(name, f"must be a number from {least} to {most}")
    return int(text)


def _report_url(sms: Sms) -> str:
    """Where Kannel reports to: ``%d`` and ``%F`` are its escapes, everything else must come through them unharmed."""
    ours = quote(f"{sms.status_url}{'&' if '?' in sms.status_url else '?'}", safe="/:?&=%")
    return f"{ours.replace('%', '%%')}{urlencode({'ours': str(sms.our_id)})}&state=%d&theirs=%F"


def _report(fields: Fields) -> Delivery:
    word, ours = fields.word("state"), our_id(fields.word("ours"))
    if ours is None:
        raise Unreadable("ours is none of our ids")
    return Delivery(
        event_id=f"{ours}:{word}",
        state=state_in(STATES, word),
        our_id=ours,
        provider_id=fields.word("theirs", ""),
        error=ERRORS.get(word, ""),
    )


def _text(call: Call, fields: Fields) -> str:
    """The text in its own charset: with ``mo-recode`` that is UTF-8, in which the query has been read already."""
    charset = CHARSETS.get(fields.text("charset", "").upper())
    if charset is None:
        return fields.text("text", "")
    raw = (part.partition("=") for part in urlsplit(call.url).query.split("&"))
    written = next((value for name, _, value in raw if name == "text"), "")
    try:
        text = unquote_to_bytes(written.replace("+", " ")).decode(charset)
    except ValueError:
        raise Unreadable("the text is not in its charset") from None
    return Fields([("text", text)]).text("text")


def _ussd_op(fields: Fields) -> int | None:
    """The operation in ``%D``, which is ``?smpp?ussd_op=%01&``: an octet, written as a number by some patched versions."""
    _, group, values = fields.text("meta", "").rpartition("?smpp?")
    if not group:
        return None
    found = dict(parse_qsl(values, encoding="latin-1")).get("ussd_op", "")
    if found.isascii() and found.isdigit():
        return int(found[:3])
    return ord(found) if len(found) == 1 else None


def _session_of(sender: str) -> str:
    """SMPP names no session that Kannel would tell us; a telephone has one menu open at a time. The number stays out of it."""
    return sha256(sender.encode()).hexdigest()


def _instant(text: str) -> datetime | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        return None
    return datetime.fromtimestamp(int(text), UTC)
