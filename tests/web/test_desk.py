"""The desk's pages, as forms that work without a script: look, redeem, tell apart, serve, pay, print."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.core.crypto import Keyring
from app.core.db import Database
from app.core.training import training_digits, training_token
from app.domain.coupons.queries import PrintedCoupon
from app.domain.intake.models import Redemption, RefusedScan
from app.domain.participants.models import Participant
from app.domain.participants.rules import Came
from app.domain.services.queries import given_to
from app.domain.services.rules import Service, State
from app.domain.staff.rules import Role
from app.domain.stipends.queries import balances
from app.domain.stipends.rules import Account
from app.domain.visits.queries import knowledge_test
from tests.factories import LATER, NOON, Place, a_bundle, a_finished_visit, a_place, a_seed
from tests.printing.sheets import look_at
from tests.web.readers import Reader, reader

EXPIRED = NOON + timedelta(days=33)


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@pytest.fixture
def coupons(database: Database, place: Place) -> tuple[PrintedCoupon, ...]:
    """The cards of a seed, usable at ``LATER``."""
    with database.transaction() as session:
        return a_bundle(session, place).coupons


@pytest.fixture
def desk(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.intake, now=LATER)


def hidden(page: str, form: str) -> dict[str, Any]:
    """What a form of a page carries along unseen."""
    part = re.search(rf'<form[^>]*action="{form}".*?</form>', page, re.DOTALL)
    assert part, form
    found = re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', part[0])
    return {name: [v for n, v in found if n == name] for name, _ in found if name != "csrf"}


def looked_at(desk: Reader, coupon: PrintedCoupon) -> dict[str, Any]:
    return hidden(desk.send("/desk", {"scanned": coupon.code}).text, "/desk/redeem")


def redeemed(desk: Reader, coupon: PrintedCoupon, **fields: str) -> str:
    """The address of the visit that a card began."""
    answer = desk.send("/desk/redeem", {**looked_at(desk, coupon), "no_code": "yes", **fields})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def counted(database: Database, table: type[Any]) -> int:
    with database.snapshot() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def go_to_interview(desk: Reader, visit: str) -> None:
    _, items = knowledge_test()
    answers: list[tuple[str, Mapping[str, str]]] = [
        ("eligibility", {"sex": "female", "age": "24", "injected": "yes"}),
        ("consent", {"consent_participation": "yes", "consent_follow_up": "no"}),
        ("knowledge_test", {f"item_{item.id}": item.right for item in items}),
        ("interview", {"network_size": "9", "relationship": "prefer_not_to_say"}),
    ]
    for step, fields in answers:
        assert desk.send(f"{visit}/{step}", fields).status_code == 303, step


def test_looking_at_a_card_redeems_nothing(
    desk: Reader, database: Database, coupons: tuple[PrintedCoupon, ...]
) -> None:
    page = desk.send("/desk", {"scanned": coupons[0].token})

    assert "This card is good" in page.text
    assert counted(database, Redemption) == counted(database, RefusedScan) == 0


def test_a_used_card_says_when_and_never_by_whom(
    desk: Reader, coupons: tuple[PrintedCoupon, ...]
) -> None:
    visit = redeemed(desk, coupons[0])
    page = desk.send("/desk", {"scanned": coupons[0].code}).text

    assert "Used before: 4 March 2026, 14:00" in page
    verdict = page[page.index("<section") : page.index("</section>")]
    assert visit.rsplit("/", 1)[1] not in verdict
    assert "Continue without a card" in page


@pytest.mark.parametrize(
    ("typed", "said"),
    [("1234 5678 9013", "One of the digits"), ("12345", "12 digits")],
)
def test_a_slip_of_the_finger_is_told_apart_and_kept_nowhere(
    desk: Reader, database: Database, typed: str, said: str
) -> None:
    page = desk.send("/desk", {"scanned": typed}).text

    assert "The code was mistyped" in page
    assert said in page
    assert counted(database, RefusedScan) == 0


def test_a_training_card_is_told_from_a_mistyped_one_and_kept_nowhere(
    desk: Reader, database: Database
) -> None:
    for name in (training_token("good"), training_digits("expired")):
        page = desk.send("/desk", {"scanned": name}).text

        assert "This is a training card" in page
        assert "The code was mistyped" not in page
    assert counted(database, RefusedScan) == 0


def test_every_verdict_is_the_one_heading_of_its_page(
    desk: Reader, coupons: tuple[PrintedCoupon, ...]
) -> None:
    redeemed(desk, coupons[0])
    verdicts = {
        coupons[0].code: "Used before: ",
        coupons[1].code: "This card is good",
        "1234 5678 9013": "The code was mistyped",
        "000000005724": "This card is not known",
        "": "Desk",
    }
    for typed, said in verdicts.items():
        page = desk.send("/desk", {"scanned": typed}).text
        (heading,) = re.findall(r"<h1[^>]*>([^<]*)</h1>", page)
        assert heading.startswith(said)


@pytest.mark.parametrize("typed", ["", "  "])
def test_nothing_typed_is_no_slip_and_a_card_is_asked_for(
    desk: Reader, database: Database, typed: str
) -> None:
    page = desk.send("/desk", {"scanned": typed}).text

    assert "Nothing was read. Please scan the card" in page[page.index('class="notice info"') :]
    assert "mistyped" not in page[page.index("<main") : page.index('id="desk-words"')]
    assert "<h1>Desk</h1>" in page
    assert counted(database, RefusedScan) == 0


def test_a_card_from_elsewhere_is_grey_and_the_refusal_kept(
    desk: Reader, database: Database
) -> None:
    page = desk.send("/desk", {"scanned": "000000005724"}).text

    assert 'class="verdict grey"' in page
    assert counted(database, RefusedScan) == 1


def test_a_form_sent_twice_redeems_once(
    desk: Reader, database: Database, coupons: tuple[PrintedCoupon, ...]
) -> None:
    fields = {**looked_at(desk, coupons[0]), "no_code": "yes"}
    first, second = (desk.send("/desk/redeem", fields) for _ in range(2))

    assert first.headers["location"] == second.headers["location"]
    assert counted(database, Redemption) == 1


def test_the_same_person_is_served_again_and_her_card_earns_nothing(
    desk: Reader, database: Database, coupons: tuple[PrintedCoupon, ...]
) -> None:
    earlier = redeemed(desk, coupons[0], uic="olena 85", no_code="")
    page = desk.send("/desk/redeem", {**looked_at(desk, coupons[1]), "uic": "OLENA-85"}).text

    assert "Came on March 4, 2026 at Health centre" in page
    assert f'href="{earlier}"' in page
    assert desk.get(earlier).status_code == 200
    assert counted(database, Redemption) == 1
    assert counted(database, RefusedScan) == 1


def test_not_the_same_person_is_another_scan_and_is_redeemed(
    desk: Reader, database: Database, coupons: tuple[PrintedCoupon, ...]
) -> None:
    redeemed(desk, coupons[0], uic="olena 85", no_code="")
    first_try = looked_at(desk, coupons[1])
    page = desk.send("/desk/redeem", {**first_try, "uic": "olena 85"}).text
    decision = hidden(page, "/desk/redeem")

    assert decision["scan_id"] != first_try["scan_id"]
    assert desk.send("/desk/redeem", decision).status_code == 303
    assert counted(database, Redemption) == 2


def test_a_recruiter_with_her_own_card_is_not_told_whose_it_is(
    desk: Reader, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        seed = a_seed(session, place, uic="iryna 79")
        coupon = a_bundle(session, place, seed).coupons[0]
    page = desk.send("/desk/redeem", {**looked_at(desk, coupon), "uic": "iryna 79"}).text

    assert "This may be the person's own card" in page
    assert counted(database, Redemption) == 0


def test_a_code_too_short_is_asked_for_again_with_the_same_scan(
    desk: Reader, coupons: tuple[PrintedCoupon, ...]
) -> None:
    fields = looked_at(desk, coupons[0])
    page = desk.send("/desk/redeem", {**fields, "uic": "ab"}).text

    assert "at least four letters" in page
    assert hidden(page, "/desk/redeem")["scan_id"] == fields["scan_id"]


def test_someone_without_a_card_is_welcomed_once_and_served(
    desk: Reader, database: Database
) -> None:
    fields = hidden(desk.get("/desk/walk-in").text, "/desk/walk-in") | {"no_code": "yes"}
    first, second = (desk.send("/desk/walk-in", fields) for _ in range(2))
    visit = first.headers["location"]
    served = desk.send(f"{visit}/services", {"male_condoms": "10"})

    assert visit == second.headers["location"]
    assert served.status_code == 303
    with database.snapshot() as session:
        (row,) = session.scalars(select(Participant)).all()
        assert row.came is Came.WALK_IN
        assert given_to(session, row.id) == [(Service.MALE_CONDOMS, State.GIVEN, 10)]


def test_someone_who_came_before_is_asked_about_without_a_card_too(
    desk: Reader, database: Database, coupons: tuple[PrintedCoupon, ...]
) -> None:
    redeemed(desk, coupons[0], uic="olena 85", no_code="")
    fields = hidden(desk.get("/desk/walk-in").text, "/desk/walk-in") | {"uic": "olena85"}
    page = desk.send("/desk/walk-in", fields).text

    assert "Someone with the same code came before" in page
    told_apart = desk.send("/desk/walk-in", hidden(page, "/desk/walk-in"))
    assert told_apart.status_code == 303
    assert counted(database, Participant) == 3


def test_only_a_supervisor_accepts_a_late_card_and_only_with_a_reason(
    database: Database, keyring: Keyring, place: Place, coupons: tuple[PrintedCoupon, ...]
) -> None:
    intake = reader(database, keyring, place.intake, now=LATER)
    with database.transaction() as session:
        late = a_bundle(session, place, now=LATER - timedelta(days=34)).coupons[0]
        gone = a_bundle(session, place, now=LATER - timedelta(days=60)).coupons[0]
    manager = reader(database, keyring, place.manager, now=LATER)
    page = manager.send("/desk", {"scanned": late.code}).text
    fields = hidden(page, "/desk/redeem")

    assert "Accept late" not in intake.send("/desk", {"scanned": late.code}).text
    assert "Accept late" not in manager.send("/desk", {"scanned": gone.code}).text
    refused = manager.send("/desk/redeem", {**fields, "late_reason": " ", "no_code": "yes"})
    assert "Past its last day" in refused.text
    again = hidden(refused.text, "/desk/redeem")
    accepted = manager.send(
        "/desk/redeem", {**again, "late_reason": "The bridge was closed", "no_code": "yes"}
    )
    assert accepted.status_code == 303


def test_a_whole_visit_ends_with_a_sheet_of_three_cards(
    desk: Reader, database: Database, coupons: tuple[PrintedCoupon, ...]
) -> None:
    visit = redeemed(desk, coupons[0])
    go_to_interview(desk, visit)
    desk.send(f"{visit}/services", {"needles_and_syringes": "20", "hiv_test.offered": "1"})
    owed = desk.get(f"{visit}?after=services").text
    assert "UAH 7.50" in owed.replace("\xa0", " ")
    paid = desk.send(f"{visit}/stipend", hidden(owed, f"{visit}/stipend"))
    receipt = desk.get(paid.headers["location"]).text.replace("\xa0", " ")
    assert "Paid: UAH 7.50" in receipt
    desk.send(f"{visit}/training")
    made = desk.send(f"{visit}/bundle")
    page = desk.get(made.headers["location"]).text
    link = re.search(r'href="(/desk/bundles/[^"]+/sheet.pdf)"', page)

    assert link
    sheet = desk.get(link[1])
    assert sheet.headers["content-type"] == "application/pdf"
    assert sum(len(page.symbols) for page in look_at(sheet.content)) == 3
    assert "This visit is finished" in desk.get(visit).text


def test_paying_with_one_form_twice_pays_once(
    desk: Reader, database: Database, place: Place, coupons: tuple[PrintedCoupon, ...]
) -> None:
    visit = redeemed(desk, coupons[0])
    go_to_interview(desk, visit)
    form = hidden(desk.get(f"{visit}?step=stipend").text, f"{visit}/stipend")
    first, second = (desk.send(f"{visit}/stipend", form) for _ in range(2))

    assert first.status_code == second.status_code == 303
    with database.snapshot() as session:
        accounts = {each.account: each.balance for each in balances(session, place.programme.id)}
    assert accounts[Account.CASH_FLOAT].minor == -750


def test_a_receipt_is_shown_to_nobody_else(
    desk: Reader, coupons: tuple[PrintedCoupon, ...]
) -> None:
    visits = [redeemed(desk, coupon) for coupon in coupons[:2]]
    go_to_interview(desk, visits[0])
    form = hidden(desk.get(f"{visits[0]}?step=stipend").text, f"{visits[0]}/stipend")
    paid = desk.send(f"{visits[0]}/stipend", form).headers["location"].split("?")[1]

    assert "Receipt" in desk.get(f"{visits[0]}?{paid}").text
    assert "Receipt" not in desk.get(f"{visits[1]}?{paid}").text


def test_services_noted_with_one_form_twice_are_noted_once(
    desk: Reader, database: Database, coupons: tuple[PrintedCoupon, ...]
) -> None:
    visit = redeemed(desk, coupons[0])
    desk.send(f"{visit}/eligibility", {"sex": "male", "age": "17", "injected": "yes"})
    form = hidden(desk.get(visit).text, f"{visit}/services") | {"needles_and_syringes": "20"}
    for _ in range(2):
        desk.send(f"{visit}/services", form)

    with database.snapshot() as session:
        (person,) = session.scalars(select(Redemption.participant_id)).all()
        assert given_to(session, person) == [(Service.NEEDLES_AND_SYRINGES, State.GIVEN, 20)]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"sex": "prefer_not_to_say", "age": "17", "injected": "yes"}, "No cards to pass on"),
        ({"sex": "female", "adult": "yes", "injected": "no"}, "No cards to pass on"),
    ],
)
def test_whoever_is_not_eligible_is_served_kindly_and_gets_no_cards(
    desk: Reader, coupons: tuple[PrintedCoupon, ...], answers: dict[str, str], said: str
) -> None:
    visit = redeemed(desk, coupons[0])
    desk.send(f"{visit}/eligibility", answers)

    assert said in desk.get(visit).text
    assert desk.send(f"{visit}/bundle").status_code == 409
    corrected = {"sex": "female", "age": "19", "injected": "yes"}
    assert desk.send(f"{visit}/eligibility", corrected).status_code == 303
    assert "Please read this out" in desk.get(visit).text


def test_a_no_is_all_right(desk: Reader, coupons: tuple[PrintedCoupon, ...]) -> None:
    visit = redeemed(desk, coupons[0])
    desk.send(f"{visit}/eligibility", {"sex": "female", "adult": "yes", "injected": "yes"})
    desk.send(f"{visit}/consent", {"consent_participation": "no", "consent_follow_up": "no"})

    assert "that is all right" in desk.get(visit).text
    assert desk.send(f"{visit}/bundle").status_code == 409


@pytest.mark.parametrize(
    ("step", "fields", "said"),
    [
        ("eligibility", {"sex": "female", "age": "7", "injected": "yes"}, "check the age"),
        ("eligibility", {"sex": "female", "age": "x", "injected": "yes"}, "check the age"),
        ("consent", {"consent_participation": "yes"}, "no answer yet"),
        ("knowledge_test", {"item_needle": "a"}, "no answer yet"),
        ("interview", {"network_size": "99999"}, "number of people"),
    ],
)
def test_what_cannot_be_kept_is_asked_again_with_what_was_entered(
    desk: Reader,
    coupons: tuple[PrintedCoupon, ...],
    step: str,
    fields: dict[str, str],
    said: str,
) -> None:
    visit = redeemed(desk, coupons[0])
    if step != "eligibility":
        desk.send(f"{visit}/eligibility", {"sex": "female", "age": "30", "injected": "yes"})
    if step in ("knowledge_test", "interview"):
        desk.send(f"{visit}/consent", {"consent_participation": "yes", "consent_follow_up": "yes"})
    if step == "interview":
        _, items = knowledge_test()
        desk.send(f"{visit}/knowledge_test", {f"item_{each.id}": each.right for each in items})
    answer = desk.send(f"{visit}/{step}", fields)

    assert answer.status_code == 422
    assert said in answer.text
    if step == "knowledge_test":
        assert re.search(r'name="item_needle" value="a" checked', answer.text)


def test_the_test_is_locked_and_shows_its_score(
    desk: Reader, coupons: tuple[PrintedCoupon, ...]
) -> None:
    visit = redeemed(desk, coupons[0])
    go_to_interview(desk, visit)

    assert "8 of 8 right" in desk.get(f"{visit}?step=knowledge_test").text
    again = desk.send(f"{visit}/knowledge_test", {"item_needle": "b"})
    assert again.status_code == 409


def test_a_claim_is_found_by_her_code_and_counts_cards_without_saying_whose(
    desk: Reader, database: Database, place: Place
) -> None:
    with database.transaction() as session:
        seed = a_seed(session, place, uic="iryna 79")
        coupon = a_bundle(session, place, seed).coupons[0]
        recruit = a_finished_visit(session, place, coupon, recruiter_id=seed)
    found = desk.send("/desk/rewards", {"uic": "Ірина 79"}).text
    page = desk.get(f"/desk/visits/{seed}?step=stipend").text.replace("\xa0", " ")

    assert f"/desk/visits/{seed}?step=stipend" in found
    assert "1 card has come back" in page
    assert "UAH 5.90" in page
    assert str(recruit.participant_id) not in page
    assert "Nobody came with this code" in desk.send("/desk/rewards", {"uic": "nobody 1"}).text


def test_a_desk_lists_its_own_scans_and_todays_visits_and_nothing_of_chains(
    desk: Reader, database: Database, keyring: Keyring, place: Place, coupons: Any
) -> None:
    visit = redeemed(desk, coupons[0])
    desk.send("/desk", {"scanned": coupons[0].code})
    page = desk.get("/desk").text
    other = reader(database, keyring, place.manager, now=LATER).get("/desk").text

    assert coupons[0].code[-4:] in page
    assert "Used before" in page
    assert visit in page
    assert coupons[0].code[-4:] not in other
    with database.snapshot() as session:
        labels = [each for each in session.scalars(select(Participant.chain_label)) if each]
    both = page + desk.get(visit).text
    assert not any(label in both for label in labels)
    assert "wave" not in both


def test_a_health_educator_takes_in_and_redeems_nothing(
    database: Database, keyring: Keyring, place: Place, coupons: tuple[PrintedCoupon, ...]
) -> None:
    intake = reader(database, keyring, place.intake, now=LATER)
    visit = redeemed(intake, coupons[0])
    educator = reader(database, keyring, place.staff[Role.HEALTH_EDUCATOR], now=LATER)
    page = educator.send("/desk", {"scanned": coupons[1].code}).text

    assert "This card is good" in page
    assert "Redeem and continue" not in page
    answers = {"sex": "female", "age": "24", "injected": "yes"}
    assert educator.send(f"{visit}/eligibility", answers).status_code == 303
    assert educator.send(f"{visit}/bundle").status_code == 403
    assert educator.send(f"{visit}/stipend").status_code == 403


def test_a_browser_keeps_the_name_of_its_device(
    desk: Reader, database: Database, coupons: tuple[PrintedCoupon, ...]
) -> None:
    desk.get("/desk")
    redeemed(desk, coupons[0])
    redeemed(desk, coupons[1])

    with database.snapshot() as session:
        devices = set(session.scalars(select(Redemption.device_id)))
    assert devices == {desk.browser.cookies["pdi_device"]}
