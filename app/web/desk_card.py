"""A coupon that was read, as the desk's page shows it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from app.core.clock import local_date
from app.core.codes import Code
from app.domain.coupons.errors import CouponRefused
from app.domain.intake.rules import Scan
from app.domain.participants.queries import Match
from app.domain.programmes.queries import SiteFacts

COLOURS = {
    "good": "green",
    "mistyped_code": "orange",
    "not_yet_active": "orange",
    "expired": "red",
    "already_redeemed": "red",
    "void": "red",
    "lost": "red",
}


@dataclass(frozen=True)
class Card:
    """A verdict, never whose card it is.

    ``name`` is what to carry on under, empty when nothing could be read. ``scan_id`` is that of the next attempt.
    ``late_until`` is set while a supervisor may still accept a card past its last day.
    """

    verdict: str
    name: str
    scan_id: UUID
    scanned_at: datetime
    used_at: datetime | None = None
    usable_from: date | None = None
    usable_until: date | None = None
    late_until: date | None = None

    @property
    def colour(self) -> str:
        return "orange" if self.late_until else COLOURS.get(self.verdict, "grey")


@dataclass(frozen=True)
class Known:
    """People with the same code who came before: the desk asks whether she is one of them.

    ``code`` is that of the refusal, ``uic`` what she gave.
    """

    matches: list[Match]
    code: str
    uic: str


def card_of(
    scan: Scan, refusal: CouponRefused | None, *, place: SiteFacts, now: datetime, grace_days: int
) -> Card:
    """What a scan was answered. The answer to a refused scan is kept, so what follows it is another scan."""
    name = scan.card.digits if isinstance(scan.card, Code) else scan.card.text
    if refusal is None:
        return Card("good", name, scan.id, scan.scanned_at)
    until = _day(refusal.facts.get("usable_until"))
    late_until = until + timedelta(days=grace_days) if until else None
    in_grace = late_until is not None and local_date(now, place.timezone) <= late_until
    return Card(
        refusal.code,
        name,
        uuid4(),
        scan.scanned_at,
        used_at=_moment(refusal.facts.get("redeemed_at"), place.timezone),
        usable_from=_day(refusal.facts.get("usable_from")),
        usable_until=until,
        late_until=late_until if in_grace else None,
    )


def _day(text: object) -> date | None:
    return date.fromisoformat(text) if isinstance(text, str) else None


def _moment(text: object, timezone: str) -> datetime | None:
    if not isinstance(text, str):
        return None
    return datetime.fromisoformat(text).astimezone(ZoneInfo(timezone))
