from dataclasses import dataclass

from app.core.outbox import Event


@dataclass(frozen=True)
class BatchWaits(Event):
    """A batch was prepared and waits for people who may approve it. It names nobody who is paid."""

    batch_id: str
    prepared_by: str


@dataclass(frozen=True)
class BatchReleased(Event):
    """The money of a batch is on its way."""

    batch_id: str


@dataclass(frozen=True)
class BatchClosed(Event):
    """It is known of every payment of a batch what became of it."""

    batch_id: str
