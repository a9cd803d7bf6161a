"""The words every gateway speaks, where they were first; they live in ``channels/events.py``, below the nouns that need them."""

from app.domain.channels.events import (
    Delivery,
    DeliveryState,
    GatewayEvent,
    HungUp,
    Inbound,
    Medium,
    OptedOut,
    Pressed,
)

__all__ = [
    "Delivery",
    "DeliveryState",
    "GatewayEvent",
    "HungUp",
    "Inbound",
    "Medium",
    "OptedOut",
    "Pressed",
]
