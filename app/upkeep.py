"""What must be done once in a while without anyone asking. One table, read by the worker; several workers share it.

A duty is begun by one worker at a time, and may be begun again before its last turn was whole: it must find by itself what is
left to do. To add one: a function and a line in ``DUTIES``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.db import Database
from app.domain.announcements import actions as announcements
from app.domain.cash_days.actions import warn_of_low_floats
from app.domain.claims.actions import forget_old_misses
from app.domain.feedback import actions as feedback
from app.domain.limits.actions import forget_old as forget_old_counts
from app.domain.messages.actions import forget_old as forget_old_messages
from app.domain.messaging import actions as messaging
from app.domain.notices import actions as notices
from app.domain.programmes import queries as programmes
from app.domain.stipends.errors import AccrualChanged
from app.domain.unclaimed import actions as unclaimed
from app.domain.unclaimed import queries as unclaimed_queries
from app.domain.unclaimed.actions import MOST_AT_ONCE
from app.domain.webhooks.actions import forget_old as forget_old_deliveries


@dataclass(frozen=True)
class Duty:
    """What to do, and how long after its last beginning; it returns how much there was."""

    every: timedelta
    do: Callable[[Database, datetime], int]


def remind(database: Database, now: datetime) -> int:
    """Have those reminded who agreed to it and for whom something waits."""
    reminded = 0
    for programme_id, today in _programmes(database, now):
        with database.snapshot() as session:
            due = unclaimed_queries.reminders_due(session, programme_id, today=today)
        for each in due:
            with database.transaction() as session:
                reminded += unclaimed.remind(
                    session, each, programme_id=programme_id, on=today, now=now
                )
    return reminded


def expire(database: Database, now: datetime) -> int:
    """Move what is past its time into the account of what nobody claimed."""
    expired = 0
    for programme_id, today in _programmes(database, now):
        with database.snapshot() as session:
            past = unclaimed_queries.past_their_time(session, programme_id, today=today)
        for start in range(0, len(past), MOST_AT_ONCE):
            some = past[start : start + MOST_AT_ONCE]
            try:
                with database.transaction() as session:
                    expired += unclaimed.expire(session, programme_id, some, now=now)
            except (
                AccrualChanged
            ):  # someone came for it at this moment: the rest waits for the next turn
                continue
    return expired


def forget(database: Database, now: datetime) -> int:
    """Forget how often cards were tried in hours long past."""
    with database.transaction() as session:
        forget_old_misses(session, now=now)
    return 0


def tell_of_feedback(database: Database, now: datetime) -> int:
    """Tell of what was said on an earlier day and waits for an answer, once a day."""
    with database.transaction() as session:
        return feedback.tell_of_waiting(session, now=now)


def forget_words(database: Database, now: datetime) -> int:
    """Forget what was said and answered long ago, and visits announced for days past."""
    with database.transaction() as session:
        return feedback.forget_old(session, now=now) + announcements.forget_old(session, now=now)


def warn(database: Database, now: datetime) -> int:
    """Tell of every site whose cash is low, once a day."""
    with database.transaction() as session:
        return warn_of_low_floats(session, now=now)


def forget_webhooks(database: Database, now: datetime) -> int:
    """Forget what other systems were told weeks ago."""
    with database.transaction() as session:
        return forget_old_deliveries(session, now=now)


def remind_of_days(database: Database, now: datetime) -> int:
    """Remind those who agreed to it that their coupons end soon, and of the day on which they want to come again."""
    reminded = 0
    for programme_id, _ in _programmes(database, now):
        with database.transaction() as session:
            reminded += notices.remind_of_coupons(session, programme_id, now=now)
        with database.transaction() as session:
            reminded += notices.remind_of_appointments(session, programme_id, now=now)
    return reminded


def call_for_failures(database: Database, now: datetime) -> int:
    """Call whoever can send messages again that have failed, once a day."""
    called = 0
    for programme_id, today in _programmes(database, now):
        with database.transaction() as session:
            called += notices.call_for_failures(session, programme_id, today=today, now=now)
    return called


def forget_messages(database: Database, now: datetime) -> int:
    """Forget what was sent weeks ago, and to whom."""
    with database.transaction() as session:
        return forget_old_messages(session, now=now)


def forget_calls(database: Database, now: datetime) -> int:
    """Forget what telephones sent, and what was counted of it, when it has served."""
    with database.transaction() as session:
        forget_old_counts(session, now=now)
        return messaging.forget_old(session, now=now)


def scrub_calls(database: Database, now: datetime) -> int:
    """Forget within minutes what was answered to those who gave no name."""
    with database.transaction() as session:
        return messaging.scrub(session, now=now)


DUTIES: Mapping[str, Duty] = {
    "claims.remind": Duty(timedelta(minutes=5), remind),
    "claims.expire": Duty(timedelta(minutes=15), expire),
    "claims.forget": Duty(timedelta(hours=6), forget),
    "webhooks.forget": Duty(timedelta(hours=6), forget_webhooks),
    "feedback.tell": Duty(timedelta(hours=1), tell_of_feedback),
    "feedback.forget": Duty(timedelta(hours=6), forget_words),
    "messaging.scrub": Duty(timedelta(minutes=5), scrub_calls),
    "messaging.forget": Duty(timedelta(hours=1), forget_calls),
    "messages.remind": Duty(timedelta(minutes=15), remind_of_days),
    "messages.call": Duty(timedelta(hours=1), call_for_failures),
    "messages.forget": Duty(timedelta(hours=6), forget_messages),
    "floats.warn": Duty(timedelta(minutes=15), warn),
}


def _programmes(database: Database, now: datetime) -> list[tuple[UUID, date]]:
    """Every programme, and which day it is there."""
    with database.snapshot() as session:
        return [(each.id, _today(session, each.id, now)) for each in programmes.programmes(session)]


def _today(session: Session, programme_id: UUID, now: datetime) -> date:
    return local_date(now, programmes.clock_of(session, programme_id, None))
