from dataclasses import dataclass

from app.core.outbox import Event


@dataclass(frozen=True)
class FeedbackWaits(Event):
    """Something that was said on an earlier day waits to be answered; once a day while it does.

    Never told in the moment it was said: an event has a time, and times join what was said to who was calling.
    """

    on: str
    waiting: int
