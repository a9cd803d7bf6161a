"""The desk's app in a real browser whose network is cut: nothing that was confirmed is lost, nothing counted twice."""

import sys
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, expect
from sqlalchemy import select

from app.core.clock import utc_now
from app.core.training import training_token
from app.domain.coupons import actions as coupons
from app.domain.coupons import queries as coupon_queries
from app.domain.coupons.models import CouponBundle
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.models import Redemption
from app.domain.participants.models import Participant
from app.domain.participants.rules import Came, Standing
from app.domain.services.models import ServiceRecord
from app.domain.stipends import queries as stipends
from app.domain.stipends.rules import Account
from app.domain.visits.queries import knowledge_test
from tests.factories import a_bundle, a_redemption, a_seed
from tests.journeys.desks import Desk
from tests.journeys.offline import (
    AGREES,
    ELIGIBLE,
    TELLS,
    TEST,
    at_step,
    count,
    enrolled,
    hand_over,
    new_name,
    new_pad,
    people,
    some_cards,
    welcome,
)

Served = Callable[[str], Desk]
Profile = Callable[..., BrowserContext]


@pytest.mark.parametrize("locale", ["en-GB", "uk-UA"])
def test_a_whole_intake_without_a_network_closed_in_between_counts_once(
    served: Served, backend: str, profile: Profile, locale: str
) -> None:
    desk = served(backend)
    made = utc_now() - timedelta(days=5)
    with desk.database.transaction() as session:
        seed = a_seed(session, desk.place, now=made)
        card = a_bundle(session, desk.place, seed, now=made).coupons[0]
    pad = new_pad(desk)
    device = enrolled(desk, profile(locale))
    tables = (Redemption, CouponBundle, Participant)
    before = [count(desk, table) for table in tables]

    device.cut_network()
    welcome(device, card.token, new_name())
    at_step(device, "eligibility", *ELIGIBLE)
    at_step(device, "consent", *AGREES[:2])  # half of a form, when the browser is closed
    device.wait_for_draft("consent_participation")
    device = device.closed_and_reopened()
    at_step(device, "consent")
    expect(device.page.locator("[name=consent_participation][value=yes]")).to_be_checked()
    device.page.locator("[name=consent_follow_up][value=yes]").focus()
    device.page.keyboard.press("Space")
    device.page.keyboard.press("Enter")
    at_step(device, "knowledge_test", *TEST)
    at_step(device, "interview", *TELLS)
    at_step(device, "services", "2", "0", "Enter")
    at_step(device, "stipend")
    device = device.closed_and_reopened()
    at_step(device, "stipend", "Enter")
    at_step(device, "training", "Enter")
    hand_over(device, pad)
    device.waits_for(8)

    device.restore_network()
    device.wait_until_sent()

    assert [count(desk, table) - was for table, was in zip(tables, before, strict=True)] == [1] * 3
    (person,) = people(desk, device)
    assert (person.came, person.standing, person.age) == (Came.RECRUIT, Standing.ENROLLED, 24)
    correct = sum(item.right == next(iter(item.options)) for item in knowledge_test()[1])
    with desk.database.snapshot() as session:
        owed, earned = (
            sum(each.amount.minor for each in stipends.owed_to(session, holder))
            for holder in (person.id, seed)
        )
        balances = stipends.balances(session, desk.place.programme.id)
        given = session.scalars(
            select(ServiceRecord.quantity).where(ServiceRecord.participant_id == person.id)
        ).all()
        bound = coupon_queries.bundle_of(session, person.id)
    assert owed == 750
    assert earned == 250 + 30 * correct + 100
    assert Account.CASH_FLOAT not in {each.account for each in balances}, "nothing was paid"
    assert list(given) == [20]
    assert bound is not None


def test_a_desk_without_a_network_refuses_what_it_can_judge_alone(
    served: Served, profile: Profile
) -> None:
    desk = served("sqlite")
    now = utc_now()
    fresh, void, lost, used, twice = some_cards(desk, 5)
    with desk.database.transaction() as session:
        old = a_bundle(session, desk.place, now=now - timedelta(days=8)).coupons[0]
        new = a_bundle(session, desk.place, now=now).coupons[0]
        for card, ending in ((void, CouponStatus.VOID), (lost, CouponStatus.LOST)):
            coupons.end_coupon(
                session,
                coupon_queries.read(card.code),
                ending,
                reason="a test",
                by=desk.place.manager,
                now=now,
            )
        a_redemption(session, desk.place, used, now=now - timedelta(hours=3))
    device = enrolled(desk, profile())
    device.cut_network()
    page = device.page
    slip = f"{twice.code[:11]}{(int(twice.code[11]) + 1) % 10}"
    page.keyboard.type(slip)
    expect(page.locator("#slip")).to_be_visible()
    page.locator("#scanned").fill("")

    def said(text: str, colour: str) -> str:
        device.scan(text)
        shown = page.locator(f"main:not([aria-busy]) .verdict.{colour}")
        expect(shown).to_be_visible()
        return shown.inner_text()

    assert "This card was cancelled" in said(void.token, "red")
    assert "reported lost" in said(lost.token, "red")
    assert "Used before" in said(used.token, "red")
    assert "Not usable yet" in said(new.token, "orange")
    assert "training card" in said(training_token("good"), "orange")
    assert "not known" in said("C1AAAAAAAAAAAAAAAAAAAAAAAAAA", "grey")
    assert "This card is good" in said(old.token, "green")
    device.run("app.real.pack.complete_until = '2000-01-01'; app.real.setPack(app.real.pack)")
    assert "Not on this device's list" in said("C1AAAAAAAAAAAAAAAAAAAAAAAAAE", "orange")

    welcome(device, twice.token)
    at_step(device, "eligibility")
    assert "It was used on" in said(twice.token, "red")
    page.get_by_role("button", name="Continue without a card").click()
    expect(page.locator("#uic")).to_be_focused()
    page.locator("[data-action=desk]").first.click()
    page.keyboard.type(fresh.code)
    expect(page.locator(".verdict.orange")).to_contain_text("Not looked up yet")
    page.locator("[name=no_code]").click()
    at_step(device, "eligibility")
    page.locator("main [data-action=desk]").first.click()
    last = page.locator("#scans + ul > li").first
    expect(last).to_contain_text("Not looked up yet")
    device.restore_network()
    device.wait_until_sent()
    expect(last).to_contain_text("Accepted")


def test_two_hundred_queued_scans_are_sent_in_order(
    served: Served,
    backend: str,
    profile: Profile,
) -> None:
    desk = served(backend)
    cards = some_cards(desk, 200)
    device = enrolled(desk, profile())
    device.cut_network()
    device.run(
        """for (const token of given) {
            const card = await app.work.judge(token);
            if (card.verdict !== "good") throw new Error(card.verdict);
            await app.work.arrive({ ...card, serves: true });
        }""",
        [card.token for card in cards],
    )
    before = count(desk, Redemption)

    started = time.monotonic()
    device.restore_network()
    device.wait_until_sent(timeout=120_000)
    sys.stdout.write(f"\n200 queued scans: sent in {time.monotonic() - started:.1f} s\n")  # with -s

    outcomes = device.run(
        "return [...app.work.visits.values()].map((each) => each.verdicts[each.scan].outcome)"
    )
    assert outcomes == ["accepted"] * 200
    assert count(desk, Redemption) - before == 200
    scans = device.run("return [...app.work.visits.values()].map((each) => each.scan)")
    with desk.database.snapshot() as session:
        kept = session.execute(
            select(Redemption.id, Redemption.received_at, Redemption.scanned_at)
        ).all()
    order = {str(row.id): row for row in kept}
    mine = [order[scan] for scan in scans]
    assert mine == sorted(mine, key=lambda row: row.scanned_at)
    assert [row.received_at for row in mine] == sorted(row.received_at for row in mine)
