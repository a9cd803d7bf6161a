"""What is told to whom, queued once for each cause; and the verdict over it, on the clock of her site."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import upkeep
from app.core.db import Database, put
from app.core.outbox import OutboxRow, emit
from app.domain.alerts.actions import keep_number
from app.domain.alerts.rules import AlertKind
from app.domain.appointments.rules import AppointmentKind
from app.domain.batches.events import BatchWaits
from app.domain.cash_days.events import FloatLow
from app.domain.coupons.models import Coupon
from app.domain.coupons.rules import CouponStatus
from app.domain.messages.models import Message
from app.domain.messages.rules import MessageKind, Reason
from app.domain.notices.queries import CALLS_FOR, STILL_SO
from app.domain.notices.rules import Facts, Send, Wait, after_quiet_hours, judge
from app.domain.participants.models import Consent
from app.domain.programmes.actions import adopt_protocol
from app.domain.programmes.rules import MessageRules, PayoutRules, Protocol
from app.domain.staff.queries import Actor
from app.domain.stipends.actions import enter
from app.domain.stipends.queries import books_of
from app.domain.stipends.rules import Account
from app.domain.unclaimed.events import StipendWaiting
from app.worker import deliver
from tests.factories import NOON, a_bundle
from tests.messages import DAY, DAY_BEFORE, Line, a_line, an_appointment, expected, someone
from tests.test_sending import a_debt

KYIV = "Europe/Kyiv"


@pytest.fixture
def line(database: Database) -> Line:
    return a_line(database)


def queued(line: Line) -> list[MessageKind]:
    with line.database.snapshot() as session:
        return sorted(session.scalars(select(Message.kind)))


def happen(line: Line, event: Any, *, times: int = 1) -> None:
    """Something happens, and its event is delivered so many times."""
    with line.database.transaction() as session:
        emit(session, event, programme_id=line.place.programme.id, at=line.now)
    for _ in range(times):
        with line.database.transaction() as session:
            session.execute(update(OutboxRow).values(delivered_at=None, available_at=line.now))
        deliver(line.database, now=line.now)


def remind(line: Line) -> int:
    return upkeep.remind_of_days(line.database, line.now)


# Rewards


def test_something_waits_for_her_and_no_amount_is_told(line: Line) -> None:
    with line.database.transaction() as session:
        her = someone(session, line.place)
        a_debt(session, line.place, her)

    happen(line, StipendWaiting(her.hex, "en", is_last=False), times=2)
    line.send()

    assert queued(line) == [MessageKind.REWARD_WAITING]
    (text,) = line.gateway.texts
    assert "2.50" not in text
    assert "UAH" not in text


def test_what_was_paid_meanwhile_is_not_told(line: Line) -> None:
    with line.database.transaction() as session:
        her = someone(session, line.place)

    happen(line, StipendWaiting(her.hex, "en", is_last=False))
    line.send()

    assert line.message.reason == Reason.NOT_TRUE


def test_the_last_reminder_says_until_when(database: Database) -> None:
    line = a_line(database)
    payouts = PayoutRules(expires_after_days=60)
    rules = MessageRules(quiet_from=0, quiet_until=0, most_a_day=0, most_a_week=0)
    with database.transaction() as session:
        her = someone(session, line.place)
        a_debt(session, line.place, her)
        adopt_protocol(
            session,
            line.place.programme.id,
            Protocol(payouts=payouts, messages=rules),
            by=line.place.lead.staff_id,
            now=NOON,
        )

    happen(line, StipendWaiting(her.hex, "en", is_last=True))
    line.send()

    assert "7 May" in line.gateway.texts[0]  # 60 days after 8 March


# Coupons


def test_whose_coupons_end_soon_is_told_only_until_when(line: Line) -> None:
    with line.database.transaction() as session:
        her = someone(session, line.place)
        bundle = a_bundle(session, line.place, her)
        silent = someone(session, line.place, may_remind=False)
        a_bundle(session, line.place, silent)
    last = bundle.coupons[0].state.usable_until
    line.now = datetime.combine(last - timedelta(days=5), datetime.min.time(), UTC).replace(hour=9)

    assert remind(line) == 1
    assert remind(line) == 0
    line.send()

    assert queued(line) == [MessageKind.COUPONS_EXPIRE]
    assert "1 April" in line.gateway.texts[0]
    assert not any(each.code in line.gateway.texts[0] for each in bundle.coupons)


def test_nobody_is_told_of_coupons_that_all_came_back(line: Line) -> None:
    with line.database.transaction() as session:
        bundle = a_bundle(session, line.place, someone(session, line.place))
    last = bundle.coupons[0].state.usable_until
    line.now = datetime.combine(last - timedelta(days=5), datetime.min.time(), UTC).replace(hour=9)
    assert remind(line) == 1
    with line.database.transaction() as session:
        session.execute(update(Coupon).values(status=CouponStatus.REDEEMED))

    line.send()

    assert line.message.reason == Reason.NOT_TRUE


def test_a_programme_may_remind_of_nothing(database: Database) -> None:
    rules = MessageRules(coupon_days_before=0, appointment_days_before=0)
    line = a_line(database, rules=rules)
    with database.transaction() as session:
        her = someone(session, line.place)
        bundle = a_bundle(session, line.place, her)
        an_appointment(session, line.place, her, day=bundle.coupons[0].state.usable_until)
    line.now = datetime.combine(
        bundle.coupons[0].state.usable_until, datetime.min.time(), UTC
    ).replace(hour=9)

    assert remind(line) == 0


# Appointments


def test_a_second_visit_is_reminded_of_while_she_wants_to_be_invited(line: Line) -> None:
    with line.database.transaction() as session:
        her = someone(session, line.place)
        agree_to_follow_up(session, line, her)
    assert line.remind() == 1
    with line.database.transaction() as session:
        session.execute(
            update(Consent).where(Consent.purpose == "follow_up").values(withdrawn_on=DAY)
        )

    line.send()

    assert queued(line) == [MessageKind.FOLLOW_UP]
    assert line.message.reason == Reason.NO_CONSENT


def agree_to_follow_up(session: Session, line: Line, her: UUID) -> None:
    consent = {
        "id": uuid4(),
        "programme_id": line.place.programme.id,
        "participant_id": her,
        "purpose": "follow_up",
        "version": "1",
        "given": True,
        "given_on": NOON.date(),
    }
    put(session, Consent, consent)
    an_appointment(session, line.place, her, kind=AppointmentKind.FOLLOW_UP)


def test_an_appointment_moved_to_another_day_is_told_on_that_one(line: Line) -> None:
    (her,) = expected(line)
    with line.database.transaction() as session:
        an_appointment(session, line.place, her, day=DAY + timedelta(days=2))

    line.send()
    line.now += timedelta(days=2)
    line.remind()
    line.send()

    assert len(line.gateway.texts) == 1
    assert "11 March" in line.gateway.texts[0]


# Staff


def wants_calls(line: Line, actor: Actor, kind: AlertKind, number: str) -> None:
    with line.database.transaction() as session:
        keep_number(session, number=number, kinds=[kind], language="en", by=actor, now=line.now)


def test_a_low_drawer_calls_whoever_wants_to_be_called_and_says_nothing(line: Line) -> None:
    wants_calls(line, line.place.finance, AlertKind.FLOAT_LOW, "+380501110001")
    low(line)

    happen(line, FloatLow(str(line.place.site.id), str(DAY), 100, 5000, "UAH"), times=2)
    line.send()

    assert line.gateway.numbers == ["+380501110001"]
    assert not any(each in line.gateway.texts[0] for each in ("100", "5000", "cash", "UAH"))


def low(line: Line) -> None:
    """The site's drawer was used and is below the line."""
    with line.database.transaction() as session:
        books, _ = books_of(session, line.place.programme.id, line.place.site.id, now=NOON)
        enter(
            session,
            books,
            100,
            debit=Account.CASH_FLOAT,
            credit=Account.FUNDING,
            earner=None,
            cause=("funding", uuid4()),
        )


def test_who_prepared_a_batch_is_not_called_to_approve_it(line: Line) -> None:
    wants_calls(line, line.place.finance, AlertKind.BATCH_WAITS, "+380501110001")
    wants_calls(line, line.place.lead, AlertKind.BATCH_WAITS, "+380501110002")

    happen(line, BatchWaits(uuid4().hex, line.place.finance.staff_id.hex))

    assert queued(line) == [MessageKind.STAFF_ALERT]
    line.send()
    assert line.message.reason == Reason.NOT_TRUE  # no such batch waits any more


def test_failed_messages_call_once_a_day(line: Line) -> None:
    wants_calls(line, line.place.lead, AlertKind.MESSAGES_FAIL, "+380501110002")
    expected(line, 2)
    line.gateway.says(400, 400)
    line.send()

    assert upkeep.call_for_failures(line.database, line.now) == 1
    assert upkeep.call_for_failures(line.database, line.now) == 0
    line.send()

    assert line.gateway.numbers == ["+380501110002"]


# The verdict


def facts(**given: Any) -> Facts:
    usual: dict[str, Any] = {
        "kind": MessageKind.APPOINTMENT,
        "zone": KYIV,
        "expires_at": datetime(2027, 1, 1, tzinfo=UTC),
        "is_reachable": True,
        "has_agreed": True,
        "has_opted_out": False,
        "is_true": True,
    }
    return Facts(**(usual | given))


@pytest.mark.parametrize("day", [date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 25)])
def test_quiet_hours_end_on_the_sites_clock_when_clocks_change(day: date) -> None:
    rules = MessageRules(quiet_from=20, quiet_until=9)
    zone = ZoneInfo(KYIV)
    minute = datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)
    for _ in range(25 * 60 // 20):
        minute += timedelta(minutes=20)
        until = after_quiet_hours(minute, KYIV, rules)
        local = until.astimezone(zone)
        is_quiet = not 9 <= minute.astimezone(zone).hour < 20
        assert is_quiet == (until > minute)
        assert 9 <= local.hour < 20
        assert not is_quiet or (local.hour, local.minute) == (9, 0)
        assert until - minute <= timedelta(hours=14)


def test_quiet_hours_within_a_day_and_none_at_all() -> None:
    noon = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)  # half past noon in Kyiv
    assert after_quiet_hours(noon, KYIV, MessageRules(12, 14)) == noon + timedelta(minutes=90)
    assert after_quiet_hours(noon, KYIV, MessageRules(0, 0)) == noon


def test_an_hour_that_the_clock_leaves_out_ends_the_quiet() -> None:
    night = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # half past two; at three it is four
    until = after_quiet_hours(night, KYIV, MessageRules(20, 3))

    assert until == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert judge(facts(), MessageRules(20, 3), now=until) == Send()


def test_enough_for_today_waits_for_tomorrows_morning() -> None:
    now = datetime(2026, 3, 28, 10, tzinfo=UTC)
    verdict = judge(facts(sent_today=1), MessageRules(20, 9, 1, 3), now=now)

    assert verdict == Wait(datetime(2026, 3, 29, 6, tzinfo=UTC), Reason.ENOUGH_TODAY)


def test_staff_are_called_however_often_but_not_at_night() -> None:
    call = facts(kind=MessageKind.STAFF_ALERT, sent_today=9)
    assert judge(call, MessageRules(), now=DAY_BEFORE) == Send()
    assert isinstance(judge(call, MessageRules(), now=DAY_BEFORE + timedelta(hours=12)), Wait)


def test_an_answer_is_held_only_to_its_time() -> None:
    answer = facts(kind=MessageKind.REPLY, has_opted_out=True, has_agreed=False)
    midnight = DAY_BEFORE + timedelta(hours=12)
    assert judge(answer, MessageRules(), now=midnight) == Send()


def test_every_kind_is_judged_by_whether_it_is_still_so() -> None:
    assert set(STILL_SO) == set(MessageKind)
    assert set(CALLS_FOR) == set(AlertKind)
