"""The day's list: what a device needs to judge a card without a network, and nothing it could be read back from.

A card's *mark* is eight bytes of a hash of its token, which has 128 random bits. Printed codes have too few digits for
that and stand in no list. Marks are sorted within what they have in common, so their order tells nothing.
"""

import json
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.i18n import languages
from app.core.installation import epoch
from app.core.money import Money
from app.domain.coupons import queries as coupons
from app.domain.devices.queries import Device
from app.domain.pads import queries as pads
from app.domain.participants import queries as participants
from app.domain.programmes import queries as programmes
from app.domain.programmes.queries import ProgrammeFacts, SiteFacts
from app.domain.programmes.rules import Protocol, coupons_in_bundle

LABEL = b"pdi-desk-1"
MARK_BYTES = 8
# Older cards are not told from unknown ones; the desk serves their people all the same.
KEPT_DAYS = 180


@dataclass(frozen=True)
class Pack:
    """``body`` is JSON. ``tag`` stays the same for as long as a device would learn nothing new."""

    body: bytes
    tag: str


def mark(token: str) -> bytes:
    """What stands for a card in the list.

    >>> mark("C1AAAAAAAAAAAAAAAAAAAAAAAAAA").hex()
    '26a758a7787d4795'
    """
    return sha256(LABEL + token.encode()).digest()[:MARK_BYTES]


def pack_of(session: Session, device: Device, *, now: datetime) -> Pack:
    """All that a device is told, for its programme and its site."""
    sites = programmes.sites(session, device.programme_id)
    site = next(each for each in sites if each.id == device.actor.site_id)
    programme = programmes.programme(session, device.programme_id)
    protocol = programmes.current_protocol(session, device.programme_id)
    since = local_date(now, site.timezone) - timedelta(days=KEPT_DAYS)
    listed = coupons.listed(session, device.programme_id, since=since)
    told = {
        "epoch": str(epoch(session)),
        "device": {"id": str(device.id), "label": device.label},
        "username": device.actor.username,
        "may": sorted(device.actor.permissions),
        "programme": {"code": programme.code, "name": programme.name},
        "site": {"code": site.code, "name": site.name, "timezone": site.timezone},
        "protocol": {
            "version": protocol.version,
            **_rules(protocol.rules, site, programme, participants.reached(session, programme.id)),
        },
        "complete_until": _complete_until(protocol.rules, sites, now).isoformat(),
        "coupons": [
            {
                "status": dated.status.value,
                "from": dated.usable_from.isoformat(),
                "until": dated.usable_until.isoformat(),
                "marks": _marks(listed[dated]),
            }
            for dated in sorted(listed)
        ],
        "pads": _blank_pads(session, device.programme_id),
    }
    text = json.dumps(told, separators=(",", ":")).encode()
    made_at = json.dumps({"made_at": now.isoformat()}).encode()
    return Pack(made_at[:-1] + b"," + text[1:], sha256(text).hexdigest()[:32])


def _blank_pads(session: Session, programme_id: UUID) -> list[dict[str, Any]]:
    """Pads that can be given: of each size, the marks of one pad after the other."""
    by_size: dict[int, bytearray] = {}
    for size, tokens in pads.blanks(session, programme_id):
        marks = by_size.setdefault(size, bytearray())
        marks += b"".join(mark(each.text) for each in tokens)
    return [
        {"size": size, "marks": b64encode(marks).decode()}
        for size, marks in sorted(by_size.items())
    ]


def _marks(tokens: Iterable[str]) -> str:
    return b64encode(b"".join(sorted(map(mark, tokens)))).decode()


def _rules(
    rules: Protocol, site: SiteFacts, programme: ProgrammeFacts, reached: int
) -> dict[str, Any]:
    return {
        "minimum_age": rules.minimum_age,
        "grace_days": rules.grace_days,
        "activation_delay_days": _delay(rules, site),
        "validity_days": _first(site.validity_days, rules.validity_days),
        "bundle_size": coupons_in_bundle(rules, reached=reached, target=programme.target),
        "consent_purposes": list(rules.consent_purposes),
        "fee": _fee(rules, programme.currency),
    }


def _fee(rules: Protocol, currency: str) -> dict[str, Any] | None:
    """What a device may hand out itself, where the rules let it."""
    if not rules.fee_offline or not rules.stipends.primary:
        return None
    amount = Money(rules.stipends.primary, currency)
    return {
        "minor": amount.minor,
        "currency": currency,
        "text": {language: amount.text(language) for language in languages()},
    }


def _complete_until(rules: Protocol, sites: Iterable[SiteFacts], now: datetime) -> date:
    """The last day on which no card is good that was issued after this list was made."""
    return min(
        local_date(now, site.timezone) + timedelta(days=_delay(rules, site) - 1) for site in sites
    )


def _delay(rules: Protocol, site: SiteFacts) -> int:
    return _first(site.activation_delay_days, rules.activation_delay_days)


def _first(own: int | None, usual: int) -> int:
    return usual if own is None else own
