from dataclasses import dataclass

from app.core.outbox import Event


@dataclass(frozen=True)
class MessageDelivered(Event):
    """A message reached its telephone."""

    message_id: str


@dataclass(frozen=True)
class MessageFailed(Event):
    """A message surely did not reach its telephone, and is not tried again by itself."""

    message_id: str
