"""What channels do and cost, and how many messages a number gets: counted in the statement that changes it."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Update, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.db import apart, put
from app.core.telephone_numbers import number_digest
from app.domain.channels.queries import ChannelFacts
from app.domain.traffic.models import ChannelDay, MessageCap
from app.domain.traffic.queries import WEEK

CAPS_KEPT = timedelta(days=8)


def spend(session: Session, channel: ChannelFacts, day: date, parts: int, cost: int) -> bool:
    """Take the price of a message from a channel's day, if there is so much left: of two at once only what fits."""
    spending = _of_day(channel.id, day).values(
        spent_minor=ChannelDay.spent_minor + cost, parts=ChannelDay.parts + parts
    )
    if channel.daily_budget_minor is not None:
        spending = spending.where(ChannelDay.spent_minor + cost <= channel.daily_budget_minor)
    return _changes(session, spending) or (
        _begin_day(session, channel.id, channel.programme_id, day) and _changes(session, spending)
    )


def pay(session: Session, channel_id: UUID, day: date, *, spent: int, parts: int = 0) -> None:
    """Add to what a channel has spent on a day, or take from it."""
    session.execute(
        _of_day(channel_id, day).values(
            spent_minor=ChannelDay.spent_minor + spent, parts=ChannelDay.parts + parts
        )
    )


def tally(session: Session, channel_id: UUID, programme_id: UUID, day: date, what: str) -> None:
    """Count one more of what a channel does."""
    count = {what: getattr(ChannelDay, what) + 1}
    _note_on(session, channel_id, programme_id, day, count)


def let_rest(
    session: Session, channel_id: UUID, programme_id: UUID, day: date, *, until: datetime
) -> None:
    """Leave a channel alone until then."""
    _note_on(session, channel_id, programme_id, day, {"rests_until": until})


def forget_old(session: Session, programme_id: UUID, *, today: date) -> None:
    """Forget how many messages numbers got before the week that counts."""
    session.execute(
        delete(MessageCap).where(
            MessageCap.programme_id == programme_id, MessageCap.day <= today - CAPS_KEPT
        )
    )


def count_held(session: Session, programme_id: UUID, msisdn: str, day: date) -> tuple[int, int]:
    """How many messages a number got on a day, and in the week that ends with it; held until commit."""
    digest = number_digest(session, programme_id, msisdn)
    row = {"number_digest": digest, "day": day, "programme_id": programme_id}
    held = select(MessageCap.messages).where(
        MessageCap.number_digest == digest, MessageCap.day == day
    )
    today = session.scalar(held.with_for_update())
    if today is None:
        with suppress(IntegrityError), apart(session) as alone:
            put(alone, MessageCap, row)
        today = session.scalar(held.with_for_update()) or 0
    week = session.scalar(
        select(func.sum(MessageCap.messages)).where(
            MessageCap.number_digest == digest,
            MessageCap.day > day - WEEK,
            MessageCap.day <= day,
        )
    )
    return today, int(week or 0)


def count(session: Session, programme_id: UUID, msisdn: str, day: date, by: int) -> None:
    """Count a message for its number, or count it no longer."""
    session.execute(
        update(MessageCap)
        .where(
            MessageCap.number_digest == number_digest(session, programme_id, msisdn),
            MessageCap.day == day,
        )
        .values(messages=MessageCap.messages + by)
    )


def _note_on(
    session: Session, channel_id: UUID, programme_id: UUID, day: date, values: Mapping[str, Any]
) -> None:
    noting = _of_day(channel_id, day).values(values)
    if not _changes(session, noting):
        _begin_day(session, channel_id, programme_id, day)
        _changes(session, noting)


def _of_day(channel_id: UUID, day: date) -> Update:
    return update(ChannelDay).where(ChannelDay.channel_id == channel_id, ChannelDay.day == day)


def _changes(session: Session, statement: Update) -> bool:
    return bool(session.execute(statement).rowcount)  # type: ignore[attr-defined]


def _begin_day(session: Session, channel_id: UUID, programme_id: UUID, day: date) -> bool:
    """Make a channel's row of a day, by whoever needs it first; tells whether it was not there when we came."""
    known = select(ChannelDay.day).where(ChannelDay.channel_id == channel_id, ChannelDay.day == day)
    if session.scalar(known) is not None:
        return False
    row = {"channel_id": channel_id, "day": day, "programme_id": programme_id}
    with suppress(IntegrityError), apart(session) as alone:
        put(alone, ChannelDay, row)
    return True
