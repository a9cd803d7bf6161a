"""Cards printed in advance: asked for, made in the background, taken away, given by a scan, cancelled."""

import re
from datetime import datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from app.computations import pads as computation
from app.computations.pads import print_pads
from app.core.crypto import Keyring
from app.core.db import Database
from app.core.training import LESSONS, lesson_of, training_token
from app.domain.analyses.models import AnalysisRun
from app.domain.analyses.rules import KEPT
from app.domain.audit.queries import latest
from app.domain.coupons.models import Coupon, ReservedCoupon
from app.domain.pads import queries
from app.domain.pads.models import CouponPad, PadBatch
from app.domain.pads.rules import PadStatus
from app.domain.programmes.rules import Protocol
from app.domain.staff.rules import PERMISSIONS, Permission, Role
from app.domain.visits import actions as visits
from app.worker import compute
from tests.factories import NOON, Place, a_place, a_seed, a_site
from tests.pads import a_batch, a_pad
from tests.printing.sheets import look_at
from tests.web.readers import Reader, reader


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@pytest.fixture
def manager(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.manager)


def ordered(manager: Reader, count: int, batch_id: UUID | None = None) -> UUID:
    batch_id = batch_id or uuid4()
    reply = manager.send("/pads", {"batch_id": str(batch_id), "pads": str(count)})
    assert reply.status_code == 303, reply.text
    return batch_id


def work(database: Database, *, now: datetime = NOON) -> int:
    return compute(database, lambda: now)


def counted(database: Database, table: type) -> int:
    with database.snapshot() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def acts(database: Database, place: Place) -> list[str]:
    with database.snapshot() as session:
        return [event.action for event in latest(session, place.programme.id, most=50)]


def test_a_batch_is_asked_for_made_taken_away_and_then_counts(
    manager: Reader, database: Database, place: Place
) -> None:
    batch_id = ordered(manager, 4)
    assert "waiting its turn" in manager.get("/pads/list").text
    assert manager.get(f"/pads/{batch_id}.pdf").status_code == 404
    assert work(database) == 1
    listed = manager.get("/pads/list").text
    assert "They count from the moment the file is taken away." in listed
    with database.snapshot() as session:
        assert queries.blanks(session, place.programme.id) == []

    file = manager.get(f"/pads/{batch_id}.pdf")

    assert file.headers["content-type"] == "application/pdf"
    assert f"cards-{place.site.code}-2026-03-02.pdf" in file.headers["content-disposition"]
    with database.snapshot() as session:
        tokens = [
            token.text for _, pad in queries.blanks(session, place.programme.id) for token in pad
        ]
    pages = look_at(file.content)
    assert [len(page.symbols) for page in pages] == [3, 3, 3, 3]
    assert sorted(each.text for page in pages for each in page.symbols) == sorted(tokens)
    assert acts(database, place).count("pads.printed") == 1
    listed = manager.get("/pads").text
    assert re.search(r"nobody's yet</dt><dd>4<", listed)
    until = NOON + KEPT
    assert f"The file is kept until {until.day} {until:%B} {until.year}." in listed


def test_the_same_form_prints_once(manager: Reader, database: Database) -> None:
    batch_id = uuid4()
    for _ in range(2):
        ordered(manager, 2, batch_id)
    work(database)
    ordered(manager, 2, batch_id)

    assert work(database) == 0
    assert counted(database, PadBatch) == 1
    assert counted(database, CouponPad) == 2


@pytest.mark.parametrize("count", ["", "0", "1001", "-3", "1e3", "many"])
def test_a_number_that_cannot_be_printed_is_refused_with_the_form_as_it_was(
    manager: Reader, database: Database, count: str
) -> None:
    reply = manager.send("/pads", {"batch_id": str(uuid4()), "pads": count})

    assert reply.status_code == 422
    assert "Up to a thousand pads can be printed in one go" in reply.text
    assert f'value="{count}"' in reply.text
    assert counted(database, PadBatch) == 0


def test_stopping_leaves_no_pad_whenever_it_comes(manager: Reader, database: Database) -> None:
    waiting, made = ordered(manager, 2), uuid4()
    manager.send(f"/pads/{waiting}/stop")
    ordered(manager, 2, made)
    work(database)
    manager.send(f"/pads/{made}/stop")

    assert work(database) == 0
    assert counted(database, CouponPad) == counted(database, ReservedCoupon) == 0
    assert manager.get(f"/pads/{made}.pdf").status_code == 409
    assert manager.get("/pads").text.count("Its cards count nowhere.") == 2


def test_a_printing_that_is_stopped_while_it_runs_ends_and_leaves_nothing(
    manager: Reader, database: Database, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = ordered(manager, 5)
    monkeypatch.setattr(computation, "RESERVED_AT_ONCE", 2)
    told: list[float] = []

    def advance(share: float) -> bool:
        told.append(share)
        if len(told) == 2:
            manager.send(f"/pads/{batch_id}/stop")
        return len(told) < 2

    parameters = {"batch": batch_id.hex}
    assert print_pads(database, place.programme.id, parameters, advance, NOON) is None
    assert counted(database, CouponPad) == counted(database, ReservedCoupon) == 0


def test_progress_only_grows_and_ends_near_one(
    manager: Reader, database: Database, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = ordered(manager, 7)
    monkeypatch.setattr(computation, "RESERVED_AT_ONCE", 2)
    monkeypatch.setattr(computation, "SET_AT_ONCE", 2)
    told: list[float] = []

    def advance(share: float) -> bool:
        told.append(share)
        return True

    made = print_pads(database, place.programme.id, {"batch": batch_id.hex}, advance, NOON)

    assert made is not None
    assert len(look_at(made.content)) == 7
    assert told == sorted(told)
    assert len(told) == 4 + 4
    assert 0.9 < told[-1] < 1


def test_a_printing_whose_worker_was_lost_goes_on_with_the_codes_it_had(
    manager: Reader, database: Database, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = ordered(manager, 3)
    with monkeypatch.context() as patched:
        patched.setattr(computation, "find_design", lambda _: 1 / 0)
        assert work(database) == 1
    assert "not made" in manager.get("/pads").text
    assert counted(database, CouponPad) == 3

    manager.send(f"/pads/{batch_id}/again")
    work(database)

    assert counted(database, CouponPad) == 3
    assert len(look_at(manager.get(f"/pads/{batch_id}.pdf").content)) == 3


def test_printing_again_later_prints_only_what_is_nobodys(
    manager: Reader, database: Database, keyring: Keyring, place: Place
) -> None:
    with database.transaction() as session:
        batch_id, printed = a_batch(session, place, pads=3)
        visits.give_bundle(
            session, a_seed(session, place), by=place.intake, now=NOON, pad=printed[0][0][0]
        )
    assert "Make the sheets again" in manager.get("/pads").text

    manager.send(f"/pads/{batch_id}/again")
    manager.send(f"/pads/{batch_id}/again")
    work(database)

    again = look_at(manager.get(f"/pads/{batch_id}.pdf").content)
    texts = {each.text for page in again for each in page.symbols}
    assert texts == {token.text for pad in printed[1:] for _, token in pad}
    assert counted(database, AnalysisRun) == 1


def test_a_lost_batch_and_a_lost_pad_are_cancelled_with_a_reason(
    manager: Reader, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        batch_id, (first, *_) = a_batch(session, place, pads=3)
    assert manager.send(f"/pads/{batch_id}/void", {"reason": ""}).status_code == 422
    no_reason = manager.send("/pads/void", {"scanned": first[1][1].text, "reason": " "})
    assert no_reason.status_code == 422
    assert first[1][1].text in no_reason.text

    assert (
        manager.send("/pads/void", {"scanned": first[1][1].text, "reason": "torn"}).status_code
        == 303
    )
    assert manager.send(f"/pads/{batch_id}/void", {"reason": "box lost"}).status_code == 303

    with database.snapshot() as session:
        assert set(session.scalars(select(CouponPad.status))) == {PadStatus.VOID}
    assert "Cancel what is nobody" not in manager.get("/pads").text


def test_what_is_no_pad_is_told_when_it_is_to_be_cancelled(manager: Reader) -> None:
    for scanned, said in (("123", "mistyped"), ("000000005724", "not printed cards")):
        page = manager.send("/pads/void", {"scanned": scanned, "reason": "lost"}).text
        assert said in page


def test_only_those_who_may_print_see_the_page_and_take_sheets_away(
    database: Database, keyring: Keyring, place: Place
) -> None:
    with database.transaction() as session:
        batch_id, _ = a_batch(session, place)
    for role, actor in place.staff.items():
        someone = reader(database, keyring, actor)
        may = Permission.PRINT_PADS in PERMISSIONS[role]
        assert (someone.get("/pads").status_code == 200) is may
        assert (someone.get(f"/pads/{batch_id}.pdf").status_code != 403) is may
        assert ('href="/pads"' in someone.get("/help").text) is may
    elsewhere = a_place
    with database.transaction() as session:
        other = elsewhere(session)
    stranger = reader(database, keyring, other.manager)
    assert stranger.get(f"/pads/{batch_id}.pdf").status_code == 404
    assert stranger.send(f"/pads/{batch_id}/void", {"reason": "x"}).status_code == 404


def test_the_site_that_was_chosen_stands_on_the_cards(
    database: Database, keyring: Keyring, place: Place
) -> None:
    with database.transaction() as session:
        other = a_site(session, place.programme.id, address={"uk": "вул. Нова, 7"})
    manager = reader(database, keyring, place.manager)
    batch_id = uuid4()
    manager.send("/pads", {"batch_id": str(batch_id), "pads": "1", "site": other.code})
    work(database)

    (page,) = look_at(manager.get(f"/pads/{batch_id}.pdf").content)
    assert page.text.count("вул. Нова, 7") == 3


def test_training_cards_have_a_card_for_each_lesson_and_are_marked(
    database: Database, keyring: Keyring, place: Place
) -> None:
    for role in (Role.INTAKE, Role.HEALTH_EDUCATOR):
        file = reader(database, keyring, place.staff[role]).get("/desk/training-cards.pdf")
        pages = look_at(file.content)
        symbols = [each.text for page in pages for each in page.symbols]
        lessons = [lesson_of(text) for text in symbols]
        assert sorted(map(str, lessons)) == sorted([*LESSONS, "good", "good"])
        assert len(set(symbols)) == len(symbols)
        digits = re.findall(r"9999 9999 \d{4}", " ".join(page.text for page in pages))
        assert sorted(map(str, map(lesson_of, digits))) == sorted(map(str, lessons))
        assert sum(page.text.count("SAMPLE") for page in pages) == 9
        assert "Practice: used before" in " ".join(page.text for page in pages)
    assert (
        reader(database, keyring, place.finance).get("/desk/training-cards.pdf").status_code == 403
    )


def someone_trained(database: Database, place: Place) -> UUID:
    with database.transaction() as session:
        return a_seed(session, place)


def test_a_scan_of_a_pad_gives_it_and_says_what_to_write_and_hand_over(
    database: Database, keyring: Keyring, place: Place
) -> None:
    with database.transaction() as session:
        pad = a_pad(session, place)
    person = someone_trained(database, place)
    desk = reader(database, keyring, place.intake)
    assert "Scan any card of a pad" in desk.get(f"/desk/visits/{person}?step=bundle").text

    done = desk.send(f"/desk/visits/{person}/pad", {"scanned": pad[1][1].text})

    assert done.status_code == 303
    page = desk.get(done.headers["location"]).text
    assert "3 printed cards are this person's now." in page
    assert '<dd class="digits">01.04.2026</dd>' in page
    assert re.findall(r"<dd class=\"digits tail\">… (\d{4})</dd>", page) == [
        code.digits[-4:] for code, _ in pad
    ]
    assert "They can be used from 3 March 2026 on." in page
    assert "sheet.pdf" not in page


def test_near_the_target_the_page_says_which_cards_to_hand_over_and_which_to_tear_up(
    database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        place = a_place(session, target=1, protocol=Protocol(taper=((100, 2),)))
        pad = a_pad(session, place)
    person = someone_trained(database, place)
    desk = reader(database, keyring, place.intake)

    page = desk.get(
        desk.send(f"/desk/visits/{person}/pad", {"scanned": pad[2][0].digits}).headers["location"]
    ).text

    assert "2 printed cards are this person's now." in page
    assert [code.digits[-4:] in page for code, _ in pad] == [True, False, True]
    assert "The other card of the pad is cancelled. Please tear it up." in page


@pytest.mark.parametrize(
    ("scanned", "said"),
    [
        ("000000005724", "These are not printed cards of this programme"),
        ("000000005742", "A digit was mistyped"),
        (training_token("good"), "This is a training card: it counts nowhere."),
    ],
)
def test_what_is_no_pad_is_told_and_nothing_is_given(
    database: Database, keyring: Keyring, place: Place, scanned: str, said: str
) -> None:
    with database.transaction() as session:
        a_pad(session, place)
    person = someone_trained(database, place)
    desk = reader(database, keyring, place.intake)

    reply = desk.send(f"/desk/visits/{person}/pad", {"scanned": scanned})

    assert reply.status_code >= 400
    assert said in reply.text
    assert "Scan any card of a pad" in reply.text
    assert counted(database, Coupon) == 0


def test_where_nothing_is_printed_only_making_the_cards_is_offered(
    database: Database, keyring: Keyring, place: Place
) -> None:
    person = someone_trained(database, place)
    page = reader(database, keyring, place.intake).get(f"/desk/visits/{person}?step=bundle").text

    assert "Make the cards" in page
    assert "card of a pad" not in page


def test_a_card_of_a_set_that_is_nobodys_is_told_at_the_desk(
    database: Database, keyring: Keyring, place: Place
) -> None:
    with database.transaction() as session:
        pad = a_pad(session, place)
    desk = reader(database, keyring, place.intake)

    page = desk.send("/desk", {"scanned": pad[0][1].text}).text

    assert "Not usable yet" in page
    assert "This printed card was not handed out to anyone yet." in page


def test_a_coupon_manager_who_looks_at_such_a_card_is_sent_to_its_pad(
    manager: Reader, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        pad = a_pad(session, place)

    page = manager.send("/coupons", {"scanned": pad[0][0].digits}).text

    assert "The pad is cancelled as a whole, among the printed cards." in page
