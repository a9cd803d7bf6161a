"""Six months of a simulated programme, a day at a time, under a clock of its own."""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.core.clock import local_date
from app.demo.desk import Card, Chain, Desk, Holder
from app.demo.finance import Finance
from app.demo.people import chance_of_a_woman, meet, route_of_seed
from app.demo.pockets import Pockets
from app.demo.scans import Scans
from app.demo.scene import Scene
from app.domain.conflicts.actions import decide_conflict
from app.domain.conflicts.queries import open_conflicts
from app.domain.conflicts.rules import Decision
from app.domain.coupons.actions import end
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.actions import welcome_walk_in
from app.domain.visits.actions import enrol_seed
from app.domain.visits.rules import Step

DAYS = 182
# How strongly people come through the chains of a site's seeds: one thrives, one limps, one dies at once.
FIRST_PULLS = (2.0, 0.4, 0.0)
# The seeds by whom a site finds women at last, and the day the first of them comes.
LATE_PULLS, LATE_SEEDS = (1.6, 0.7), 70
FEW_COUPONS = 6
WALK_INS, TURNED_AWAY, ELSEWHERE = 0.05, 0.09, 0.04
# How many days ago a coupon was shown at two desks: one case is decided, one waits.
DECIDED, UNDECIDED = 64, 3
# How many days ago friends came to an open day together, and how many of them: a pattern with a simple reason.
OPEN_DAY, FRIENDS = 37, 12
# How many days ago a chain fell quiet: coupons are out, and nobody has come with one for more than a fortnight.
QUIET = 17
# The minute of a day by which every desk has closed.
EVENING = 19 * 60 + 30

Happening = Callable[[Session, datetime], None]


class Season:
    """The story: who is still to come, what waits to happen, and the coupons in people's pockets."""

    def __init__(
        self, scene: Scene, *, participants: int, now: datetime, rng: random.Random
    ) -> None:
        self._scene, self._rng, self._now = scene, rng, now
        self._zone = ZoneInfo(scene.sites[0].timezone)
        self._today = local_date(now, scene.sites[0].timezone)
        self._first = self._today - timedelta(days=DAYS)
        self._desks = [
            Desk(site, scene.desks[site.id], scene.finance.staff_id, rng) for site in scene.sites
        ]
        self._pockets = Pockets(rng)
        self._scans = Scans(rng, scene.manager, self._pockets)
        self._waiting: dict[date, list[Happening]] = defaultdict(list)
        self._seeds: dict[date, list[Happening]] = defaultdict(list)
        # Two come outside the plan: today's half visit, and the second of the undecided conflict.
        self._plan = _plan(participants - 2, self._first, rng)
        self._is_dense = participants >= 100
        self._plan_seeds(dense=self._is_dense)
        self.finance = Finance(scene, today=self._today, rng=random.Random(participants))
        self.came = 0

    def days(self) -> Iterator[date]:
        for number in range(DAYS + 1):
            yield self._first + timedelta(days=number)

    def live(self, session: Session, day: date) -> None:
        """Let one day happen, in the order of its hours."""
        self._pockets.turn_page(day)
        if day == self._today:
            self._half_a_visit(session, max(self._now - timedelta(minutes=12), self._at(day, 0)))
            return
        if day == self._workday(QUIET):
            self._pockets.fall_quiet(self._today)
        happenings = [*self._waiting.pop(day, []), *self._arrivals(day), *self._seeds[day]]
        self._rng.shuffle(happenings)
        minutes = sorted(self._rng.randint(*_hours(day)) for _ in happenings)
        for minute, happening in zip(minutes, happenings, strict=True):
            happening(session, self._at(day, minute))
        for card in self._pockets.lose(0.0022):
            status = self._rng.choice((*[CouponStatus.LOST] * 3, CouponStatus.VOID))
            end(session, card.code, status, programme_id=self._scene.programme_id, on=day)
        self.finance.live(session, day, self._at(day, EVENING))

    def _plan_seeds(self, *, dense: bool) -> None:
        for place, desk in enumerate(self._desks):
            for number, pull in enumerate(FIRST_PULLS if dense else FIRST_PULLS[:2]):
                day = self._workday(DAYS - 3 * number - place)
                self._seeds[day].append(self._seed(desk, pull, woman=0.1))
            for number, pull in enumerate(LATE_PULLS if dense else LATE_PULLS[:1]):
                day = self._workday(DAYS - LATE_SEEDS - 9 * number - 4 * place)
                self._seeds[day].append(self._seed(desk, pull, woman=0.95))

    def _arrivals(self, day: date) -> Iterator[Happening]:
        """The recruits and walk-ins of a day, and those who are turned away."""
        if day.weekday() == 6:
            return
        is_disputed = day in (self._workday(DECIDED), self._workday(UNDECIDED))
        wanted = max(round(self._plan[day]) - self.came - len(self._seeds[day]), is_disputed)
        walk_ins = sum(self._rng.random() < WALK_INS for _ in range(wanted - is_disputed))
        cards = self._pockets.take(day, wanted - walk_ins)
        if is_disputed and cards:
            yield self._disputed(cards.pop(0), day, is_decided=day == self._workday(DECIDED))
        for card in cards:
            yield self._recruit(card)
        if self._is_dense and day == self._workday(OPEN_DAY):
            yield self._open_day(day)
        if wanted and len(self._pockets.usable(day)) < FEW_COUPONS:
            yield self._seed(self._rng.choice(self._desks), 1.0, woman=0.3)
            walk_ins = 0
        for _ in range(walk_ins):
            yield self._walk_in
        for _ in range(wanted):
            if self._rng.random() < TURNED_AWAY:
                yield self._turned_away

    def _seed(self, desk: Desk, pull: float, *, woman: float) -> Happening:
        def happen(session: Session, at: datetime) -> None:
            person = replace(meet(self._rng, woman=woman, serves=True), uic=None, drive=1.0)
            seed_id = enrol_seed(
                session,
                site=desk.site,
                sex=person.sex,
                age=person.age or 30,
                network_size=person.network_size or 20,
                entry_route=route_of_seed(self._rng, person.sex),
                never_reached_before=person.never_reached_before,
                by=self._scene.manager,
                now=at,
            )
            self.came += 1
            chain = Chain(pull * self._rng.uniform(0.75, 1.35))
            self._pockets.add(
                desk.give_coupons(session, Holder(seed_id, desk.site, person, chain), at=at)
            )

        return happen

    def _recruit(self, card: Card, *, last: Step = Step.BUNDLE) -> Happening:
        def happen(session: Session, at: datetime) -> None:
            desk = self._desk_for(card)
            day = (at.astimezone(self._zone).date() - self._first).days
            person = meet(
                self._rng,
                woman=chance_of_a_woman(card.holder.person.sex, day),
                serves=last is not Step.BUNDLE,
            )
            came = self._scans.take(session, card, person, desk, at)
            self.came += 1
            card.holder.chain.size += 1
            cards = desk.serve(session, came, person, at=at, recruiter=card.holder, last=last)
            self._pockets.add(cards)
            if card.holder.person.claims and last is Step.BUNDLE:
                self._claim_later(card.holder, at)

        return happen

    def _open_day(self, day: date) -> Happening:
        """Friends of friends come within half an hour to the site with the most coupons out."""
        drawn = self._pockets.take(day, len(self._pockets.usable(day)))
        out = Counter(card.holder.site.code for card in drawn)
        site = max(sorted(out), key=lambda code: out[code], default="")
        cards = [card for card in drawn if card.holder.site.code == site][:FRIENDS]
        self._pockets.add(card for card in drawn if card not in cards)

        def happen(session: Session, at: datetime) -> None:
            for number, card in enumerate(cards):
                self._recruit(card)(session, at + timedelta(minutes=2 * number))

        return happen

    def _disputed(self, card: Card, day: date, *, is_decided: bool) -> Happening:
        """A coupon that a tablet without a connection takes too: two desks, one coupon, one reward held."""
        first = self._recruit(card, last=Step.STIPEND)
        other = next(desk for desk in self._desks if desk.site.id != card.holder.site.id)

        def happen(session: Session, at: datetime) -> None:
            first(session, at)
            shown = at + timedelta(minutes=95)
            self._waiting[day + timedelta(days=2)].append(lambda s, t: upload(s, shown, t))

        def upload(session: Session, shown: datetime, at: datetime) -> None:
            person = meet(self._rng, woman=0.5, serves=True)
            second = self._scans.dispute(session, card, person, other, shown=shown, at=at)
            self.came += is_decided
            other.serve(session, second, person, at=at, recruiter=None)
            if is_decided:
                self._waiting[day + timedelta(days=4)].append(self._decide)

        return happen

    def _decide(self, session: Session, at: datetime) -> None:
        manager = self._scene.manager
        for conflict in open_conflicts(session, manager.programme_id):
            decide_conflict(
                session,
                conflict.redemption_id,
                Decision.FIRST_STANDS,
                reason="The first desk was online and saw the card; the second took down its digits.",
                by=manager,
                now=at,
            )

    def _walk_in(self, session: Session, at: datetime) -> None:
        desk = self._rng.choice(self._desks)
        person = meet(self._rng, woman=0.2)
        came = welcome_walk_in(session, site=desk.site.code, uic=person.uic, by=desk.staff, now=at)
        self.came += 1
        desk.serve(session, came, person, at=at, recruiter=None)

    def _turned_away(self, session: Session, at: datetime) -> None:
        self._scans.turn_away(session, self._rng.choice(self._desks), at)

    def _half_a_visit(self, session: Session, at: datetime) -> None:
        """Someone is at a desk right now."""
        cards = self._pockets.take(self._today, 1)
        happening = self._recruit(cards[0], last=Step.CONSENT) if cards else self._walk_in
        happening(session, at)

    def _claim_later(self, holder: Holder, at: datetime) -> None:
        """She comes for what she is owed, some day soon or not before this story ends."""
        day = at.astimezone(self._zone).date() + timedelta(days=self._rng.randint(2, 20))
        desk = next(desk for desk in self._desks if desk.site.id == holder.site.id)
        self._waiting[day].append(lambda session, at: desk.pay(session, holder.id, at=at))

    def _desk_for(self, card: Card) -> Desk:
        if self._rng.random() < ELSEWHERE:
            return self._rng.choice(self._desks)
        return next(desk for desk in self._desks if desk.site.id == card.holder.site.id)

    def _workday(self, days_ago: int) -> date:
        day = self._today - timedelta(days=days_ago)
        return day - timedelta(days=1) if day.weekday() == 6 else day

    def _at(self, day: date, minute: int) -> datetime:
        opened = datetime.combine(day, time(), self._zone) + timedelta(minutes=minute)
        return opened.astimezone(UTC)


def _plan(people: int, first: date, rng: random.Random) -> dict[date, float]:
    """How many have come by the end of each day: slowly, then faster; fewer on Saturdays, none on Sundays."""
    weights = []
    for number in range(DAYS):
        day = first + timedelta(days=number)
        pace = 0.2 + 1 / (1 + math.exp((80 - number) / 16))
        open_hours = (1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.0)[day.weekday()]
        weights.append(pace * open_hours * rng.uniform(0.5, 1.5))
    so_far, plan = 0.0, {}
    for number, weight in enumerate(weights):
        so_far += weight
        plan[first + timedelta(days=number)] = people * so_far / sum(weights)
    return plan


def _hours(day: date) -> tuple[int, int]:
    """The minutes of a day at which somebody may come in."""
    return (10 * 60 + 5, 14 * 60) if day.weekday() == 5 else (9 * 60 + 10, 17 * 60)
