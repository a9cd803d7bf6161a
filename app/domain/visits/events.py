from dataclasses import dataclass

from app.core.outbox import Event


@dataclass(frozen=True)
class VisitCompleted(Event):
    participant_id: str


@dataclass(frozen=True)
class BundleIssued(Event):
    bundle_id: str
