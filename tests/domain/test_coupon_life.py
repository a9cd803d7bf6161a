"""Whatever happens to a coupon, in whatever order, it does what a few lines of plain Python say."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.core.codes import Code
from app.core.db import Database
from app.core.errors import DomainError
from app.domain.coupons.actions import end
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.models import Redemption
from app.domain.intake.rules import Scan
from app.domain.stipends.queries import held_for
from app.web.scanning import take_scan
from tests.factories import NOON, Place, a_bundle, a_place, a_scan, a_seed

FIRST_DAY, LAST_DAY, GRACE = 1, 30, 7

waits = st.tuples(st.just("wait"), st.sampled_from([0, 1, 2, 13, 29, 30, 31, 7]))
scans = st.tuples(st.sampled_from(["scan", "late", "again"]), st.integers(0, 5))
ends = st.tuples(st.just("end"), st.sampled_from(["void", "lost", "refused"]))
lives = st.lists(st.one_of(waits, scans, scans, ends), min_size=3, max_size=12)


@dataclass
class Model:
    """A coupon in plain Python: a word, a day, and what every scan was answered."""

    status: str = "issued"
    day: int = 0
    answers: list[str] = field(default_factory=list)

    def scan(self, *, late: bool) -> str:
        self.answers.append(self._answer(GRACE if late else 0))
        return self.answers[-1]

    def end(self, status: str) -> str:
        if self.status not in ("issued", status):
            return "coupon_is_final"
        self.status = status
        return "done"

    def _answer(self, grace: int) -> str:
        if self.status == "redeemed":
            return "already_redeemed"
        if self.status != "issued":
            return "lost" if self.status == "lost" else "void"
        if self.day < FIRST_DAY:
            return "not_yet_active"
        if self.day > LAST_DAY + grace:
            return "expired"
        self.status = "redeemed"
        return "accepted"


class Coupon:
    """The same coupon in the program."""

    def __init__(self, database: Database, place: Place) -> None:
        self.database, self.place, self.now = database, place, NOON
        with database.transaction() as session:
            self.holder = a_seed(session, place)
            self.printed = a_bundle(session, place, self.holder).coupons[0]
        self.scans: list[Scan] = []

    def scan(self, *, late: bool) -> str:
        reason = "The road was closed" if late else None
        self.scans.append(a_scan(self.printed, self.place, scanned_at=self.now, late_reason=reason))
        return self.send(self.scans[-1])

    def send(self, scan: Scan) -> str:
        try:
            verdict = take_scan(self.database, scan, by=self.place.manager, now=self.now)
        except DomainError as refusal:
            return refusal.code
        return verdict.outcome.value

    def end(self, status: str) -> str:
        try:
            with self.database.transaction() as session:
                end(
                    session,
                    Code(self.printed.code),
                    CouponStatus(status),
                    programme_id=self.place.programme.id,
                    on=self.now.date(),
                )
        except DomainError as refusal:
            return refusal.code
        return "done"


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(life=lives)
def test_a_coupon_lives_as_the_rules_say(
    database: Database, place: Place, life: list[tuple[str, int | str]]
) -> None:
    model, coupon = Model(), Coupon(database, place)
    for act, detail in life:
        if act == "wait":
            model.day += int(detail)
            coupon.now += timedelta(days=int(detail))
        elif act == "end":
            assert coupon.end(str(detail)) == model.end(str(detail))
        elif act == "again":
            if model.answers:
                which = int(detail) % len(model.answers)
                assert coupon.send(coupon.scans[which]) == model.answers[which]
        else:
            assert coupon.scan(late=act == "late") == model.scan(late=act == "late")

    with database.snapshot() as session:
        mine = select(func.count()).where(Redemption.coupon_id == coupon.printed.id)
        redeemed = session.scalar(mine)
        assert redeemed == model.answers.count("accepted") == (model.status == "redeemed")
        assert held_for(session, coupon.holder) == (250 if redeemed else 0)
