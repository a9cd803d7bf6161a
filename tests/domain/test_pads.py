"""Pads: bundles on paper before anyone holds them, given by a scan, promised, cancelled, and never twice."""

from concurrent.futures import ProcessPoolExecutor
from datetime import date, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.codes import Code, Token
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.audit.errors import ReasonNeeded
from app.domain.audit.queries import latest
from app.domain.coupons.actions import free_names
from app.domain.coupons.errors import (
    BundleAlreadyIssued,
    CouponNotYetActive,
    CouponVoid,
    TargetReached,
    WrongProgramme,
)
from app.domain.coupons.models import Coupon, CouponBundle, ReservedCoupon
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.actions import redeem
from app.domain.intake.queries import look_up
from app.domain.pads import actions as pads
from app.domain.pads import queries
from app.domain.pads.errors import (
    BadBatch,
    BatchStopped,
    PadAlreadyGiven,
    PadVoid,
    UnknownBatch,
    UnknownPad,
)
from app.domain.pads.models import CouponPad
from app.domain.pads.rules import PadStatus
from app.domain.programmes.errors import UnknownSite
from app.domain.programmes.rules import Protocol
from app.domain.visits import actions as visits
from app.domain.visits.errors import NotReadyForBundle
from tests.factories import (
    LATER,
    NOON,
    Place,
    a_bundle,
    a_finished_visit,
    a_place,
    a_redemption,
    a_scan,
    a_seed,
)
from tests.pads import a_batch, a_pad

YESTERDAY = LATER - timedelta(days=1)


def states(session: Session) -> dict[PadStatus, int]:
    rows = session.execute(select(CouponPad.status, func.count()).group_by(CouponPad.status))
    return {row[0]: row[1] for row in rows}


def look(session: Session, place: Place, card: Code | Token) -> object:
    return look_up(
        session, card, programme_id=place.programme.id, now=LATER, timezone=place.site.timezone
    )


def test_a_card_of_a_pad_gives_the_whole_pad_with_days_from_that_day(session: Session) -> None:
    place = a_place(session)
    pad = a_pad(session, place)
    seed = a_seed(session, place)

    bundle = visits.give_bundle(session, seed, by=place.intake, now=NOON, pad=pad[1][1])

    assert [(Code(each.code), Token(each.token)) for each in bundle.coupons] == list(pad)
    for coupon in bundle.coupons:
        assert coupon.state.usable_from == date(2026, 3, 3)
        assert coupon.state.usable_until == date(2026, 4, 1)
    verdict = a_redemption(session, place, bundle.coupons[2])
    assert verdict.coupon == pad[2][0].digits
    assert states(session) == {PadStatus.GIVEN: 1}


def test_what_is_given_is_judged_by_the_rules_of_any_bundle(session: Session) -> None:
    place = a_place(session)
    pad = a_pad(session, place)
    arrived = a_redemption(session, place).participant_id
    with pytest.raises(NotReadyForBundle):
        visits.give_bundle(session, arrived, by=place.intake, now=LATER, pad=pad[0][0])
    holder = a_seed(session, place)
    a_bundle(session, place, holder)
    with pytest.raises(BundleAlreadyIssued):
        visits.give_bundle(session, holder, by=place.intake, now=LATER, pad=pad[0][0])

    assert states(session) == {PadStatus.BLANK: 1}


def test_a_pad_is_given_once_and_the_same_again_says_so(session: Session) -> None:
    place = a_place(session)
    pad = a_pad(session, place)
    first, second = a_seed(session, place), a_seed(session, place)
    visits.give_bundle(session, first, by=place.intake, now=NOON, pad=pad[0][0])

    with pytest.raises(PadAlreadyGiven):
        visits.give_bundle(session, second, by=place.intake, now=NOON, pad=pad[1][1])
    with pytest.raises(BundleAlreadyIssued):
        visits.give_bundle(session, first, by=place.intake, now=NOON, pad=pad[0][0])


def test_the_card_of_an_ordinary_bundle_names_no_pad(session: Session) -> None:
    place = a_place(session)
    coupon = a_bundle(session, place).coupons[0]
    seed = a_seed(session, place)

    with pytest.raises(PadAlreadyGiven):
        visits.give_bundle(session, seed, by=place.intake, now=NOON, pad=Token(coupon.token))


def test_what_is_on_no_pad_of_the_programme_is_not_known(session: Session) -> None:
    place, elsewhere = a_place(session), a_place(session)
    theirs = a_pad(session, elsewhere)
    seed = a_seed(session, place)
    ((code, token),) = free_names(session, 1)

    for scanned in (theirs[0][0], theirs[0][1], code, token):
        with pytest.raises(UnknownPad):
            visits.give_bundle(session, seed, by=place.intake, now=NOON, pad=scanned)


def test_cards_beyond_what_was_handed_over_are_void_from_the_start(session: Session) -> None:
    place = a_place(session)
    top, middle, last = a_pad(session, place)
    seed = a_seed(session, place)

    bundle = visits.give_bundle(session, seed, by=place.intake, now=NOON, pad=last[0], given=2)

    assert [each.code for each in bundle.coupons] == [top[0].digits, last[0].digits]
    with pytest.raises(CouponVoid):
        look(session, place, middle[1])
    with pytest.raises(PadAlreadyGiven):
        visits.give_bundle(
            session, a_seed(session, place), by=place.intake, now=NOON, pad=middle[0]
        )


def test_near_the_target_a_pad_holds_as_few_as_a_bundle_would(session: Session) -> None:
    place = a_place(session, target=10, protocol=Protocol(taper=((10, 1), (90, 0))))
    pad = a_pad(session, place)
    seed = a_seed(session, place)

    bundle = visits.give_bundle(session, seed, by=place.intake, now=NOON, pad=pad[1][0])

    assert [each.code for each in bundle.coupons] == [pad[1][0].digits]
    for _ in range(8):
        a_seed(session, place)
    with pytest.raises(TargetReached):
        visits.give_bundle(
            session,
            a_seed(session, place),
            by=place.intake,
            now=NOON,
            pad=a_pad(session, place)[0][0],
        )


def test_a_card_of_a_pad_that_is_nobodys_cannot_be_used_yet(session: Session) -> None:
    place, elsewhere = a_place(session), a_place(session)
    (code, token), *_ = a_pad(session, place)

    for card in (code, token):
        with pytest.raises(CouponNotYetActive):
            look(session, place, card)
        with pytest.raises(CouponNotYetActive):
            redeem(session, a_scan(card, place), by=place.intake, now=LATER)
        with pytest.raises(WrongProgramme):
            look(session, elsewhere, card)


def test_a_cancelled_pad_is_given_to_nobody_and_its_cards_are_void(session: Session) -> None:
    place = a_place(session)
    pad, other = a_pad(session, place), a_pad(session, place)
    with pytest.raises(ReasonNeeded):
        pads.void_pad(session, pad[0][0], reason=" ", by=place.manager, now=LATER)

    for _ in range(2):
        pads.void_pad(session, pad[0][0], reason="left in a bus", by=place.manager, now=LATER)

    with pytest.raises(PadVoid):
        visits.give_bundle(
            session, a_seed(session, place), by=place.intake, now=LATER, pad=pad[2][1]
        )
    with pytest.raises(CouponVoid):
        look(session, place, pad[1][0])
    (voided,) = [
        e for e in latest(session, place.programme.id, most=50) if e.action == "pad.voided"
    ]
    assert voided.facts == {"reason": "left in a bus"}
    visits.give_bundle(session, a_seed(session, place), by=place.intake, now=LATER, pad=other[0][0])


def test_a_pad_that_is_someones_is_no_longer_cancelled_as_a_pad(session: Session) -> None:
    place = a_place(session)
    pad = a_pad(session, place)
    visits.give_bundle(session, a_seed(session, place), by=place.intake, now=NOON, pad=pad[0][0])

    with pytest.raises(PadAlreadyGiven):
        pads.void_pad(session, pad[0][0], reason="lost", by=place.manager, now=LATER)


def test_a_lost_batch_is_cancelled_but_for_what_was_given(session: Session) -> None:
    place = a_place(session)
    batch_id, (first, second, third) = a_batch(session, place, pads=3)
    visits.give_bundle(session, a_seed(session, place), by=place.intake, now=NOON, pad=first[0][0])
    waiting = a_redemption(session, place).participant_id
    pads.promise(session, second[0][0], waiting, by=place.intake, now=LATER)

    counts = [
        pads.void_batch(session, batch_id, reason="box lost", by=place.manager, now=LATER)
        for _ in range(2)
    ]

    assert counts == [1, 0]
    assert states(session) == {PadStatus.GIVEN: 1, PadStatus.PROMISED: 1, PadStatus.VOID: 1}
    with pytest.raises(CouponVoid):
        look(session, place, third[0][0])


def test_pads_whose_sheets_nobody_has_taken_away_are_nobodys_to_give(session: Session) -> None:
    place = a_place(session)
    batch_id = uuid4()
    pads.order_batch(
        session,
        batch_id,
        site_id=place.site.id,
        pads=2,
        cards=3,
        by=place.manager,
        now=NOON,
    )
    pads.reserve(session, batch_id, most=10, programme_id=place.programme.id, now=NOON)
    (code, token), *_ = queries.to_print(session, batch_id)[0]

    assert queries.blanks(session, place.programme.id) == []
    for scanned in (code, token):
        with pytest.raises(UnknownPad):
            visits.give_bundle(
                session, a_seed(session, place), by=place.intake, now=NOON, pad=scanned
            )
    pads.note_printed(session, batch_id, by=place.manager, now=NOON)
    assert len(queries.blanks(session, place.programme.id)) == 2
    visits.give_bundle(session, a_seed(session, place), by=place.intake, now=NOON, pad=code)


def test_a_stopped_batch_leaves_no_pad_and_no_code(session: Session) -> None:
    place = a_place(session)
    batch_id = uuid4()
    order: dict[str, Any] = {
        "site_id": place.site.id,
        "pads": 5,
        "cards": 3,
        "by": place.manager,
        "now": NOON,
    }
    pads.order_batch(session, batch_id, **order)
    assert pads.reserve(session, batch_id, most=2, programme_id=place.programme.id, now=NOON) == 3

    assert pads.stop_batch(session, batch_id, by=place.manager, now=NOON)

    assert session.scalar(select(func.count()).select_from(CouponPad)) == 0
    assert session.scalar(select(func.count()).select_from(ReservedCoupon)) == 0
    with pytest.raises(BatchStopped):
        pads.reserve(session, batch_id, most=2, programme_id=place.programme.id, now=NOON)
    with pytest.raises(BatchStopped):
        pads.note_printed(session, batch_id, by=place.manager, now=NOON)


def test_what_was_taken_away_is_not_stopped_any_more(session: Session) -> None:
    place = a_place(session)
    batch_id, _ = a_batch(session, place, pads=2)

    assert not pads.stop_batch(session, batch_id, by=place.manager, now=NOON)
    assert states(session) == {PadStatus.BLANK: 2}


def test_a_batch_is_ordered_once_and_reserved_once(session: Session) -> None:
    place = a_place(session)
    batch_id = uuid4()
    order: dict[str, Any] = {
        "site_id": place.site.id,
        "pads": 3,
        "cards": 3,
        "by": place.manager,
        "now": NOON,
    }
    first = pads.order_batch(session, batch_id, **order)
    assert pads.order_batch(session, batch_id, **order) == first
    left = [
        pads.reserve(session, batch_id, most=2, programme_id=place.programme.id, now=NOON)
        for _ in range(3)
    ]

    assert left == [1, 0, 0]
    assert states(session) == {PadStatus.BLANK: 3}
    assert len({name for pad in queries.to_print(session, batch_id) for name in pad}) == 9


@pytest.mark.parametrize(("count", "cards"), [(0, 3), (1001, 3), (1, 0), (1, 7)])
def test_only_so_many_are_printed_in_one_go(session: Session, count: int, cards: int) -> None:
    place = a_place(session)
    with pytest.raises(BadBatch):
        pads.order_batch(
            session,
            uuid4(),
            site_id=place.site.id,
            pads=count,
            cards=cards,
            by=place.manager,
            now=NOON,
        )


def test_another_programmes_sites_and_batches_are_not_known(session: Session) -> None:
    place, elsewhere = a_place(session), a_place(session)
    batch_id, _ = a_batch(session, place)
    order: dict[str, Any] = {"pads": 1, "cards": 3, "by": elsewhere.manager, "now": NOON}

    with pytest.raises(UnknownSite):
        pads.order_batch(session, uuid4(), site_id=place.site.id, **order)
    with pytest.raises(UnknownBatch):
        pads.order_batch(session, batch_id, site_id=elsewhere.site.id, **order)
    with pytest.raises(UnknownBatch):
        queries.batch(session, batch_id, programme_id=elsewhere.programme.id)


def test_a_promised_pad_becomes_hers_when_she_may_have_it_from_the_day_she_got_it(
    session: Session,
) -> None:
    place = a_place(session)
    pad = a_pad(session, place)
    person = a_finished_visit(session, place, now=YESTERDAY).participant_id
    with pytest.raises(NotReadyForBundle):
        visits.give_bundle(session, person, by=place.intake, now=YESTERDAY, pad=pad[2][0], given=2)
    for _ in range(2):
        pads.promise(session, pad[2][0], person, given=2, by=place.intake, now=YESTERDAY)
    with pytest.raises(CouponNotYetActive):
        look(session, place, pad[0][0])

    visits.train(session, person, by=place.intake, now=LATER)

    rows = session.scalars(select(Coupon)).all()
    hers = [row for row in rows if row.usable_from == date(2026, 3, 4)]
    assert {row.usable_until for row in hers} == {date(2026, 4, 2)}
    assert len(hers) == 2
    assert states(session) == {PadStatus.GIVEN: 1}
    with pytest.raises(CouponVoid):
        look(session, place, pad[1][0])
    (row,) = session.scalars(select(CouponPad))
    assert row.promised_digest is None


def test_a_promised_pad_is_nobody_elses(session: Session) -> None:
    place = a_place(session)
    pad, other = a_pad(session, place), a_pad(session, place)
    one = a_redemption(session, place).participant_id
    two = a_redemption(session, place).participant_id
    pads.promise(session, pad[0][0], one, by=place.intake, now=LATER)

    for pad_of, person in ((pad, two), (other, one)):
        with pytest.raises(PadAlreadyGiven):
            pads.promise(session, pad_of[1][0], person, by=place.intake, now=LATER)
    with pytest.raises(PadAlreadyGiven):
        visits.give_bundle(
            session, a_seed(session, place), by=place.intake, now=LATER, pad=pad[0][1]
        )


def test_a_promise_that_is_not_kept_cancels_the_pad(session: Session) -> None:
    place = a_place(session)
    pad = a_pad(session, place)
    person = a_redemption(session, place).participant_id
    pads.promise(session, pad[0][0], person, by=place.intake, now=LATER)

    done = [
        pads.void_promised(session, person, reason="the same", by=place.manager, now=LATER)
        for _ in range(2)
    ]

    assert done == [True, False]
    with pytest.raises(CouponVoid):
        look(session, place, pad[0][0])


def test_blanks_are_told_as_sizes_and_tokens(session: Session) -> None:
    place = a_place(session)
    _, printed = a_batch(session, place, pads=2, cards=2)
    gone = a_pad(session, place)
    visits.give_bundle(session, a_seed(session, place), by=place.intake, now=NOON, pad=gone[0][0])

    told = queries.blanks(session, place.programme.id)

    assert sorted(told, key=str) == sorted(
        [(2, [token for _, token in pad]) for pad in printed], key=str
    )


def test_codes_are_free_in_coupons_and_on_pads(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = a_place(session)
    on_a_pad = a_pad(session, place)[0][0]
    in_a_bundle = Code(a_bundle(session, place).coupons[0].code)
    ((free, _),) = free_names(session, 1)
    drawn = iter([on_a_pad, in_a_bundle, free])
    monkeypatch.setattr("app.domain.coupons.actions.new_code", lambda: next(drawn))

    ((found, _),) = free_names(session, 1)

    assert found == free


def test_pads_keep_no_code_in_clear_and_share_no_value_with_coupons(session: Session) -> None:
    place = a_place(session)
    pad = a_pad(session, place)
    visits.give_bundle(session, a_seed(session, place), by=place.intake, now=NOON, pad=pad[0][0])

    kept = {
        bytes(part)
        for row in session.execute(select(ReservedCoupon.code_digest, ReservedCoupon.token_digest))
        for part in row
    }
    used = {
        bytes(part)
        for row in session.execute(select(Coupon.code_digest, Coupon.token_digest))
        for part in row
    }
    sealed = b"".join(session.scalars(select(CouponPad.sealed_contents)))
    assert len(kept) == len(used) == 6
    assert not kept & used
    assert not [code for code, _ in pad if code.digits.encode() in sealed]
    pad_id = session.scalar(select(CouponPad.id))
    bundle_id = session.scalar(select(CouponBundle.id))
    assert pad_id != bundle_id


def give(url: str, key_file: Path, place: Place, person: UUID, scanned: Code | Token) -> str:
    """What a desk in a process of its own is told."""
    database = Database(url, Keyring.load(key_file))
    try:
        with database.transaction() as session:
            visits.give_bundle(session, person, by=place.intake, now=NOON, pad=scanned)
    except PadAlreadyGiven as refusal:
        return refusal.code
    finally:
        database.close()
    return "given"


def test_of_two_processes_with_one_pad_one_gives_it(
    database: Database, database_url: str, key_file: Path
) -> None:
    with database.transaction() as session:
        place = a_place(session)
        rounds = [
            (a_pad(session, place), a_seed(session, place), a_seed(session, place))
            for _ in range(6)
        ]

    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as desks:
        for pad, one, two in rounds:
            asked = [
                desks.submit(give, database_url, key_file, place, person, scanned)
                for person, scanned in ((one, pad[0][0]), (two, pad[1][1]))
            ]
            told = sorted(each.result() for each in asked)
            assert told == ["given", "pad_already_given"]
    with database.snapshot() as session:
        assert states(session) == {PadStatus.GIVEN: 6}
        issued = select(func.count()).where(Coupon.status == CouponStatus.ISSUED)
        assert session.scalar(issued) == 18
