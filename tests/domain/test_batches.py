"""Payouts that go out together: who is in a batch, who signs it, and what any change undoes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.errors import DomainError
from app.core.money import Money
from app.domain.audit.errors import ReasonNeeded
from app.domain.batches import queries
from app.domain.batches.actions import (
    approve,
    ask_self_release,
    choose_profiles,
    note_file_taken,
    prepare,
    release,
    review,
    take_out,
    void,
)
from app.domain.batches.errors import (
    ApprovalMissing,
    BadSelection,
    BatchChanged,
    BatchIdReused,
    BatchMovedOn,
    FourEyes,
    NothingToPrepare,
    NothingToReview,
    SecondPersonThere,
    SelfReleaseOff,
    SelfReleaseTooEarly,
    UnknownPayoutBatch,
    UnknownPayoutLine,
)
from app.domain.batches.queries import BatchFacts
from app.domain.batches.rules import Act, BatchState, LeftOut, LineState, Selection
from app.domain.contacts.actions import keep_contact, remove_contact
from app.domain.participants.models import Participant, PossibleDuplicate
from app.domain.participants.rules import Likeness
from app.domain.payouts.queries import payout, reservations
from app.domain.programmes.actions import adopt_protocol
from app.domain.programmes.errors import UnknownSite
from app.domain.programmes.rules import PayoutRules, Protocol
from app.domain.staff.actions import remove_member
from app.domain.staff.errors import NotAllowed
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Role
from app.domain.stipends.actions import reverse
from app.domain.stipends.errors import NothingToPay
from app.domain.stipends.models import LedgerEntry
from app.domain.stipends.queries import balances, owed_to, reserved_for
from app.domain.stipends.rules import Account, Method
from tests.batches import (
    Office,
    a_batch,
    a_released_batch,
    an_approved_batch,
    an_office,
    pay_at_the_desk,
    sign,
    someone_owed,
    the_lines,
)
from tests.factories import LATER, a_place, a_site, an_actor

NUMBER = "+380501234567"
PHONE = Method.MOBILE_MONEY


def stands(session: Session, office: Office, account: Account) -> int:
    found = balances(session, office.programme_id)
    return sum(each.balance.minor for each in found if each.account is account)


def seen(session: Session, batch: BatchFacts) -> str:
    return queries.seen(session, batch.id, programme_id=batch.programme_id)


def acts_done(session: Session, batch: BatchFacts) -> list[str]:
    return [
        each.action for each in queries.history(session, batch.id, programme_id=batch.programme_id)
    ]


def test_one_batch_pays_cash_vouchers_airtime_and_mobile_money(session: Session) -> None:
    office = an_office(session)
    for method in Method:
        number = NUMBER if method in (PHONE, Method.AIRTIME) else None
        someone_owed(session, office.place, 750, method=method, number=number)

    batch = a_batch(session, office)

    assert {method: tally.count for method, tally in batch.by_method.items()} == dict.fromkeys(
        Method, 1
    )
    assert batch.total.amount == Money(3000, "UAH")
    assert batch.state is BatchState.DRAFT
    assert batch.left_out == {}


def test_a_person_has_one_line_for_all_she_is_owed(session: Session) -> None:
    office = an_office(session)
    person = someone_owed(session, office.place, 750, 250, 90)

    batch = a_batch(session, office)

    (line,) = the_lines(session, batch)
    assert (line.amount, line.method, line.state) == (
        Money(1090, "UAH"),
        Method.CASH,
        LineState.WAITING,
    )
    assert owed_to(session, person) == []
    assert sum(each.amount.minor for each in reserved_for(session, person)) == 1090


def test_what_waits_in_a_batch_is_not_paid_at_a_desk(session: Session) -> None:
    office = an_office(session)
    person = someone_owed(session, office.place)
    a_batch(session, office)

    with pytest.raises(NothingToPay):
        pay_at_the_desk(session, office.place, person)


def test_what_waits_in_a_batch_is_in_no_other(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    a_batch(session, office)

    with pytest.raises(NothingToPrepare):
        a_batch(session, office)


def test_asking_for_a_batch_again_makes_no_other(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    first = a_batch(session, office)
    someone_owed(session, office.place)

    again = prepare(session, first.id, Selection(), by=office.preparer, now=LATER)

    assert again == first


@pytest.mark.parametrize("other", ["somebody", "selection"])
def test_an_id_is_of_one_request(session: Session, other: str) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    first = a_batch(session, office)
    selection = Selection(at_least=1) if other == "selection" else Selection()
    by = office.payer if other == "somebody" else office.preparer

    with pytest.raises(BatchIdReused):
        prepare(session, first.id, selection, by=by, now=LATER)


def test_nobody_is_left_out_without_a_reason(session: Session) -> None:
    office = an_office(session)
    place = office.place
    there = a_site(session, office.programme_id)
    doubted = someone_owed(session, place, 100)
    session.add(
        PossibleDuplicate(
            participant_id=doubted,
            programme_id=office.programme_id,
            likeness=Likeness.POSSIBLE_DUPLICATE,
            sealed_arrival=b"",
        )
    )
    someone_owed(session, place, 201, method=Method.VOUCHER)
    someone_owed(session, place, 302, site=there)
    someone_owed(session, place, 43)
    someone_owed(session, place, 504, now=LATER + timedelta(days=3))
    kept = someone_owed(session, place, 600)
    gone = someone_owed(session, place, 705, method=PHONE, number=NUMBER)
    session.execute(text("UPDATE participant_contact SET sealed_msisdn = NULL"))
    session.expire_all()
    choice = Selection(
        methods=frozenset({Method.CASH, PHONE}),
        sites=frozenset({place.site.id}),
        at_least=100,
        owed_by=LATER.date(),
    )

    outlook = queries.look_before(session, office.programme_id, choice)
    batch = a_batch(session, office, choice, now=LATER + timedelta(days=4))

    assert {why: (each.count, each.amount.minor) for why, each in batch.left_out.items()} == {
        LeftOut.WAITS_FOR_DECISION: (1, 100),
        LeftOut.OTHER_METHOD: (1, 201),
        LeftOut.OTHER_SITE: (1, 302),
        LeftOut.TOO_LITTLE: (1, 43),
        LeftOut.TOO_RECENT: (1, 504),
        LeftOut.NO_NUMBER: (1, 705),
    }
    assert outlook.left_out == batch.left_out
    assert outlook.people == batch.by_method
    assert batch.total == queries.Tally(1, Money(600, "UAH"))
    assert batch.site_id == place.site.id
    assert reserved_for(session, kept)
    assert not reserved_for(session, gone)


def test_references_are_random_and_numbers_of_lines_follow_nobody(session: Session) -> None:
    office = an_office(session)
    people = [someone_owed(session, office.place) for _ in range(12)]

    lines = the_lines(session, a_batch(session, office))

    assert len({line.payment_ref for line in lines}) == 12
    assert all(len(line.payment_ref) == 16 and line.payment_ref[0] == "P" for line in lines)
    assert [line.id for line in lines] == sorted(line.id for line in lines)
    assert not {line.id for line in lines} & set(people)


def test_pages_see_the_end_of_a_number_and_files_all_of_it(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place, method=PHONE, number="0501234567")
    batch = a_batch(session, office)

    (line,) = the_lines(session, batch)
    (out,) = queries.outgoing(session, batch.id, PHONE)

    assert line.msisdn == "•••• 4567"
    assert out.msisdn == NUMBER
    assert NUMBER not in repr(out)


@pytest.mark.parametrize(
    ("selection", "profiles"),
    [
        (Selection(methods=frozenset()), {}),
        (Selection(at_least=-1), {}),
        (Selection(), {PHONE: "../etc"}),
    ],
)
def test_a_choice_that_is_none_is_refused(
    session: Session, selection: Selection, profiles: dict[Method, str]
) -> None:
    office = an_office(session)
    someone_owed(session, office.place)

    with pytest.raises(BadSelection):
        a_batch(session, office, selection, profiles=profiles)


def test_a_site_of_another_programme_is_refused(session: Session) -> None:
    office = an_office(session)
    elsewhere = a_place(session).site.id

    with pytest.raises(UnknownSite):
        a_batch(session, office, Selection(sites=frozenset({elsewhere})))


def test_a_batch_of_another_programme_is_not_there(session: Session) -> None:
    office, other = an_office(session), an_office(session)
    someone_owed(session, office.place)
    batch = a_batch(session, office)

    with pytest.raises(UnknownPayoutBatch):
        queries.batch(session, batch.id, programme_id=other.programme_id)
    with pytest.raises(UnknownPayoutBatch):
        void(session, batch.id, reason="not mine", by=other.preparer, now=LATER)


def test_three_people_send_a_batch_on_its_way(session: Session) -> None:
    office = an_office(session)
    person = someone_owed(session, office.place, 750, 250)

    batch = a_released_batch(session, office)

    (line,) = the_lines(session, batch)
    assert (batch.state, line.state) == (BatchState.RELEASED, LineState.SENT)
    assert stands(session, office, Account.CLEARING) == 1000
    assert stands(session, office, Account.STIPENDS_PAYABLE) == 0
    sent = payout(session, line.id)
    assert sent is not None
    assert (sent.amount, sent.paid_by) == (Money(1000, "UAH"), office.payer.staff_id)
    assert owed_to(session, person) == reserved_for(session, person) == []
    assert acts_done(session, batch) == ["batch.prepared", "batch.approved", "batch.released"]


def test_what_is_earned_at_several_sites_leaves_the_books_of_each(session: Session) -> None:
    office = an_office(session)
    there = a_site(session, office.programme_id)
    person = someone_owed(session, office.place, 750)
    entry = session.query(LedgerEntry).filter_by(credit=Account.STIPENDS_PAYABLE).one()
    other = someone_owed(session, office.place, 400, site=there)
    assert owed_to(session, person)[0].id == entry.id

    a_released_batch(session, office)

    found = {
        each.site_id: each.balance.minor
        for each in balances(session, office.programme_id)
        if each.account is Account.CLEARING
    }
    assert found == {office.place.site.id: 750, there.id: 400}
    assert owed_to(session, other) == []


@pytest.mark.parametrize("role", [Role.PROGRAMME_LEAD, Role.ADMINISTRATOR, Role.FINANCE])
def test_whoever_prepared_approves_nothing_administrators_included(
    session: Session, role: Role
) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    batch = a_batch(session, office)
    # The same person under every hat: roles change, people do not.
    same = replace(office.preparer, role=role)

    with pytest.raises(FourEyes):
        sign(session, batch, same)


def test_whoever_prepared_or_approved_releases_nothing(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    batch = an_approved_batch(session, office)

    for person in (office.preparer, replace(office.approver, role=Role.FINANCE)):
        with pytest.raises(FourEyes):
            release(session, batch.id, by=person, now=LATER)
    assert stands(session, office, Account.CLEARING) == 0


@pytest.mark.parametrize("role", [each for each in Role if each is not Role.FINANCE])
def test_only_finance_prepares_and_releases(session: Session, role: Role) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    batch = an_approved_batch(session, office)
    actor = office.place.staff[role]

    with pytest.raises(NotAllowed):
        prepare(session, uuid4(), Selection(), by=actor, now=LATER)
    with pytest.raises(NotAllowed):
        release(session, batch.id, by=actor, now=LATER)


@pytest.mark.parametrize("role", [Role.INTAKE, Role.COUPON_MANAGER, Role.HEALTH_EDUCATOR])
def test_nobody_at_the_desk_approves(session: Session, role: Role) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    batch = a_batch(session, office)

    with pytest.raises(NotAllowed):
        sign(session, batch, office.place.staff[role])


def test_a_draft_is_not_released(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    batch = a_batch(session, office)

    with pytest.raises(ApprovalMissing):
        release(session, batch.id, by=office.payer, now=LATER)


def test_signing_again_changes_nothing(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    batch = an_approved_batch(session, office)

    assert sign(session, batch, office.approver) == batch
    released = release(session, batch.id, by=office.payer, now=LATER)
    again = release(session, batch.id, by=office.payer, now=LATER)

    assert again == released
    assert stands(session, office, Account.CLEARING) == 750
    assert acts_done(session, batch).count("batch.released") == 1


def test_a_batch_is_released_once(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    batch = a_released_batch(session, office)
    third = an_actor(
        session, Role.FINANCE, programme_id=office.programme_id, site_id=office.place.site.id
    )

    with pytest.raises(BatchMovedOn) as refused:
        release(session, batch.id, by=third, now=LATER)
    assert refused.value.facts == {"state": "released"}
    with pytest.raises(BatchMovedOn):
        sign(session, batch, office.second)
    with pytest.raises(BatchMovedOn):
        void(session, batch.id, reason="too late", by=office.preparer, now=LATER)


def with_rules(session: Session, office: Office, **rules: int) -> None:
    adopt_protocol(
        session,
        office.programme_id,
        Protocol(payouts=PayoutRules(**rules)),
        by=office.approver.staff_id,
        now=LATER,
    )


def test_much_money_needs_two_approvals(session: Session) -> None:
    office = an_office(session)
    with_rules(session, office, second_approval_from=1500)
    for _ in range(2):
        someone_owed(session, office.place, 750)
    batch = an_approved_batch(session, office)

    assert (batch.state, batch.signatures.needs_second) == (BatchState.DRAFT, True)
    with pytest.raises(ApprovalMissing):
        release(session, batch.id, by=office.payer, now=LATER)
    assert sign(session, batch, office.approver) == batch  # one person is one approval
    batch = sign(session, batch, office.second)

    assert batch.state is BatchState.APPROVED
    assert release(session, batch.id, by=office.payer, now=LATER).batch.released_at == LATER


def test_a_little_less_needs_one(session: Session) -> None:
    office = an_office(session)
    with_rules(session, office, second_approval_from=1501)
    for _ in range(2):
        someone_owed(session, office.place, 750)

    assert an_approved_batch(session, office).state is BatchState.APPROVED


def test_the_second_approver_does_not_pay(session: Session) -> None:
    office = an_office(session)
    with_rules(session, office, second_approval_from=1)
    someone_owed(session, office.place)
    batch = sign(session, an_approved_batch(session, office), office.payer)

    with pytest.raises(FourEyes):
        release(session, batch.id, by=office.payer, now=LATER)


def test_one_approves_what_one_has_looked_at(session: Session) -> None:
    office = an_office(session)
    for _ in range(2):
        someone_owed(session, office.place)
    batch = a_batch(session, office)
    looked_at = seen(session, batch)
    first = the_lines(session, batch)[0]
    take_out(session, batch.id, [first.id], reason="asked to wait", by=office.preparer, now=LATER)

    with pytest.raises(BatchChanged):
        approve(session, batch.id, seen=looked_at, by=office.approver, now=LATER)
    assert sign(session, batch, office.approver).state is BatchState.APPROVED


def taking_a_line_out(session: Session, office: Office, batch: BatchFacts) -> None:
    line = next(each for each in the_lines(session, batch) if each.state is LineState.WAITING)
    take_out(session, batch.id, [line.id], reason="asked to wait", by=office.preparer, now=LATER)


def choosing_another_layout(session: Session, office: Office, batch: BatchFacts) -> None:
    choose_profiles(session, batch.id, {PHONE: "generic"}, by=office.preparer, now=LATER)


@pytest.mark.parametrize("change", [taking_a_line_out, choosing_another_layout])
def test_any_change_voids_what_was_approved_and_says_so(session: Session, change) -> None:  # type: ignore[no-untyped-def]
    office = an_office(session)
    for _ in range(2):
        someone_owed(session, office.place)
    approved = an_approved_batch(session, office)

    change(session, office, approved)

    batch = queries.batch(session, approved.id, programme_id=office.programme_id)
    assert (batch.state, batch.content, batch.approved_at) == (BatchState.DRAFT, None, None)
    entry = next(
        each
        for each in queries.history(session, batch.id, programme_id=office.programme_id)
        if each.action == "batch.approvals_voided"
    )
    assert entry.staff_id == office.preparer.staff_id
    assert entry.facts["approved_by"] == [str(office.approver.staff_id)]
    with pytest.raises(ApprovalMissing):
        release(session, batch.id, by=office.payer, now=LATER)
    assert sign(session, batch, office.approver).state is BatchState.APPROVED


def test_choosing_the_same_layout_changes_nothing(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    batch = a_batch(session, office, profiles={PHONE: "generic"})
    approved = sign(session, batch, office.approver)

    same = choose_profiles(session, batch.id, {PHONE: "generic"}, by=office.preparer, now=LATER)

    assert same == approved


def test_whoever_is_taken_out_can_be_paid_elsewhere(session: Session) -> None:
    office = an_office(session)
    person = someone_owed(session, office.place)
    batch = a_batch(session, office)
    (line,) = the_lines(session, batch)

    for _ in range(2):
        batch = take_out(
            session, batch.id, [line.id], reason="asked for cash", by=office.preparer, now=LATER
        )

    assert batch.by_state == {LineState.REMOVED: queries.Tally(1, Money(750, "UAH"))}
    assert batch.total.count == 0
    assert acts_done(session, batch).count("batch.lines_taken_out") == 1
    assert pay_at_the_desk(session, office.place, person).amount == Money(750, "UAH")
    with pytest.raises(NothingToPrepare):
        sign(session, batch, office.approver)


def test_a_void_batch_frees_everyone(session: Session) -> None:
    office = an_office(session)
    people = [someone_owed(session, office.place) for _ in range(3)]
    batch = an_approved_batch(session, office)

    for _ in range(2):
        batch = void(session, batch.id, reason="wrong site", by=office.approver, now=LATER)

    assert (batch.state, batch.void_reason) == (BatchState.VOID, "wrong site")
    assert list(reservations(session)) == []
    assert all(owed_to(session, each) for each in people)
    assert a_batch(session, office).total.count == 3
    for act in (release, choose):
        with pytest.raises(BatchMovedOn):
            act(session, batch.id, by=office.payer, now=LATER)


def choose(session: Session, batch_id: UUID, **given: object) -> None:
    choose_profiles(session, batch_id, {PHONE: "generic"}, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("reason", ["", "  "])
def test_acts_someone_may_ask_about_need_a_reason(session: Session, reason: str) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    batch = a_batch(session, office)
    (line,) = the_lines(session, batch)

    with pytest.raises(ReasonNeeded):
        void(session, batch.id, reason=reason, by=office.preparer, now=LATER)
    with pytest.raises(ReasonNeeded):
        take_out(session, batch.id, [line.id], reason=reason, by=office.preparer, now=LATER)


def test_a_line_of_another_batch_is_not_taken_out(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    first = a_batch(session, office)
    someone_owed(session, office.place)
    second = a_batch(session, office)
    (line,) = the_lines(session, first)

    with pytest.raises(UnknownPayoutLine):
        take_out(session, second.id, [line.id], reason="x", by=office.preparer, now=LATER)


def test_money_that_is_no_longer_owed_stops_the_release(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    mistaken = someone_owed(session, office.place, 500)
    batch = an_approved_batch(session, office)
    (accrual,) = reserved_for(session, mistaken)
    reverse(session, session.get_one(LedgerEntry, accrual.id), on=LATER.date(), reason="no visit")

    signed = release(session, batch.id, by=office.payer, now=LATER)

    stale = next(each for each in the_lines(session, batch) if each.amount.minor == 500)
    assert (signed.changed, signed.stale) == (True, (stale.id,))
    assert signed.batch.state is BatchState.DRAFT
    assert stands(session, office, Account.CLEARING) == 0
    take_out(session, batch.id, [stale.id], reason="no visit", by=office.preparer, now=LATER)
    sign(session, batch, office.approver)
    assert not release(session, batch.id, by=office.payer, now=LATER).changed
    assert stands(session, office, Account.CLEARING) == 750


def test_a_file_leaves_only_a_released_batch_and_the_record_says_who_took_it(
    session: Session,
) -> None:
    office = an_office(session)
    someone_owed(session, office.place, method=PHONE, number=NUMBER)
    batch = an_approved_batch(session, office)
    take = {"method": PHONE, "profile": "generic", "by": office.payer, "now": LATER}

    with pytest.raises(BatchMovedOn):
        note_file_taken(session, batch.id, **take)  # type: ignore[arg-type]
    release(session, batch.id, by=office.payer, now=LATER)
    note_file_taken(session, batch.id, **take)  # type: ignore[arg-type]

    last = queries.history(session, batch.id, programme_id=office.programme_id)[-1]
    assert (last.action, last.staff_id) == ("batch.file_taken", office.payer.staff_id)


# Someone who is alone


def alone(session: Session, office: Office, *still_there: Actor) -> None:
    """Leave only the preparer of those who could sign, and whoever else is named."""
    for actor in (office.approver, office.second, office.payer):
        if actor not in still_there:
            remove_member(session, actor.staff_id, by=None, now=LATER)


def ask(session: Session, office: Office, batch: BatchFacts, by: Actor | None = None) -> BatchFacts:
    return ask_self_release(
        session,
        batch.id,
        seen=seen(session, batch),
        reason="alone this month",
        by=by or office.preparer,
        now=LATER,
    )


def test_someone_alone_releases_after_a_delay_and_is_looked_at_later(session: Session) -> None:
    office = an_office(session)
    person = someone_owed(session, office.place)
    alone(session, office)
    batch = ask(session, office, a_batch(session, office))

    with pytest.raises(SelfReleaseTooEarly):
        release(session, batch.id, by=office.preparer, now=LATER + timedelta(hours=47))
    signed = release(session, batch.id, by=office.preparer, now=LATER + timedelta(days=2))

    assert signed.batch.signatures.is_self_release
    assert signed.batch.signatures.released_by == signed.batch.signatures.prepared_by
    assert owed_to(session, person) == []
    assert [each.id for each in queries.to_review(session, office.programme_id)] == [batch.id]
    with pytest.raises(FourEyes):
        look_at(session, batch, replace(office.preparer, role=Role.PROGRAMME_LEAD))
    newcomer = an_actor(session, Role.PROGRAMME_LEAD, programme_id=office.programme_id)
    assert queries.waiting_for(session, newcomer, now=LATER)[Act.REVIEW] == 1
    looked_at = look_at(session, batch, newcomer)
    assert looked_at.review_note == "receipts seen"
    assert look_at(session, batch, newcomer) == looked_at
    assert queries.to_review(session, office.programme_id) == []
    with pytest.raises(NothingToReview):
        look_at(session, batch, replace(newcomer, staff_id=office.approver.staff_id))


def look_at(session: Session, batch: BatchFacts, by: Actor) -> BatchFacts:
    return review(session, batch.id, note="receipts seen", by=by, now=LATER)


def test_whoever_could_approve_must_have(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    alone(session, office, office.approver)
    batch = a_batch(session, office)

    with pytest.raises(ApprovalMissing):
        ask(session, office, batch)
    sign(session, batch, office.approver)
    asked = ask(session, office, batch)

    assert asked.signatures.approved_by == office.approver.staff_id
    assert release(
        session, batch.id, by=office.preparer, now=LATER + timedelta(days=2)
    ).batch.released_at


def test_nobody_releases_her_own_while_someone_else_can(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    batch = an_approved_batch(session, office)

    with pytest.raises(SecondPersonThere):
        ask(session, office, batch)


def test_someone_of_another_site_is_not_there(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    alone(session, office)
    elsewhere = a_site(session, office.programme_id)
    an_actor(session, Role.FINANCE, programme_id=office.programme_id, site_id=elsewhere.id)
    here = Selection(sites=frozenset({office.place.site.id}))

    assert ask(session, office, a_batch(session, office, here)).signatures.is_self_release


@pytest.mark.parametrize("sites", ["all", "this"])
def test_someone_of_the_whole_programme_is_there_for_every_site(
    session: Session, sites: str
) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    alone(session, office)
    an_actor(session, Role.FINANCE, programme_id=office.programme_id)
    chosen = frozenset({office.place.site.id}) if sites == "this" else frozenset()
    batch = a_batch(session, office, Selection(sites=chosen))

    with pytest.raises(ApprovalMissing):
        ask(session, office, batch)


def test_whoever_comes_in_the_meantime_ends_the_exception(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    alone(session, office)
    batch = ask(session, office, a_batch(session, office))
    site = office.place.site.id
    one, two = (
        an_actor(session, Role.FINANCE, programme_id=office.programme_id, site_id=site)
        for _ in range(2)
    )
    later = LATER + timedelta(days=3)

    with pytest.raises(ApprovalMissing):
        release(session, batch.id, by=office.preparer, now=later)
    with pytest.raises(ApprovalMissing):
        release(session, batch.id, by=two, now=later)
    sign(session, batch, one)
    with pytest.raises(SecondPersonThere):
        release(session, batch.id, by=office.preparer, now=later)
    released = release(session, batch.id, by=two, now=later).batch

    assert not released.signatures.is_self_release
    assert queries.to_review(session, office.programme_id) == []


def test_only_the_preparer_asks_and_a_protocol_may_say_never(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    batch = an_approved_batch(session, office)
    with pytest.raises(FourEyes):
        ask(session, office, batch, office.payer)

    with_rules(session, office, self_release_after_days=0)
    with pytest.raises(SelfReleaseOff):
        ask(session, office, batch)


def test_a_change_ends_the_wait_too(session: Session) -> None:
    office = an_office(session)
    for _ in range(2):
        someone_owed(session, office.place)
    alone(session, office)
    batch = ask(session, office, a_batch(session, office))

    taking_a_line_out(session, office, batch)

    found = queries.batch(session, batch.id, programme_id=office.programme_id)
    assert (found.state, found.signatures.is_self_release) == (BatchState.DRAFT, False)
    with pytest.raises(ApprovalMissing):
        release(session, batch.id, by=office.preparer, now=LATER + timedelta(days=9))


# What pages ask


def test_everyone_is_told_what_she_can_do_and_why_not(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    batch = an_approved_batch(session, office)

    def codes(actor: Actor) -> dict[Act, str | None]:
        return queries.acts(session, batch, actor, now=LATER)

    assert codes(office.preparer)[Act.RELEASE] == "four_eyes"
    assert codes(office.payer)[Act.RELEASE] is None
    assert codes(office.approver)[Act.APPROVE] == "batch_moved_on"
    assert codes(office.approver)[Act.RELEASE] == "not_allowed"
    assert codes(office.preparer)[Act.ASK_SELF_RELEASE] == "second_person_there"
    assert codes(office.preparer)[Act.CHANGE] is None
    assert codes(office.preparer)[Act.ANSWER] == "batch_moved_on"
    assert queries.waiting_for(session, office.payer, now=LATER) == {
        Act.APPROVE: 0,
        Act.RELEASE: 1,
        Act.REVIEW: 0,
    }


def test_what_a_person_may_do_is_what_the_act_then_allows(session: Session) -> None:
    office = an_office(session)
    someone_owed(session, office.place)
    batch = an_approved_batch(session, office)

    for actor in (office.preparer, office.approver, office.second, *office.place.staff.values()):
        told = queries.acts(session, batch, actor, now=LATER)[Act.RELEASE]
        with pytest.raises(DomainError) as refused:
            release(session, batch.id, by=actor, now=LATER)
        assert told == refused.value.code


def test_what_waits_is_counted_with_its_money(session: Session) -> None:
    office = an_office(session)
    money = {}
    for minor in (100, 200, 400):
        someone_owed(session, office.place, minor)
        money[minor] = a_batch(session, office)
    sign(session, money[200], office.approver)
    sign(session, money[400], office.approver)
    release(session, money[400].id, by=office.payer, now=LATER)

    found = queries.waiting(session, office.programme_id)

    assert (found.to_approve.count, found.to_approve.amount.minor) == (1, 100)
    assert (found.to_release.count, found.to_release.amount.minor) == (1, 200)
    assert (found.on_its_way.count, found.on_its_way.amount.minor) == (1, 400)
    assert found.unknown.count == found.failed.count == found.to_review.count == 0


def test_batches_come_newest_first_and_lines_by_number(session: Session) -> None:
    office = an_office(session)
    made = []
    for day in range(3):
        someone_owed(session, office.place)
        made.append(a_batch(session, office, now=LATER + timedelta(days=day)).id)
    void(session, made[0], reason="x", by=office.preparer, now=LATER)

    listed = queries.batches(session, office.programme_id)
    drafts = queries.batches(session, office.programme_id, states=[BatchState.DRAFT], limit=1)

    assert [each.id for each in listed] == made[::-1]
    assert [each.id for each in drafts] == [made[2]]
    assert session.get(Participant, made[0]) is None


def takes_back(session: Session, office: Office, person: UUID) -> None:
    assert remove_contact(session, person, by=office.place.intake, now=LATER)


def changes(session: Session, office: Office, person: UUID) -> None:
    prefers(session, office, person, PHONE, "+380509999999")


def prefers(
    session: Session, office: Office, person: UUID, method: Method, number: str | None
) -> None:
    keep_contact(
        session,
        person,
        method=method,
        number=number,
        may_remind=False,
        language="uk",
        by=office.place.intake,
        now=LATER,
    )


@pytest.mark.parametrize("change", [takes_back, changes])
def test_nothing_goes_to_a_number_that_someone_took_back_or_changed(
    session: Session, change: Callable[[Session, Office, UUID], None]
) -> None:
    office = an_office(session)
    person = someone_owed(session, office.place, 750, method=PHONE, number=NUMBER)
    someone_owed(session, office.place, 400, method=PHONE, number="+380671112233")
    batch = an_approved_batch(session, office)
    change(session, office, person)

    signed = release(session, batch.id, by=office.payer, now=LATER)

    hers = next(each.id for each in the_lines(session, batch) if each.amount.minor == 750)
    assert (signed.changed, signed.stale) == (True, (hers,))
    assert stands(session, office, Account.CLEARING) == 0
    take_out(session, batch.id, [hers], reason="Another number", by=office.preparer, now=LATER)
    sign(session, batch, office.approver)
    assert release(session, batch.id, by=office.payer, now=LATER).batch.total.count == 1


def test_another_way_to_be_paid_next_time_stops_no_batch(session: Session) -> None:
    office = an_office(session)
    by_phone = someone_owed(session, office.place, 750, method=PHONE, number=NUMBER)
    in_cash = someone_owed(session, office.place, 400)
    batch = an_approved_batch(session, office)
    prefers(session, office, by_phone, Method.CASH, NUMBER)
    prefers(session, office, in_cash, PHONE, "+380671112233")

    assert not release(session, batch.id, by=office.payer, now=LATER).changed
