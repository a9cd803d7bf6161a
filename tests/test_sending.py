"""Messages leave once: judged at that moment, marked before the call, settled after it, whatever happens in between."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.outbox import OutboxRow
from app.domain.appointments.actions import cancel as cancel_appointment
from app.domain.channels.actions import switch
from app.domain.channels.events import Delivery, DeliveryState
from app.domain.contacts.actions import remove_contact
from app.domain.messages.actions import hold, lease, resend
from app.domain.messages.models import Message, MessageAttempt
from app.domain.messages.rules import AttemptState, MessageState, Reason
from app.domain.notices.actions import tell_of_reward
from app.domain.opt_outs.actions import opt_out
from app.domain.opt_outs.queries import has_opted_out
from app.domain.programmes.rules import MessageRules
from app.domain.stipends.actions import enter
from app.domain.stipends.queries import Earner, books_of
from app.domain.stipends.rules import Account
from app.domain.traffic.queries import health
from app.domain.wordings.actions import write_template
from app.sending import messages as sending
from app.sending.messages import LEASE, send_due
from tests.factories import Place
from tests.messages import (
    DAY,
    DAY_BEFORE,
    Killed,
    Line,
    a_line,
    a_line_with_ids,
    call_her,
    expected,
    someone,
)

WAITING, SENT, DEAD = MessageState.WAITING, MessageState.SENT, MessageState.DEAD
DELIVERED, FAILED = MessageState.DELIVERED, MessageState.FAILED
DROPPED, UNCERTAIN = MessageState.DROPPED, MessageState.UNCERTAIN


@pytest.fixture
def line(database: Database) -> Line:
    return a_line(database)


def test_a_reminder_leaves_once_and_is_reported(line: Line) -> None:
    expected(line)

    line.send()
    line.send(minutes=1)

    assert line.state is SENT
    assert line.report(DeliveryState.DELIVERED)
    assert line.state is DELIVERED
    assert len(line.gateway.taken) == 1
    assert "9 March" in line.gateway.texts[0]
    assert "Health centre" in line.gateway.texts[0]


def test_a_programmes_own_words_are_sent(line: Line) -> None:
    expected(line)
    with line.database.transaction() as session:
        write_template(
            session,
            name="appointment",
            language="en",
            text="See you on {day}!",
            after=0,
            by=line.place.lead,
            now=line.now,
        )

    line.send()

    assert line.gateway.texts == ["See you on 9 March!"]


def test_the_same_cause_is_queued_once(line: Line) -> None:
    expected(line)

    assert line.remind() == 0
    line.send()

    assert len(line.gateway.taken) == 1


@pytest.mark.parametrize("state", [DeliveryState.DELIVERED, DeliveryState.FAILED])
def test_reports_only_move_forward(line: Line, state: DeliveryState) -> None:
    expected(line)
    line.send()

    assert line.report(state)
    assert not line.report(DeliveryState.SENT)
    assert not line.report(DeliveryState.QUEUED)
    assert not line.report(DeliveryState.FAILED)
    assert not line.report(DeliveryState.DELIVERED)

    assert line.state.value == state.value
    assert len(events(line)) == 1


def events(line: Line) -> list[str]:
    """What the world is told of messages."""
    with line.database.snapshot() as session:
        return list(session.scalars(select(OutboxRow.kind).where(OutboxRow.kind.like("Message%"))))


# What is judged at the moment of sending


def test_consent_withdrawn_since_it_was_queued(line: Line) -> None:
    (her,) = expected(line)
    with line.database.transaction() as session:
        call_her(session, line.place, her, number="+380501112233", may_remind=False)

    line.send()

    assert (line.state, line.message.reason) == (DROPPED, Reason.NO_CONSENT)
    assert line.gateway.calls == []


def test_a_number_removed_since_it_was_queued(line: Line) -> None:
    (her,) = expected(line)
    with line.database.transaction() as session:
        remove_contact(session, her, by=line.place.intake, now=line.now)

    line.send()

    assert (line.state, line.message.reason) == (DROPPED, Reason.NO_CONSENT)


def test_whoever_said_stop_gets_nothing(line: Line) -> None:
    expected(line, number="+380501112233")
    with line.database.transaction() as session:
        opt_out(session, line.place.programme.id, "+380501112233", DAY)

    line.send()

    assert (line.state, line.message.reason) == (DROPPED, Reason.OPTED_OUT)
    assert line.gateway.calls == []


def test_what_is_no_longer_so_is_not_said(line: Line) -> None:
    (her,) = expected(line)
    with line.database.transaction() as session:
        cancel_appointment(session, her, by=line.place.intake, now=line.now)

    line.send()

    assert (line.state, line.message.reason) == (DROPPED, Reason.NOT_TRUE)


def test_its_time_beats_another_try(line: Line) -> None:
    expected(line)
    line.gateway.says(503)
    line.send()

    line.send(days=1)

    assert (line.state, line.message.reason) == (DROPPED, Reason.EXPIRED)
    assert len(line.gateway.calls) == 1


def test_nothing_leaves_in_quiet_hours_of_her_sites_clock(database: Database) -> None:
    late = datetime(2026, 3, 8, 19, tzinfo=UTC)  # nine in the evening in Kyiv
    line = a_line(database, rules=MessageRules(most_a_day=0, most_a_week=0), now=late)
    expected(line)

    line.send()
    assert (line.state, line.message.reason) == (WAITING, Reason.QUIET_HOURS)
    line.send(hours=11, minutes=59)
    assert line.gateway.calls == []
    line.send(minutes=1)

    assert line.state is SENT
    assert line.message.tries == 1


def test_a_number_gets_so_many_a_day_whoever_it_is_for(database: Database) -> None:
    line = a_line(database, rules=MessageRules(0, 0, most_a_day=1, most_a_week=2))
    expected(line, 3, number="+380501112233")

    line.send()
    assert len(line.gateway.taken) == 1
    with line.database.transaction() as session:
        for row in session.scalars(select(Message)):
            row.expires_at = DAY_BEFORE + timedelta(days=30)
    line.send(days=1)
    assert len(line.gateway.taken) == 2
    line.send(days=1)
    assert len(line.gateway.taken) == 2  # two a week
    line.send(days=5)

    assert len(line.gateway.taken) == 3


def test_a_cap_taken_by_what_never_left_is_given_back(database: Database) -> None:
    line = a_line(database, rules=MessageRules(0, 0, most_a_day=1, most_a_week=1))
    expected(line)
    line.gateway.says(503)

    line.send()
    assert line.counted == 0
    line.send(minutes=1)

    assert line.state is SENT
    assert line.counted == 1


# Money


def test_a_days_budget_is_never_overdrawn(database: Database) -> None:
    line = a_line(database, daily_budget_minor=25)
    expected(line, 3)

    line.send()

    assert len(line.gateway.taken) == 2
    assert line.day().spent_minor == 20
    with database.snapshot() as session:
        waiting = session.scalars(select(Message).where(Message.state == WAITING)).one()
    assert waiting.reason == Reason.NO_BUDGET


def test_what_surely_did_not_leave_costs_nothing(line: Line) -> None:
    expected(line)
    line.gateway.says(503)

    line.send()

    assert (line.day().spent_minor, line.day().parts, line.day().refused) == (0, 0, 1)


def test_a_spent_budget_goes_to_the_next_provider(database: Database) -> None:
    line = a_line(database, "one", "two", daily_budget_minor=10)
    expected(line, 2)

    line.send()

    assert sorted(name for name, *_ in line.gateway.taken) == ["one", "two"]


# Refusals


def test_a_refusal_is_tried_again_later_each_time_and_ends(line: Line) -> None:
    expected(line)
    with line.database.transaction() as session:
        session.scalars(select(Message)).one().expires_at = DAY_BEFORE + timedelta(days=9)
    line.gateway.says(*[503] * 6)

    line.send()
    waits = []
    while line.state is WAITING:
        at = line.message.available_at
        assert at is not None
        waits.append((at - line.now).total_seconds())
        line.send(seconds=waits[-1] - 1)
        assert len(line.gateway.calls) == len(waits)
        line.send(seconds=2)

    assert line.state is DEAD
    assert len(line.gateway.calls) == 6
    for wait, usual in zip(waits, (30, 120, 600, 3600, 14400), strict=True):
        assert 0.8 * usual <= wait <= 1.2 * usual
    assert events(line) == ["MessageFailed"]
    assert line.day().spent_minor == 0


def test_a_provider_that_asks_for_patience_is_left_alone(line: Line) -> None:
    expected(line)
    line.gateway.says(httpx.Response(503, headers={"Retry-After": "1800"}))

    line.send()
    line.send(minutes=29)
    assert line.message.reason == Reason.CHANNEL_RESTS
    assert len(line.gateway.calls) == 1
    line.send(minutes=2)

    assert line.state is SENT


def test_after_two_refusals_the_next_provider_is_asked(database: Database) -> None:
    line = a_line(database, "one", "two")
    expected(line)
    line.gateway.says(503, 503)

    line.send()
    line.send(minutes=1)
    line.send(minutes=3)

    assert line.gateway.calls == ["one", "one", "two"]
    assert line.state is SENT


def test_a_message_that_one_will_never_take_goes_to_the_next_at_once(database: Database) -> None:
    line = a_line(database, "one", "two")
    expected(line)
    line.gateway.says(400)

    line.send()

    assert line.gateway.calls == ["one", "two"]
    assert line.attempts == [AttemptState.REJECTED, AttemptState.ACCEPTED]


def test_a_message_that_nobody_will_take_is_dead(database: Database) -> None:
    line = a_line(database, "one", "two")
    expected(line)
    line.gateway.says(400)
    line.gateway.says(400, name="two")

    line.send()
    line.send(hours=5)

    assert line.gateway.calls == ["one", "two"]
    assert line.state is DEAD


def test_an_account_that_is_refused_rests_and_the_next_is_asked(database: Database) -> None:
    line = a_line(database, "one", "two")
    expected(line, 2)
    line.gateway.says(403)

    line.send()

    assert sorted(line.gateway.calls) == ["one", "two", "two"]
    with database.snapshot() as session:
        (one, _) = sorted(
            health(session, line.place.programme.id, now=line.now),
            key=lambda each: each.channel_id != line.channels["one"].id,
        )
    assert one.rests_until == line.now + timedelta(minutes=10)


def test_a_provider_that_cannot_be_reached_has_surely_not_taken_it(line: Line) -> None:
    expected(line)
    line.gateway.says(httpx.ConnectError("refused"))

    line.send()
    line.send(minutes=1)

    assert line.attempts == [AttemptState.REFUSED, AttemptState.ACCEPTED]


def test_without_a_provider_it_waits(line: Line) -> None:
    expected(line)
    with line.database.transaction() as session:
        switch(session, line.channels["one"].id, is_on=False, by=None, now=line.now)

    line.send()
    assert (line.state, line.message.reason) == (WAITING, Reason.NO_CHANNEL)
    with line.database.transaction() as session:
        switch(session, line.channels["one"].id, is_on=True, by=None, now=line.now)
    line.send(minutes=10)

    assert line.state is SENT


# What nobody knows


def test_what_may_have_left_is_not_handed_to_another_provider(database: Database) -> None:
    line = a_line(database, "one", "two")
    expected(line)
    line.gateway.says(httpx.ReadTimeout("too slow"), httpx.ReadTimeout("too slow"))

    line.send()
    assert line.state is UNCERTAIN
    line.send(minutes=59)
    assert line.gateway.calls == ["one"]
    line.send(minutes=2)
    line.send(hours=12)

    # once more where a second copy does no harm, and by the same way; then a person decides
    assert line.gateway.calls == ["one", "one"]
    assert line.state is UNCERTAIN
    assert line.message.available_at is None


def test_a_report_says_that_it_left_after_all(line: Line) -> None:
    expected(line)
    line.gateway.says(httpx.ReadTimeout("too slow"))
    line.send()
    our_id = the_attempt(line)

    line.hear(Delivery(str(uuid4()), DeliveryState.SENT, our_id=our_id))
    line.send(hours=12)

    assert line.state is SENT
    assert len(line.gateway.calls) == 1


def the_attempt(line: Line) -> UUID:
    """Our id of the only call there was."""
    with line.database.snapshot() as session:
        return session.scalars(select(MessageAttempt.id)).one()


def test_money_is_not_promised_twice(line: Line) -> None:
    with line.database.transaction() as session:
        her = someone(session, line.place)
        a_debt(session, line.place, her)
        tell_of_reward(
            session,
            programme_id=line.place.programme.id,
            participant_id=her,
            language="en",
            is_last=False,
            event_id=uuid4(),
            now=line.now,
        )
    line.gateway.says(httpx.ReadTimeout("too slow"))

    line.send()
    line.send(hours=2)
    line.send(hours=20)

    assert len(line.gateway.calls) == 1
    assert (line.state, line.message.available_at) == (UNCERTAIN, None)
    with line.database.transaction() as session:
        resend(session, line.message.id, by=line.place.manager, now=line.now)
    line.send()
    assert line.state is SENT


def a_debt(session: Session, place: Place, person: UUID) -> None:
    """Something that someone may come for."""
    books, _ = books_of(session, place.programme.id, place.site.id, now=DAY_BEFORE)
    enter(
        session,
        books,
        250,
        debit=Account.EXPENSE_PRIMARY,
        credit=Account.STIPENDS_PAYABLE,
        earner=Earner(person),
        cause=("fee", uuid4()),
    )


# Reports that come before we know what they are about


def test_a_report_may_come_before_our_own_commit(line: Line) -> None:
    expected(line)
    before_the_answer(line, lambda ours: Delivery("1", DeliveryState.DELIVERED, our_id=ours))

    line.send()

    assert line.state is DELIVERED
    assert not line.report(DeliveryState.SENT)


def test_a_report_by_the_providers_own_id_is_kept_until_we_know_it(database: Database) -> None:
    line = a_line_with_ids(database, "SM1")
    expected(line)
    kept = Delivery("1", DeliveryState.DELIVERED, provider_id="SM1")
    before_the_answer(line, lambda _: kept)

    line.send()

    assert line.state is DELIVERED
    assert not line.hear(kept)


def test_of_several_early_reports_the_furthest_stands(database: Database) -> None:
    line = a_line_with_ids(database, "SM1")
    expected(line)
    for state in (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.QUEUED):
        line.hear(Delivery(state.value, state, provider_id="SM1"))

    line.send()

    assert line.state is FAILED


def test_a_report_by_the_providers_own_id_finds_its_message(database: Database) -> None:
    line = a_line_with_ids(database, "SM1", "SM2")
    expected(line, 2)
    line.send()

    assert line.hear(Delivery("1", DeliveryState.DELIVERED, provider_id="SM2"))
    assert not line.hear(Delivery("1", DeliveryState.SENT, provider_id="SM2"))

    with database.snapshot() as session:
        assert sorted(session.scalars(select(Message.state))) == [DELIVERED, SENT]


def test_a_report_of_another_channels_message_changes_nothing(database: Database) -> None:
    line = a_line(database, "one", "two")
    expected(line)
    line.send()
    ours = line.gateway.taken[0][1]

    assert not line.hear(Delivery("1", DeliveryState.FAILED, our_id=ours), name="two")
    assert not line.hear(Delivery("2", DeliveryState.FAILED, our_id=uuid4()))

    assert line.state is SENT


def test_a_number_that_a_provider_says_has_stopped_gets_nothing_any_more(line: Line) -> None:
    expected(line, 2, number="+380501112233")
    line.send()
    line.report(DeliveryState.FAILED, 0, is_opted_out=True)
    with line.database.transaction() as session:
        assert has_opted_out(session, line.place.programme.id, "+380501112233")
        for row in session.scalars(select(Message).where(Message.state == FAILED)):
            resend(session, row.id, by=line.place.manager, now=line.now)

    line.send()

    assert len(line.gateway.taken) == 2


def before_the_answer(line: Line, report: Callable[[UUID], Delivery]) -> None:
    """The provider reports while it still keeps us waiting for its answer."""
    answer = line.gateway.answer

    def report_first(request: httpx.Request) -> httpx.Response:
        response = answer(request)
        ours = line.gateway.taken[-1][1]
        assert ours
        line.hear(report(ours))
        return response

    line.gateway.answer = report_first  # type: ignore[method-assign]


# A worker that is gone, at each point


def test_gone_before_it_marked_anything(line: Line) -> None:
    expected(line)
    with line.database.transaction() as session:
        (_,) = lease(session, now=line.now, until=line.now + LEASE)

    line.send()
    assert line.gateway.calls == []
    line.send(seconds=121)

    assert line.state is SENT
    assert len(line.gateway.taken) == 1


def test_gone_after_it_marked_it_as_leaving(line: Line) -> None:
    expected(line)
    line.gateway.says(Killed())
    with pytest.raises(Killed):
        line.send()
    assert line.state is MessageState.SENDING

    line.send(seconds=121)
    assert line.state is UNCERTAIN
    line.send(minutes=61)

    assert line.state is SENT
    assert len(line.gateway.taken) == 1
    assert line.day().spent_minor == 20  # the first may have been charged for, too


def test_gone_after_the_provider_took_it(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    expected(line)
    with monkeypatch.context() as patch:
        patch.setattr(sending, "_settle", kill)
        with pytest.raises(Killed):
            line.send()
    assert len(line.gateway.taken) == 1

    line.send(seconds=121)
    assert line.state is UNCERTAIN
    line.report(DeliveryState.DELIVERED)
    line.send(hours=3)

    assert line.state is DELIVERED
    assert len(line.gateway.taken) == 1


def kill(*_: object) -> None:
    raise Killed


def test_an_answer_that_comes_after_the_lease_still_counts(line: Line) -> None:
    expected(line)
    answer = line.gateway.answer

    def slow(request: httpx.Request) -> httpx.Response:
        line.now += timedelta(minutes=3)
        with line.gateway.client() as http:  # another worker, meanwhile
            send_due(line.database, lambda: line.now, http)
        assert line.state is UNCERTAIN
        return answer(request)

    line.gateway.answer = slow  # type: ignore[method-assign]

    line.send()

    assert line.state is SENT
    assert line.message.available_at is None


def test_two_workers_never_have_the_same_message(line: Line) -> None:
    expected(line, 3)
    with line.database.transaction() as session:
        first = lease(session, now=line.now, until=line.now + LEASE, most=2)
    with line.database.transaction() as session:
        second = lease(session, now=line.now, until=line.now + LEASE, most=2)

    assert [len(first), len(second)] == [2, 1]
    assert not {each.id for each in first} & {each.id for each in second}


def test_what_a_slow_worker_lost_to_another_it_does_not_send(line: Line) -> None:
    expected(line)
    with line.database.transaction() as session:
        (slow,) = lease(session, now=line.now, until=line.now + LEASE)
    line.now += timedelta(minutes=3)
    with line.database.transaction() as session:
        (quick,) = lease(session, now=line.now, until=line.now + LEASE)

    with line.database.transaction() as session:
        assert not hold(session, slow)
        assert hold(session, quick)


def test_a_worker_that_stops_gives_back_what_it_has_not_begun(line: Line) -> None:
    expected(line, 3)
    with line.gateway.client() as http:
        send_due(
            line.database,
            lambda: line.now,
            http,
            is_stopping=lambda: len(line.gateway.taken) == 1,
        )
    assert len(line.gateway.taken) == 1

    line.send()

    assert len(set(line.gateway.numbers)) == len(line.gateway.taken) == 3


def test_one_message_that_breaks_the_worker_does_not_stop_the_others(
    line: Line, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    expected(line, 3)
    text_of: Callable[..., str] = sending._text
    faults = [RuntimeError("+380501112233")]

    def text(*given: Any) -> str:
        if faults:
            raise faults.pop()
        return text_of(*given)

    monkeypatch.setattr(sending, "_text", text)

    line.send()
    assert len(line.gateway.taken) == 2
    line.send(seconds=121)

    assert len(line.gateway.taken) == 3
    assert "RuntimeError" in caplog.text
    assert "112233" not in caplog.text
