from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from app.core.crypto import keyring_of
from app.domain.webhooks.errors import UnknownWebhook
from app.domain.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookKey
from app.domain.webhooks.rules import OffBecause, Problem, State, types_of

LONGEST_LOG = 100


@dataclass(frozen=True)
class KeyFacts:
    """A live key, without what it signs with."""

    id: UUID
    is_retiring: bool
    made_at: datetime


@dataclass(frozen=True)
class EndpointFacts:
    """Another system as whoever looks after it sees it. ``waiting`` and ``failed`` count what the log still holds."""

    id: UUID
    name: str
    url: str = field(repr=False)
    event_types: tuple[str, ...]
    is_on: bool
    off_because: OffBecause | None
    off_at: datetime | None
    failing_since: datetime | None
    succeeded_at: datetime | None
    made_at: datetime
    keys: tuple[KeyFacts, ...]
    waiting: int
    failed: int


@dataclass(frozen=True)
class DeliveryFacts:
    """A line of the log. ``can_repeat`` while what was sent is still kept."""

    id: UUID
    webhook_id: UUID
    event_type: str
    state: State
    tries: int
    next_try_at: datetime
    last_code: int | None
    last_problem: Problem | None
    tried_at: datetime | None
    made_at: datetime
    ended_at: datetime | None
    can_repeat: bool


def endpoints(session: Session, programme_id: UUID) -> list[EndpointFacts]:
    """Every endpoint of a programme that was not removed, the oldest first."""
    rows = session.scalars(
        select(WebhookEndpoint)
        .where(WebhookEndpoint.programme_id == programme_id, WebhookEndpoint.removed_at.is_(None))
        .order_by(WebhookEndpoint.made_at, WebhookEndpoint.id)
    ).all()
    return _facts(session, rows)


def endpoint(session: Session, endpoint_id: UUID, *, programme_id: UUID) -> EndpointFacts:
    """Raises: UnknownWebhook."""
    row = session.scalar(one_endpoint(endpoint_id, programme_id))
    if row is None:
        raise UnknownWebhook
    return _facts(session, [row])[0]


def deliveries(
    session: Session, endpoint_id: UUID, *, programme_id: UUID, state: State | None = None
) -> list[DeliveryFacts]:
    """The last lines of an endpoint's log, the newest first."""
    found = (
        select(WebhookDelivery)
        .where(
            WebhookDelivery.endpoint_id == endpoint_id,
            WebhookDelivery.programme_id == programme_id,
        )
        .order_by(WebhookDelivery.made_at.desc(), WebhookDelivery.id.desc())
        .limit(LONGEST_LOG)
    )
    if state:
        found = found.where(WebhookDelivery.state == state)
    return [
        DeliveryFacts(
            row.id,
            row.webhook_id,
            row.event_type,
            row.state,
            row.tries,
            row.next_try_at,
            row.last_code,
            row.last_problem,
            row.tried_at,
            row.made_at,
            row.ended_at,
            row.sealed_body is not None,
        )
        for row in session.scalars(found)
    ]


def endpoints_due(session: Session, *, now: datetime) -> list[UUID]:
    """Endpoints to which something is to be sent now; whoever has waited longest comes first."""
    found = (
        select(WebhookDelivery.endpoint_id)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .where(*is_due(now))
        .group_by(WebhookDelivery.endpoint_id)
        .order_by(func.min(WebhookDelivery.next_try_at))
    )
    return list(session.scalars(found))


def listens(session: Session, programme_id: UUID, event_type: str) -> list[UUID]:
    """The endpoints that are told of a kind of event now."""
    rows = session.execute(
        select(WebhookEndpoint.id, WebhookEndpoint.event_types).where(
            WebhookEndpoint.programme_id == programme_id, WebhookEndpoint.is_on.is_(True)
        )
    )
    return [row.id for row in rows if event_type in row.event_types]


def is_listened_to(session: Session, programme_id: UUID, kind: str) -> bool:
    """Whether anyone is told of events of a kind."""
    return any(listens(session, programme_id, each.name) for each in types_of(kind))


def live_keys(session: Session, endpoint_id: UUID) -> list[str]:
    """What signs for an endpoint now, the current key first."""
    rows = session.execute(
        select(WebhookKey.id, WebhookKey.sealed_key)
        .where(WebhookKey.endpoint_id == endpoint_id)
        .order_by(WebhookKey.is_retiring)
    )
    return [open_key(session, row.id, row.sealed_key) for row in rows]


def open_key(session: Session, key_id: UUID, sealed: bytes) -> str:
    return (
        keyring_of(session)
        .open(sealed, table="webhook_key", column="sealed_key", row=key_id)
        .decode()
    )


def open_url(session: Session, row: WebhookEndpoint) -> str:
    return (
        keyring_of(session)
        .open(row.sealed_url, table="webhook_endpoint", column="sealed_url", row=row.id)
        .decode()
    )


def one_endpoint(endpoint_id: UUID, programme_id: UUID) -> Select[WebhookEndpoint]:
    return select(WebhookEndpoint).where(
        WebhookEndpoint.id == endpoint_id,
        WebhookEndpoint.programme_id == programme_id,
        WebhookEndpoint.removed_at.is_(None),
    )


def is_due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What makes a delivery one to send now, of an endpoint it is joined with."""
    return (
        WebhookEndpoint.is_on.is_(True),
        WebhookDelivery.state == State.WAITING,
        WebhookDelivery.next_try_at <= now,
        or_(WebhookDelivery.leased_until.is_(None), WebhookDelivery.leased_until < now),
    )


def _facts(session: Session, rows: Sequence[WebhookEndpoint]) -> list[EndpointFacts]:
    ids = [row.id for row in rows]
    keys: dict[UUID, list[KeyFacts]] = {each: [] for each in ids}
    for key in session.scalars(
        select(WebhookKey).where(WebhookKey.endpoint_id.in_(ids)).order_by(WebhookKey.is_retiring)
    ):
        keys[key.endpoint_id].append(KeyFacts(key.id, key.is_retiring, key.made_at))
    counted = session.execute(
        select(WebhookDelivery.endpoint_id, WebhookDelivery.state, func.count())
        .where(WebhookDelivery.endpoint_id.in_(ids))
        .group_by(WebhookDelivery.endpoint_id, WebhookDelivery.state)
    )
    counts = {(endpoint_id, state): number for endpoint_id, state, number in counted}
    return [
        EndpointFacts(
            id=row.id,
            name=row.name,
            url=open_url(session, row),
            event_types=tuple(row.event_types),
            is_on=row.is_on,
            off_because=row.off_because,
            off_at=row.off_at,
            failing_since=row.failing_since,
            succeeded_at=row.succeeded_at,
            made_at=row.made_at,
            keys=tuple(keys[row.id]),
            waiting=counts.get((row.id, State.WAITING), 0),
            failed=counts.get((row.id, State.FAILED), 0),
        )
        for row in rows
    ]
