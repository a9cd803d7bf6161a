"""Two desks, one card, both without a network: both people are served, one redemption counts, a person decides."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.installation import ensure_installed
from app.domain.coupons.models import Coupon
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.models import Redemption
from app.domain.intake.rules import Outcome
from app.domain.participants.models import Participant
from app.domain.participants.rules import Came
from app.domain.staff.actions import start_session
from app.domain.stipends.models import LedgerEntry
from app.domain.stipends.queries import owed_to
from app.domain.stipends.rules import Account
from app.verification import CHECKS
from tests.journeys.desks import Desk, served_desk
from tests.journeys.offline import enrolled, new_pad
from tests.journeys.walking import begin_visit, walk_through


@pytest.mark.parametrize("decision", ["first_stands", "second_stands"])
def test_two_desks_without_a_network_and_one_card(
    database_url: str, tmp_path: Path, browser: Browser, decision: str
) -> None:
    with served_desk(database_url, tmp_path) as desk:
        with desk.database.transaction() as session:
            ensure_installed(session, now=utc_now())
        card = desk.with_new_cards().cards[0]
        pads = [new_pad(desk)[0][1].text for _ in range(2)]
        devices = [
            enrolled(desk, browser.new_context(locale="en-GB"), label=f"Tablet {number}")
            for number in (1, 2)
        ]
        for number, device in enumerate(devices):
            device.cut_network()
            begin_visit(device, card.token, f"olha {number} of two")
            if number == 0 and decision == "second_stands":
                continue  # with cards of her own her place in the chain could not be another's
            walk_through(device, pads[number])
        assert_books_are_in_order(desk)
        for device in devices:
            device.restore_network()
            device.wait_until_sent(timeout=30_000)
            assert_books_are_in_order(desk)

        first, second = redemptions(desk, card.id)
        assert (first.outcome, second.outcome) == (Outcome.ACCEPTED, Outcome.CONFLICT)
        # the first visit's is owed once it is complete; the second's waits for the decision
        assert rewards_held(desk) == (1 if decision == "first_stands" else 2)
        expect(devices[1].page.locator("main")).to_contain_text("Another desk took the same card")

        decide(desk, browser, decision)
        assert_books_are_in_order(desk)
        assert rewards_held(desk) == 0
        stands, falls = (first, second) if decision == "first_stands" else (second, first)
        with desk.database.snapshot() as session:
            assert came(session, stands.participant_id) == Came.RECRUIT
            assert came(session, falls.participant_id) == Came.WALK_IN
            assert session.get_one(Coupon, card.id).status is CouponStatus.REDEEMED
            assert owed_to(session, stands.participant_id)
            assert not owed_to(session, falls.participant_id)
        for device in devices:
            device.context.close()


def decide(desk: Desk, browser: Browser, decision: str) -> None:
    """A coupon manager looks at both and decides on the page."""
    context = browser.new_context(locale="en-GB")
    with desk.database.transaction() as session:
        secret = start_session(session, desk.place.manager, now=utc_now())
    context.add_cookies([{"name": "pdi_session", "value": secret, "url": desk.url}])
    page: Page = context.new_page()
    page.goto(f"{desk.url}/conflicts")
    expect(page.locator("main")).to_contain_text("Tablet 1")
    expect(page.locator("main")).to_contain_text("Tablet 2")
    page.locator(f"input[name=decision][value={decision}]").check()
    page.locator("textarea[name=reason]").fill("The desks were asked who had the paper card.")
    page.locator("main form button.large").click()
    expect(page.locator("main")).to_contain_text("Nothing waits for a decision")
    context.close()


def assert_books_are_in_order(desk: Desk) -> None:
    with desk.database.snapshot() as session:
        faults = [fault for check in CHECKS.values() for fault in check(session)]
    assert faults == []


def redemptions(desk: Desk, coupon_id: object) -> list[Redemption]:
    """Of a card, the first to arrive first."""
    with desk.database.snapshot() as session:
        found = session.scalars(
            select(Redemption)
            .where(Redemption.coupon_id == coupon_id)
            .order_by(Redemption.received_at)
        ).all()
        session.expunge_all()
    return list(found)


def rewards_held(desk: Desk) -> int:
    """How many rewards wait for a visit or a decision: entries into the account less those out of it."""
    held = Account.STIPENDS_HELD
    with desk.database.snapshot() as session:
        entries = session.scalars(select(LedgerEntry)).all()
        return sum((each.credit is held) - (each.debit is held) for each in entries)


def came(session: Session, participant_id: object) -> Came:
    return session.get_one(Participant, participant_id).came
