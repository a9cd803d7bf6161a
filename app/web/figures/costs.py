"""What reaching people cost, told by counts that the page of reach tells too.

No count is told here that is not told there, and none more exactly: an amount for each of a group gives its size
to whoever knows the sum. So what /reach withholds has no cost of its own here, and months have none but at the weeks
whose running totals may be read.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import numpy as np

from app.core.money import Money
from app.domain.chains.queries import LiveSample
from app.domain.spending.queries import Day, Spent
from app.domain.spending.rules import BESIDE_COSTS, COSTS, per
from app.domain.stipends.rules import Account
from app.web.figures import reach as reaches
from app.web.figures.reach import Reach, first_time_by_site, reach_of_programme


@dataclass(frozen=True)
class Reached:
    """How many people; ``None`` is withheld."""

    participants: int | None
    recruits: int | None
    women: int | None
    first_time: int | None


@dataclass(frozen=True)
class Line:
    """Some of the money, and whom the programme reached meanwhile or there."""

    name: str
    spent: Money
    reached: Reached

    def each(self, whom: str) -> Money | None:
        """What one of them cost; None where nobody was reached, or their number is withheld."""
        people: int | None = getattr(self.reached, whom)
        return Money(per(self.spent.minor, people), self.spent.currency) if people else None

    def is_withheld(self, whom: str) -> bool:
        return getattr(self.reached, whom) is None


@dataclass(frozen=True)
class Month:
    """What was earned in a month, by account."""

    first: date
    earned: Mapping[Account, Money]
    total: Money


@dataclass(frozen=True)
class Costs:
    """Everything the page and its files tell.

    Attributes:
        kinds: names are accounts; each is told over the same people.
        sites: names are codes.
        weeks: names are first days; what was spent, and who was reached, up to the end of each.
        beside: what is no cost of reaching anybody.
    """

    whole: Line
    kinds: tuple[Line, ...]
    sites: tuple[Line, ...]
    weeks: tuple[Line, ...]
    months: tuple[Month, ...]
    beside: Mapping[Account, Money]

    @property
    def is_empty(self) -> bool:
        return not self.months and not any(each.minor for each in self.beside.values())


def costs_of(
    live: LiveSample,
    spent: Sequence[Spent],
    days: Sequence[Day],
    *,
    sites: Mapping[UUID, str],
    currency: str,
) -> Costs:
    """The costs of a programme up to now. ``sites`` are codes by id."""
    reach = reach_of_programme(live)
    by_account, by_site = Counter[Account](), Counter[UUID]()
    for each in spent:
        by_account[each.account] += each.minor
        if each.account in COSTS:
            by_site[each.site_id] += each.minor
    participants = reach.participants or 0
    everyone = Reached(
        participants=participants,
        recruits=participants - reach.seeds,
        women=reach.everyone.women if participants else 0,
        first_time=reach.first_time if participants else 0,
    )
    used = [account for account in COSTS if by_account[account]]
    return Costs(
        whole=Line("", Money(sum(by_account[account] for account in used), currency), everyone),
        kinds=tuple(
            Line(account.value, Money(by_account[account], currency), everyone) for account in used
        ),
        sites=tuple(
            Line(code, Money(by_site[site_id], currency), reached)
            for (site_id, code), reached in zip(
                sites.items(), _reached_at(live, reach, list(sites.values())), strict=True
            )
        ),
        weeks=tuple(
            Line(
                each.group,
                Money(_earned_until(days, date.fromisoformat(each.group)), currency),
                Reached(each.people, None, each.women, None),
            )
            for each in _last_of_months(reach)
        ),
        months=_months(spent, currency),
        beside={account: Money(by_account[account], currency) for account in BESIDE_COSTS},
    )


def _reached_at(live: LiveSample, reach: Reach, codes: Sequence[str]) -> list[Reached]:
    """At each site, as its own page of reach tells it."""
    sample = live.sample
    place, is_seed = sample.trait("site"), sample.recruiter < 0
    seeds = dict(
        zip(
            place.levels,
            np.bincount(place.codes[is_seed], minlength=len(place.levels)).tolist(),
            strict=True,
        )
    )
    lines = {each.group: each for each in reach.groupings["site"].lines}
    firsts = first_time_by_site(sample)
    nobody = Reached(0, 0, 0, 0)
    return [
        Reached(
            participants=line.people,
            recruits=None if line.people is None else line.people - seeds[code],
            women=line.women,
            first_time=firsts[code],
        )
        if (line := lines.get(code))
        else nobody
        for code in codes
    ]


def _last_of_months(reach: Reach) -> list[reaches.Line]:
    """Of the weeks whose running totals may be read, the last that begins in each month."""
    return list({each.group[:7]: each for each in reach.course.lines}.values())


def _months(spent: Sequence[Spent], currency: str) -> tuple[Month, ...]:
    """Every month from the first to the last with something earned."""
    earned = [each for each in spent if each.account in COSTS]
    found = dict[date, Counter[Account]]()
    for each in earned:
        found.setdefault(each.month, Counter())[each.account] += each.minor
    month, last = min(found, default=date.max), max(found, default=date.min)
    told = list[Month]()
    while month <= last:
        its = found.get(month, Counter[Account]())
        amounts = {account: Money(its[account], currency) for account in COSTS}
        told.append(Month(month, amounts, Money(its.total(), currency)))
        month = (month + timedelta(days=32)).replace(day=1)
    return tuple(told)


def _earned_until(days: Sequence[Day], monday: date) -> int:
    """Up to the end of the week that begins on a Monday."""
    return sum(day.earned for day in days if day.on < monday + timedelta(days=7))
