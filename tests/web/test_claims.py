"""Someone comes back for what is owed to her: her card and PIN at the desk, the payment, the receipt, what had expired."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.claims import queries
from app.domain.claims.actions import give_card
from app.domain.claims.models import ClaimCard
from app.domain.claims.queries import Names
from app.domain.contacts.actions import keep_contact
from app.domain.contacts.queries import contact_of
from app.domain.opt_outs.actions import opt_out
from app.domain.payouts.queries import payouts
from app.domain.programmes.rules import PayoutRules, Protocol
from app.domain.stipends.models import LedgerEntry, PayoutLine
from app.domain.stipends.queries import owed_to
from app.domain.stipends.rules import Account, ClaimedWith, Method, receipt_text
from app.upkeep import expire
from tests.factories import LATER, Place, a_finished_visit, a_place, a_seed
from tests.printing.sheets import folded, look_at
from tests.web.readers import Reader, errors, reader
from tests.web.test_desk import hidden

PIN, WRONG = "407182", "926351"
HERS = "OLENA 0785"


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session, protocol=Protocol(payouts=PayoutRules(expires_after_days=90)))


@pytest.fixture
def desk(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.intake, now=LATER)


@pytest.fixture
def person(database: Database, place: Place) -> UUID:
    """Someone who is owed her fee."""
    with database.transaction() as session:
        return a_finished_visit(session, place, uic=HERS).participant_id


def a_card(database: Database, place: Place, person: UUID) -> Names:
    with database.transaction() as session:
        card = give_card(session, person, PIN, card_id=uuid4(), by=place.intake, now=LATER)
        return queries.names_of(session, card.id, programme_id=place.programme.id)


def paid_with(database: Database, place: Place) -> list[ClaimedWith]:
    with database.snapshot() as session:
        return [each.claimed_with for each in payouts(session, place.programme.id)]


def test_a_card_and_its_pin_lead_to_the_payment_which_says_how_it_was_claimed(
    desk: Reader, database: Database, place: Place, person: UUID
) -> None:
    names = a_card(database, place, person)

    for scanned in (names.token, names.digits):
        answer = desk.send("/desk/rewards/card", {"scanned": scanned, "pin": PIN})
        assert answer.status_code == 303
    page = desk.get(answer.headers["location"]).text
    form = hidden(page, f"/desk/visits/{person}/stipend")
    paid = desk.send(f"/desk/visits/{person}/stipend", form)

    assert paid.status_code == 303
    assert paid_with(database, place) == [ClaimedWith.CARD]


def test_her_own_code_leads_to_the_payment_too(
    desk: Reader, database: Database, place: Place, person: UUID
) -> None:
    page = desk.send("/desk/rewards", {"uic": "олена 0785"}).text
    (address,) = re.findall(r'href="(/desk/visits/[^"]+)"', page)
    form = hidden(desk.get(address.replace("&amp;", "&")).text, f"/desk/visits/{person}/stipend")
    desk.send(f"/desk/visits/{person}/stipend", form)

    assert paid_with(database, place) == [ClaimedWith.CODE]


def test_nobody_makes_the_proof_of_a_claim_herself(
    desk: Reader, database: Database, keyring: Keyring, place: Place, person: UUID
) -> None:
    names = a_card(database, place, person)
    address = desk.send("/desk/rewards/card", {"scanned": names.digits, "pin": PIN}).headers[
        "location"
    ]
    proof = address.rpartition("claimed=")[2]
    other = reader(database, keyring, place.manager, now=LATER)  # another member of staff shows it
    form = hidden(desk.get(address).text, f"/desk/visits/{person}/stipend")
    assert form["claimed"] == [proof]
    other.send(f"/desk/visits/{person}/stipend", form | {"claimed": proof})

    assert paid_with(database, place) == [ClaimedWith.VISIT]


def test_a_wrong_pin_is_kept_though_the_request_is_refused(
    desk: Reader, database: Database, place: Place, person: UUID
) -> None:
    names = a_card(database, place, person)

    said = []
    for _ in range(6):
        answer = desk.send("/desk/rewards/card", {"scanned": names.digits, "pin": WRONG})
        assert answer.status_code == 403
        said.append(answer.text)
    locked = desk.send("/desk/rewards/card", {"scanned": names.digits, "pin": PIN})

    assert "4 tries are left" in said[0]
    assert "1 try is left" in said[3]
    assert "the card is locked" in said[4]
    assert locked.status_code == 403
    assert WRONG not in "".join(said)
    with database.snapshot() as session:
        assert session.scalars(select(ClaimCard.wrong_pins)).one() == 5

    page = desk.get(f"/desk/visits/{person}/card").text
    assert "This card is locked" in page
    fields = {"pin": "615038", "pin_again": "615038"}
    assert desk.send(f"/desk/visits/{person}/card/pin", fields).status_code == 403
    assert desk.send(f"/desk/visits/{person}/card/pin", fields | {"uic": HERS}).status_code == 303
    again = desk.send("/desk/rewards/card", {"scanned": names.digits, "pin": "615038"})
    assert again.status_code == 303


def test_the_desk_says_kindly_which_card_it_is_and_leads_on(
    desk: Reader, database: Database, place: Place, person: UUID
) -> None:
    names = a_card(database, place, person)

    for scanned in (names.token, names.digits):
        page = desk.send("/desk", {"scanned": scanned}).text
        assert "This is a person&#39;s own card" in page or "This is a person's own card" in page
        form = hidden(page, "/desk/rewards/card")
        answer = desk.send("/desk/rewards/card", form | {"pin": PIN})
        assert answer.status_code == 303
    with database.snapshot() as session:
        coupon_like = queries.names_of(
            session, session.scalars(select(ClaimCard.id)).one(), programme_id=place.programme.id
        ).digits
    swapped = coupon_like[1] + coupon_like[0] + coupon_like[2:]
    if swapped != coupon_like:
        assert (
            "own card"
            not in desk.send("/desk", {"scanned": swapped})
            .text.split("</main>")[0]
            .split("verdict-word")[1][:80]
        )


def test_a_coupon_collects_nothing(desk: Reader, database: Database, place: Place) -> None:
    with database.transaction() as session:
        visit = a_finished_visit(session, place, with_bundle=True)
    assert visit.bundle is not None
    for scanned in (visit.bundle.coupons[0].code, visit.bundle.coupons[0].token):
        answer = desk.send("/desk/rewards/card", {"scanned": scanned, "pin": PIN})
        assert answer.status_code == 422
        assert "for bringing someone" in answer.text


def test_a_card_is_given_with_a_pin_typed_twice_and_printed_the_same_day(
    desk: Reader, database: Database, keyring: Keyring, place: Place, person: UUID
) -> None:
    address = f"/desk/visits/{person}/card"
    form = hidden(desk.get(address).text, address)
    for pin, again, said in (
        ("407182", "407183", "not the same"),
        ("1234", "1234", "tried first"),
        ("12", "12", "four to six"),
    ):
        refused = desk.send(address, form | {"pin": pin, "pin_again": again})
        assert refused.status_code == 422
        assert said in errors(refused.text)["pin"]
        assert pin not in re.findall(r'value="([^"]*)"', refused.text)
    for _ in range(2):
        given = desk.send(address, form | {"pin": PIN, "pin_again": PIN})
        assert given.status_code == 303

    page = desk.get(address).text
    (digits,) = re.findall(r'own-digits digits">([\d ]+)<', page)
    (sheet,) = look_at(desk.get(f"{address}/sheet.pdf").content)
    assert sheet.symbols[0].text.startswith("P1")
    assert folded(digits) in folded(sheet.text)
    later = reader(database, keyring, place.intake, now=LATER + timedelta(days=1))
    assert digits not in later.get(address).text
    assert later.get(f"{address}/sheet.pdf").status_code == 404
    with database.snapshot() as session:
        assert len(session.scalars(select(ClaimCard)).all()) == 1


def test_a_receipt_is_a_number_to_print_or_to_say(
    desk: Reader, database: Database, place: Place, person: UUID
) -> None:
    form = hidden(
        desk.get(f"/desk/visits/{person}?step=stipend").text, f"/desk/visits/{person}/stipend"
    )
    (payment_id,) = form["payment_id"]
    desk.send(f"/desk/visits/{person}/stipend", form)
    page = desk.get(f"/desk/visits/{person}/receipts/{payment_id}").text
    with database.snapshot() as session:
        (payout,) = payouts(session, place.programme.id)
    number = receipt_text(payout.receipt)
    slip = re.search(r'<article class="slip">(.*?)</article>', page, re.DOTALL)
    assert slip
    words = re.sub(r"<[^>]+>|\s+", " ", slip[1]).split()

    assert " ".join(words) == f"Health centre March 4, 2026 UAH 7.50 {number}"
    names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    spoken = re.findall(r"<li>([a-z ]+)</li>", page)
    assert spoken == [" ".join(names[int(figure)] for figure in part) for part in number.split()]
    with database.transaction() as session:
        other = a_seed(session, place)
    assert desk.get(f"/desk/visits/{other}/receipts/{payment_id}").status_code == 404


def test_how_someone_is_paid_is_kept_and_her_number_shown_to_nobody(
    desk: Reader, database: Database, person: UUID
) -> None:
    address = f"/desk/visits/{person}/contact"
    wrong = desk.send(
        address, {"method": "airtime", "number": "12", "may_remind": "yes", "language": "uk"}
    )
    assert wrong.status_code == 422
    assert "no telephone number" in errors(wrong.text)["number"]
    fields = {"method": "airtime", "number": "050 123 45 67", "may_remind": "yes", "language": "uk"}
    assert desk.send(address, fields).status_code == 303
    page = desk.get(address).text
    assert "•••• 4567" in page
    assert "1234567" not in page.replace(" ", "")

    desk.send(
        address, {"method": "mobile_money", "number": "", "may_remind": "no", "language": "en"}
    )
    with database.snapshot() as session:
        contact = contact_of(session, person)
    assert contact is not None
    assert (contact.method, contact.msisdn, contact.may_remind) == (
        Method.MOBILE_MONEY,
        "+380501234567",
        False,
    )
    assert desk.send(f"{address}/remove").status_code == 303
    with database.snapshot() as session:
        assert contact_of(session, person) is None


def test_a_stop_by_telephone_is_told_at_the_desk_and_only_a_new_yes_ends_it(
    desk: Reader, database: Database, place: Place, person: UUID
) -> None:
    address, stopped = f"/desk/visits/{person}/contact", "You asked for no more messages"
    fields = {"method": "cash", "number": "050 123 45 67", "may_remind": "yes", "language": "uk"}
    desk.send(address, fields)
    assert stopped not in desk.get(address).text
    with database.transaction() as session:
        opt_out(session, place.programme.id, "+380501234567", LATER.date())

    page = desk.get(address).text
    assert stopped in page
    assert re.search(r'value="no" checked', page)  # kept again without a word, it stays stopped
    desk.send(address, fields)
    assert stopped not in desk.get(address).text


def test_a_float_that_is_too_low_says_what_to_do(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        poor = a_place(session, cash=0)
        person = a_finished_visit(session, poor).participant_id
    desk = reader(database, keyring, poor.intake, now=LATER)
    form = hidden(
        desk.get(f"/desk/visits/{person}?step=stipend").text, f"/desk/visits/{person}/stipend"
    )
    answer = desk.send(f"/desk/visits/{person}/stipend", form)

    assert answer.status_code == 409
    assert "stays safe" in answer.text
    with database.snapshot() as session:
        assert owed_to(session, person)


def test_what_expired_is_given_back_at_the_desk_by_who_may(
    database: Database, keyring: Keyring, place: Place, person: UUID
) -> None:
    late = LATER + timedelta(days=120)
    expire(database, late)
    address = f"/desk/visits/{person}"
    intake = reader(database, keyring, place.intake, now=late)
    page = intake.get(f"{address}?step=stipend").text
    assert "was not collected in time" in page
    assert f"{address}/restore" not in page
    assert intake.send(f"{address}/restore", {"reason": "She came"}).status_code == 403

    manager = reader(database, keyring, place.manager, now=late)
    assert manager.send(f"{address}/restore", {"reason": " "}).status_code == 422
    assert manager.send(f"{address}/restore", {"reason": "She came"}).status_code == 303
    with database.snapshot() as session:
        assert owed_to(session, person)


def unclaimed_figures(database: Database, place: Place) -> tuple[int, int]:
    """What waits and what expired, by another way than the pages."""
    with database.snapshot() as session:
        settled = select(PayoutLine.accrual_id)
        reversed_ = select(LedgerEntry.reverses).where(LedgerEntry.reverses.is_not(None))
        found = [
            sum(
                session.scalars(
                    select(LedgerEntry.amount_minor).where(
                        LedgerEntry.programme_id == place.programme.id,
                        LedgerEntry.credit == account,
                        LedgerEntry.reverses.is_(None),
                        LedgerEntry.id.not_in(settled),
                        LedgerEntry.id.not_in(reversed_),
                    )
                )
            )
            for account in (Account.STIPENDS_PAYABLE, Account.STIPENDS_UNCLAIMED)
        ]
    return found[0], found[1]


def test_the_page_of_what_waits_tells_what_the_books_tell(
    database: Database, keyring: Keyring, place: Place, person: UUID
) -> None:
    late = LATER + timedelta(days=100)
    expire(database, late)
    with database.transaction() as session:
        a_finished_visit(session, place, now=late - timedelta(days=40))
        keep_contact(
            session, person, method=Method.CASH, number="050 123 45 67", may_remind=False,
            language="uk", by=place.intake, now=late,
        )  # fmt: skip
    waits, gone = unclaimed_figures(database, place)
    finance = reader(database, keyring, place.finance, now=late)

    page = finance.get("/stipends/unclaimed").text
    figures = re.findall(r'stat-value">UAH\s([\d.,]+)<', page)
    assert [round(float(figure) * 100) for figure in figures] == [waits, 0, gone]
    rows = finance.get("/stipends/unclaimed/waiting.csv").text.splitlines()[1:]
    assert round(sum(float(row.split(",")[4]) for row in rows) * 100) == waits
    expired = finance.get("/stipends/unclaimed/expired.csv").text.splitlines()[1:]
    assert round(sum(float(row.split(",")[3]) for row in expired) * 100) == gone
    ages = finance.get("/stipends/unclaimed/ages.csv").text.splitlines()
    assert ages[0].lstrip("\ufeff").startswith("site,from_0_days,from_30_days")
    assert round(float(ages[1].split(",")[2]) * 100) == waits  # forty days old
    for form in ("xlsx", "pdf"):
        assert finance.get(f"/stipends/unclaimed/waiting.{form}").status_code == 200
    assert "1234567" not in page


def test_expired_money_is_given_up_by_two_people_on_the_page(
    database: Database, keyring: Keyring, place: Place, person: UUID
) -> None:
    late = LATER + timedelta(days=100)
    expire(database, late)
    _, gone = unclaimed_figures(database, place)
    finance = reader(database, keyring, place.finance, now=late)
    page = finance.get("/stipends/unclaimed").text
    form = hidden(page, "/stipends/unclaimed/write-off") | {"site": place.site.code}
    assert finance.send("/stipends/unclaimed/write-off", form | {"reason": ""}).status_code == 422
    for _ in range(2):
        asked = finance.send("/stipends/unclaimed/write-off", form | {"reason": "Closed"})
        assert asked.status_code == 303
    (request_id,) = form["request_id"]
    address = f"/stipends/unclaimed/write-off/{request_id}"
    assert address not in finance.get("/stipends/unclaimed").text
    assert finance.send(address, {"decision": "approve"}).status_code == 403

    lead = reader(database, keyring, place.lead, now=late)
    assert address in lead.get("/stipends/unclaimed").text
    assert lead.send(address, {"decision": "approve"}).status_code == 303
    assert lead.send(address, {"decision": "approve"}).status_code == 409
    assert gone > 0
    assert unclaimed_figures(database, place)[1] == 0
