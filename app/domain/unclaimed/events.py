from dataclasses import dataclass

from app.core.outbox import Event


@dataclass(frozen=True)
class StipendWaiting(Event):
    """Something waits for someone who asked to be reminded. Neither what nor how much: a message must not tell."""

    participant_id: str
    language: str
    is_last: bool
