"""What the shared tests need to know of each provider: options that work, and how it signs."""

import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from twilio.request_validator import RequestValidator

from app.gateways.adapter import Adapter, Call, Hook, Sms
from app.gateways.registry import adapter_for
from tests.gateways import made_up

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RAPIDPRO_AUTHORIZATION = "Token rapidpro-value-for-tests"
OUR_ID = UUID("0197a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b")
SMS = Sms(
    our_id=OUR_ID,
    to="+254711000111",
    text="Your visit is on Friday.",
    sender="20880",
    status_url="https://pdi.example/gw/slug/channel/secret/status",
)


def as_it_came(call: Call, hook: Hook) -> Call:
    return call


@dataclass(frozen=True)
class Case:
    """``sign`` makes a call the provider's own (NOW is when it does so); it changes something for the hooks in ``signs``, and is
    checked by the options in ``signing_options``. ``sends`` is for providers that take messages over HTTP;
    ``unreadable_success`` and ``after_a_500`` name the outcome of an answer of success that says nothing, and of a 500."""

    options: Mapping[str, str]
    sign: Callable[[Call, Hook], Call] = as_it_came
    signs: frozenset[Hook] = field(default_factory=frozenset)
    signing_options: frozenset[str] = field(default_factory=frozenset)
    sends: bool = True
    unreadable_success: str = "Uncertain"
    after_a_500: str = "Uncertain"


TWILIO_TOKEN = "twilio-token-for-tests"
VONAGE_SECRET = "vonage-signature-secret-for-tests"


class Repeatable(dict[str, list[str]]):
    """A form as Twilio's library wants it where names may come twice."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def by_twilio(call: Call, hook: Hook) -> Call:
    """As Twilio does it: its own library signs."""
    form = Repeatable()
    for name, value in parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True):
        form.setdefault(name, []).append(value)
    signature = RequestValidator(TWILIO_TOKEN).compute_signature(call.url, form)
    return replace(call, headers={**call.headers, "x-twilio-signature": signature})


def by_vonage(call: Call, hook: Hook) -> Call:
    """As Vonage's own clients do it: a timestamp, then the sorted fields, their values without & and =."""
    extra = {"timestamp": str(int(NOW.timestamp())), "nonce": "a6e3-for-tests"}
    if call.method == "GET":
        pairs = [*call.query, *extra.items()]
        pairs.append(("sig", vonage_signature(pairs)))
        return replace(call, query=pairs, url=f"{call.url.split('?')[0]}?{urlencode(pairs)}")
    if call.headers.get("content-type") == "application/json":
        try:
            told = json.loads(call.body)
            told |= extra
            told["sig"] = vonage_signature(told.items())
        except (ValueError, TypeError, RecursionError):
            return call
        return replace(call, body=json.dumps(told).encode())
    pairs = parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True)
    pairs += extra.items()
    pairs.append(("sig", vonage_signature(pairs)))
    return replace(call, body=urlencode(pairs).encode())


def vonage_signature(fields: Iterable[tuple[str, object]]) -> str:
    told = hmac.new(VONAGE_SECRET.encode(), digestmod="sha256")
    for name, value in sorted(fields, key=lambda field: field[0]):
        plain = str(value).replace("&", "_").replace("=", "_")
        told.update(f"&{name}={plain}".encode("utf-8", "replace"))
    return told.hexdigest().upper()


def with_authorization(call: Call, hook: Hook) -> Call:
    return replace(call, headers={**call.headers, "authorization": RAPIDPRO_AUTHORIZATION})


CASES: Mapping[str, Case] = {
    "advanta": Case({"api_key": "advanta-key-for-tests", "partner_id": "77"}),
    "africastalking": Case({"username": "sandbox", "api_key": "at-key-for-tests"}),
    "arkesel": Case({"api_key": "arkesel-key-for-tests"}),
    "beem": Case({"api_key": "beem-key", "secret_key": "beem-secret-for-tests"}),
    "console": Case({}, sends=False),
    "generic": Case(
        {"profile": made_up.profile(), "user": "pdi", "password": "kestrel-password-for-tests"}
    ),
    "hollatags": Case({}, sends=False),
    "hubtel": Case({}, sends=False),
    "infobip": Case({"host": "abc123.api.infobip.com", "api_key": "infobip-key-for-tests"}),
    "kannel": Case({"username": "tester", "password": "kannel-password-for-tests"}),
    "moolre": Case({}, sends=False),
    "nalo": Case({}, sends=False),
    "rapidpro": Case(
        {
            "url": "https://rapidpro.example/",
            "channel": "dbc126ed-66bc-4e28-b67b-81dc3327c95d",
            "authorization": RAPIDPRO_AUTHORIZATION,
        },
        sign=with_authorization,
    ),
    "twilio": Case(
        {"account_sid": "AC" + "0123456789abcdef" * 2, "auth_token": TWILIO_TOKEN},
        sign=by_twilio,
        signs=frozenset({Hook.INBOUND, Hook.STATUS}),
        signing_options=frozenset({"auth_token"}),
    ),
    "vonage": Case(
        {
            "api_key": "abcd1234",
            "api_secret": "vonage-secret-for-tests",
            "signature_secret": VONAGE_SECRET,
        },
        sign=by_vonage,
        signs=frozenset({Hook.INBOUND, Hook.STATUS}),
        signing_options=frozenset({"signature_secret"}),
    ),
}


def adapter(slug: str) -> Adapter:
    return adapter_for(slug, CASES[slug].options)
