"""How a channel is, in a word and a colour, for whoever looks after it."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.core.i18n import N_
from app.core.money import Money
from app.domain.channels import queries as channels
from app.domain.channels.queries import ChannelFacts
from app.domain.messaging import queries as messaging
from app.domain.programmes import queries as programmes
from app.domain.traffic import queries as traffic
from app.domain.traffic.queries import ChannelHealth, Counts

SILENT_AFTER = timedelta(days=3)

OFF = (N_("Switched off"), "")
NEW = (N_("Not used yet"), "info")
RESTS = (N_("Pauses: its provider asked for it"), "warn")
USED_UP = (N_("The money for today is used up"), "warn")
FAILS = (N_("Most messages fail"), "bad")
SILENT = (N_("Nothing comes in"), "warn")
WORKS = (N_("Works"), "good")


@dataclass(frozen=True)
class Condition:
    """A channel and how it is. ``silent_days`` is how long nothing came in, where that is longer than usual."""

    channel: ChannelFacts
    today: Counts
    week: Counts
    last_out: date | None
    last_in: date | None
    rests_until: datetime | None
    silent_days: int | None

    @property
    def word(self) -> tuple[str, str]:
        """In English, to be translated, and its colour."""
        tried = self.week.accepted + self.week.refused
        if not self.channel.is_on:
            return OFF
        if self.rests_until:
            return RESTS
        if self.budget and self.spent.minor >= self.budget.minor:
            return USED_UP
        if tried and (self.week.refused + self.week.failed) * 2 > tried:
            return FAILS
        if self.silent_days:
            return SILENT
        if not tried and not self.last_in:
            return NEW
        return WORKS

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to say of it today: it is off, or nothing has gone through it yet."""
        return self.word in (OFF, NEW)

    @property
    def spent(self) -> Money:
        """Today."""
        return Money(self.today.spent_minor, self.channel.currency)

    @property
    def budget(self) -> Money | None:
        """Of a day; None is no limit."""
        limit = self.channel.daily_budget_minor
        return None if limit is None else Money(limit, self.channel.currency)

    @property
    def left(self) -> Money | None:
        """Of today's budget; never below nothing."""
        if not self.budget:
            return None
        return replace(self.budget, minor=max(self.budget.minor - self.spent.minor, 0))


def conditions_of(session: Session, programme_id: UUID, *, now: datetime) -> list[Condition]:
    """Of every channel, the first to be tried first."""
    today = local_date(now, programmes.clock_of(session, programme_id, None))
    health = {each.channel_id: each for each in traffic.health(session, programme_id, now=now)}
    came = messaging.last_came(session, programme_id)
    return [
        _condition(each, health.get(each.id), came.get(each.id), today)
        for each in channels.channels_of(session, programme_id)
    ]


def _condition(
    channel: ChannelFacts, health: ChannelHealth | None, last_in: date | None, today: date
) -> Condition:
    silent = (today - last_in) if last_in and channel.is_on and channel.receives else timedelta()
    return Condition(
        channel,
        health.today if health else Counts(),
        health.week if health else Counts(),
        health.last_accepted_on if health else None,
        last_in,
        health.rests_until if health else None,
        silent.days if silent >= SILENT_AFTER else None,
    )
