import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.addresses import Network
from app.core.clock import local_date
from app.core.crypto import keyring_of
from app.core.db import apart, put
from app.core.ids import uuid7
from app.domain.programmes import queries as programmes
from app.domain.staff.actions import record_act
from app.domain.staff.queries import Actor
from app.domain.webhooks import queries, rules
from app.domain.webhooks.errors import (
    BadWebhook,
    NothingToSend,
    TwoKeysAlready,
    UnknownWebhook,
    WebhookOff,
)
from app.domain.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookKey
from app.domain.webhooks.rules import OffBecause, Problem, State


@dataclass(frozen=True)
class Wanted:
    """An endpoint as someone filled its form in."""

    name: str
    url: str = field(repr=False)
    event_types: Sequence[str]


@dataclass(frozen=True)
class Taken:
    """A delivery that one worker has to itself for a while; ``tries`` is its fence."""

    id: UUID
    endpoint_id: UUID
    webhook_id: UUID
    url: str = field(repr=False)
    body: bytes = field(repr=False)
    keys: Sequence[str] = field(repr=False)
    tries: int


@dataclass(frozen=True)
class Said:
    """What a receiver answered: a status code, or why there was none."""

    code: int | None = None
    problem: Problem | None = None
    retry_after: timedelta | None = None


def add_endpoint(
    session: Session,
    endpoint_id: UUID,
    wanted: Wanted,
    *,
    networks: Sequence[Network] = (),
    by: Actor,
    now: datetime,
) -> str | None:
    """Tell another system from now on; returns its first key, which is shown once. The id is made by the form.

    The same form again adds nothing, and gives the key back only at once and to the same person.

    Raises:
        BadWebhook.
    """
    if session.get(WebhookEndpoint, endpoint_id):
        queries.endpoint(session, endpoint_id, programme_id=by.programme_id)
        return _same_key(session, endpoint_id, endpoint_id, by, now)
    name, url, types = _checked(wanted, networks)
    if len(queries.endpoints(session, by.programme_id)) >= rules.MOST_ENDPOINTS:
        raise BadWebhook(field="name", reason="too_many")
    session.add(
        WebhookEndpoint(
            id=endpoint_id,
            programme_id=by.programme_id,
            name=name,
            sealed_url=_seal_url(session, endpoint_id, url),
            event_types=types,
            is_on=True,
            made_by=by.staff_id,
            made_at=now,
        )
    )
    session.flush()
    record_act(session, "webhook.added", endpoint_id, by, now, types=types)
    return _add_key(session, endpoint_id, endpoint_id, by, now)


def change_endpoint(
    session: Session,
    endpoint_id: UUID,
    wanted: Wanted,
    *,
    networks: Sequence[Network] = (),
    by: Actor,
    now: datetime,
) -> None:
    """Raises: UnknownWebhook, BadWebhook."""
    row = _lock(session, endpoint_id, by)
    name, url, types = _checked(wanted, networks)
    if (row.name, list(row.event_types), queries.open_url(session, row)) == (name, types, url):
        return
    row.name, row.event_types = name, types
    row.sealed_url = _seal_url(session, endpoint_id, url)
    record_act(session, "webhook.changed", endpoint_id, by, now, types=types)


def switch(session: Session, endpoint_id: UUID, *, is_on: bool, by: Actor, now: datetime) -> None:
    """Stop telling a system, or go on. What happens meanwhile it is never told; what waits stays. Raises: UnknownWebhook."""
    row = _lock(session, endpoint_id, by)
    if row.is_on == is_on:
        return
    row.is_on = is_on
    row.off_because, row.off_at = (None, None) if is_on else (OffBecause.BY_PERSON, now)
    row.failing_since = None
    act = "webhook.switched_on" if is_on else "webhook.switched_off"
    record_act(session, act, endpoint_id, by, now)


def remove(session: Session, endpoint_id: UUID, *, by: Actor, now: datetime) -> None:
    """Forget a system with its address, its keys and its log. Raises: UnknownWebhook."""
    row = _lock(session, endpoint_id, by)
    row.is_on, row.off_because, row.off_at = False, OffBecause.BY_PERSON, row.off_at or now
    row.sealed_url, row.removed_at = _seal_url(session, endpoint_id, ""), now
    for model in (WebhookKey, WebhookDelivery):
        session.execute(delete(model).where(model.endpoint_id == endpoint_id))
    record_act(session, "webhook.removed", endpoint_id, by, now)


def renew_key(
    session: Session, endpoint_id: UUID, key_id: UUID, *, by: Actor, now: datetime
) -> str | None:
    """Make another key, shown once; the one there was signs beside it until someone ends it. The id is made by the form.

    Raises:
        UnknownWebhook.
        TwoKeysAlready: the last change of keys was not ended.
    """
    _lock(session, endpoint_id, by)
    if session.get(WebhookKey, key_id):
        return _same_key(session, endpoint_id, key_id, by, now)
    mine = WebhookKey.endpoint_id == endpoint_id
    if session.scalar(select(WebhookKey.id).where(mine, WebhookKey.is_retiring.is_(True))):
        raise TwoKeysAlready
    session.execute(update(WebhookKey).where(mine).values(is_retiring=True))
    return _add_key(session, endpoint_id, key_id, by, now)


def end_old_key(session: Session, endpoint_id: UUID, *, by: Actor, now: datetime) -> None:
    """From now on only the new key signs. Raises: UnknownWebhook."""
    _lock(session, endpoint_id, by)
    ended = session.execute(
        delete(WebhookKey).where(
            WebhookKey.endpoint_id == endpoint_id, WebhookKey.is_retiring.is_(True)
        )
    )
    if ended.rowcount:  # type: ignore[attr-defined]
        record_act(session, "webhook.key_ended", endpoint_id, by, now)


def send_test(
    session: Session, endpoint_id: UUID, form_id: UUID, *, by: Actor, now: datetime
) -> None:
    """Send an event that tells nothing. Raises: UnknownWebhook, WebhookOff."""
    row = _lock(session, endpoint_id, by)
    if not row.is_on:
        raise WebhookOff
    body = rules.body_of(None, {}, at=now, on=now.date())
    if _put(session, row.id, row.programme_id, form_id, rules.TEST_TYPE, body, now):
        record_act(session, "webhook.tested", endpoint_id, by, now)


def repeat(
    session: Session, endpoint_id: UUID, delivery_id: UUID, *, seen: int, by: Actor, now: datetime
) -> None:
    """Send one line of the log again under its id. ``seen`` is how often it had been tried when someone asked.

    Raises:
        UnknownWebhook, WebhookOff, NothingToSend.
    """
    row = _lock(session, endpoint_id, by)
    if not row.is_on:
        raise WebhookOff
    line = session.scalar(
        select(WebhookDelivery)
        .where(WebhookDelivery.id == delivery_id, WebhookDelivery.endpoint_id == endpoint_id)
        .with_for_update()
    )
    if line is None:
        raise UnknownWebhook
    if line.state is State.WAITING or line.tries != seen:
        return
    if line.sealed_body is None:
        raise NothingToSend
    _begin_again(session, [line.id], now)
    record_act(session, "webhook.repeated", endpoint_id, by, now, lines=1)


def repeat_failed(
    session: Session, endpoint_id: UUID, *, since: date, by: Actor, now: datetime
) -> int:
    """Send again whatever was not taken since a day, each under its id; returns how many. Raises: UnknownWebhook, WebhookOff."""
    row = _lock(session, endpoint_id, by)
    if not row.is_on:
        raise WebhookOff
    zone = programmes.clock_of(session, by.programme_id, None)
    found = session.execute(
        select(WebhookDelivery.id, WebhookDelivery.made_at).where(
            WebhookDelivery.endpoint_id == endpoint_id,
            WebhookDelivery.state == State.FAILED,
            WebhookDelivery.sealed_body.is_not(None),
        )
    )
    lines = [each.id for each in found if local_date(each.made_at, zone) >= since]
    if lines:
        _begin_again(session, lines, now)
        record_act(session, "webhook.repeated", endpoint_id, by, now, lines=len(lines))
    return len(lines)


def tell(
    session: Session,
    programme_id: UUID,
    event_id: UUID,
    kind: str,
    happened: Mapping[str, Any],
    *,
    at: datetime,
    now: datetime,
) -> int:
    """Put an event on its way to whoever listens; returns to how many. The same event again goes nowhere twice.

    A receiver knows it by a keyed digest of its id: our own would tell to the millisecond when it happened.
    """
    told = 0
    webhook_id = UUID(bytes=keyring_of(session).digest("webhook-id", event_id.hex)[:16], version=4)
    for each in rules.types_of(kind):
        listening = queries.listens(session, programme_id, each.name)
        if not listening:
            continue
        on = local_date(at, programmes.clock_of(session, programme_id, None))
        body = rules.body_of(each, happened, at=at, on=on)
        for endpoint_id in listening:
            told += _put(session, endpoint_id, programme_id, webhook_id, each.name, body, now)
    return told


def take(session: Session, endpoint_id: UUID, *, now: datetime) -> Taken | None:
    """Take the delivery that has waited longest, for as long as a lease lasts. Of several workers each gets another."""
    row = session.scalar(
        select(WebhookDelivery)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
        .where(WebhookDelivery.endpoint_id == endpoint_id, *queries.is_due(now))
        .order_by(WebhookDelivery.next_try_at, WebhookDelivery.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=WebhookDelivery)
    )
    if row is None or row.sealed_body is None:
        return None
    row.leased_until = now + rules.LEASE
    row.tries, row.attempt, row.tried_at = row.tries + 1, row.attempt + 1, now
    endpoint = session.get_one(WebhookEndpoint, endpoint_id)
    body = keyring_of(session).open(
        row.sealed_body, table="webhook_delivery", column="sealed_body", row=row.id
    )
    session.flush()
    return Taken(
        row.id,
        endpoint_id,
        row.webhook_id,
        queries.open_url(session, endpoint),
        body,
        queries.live_keys(session, endpoint_id),
        row.tries,
    )


def note(session: Session, taken: Taken, said: Said, *, luck: float, now: datetime) -> bool:
    """Keep what a receiver answered; returns whether it took the event. Nothing changes where the lease is another's by now."""
    row = session.scalar(
        select(WebhookDelivery)
        .where(
            WebhookDelivery.id == taken.id,
            WebhookDelivery.tries == taken.tries,
            WebhookDelivery.state == State.WAITING,
        )
        .with_for_update()
    )
    is_taken = rules.is_taken(said.code)
    if row is None:
        return is_taken
    row.leased_until, row.last_code, row.last_problem = None, said.code, said.problem
    wait = rules.wait_after(row.attempt, luck=luck, asked=said.retry_after)
    if is_taken:
        row.state, row.ended_at = State.DELIVERED, now
    elif wait is None or rules.is_gone(said.code):
        row.state, row.ended_at = State.FAILED, now
    else:
        row.next_try_at = now + wait
    session.flush()
    _note_health(session, taken.endpoint_id, said, now)
    return is_taken


def forget_old(session: Session, *, now: datetime) -> int:
    """Empty what was taken a week ago, and strike lines of a month ago off the log; returns how many."""
    emptied = session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.state == State.DELIVERED,
            WebhookDelivery.ended_at < now - rules.KEEP_BODY,
            WebhookDelivery.sealed_body.is_not(None),
        )
        .values(sealed_body=None)
    )
    struck = session.execute(
        delete(WebhookDelivery).where(WebhookDelivery.made_at < now - rules.KEEP_LOG)
    )
    return int(emptied.rowcount + struck.rowcount)  # type: ignore[attr-defined]


def _note_health(session: Session, endpoint_id: UUID, said: Said, now: datetime) -> None:
    row = session.scalar(
        select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).with_for_update()
    )
    if row is None or not row.is_on:
        return
    if rules.is_taken(said.code):
        row.succeeded_at, row.failing_since = now, None
        return
    row.failing_since = row.failing_since or now
    if rules.is_gone(said.code):
        row.is_on, row.off_because, row.off_at = False, OffBecause.GONE, now
    elif now - row.failing_since >= rules.PATIENCE:
        row.is_on, row.off_because, row.off_at = False, OffBecause.FAILING, now


def _begin_again(session: Session, lines: Iterable[UUID], now: datetime) -> None:
    session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.id.in_(list(lines)))
        .values(state=State.WAITING, attempt=0, next_try_at=now, leased_until=None, ended_at=None)
    )


def _put(
    session: Session,
    endpoint_id: UUID,
    programme_id: UUID,
    webhook_id: UUID,
    event_type: str,
    body: bytes,
    now: datetime,
) -> bool:
    row_id = uuid7()
    sealed = keyring_of(session).seal(
        body, table="webhook_delivery", column="sealed_body", row=row_id
    )
    row = {
        "id": row_id,
        "programme_id": programme_id,
        "endpoint_id": endpoint_id,
        "webhook_id": webhook_id,
        "event_type": event_type,
        "sealed_body": sealed,
        "state": State.WAITING,
        "tries": 0,
        "attempt": 0,
        "next_try_at": now,
        "made_at": now,
    }
    try:
        with apart(session) as alone:
            put(alone, WebhookDelivery, row)
    except IntegrityError:  # it is on its way already
        return False
    return True


def _add_key(session: Session, endpoint_id: UUID, key_id: UUID, by: Actor, now: datetime) -> str:
    key = rules.key_text(secrets.token_bytes(rules.KEY_BYTES))
    sealed = keyring_of(session).seal(
        key.encode(), table="webhook_key", column="sealed_key", row=key_id
    )
    session.add(
        WebhookKey(
            id=key_id,
            endpoint_id=endpoint_id,
            is_retiring=False,
            sealed_key=sealed,
            made_by=by.staff_id,
            made_at=now,
        )
    )
    session.flush()
    record_act(session, "webhook.key_made", endpoint_id, by, now)
    return key


def _same_key(
    session: Session, endpoint_id: UUID, key_id: UUID, by: Actor, now: datetime
) -> str | None:
    row = session.get(WebhookKey, key_id)
    if row is None or row.endpoint_id != endpoint_id or row.made_by != by.staff_id:
        return None
    is_fresh = now - row.made_at < rules.KEY_SHOWN_FOR
    return queries.open_key(session, row.id, row.sealed_key) if is_fresh else None


def _checked(wanted: Wanted, networks: Sequence[Network]) -> tuple[str, str, list[str]]:
    return (
        rules.check_name(wanted.name),
        rules.check_url(wanted.url, networks),
        rules.check_types(wanted.event_types),
    )


def _seal_url(session: Session, endpoint_id: UUID, url: str) -> bytes:
    return keyring_of(session).seal(
        url.encode(), table="webhook_endpoint", column="sealed_url", row=endpoint_id
    )


def _lock(session: Session, endpoint_id: UUID, by: Actor) -> WebhookEndpoint:
    row = session.scalar(queries.one_endpoint(endpoint_id, by.programme_id).with_for_update())
    if row is None:
        raise UnknownWebhook
    return row
