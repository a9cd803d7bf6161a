from dataclasses import dataclass

from app.core.outbox import Event


@dataclass(frozen=True)
class FloatLow(Event):
    """A site's cash is below the protocol's line; once a day while it is. It names no person."""

    site_id: str
    on: str
    balance_minor: int
    low_minor: int
    currency: str
