from dataclasses import dataclass

from app.core.outbox import Event


@dataclass(frozen=True)
class CouponRedeemed(Event):
    redemption_id: str
