from dataclasses import dataclass

from app.core.outbox import Event


@dataclass(frozen=True)
class BatchWaits(Event):
    """A batch was prepared and waits for people who may approve it. It names nobody who is paid."""

    batch_id: str
    prepared_by: str
