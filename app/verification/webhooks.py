"""Other systems that are told what happens."""

from collections.abc import Iterator

from sqlalchemy import String, case, func, select, type_coerce
from sqlalchemy.orm import Session

from app.core.crypto import KeyProblem
from app.domain.webhooks import queries
from app.domain.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookKey
from app.domain.webhooks.rules import KEY_BYTES, KEY_PREFIX, State, secret_of

_state = type_coerce(WebhookDelivery.state, String)


def keys(session: Session) -> Iterator[str]:
    """One key signs for each system, and beside it at most the one before."""
    current = func.sum(case((WebhookKey.is_retiring.is_(False), 1), else_=0))
    counted = session.execute(
        select(WebhookEndpoint.id, func.count(WebhookKey.id), current)
        .outerjoin(WebhookKey, WebhookKey.endpoint_id == WebhookEndpoint.id)
        .where(WebhookEndpoint.removed_at.is_(None))
        .group_by(WebhookEndpoint.id)
    )
    for endpoint_id, live, signing in counted:
        if live > 2 or signing != 1:
            yield f"webhook {endpoint_id} has {live} live keys, {signing or 0} of them the current one"
    for key_id, sealed in session.execute(select(WebhookKey.id, WebhookKey.sealed_key)):
        try:
            key = queries.open_key(session, key_id, sealed)
        except KeyProblem:
            continue  # the seals are a check of their own
        if not key.startswith(KEY_PREFIX) or len(secret_of(key)) != KEY_BYTES:
            yield f"the signing key {key_id} is none"


def deliveries(session: Session) -> Iterator[str]:
    """What waits has a body to send and no end; what has ended waits for no worker."""
    waits = _state == State.WAITING.value
    wrong = select(WebhookDelivery.id).where(
        (waits & (WebhookDelivery.sealed_body.is_(None) | WebhookDelivery.ended_at.is_not(None)))
        | (
            ~waits
            & (WebhookDelivery.ended_at.is_(None) | WebhookDelivery.leased_until.is_not(None))
        )
    )
    for delivery in session.scalars(wrong):
        yield f"webhook delivery {delivery} has not what its state says"
