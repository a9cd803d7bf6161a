"""What the shared tests need to know of each provider: options that work, and how it signs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from app.gateways.adapter import Adapter, Call, Hook, Sms
from app.gateways.registry import adapter_for

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
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


CASES: Mapping[str, Case] = {
    "africastalking": Case({"username": "sandbox", "api_key": "at-key-for-tests"}),
}


def adapter(slug: str) -> Adapter:
    return adapter_for(slug, CASES[slug].options)
