"""What a desk worker sees of the app: the server's word, people who came before, two at once, undo, training, a phone."""

import json
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Locator, expect
from sqlalchemy import select

from app.core.clock import utc_now
from app.core.training import training_token
from app.domain.coupons.queries import PrintedCoupon
from app.domain.intake.models import Redemption
from app.domain.intake.rules import Outcome
from app.domain.participants.models import Participant
from app.domain.participants.rules import Sex
from app.domain.programmes.actions import adopt_protocol
from app.domain.programmes.rules import Protocol
from app.domain.services.models import ServiceRecord
from app.domain.stipends import queries as stipends
from app.domain.stipends.actions import pay_in_cash
from app.domain.stipends.models import LedgerEntry
from app.domain.stipends.queries import books_of
from app.domain.visits import actions as visits
from tests.factories import a_bundle, a_finished_visit, a_redemption
from tests.journeys.desks import Desk
from tests.journeys.offline import (
    AGREES,
    ELIGIBLE,
    TELLS,
    TEST,
    Device,
    at_step,
    count,
    enrolled,
    hand_over,
    new_name,
    new_pad,
    people,
    some_cards,
    the_whole_visit,
    welcome,
)

Served = Callable[[str], Desk]
Profile = Callable[..., BrowserContext]

TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SMALL = """targets => targets
    .filter(each => each.checkVisibility() && each.getBoundingClientRect().height < 47.5)
    .map(each => each.outerHTML.slice(0, 120))"""
TARGETS = "button, .button, .choice, summary, select, input:not([type=hidden], [type=checkbox], [type=radio])"
STORED = """async () => {
    const db = await new Promise((open) => { indexedDB.open("pdi-desk").onsuccess = (e) => open(e.target.result); });
    const rows = (name) => new Promise((read) => {
        db.transaction(name).objectStore(name).getAll().onsuccess = (e) => read(e.target.result); });
    const text = (key, value) => value instanceof Uint8Array ? btoa(String.fromCharCode(...value)) : value;
    const kept = [await rows("records"), await rows("events"), { ...localStorage }, { ...sessionStorage }];
    db.close();
    return JSON.stringify(kept, text);
}"""


def card_redeemed_elsewhere(desk: Desk, card: PrintedCoupon) -> None:
    with desk.database.transaction() as session:
        a_redemption(session, desk.place, card, now=utc_now())


def adopt(desk: Desk, protocol: Protocol) -> None:
    by = desk.place.lead.staff_id
    with desk.database.transaction() as session:
        adopt_protocol(session, desk.place.programme.id, protocol, by=by, now=utc_now())


def verdict(device: Device, colour: str) -> Locator:
    return device.page.locator(f"main:not([aria-busy]) .verdict.{colour}")


def from_the_list(device: Device, at: int = 0) -> None:
    """Back to the desk, and open a visit of those who are here today."""
    device.page.locator("main [data-action=desk]").first.click()
    device.page.locator("[data-action=visit]").nth(at).click()


def test_the_servers_word_comes_instead_of_the_devices(served: Served, profile: Profile) -> None:
    desk = served("sqlite")
    first, second, third = some_cards(desk)
    card_redeemed_elsewhere(desk, third)
    device = enrolled(desk, profile())
    card_redeemed_elsewhere(desk, first)
    card_redeemed_elsewhere(desk, second)

    device.scan(first.token)
    expect(verdict(device, "red")).to_contain_text("Used before")
    expect(verdict(device, "red")).to_contain_text(str(utc_now().year))
    device.scan(third.token)  # the list says that it was used, the server when
    expect(verdict(device, "red")).to_contain_text("It was used on")

    device.cut_network()
    welcome(device, second.token)
    at_step(device, "eligibility")
    device.restore_network()
    device.wait_until_sent()
    expect(device.page.locator("main .notice")).to_contain_text(
        "Another desk took the same card first"
    )
    at_step(device, "eligibility", *ELIGIBLE)
    device.page.locator("main [data-action=desk]").first.click()
    expect(device.page.locator("[data-action=visit] .badge")).to_have_text("Please look")
    with desk.database.snapshot() as session:
        outcomes = session.scalars(select(Redemption.outcome)).all()
    assert outcomes.count(Outcome.CONFLICT) == 1


def test_a_slow_server_never_holds_the_queue(served: Served, profile: Profile) -> None:
    desk = served("sqlite")
    card, typed, _ = some_cards(desk)
    device = enrolled(desk, profile())
    device.page.route("**/desk/look", lambda route: None)  # no answer, ever
    device.scan(card.token)
    expect(verdict(device, "green")).to_be_visible(timeout=1_000)
    device.page.keyboard.type(new_name())
    device.page.keyboard.press("Enter")
    at_step_within = device.page.locator(
        "main:not([aria-busy]) li[data-step=eligibility][aria-current]"
    )
    expect(at_step_within).to_be_visible(timeout=2_500)
    device.page.locator("main [data-action=desk]").first.click()
    device.page.keyboard.type(typed.code)
    expect(verdict(device, "orange")).to_be_visible(timeout=2_500)


def test_nobody_waits_twice_for_a_server_that_says_nothing(
    served: Served, profile: Profile
) -> None:
    desk = served("sqlite")
    first, second, _ = some_cards(desk)
    device = enrolled(desk, profile())
    device.page.route("**/api/v1/desk/**", lambda route: None)  # no answer, ever
    device.page.keyboard.type(first.code)
    expect(verdict(device, "orange")).to_be_visible(timeout=2_500)
    expect(device.mode).to_have_text("No network")
    device.page.locator("main [data-action=desk]").first.click()
    device.page.evaluate("""() => new MutationObserver((_, seen) => {
        const grey = document.querySelector(".verdict.grey");
        if (grey) document.title = "waited";
    }).observe(document.getElementById("main"), { childList: true, subtree: true })""")
    device.page.keyboard.type(second.code)
    expect(verdict(device, "orange")).to_be_visible()
    assert device.page.title() != "waited"


def test_someone_who_came_before_is_asked_about_kindly(served: Served, profile: Profile) -> None:
    desk = served("sqlite")
    earlier, card, other = some_cards(desk)
    name = new_name()
    with desk.database.transaction() as session:
        seed = a_finished_visit(session, desk.place, now=utc_now() - timedelta(days=2)).recruiter_id
        known = a_finished_visit(
            session,
            desk.place,
            earlier,
            recruiter_id=seed,
            now=utc_now() - timedelta(days=2),
            uic=name,
        )
    device = enrolled(desk, profile())
    page = device.page

    welcome(device, card.token, name)
    expect(page.locator(".desk-known [data-action=online]")).to_be_focused()
    with device.context.expect_page() as opened:
        page.keyboard.press("Enter")
    opened.value.wait_for_load_state()
    assert opened.value.url.endswith(f"/desk/visits/{known.participant_id}")
    opened.value.close()

    page.bring_to_front()
    page.get_by_role("button", name="No, not the same person").click()
    at_step(device, "eligibility")
    device.wait_until_sent()
    (person,) = people(desk, device)
    assert person.id != known.participant_id
    assert (
        device.run("return app.work.visitsHere()[0].verdicts[app.work.visitsHere()[0].scan].flags")
        == []
    )

    page.locator("main [data-action=desk]").first.click()
    device.cut_network()
    welcome(device, other.token, name)
    at_step(device, "eligibility")
    device.restore_network()
    device.wait_until_sent()
    expect(page.locator("main .notice")).to_contain_text("Someone with the same code came before")


def test_two_people_at_once_and_the_next_scan_from_any_field(
    served: Served, profile: Profile
) -> None:
    desk = served("sqlite")
    first, second, _ = some_cards(desk)
    device = enrolled(desk, profile())
    device.cut_network()
    page = device.page
    welcome(device, first.token)
    at_step(device, "eligibility", "Space", "Tab", "2")
    device.scan(second.token)
    expect(verdict(device, "green")).to_be_visible()
    expect(page.locator("#uic")).to_be_focused()
    page.keyboard.type("half a na")
    device.scan(second.token.lower())  # the same card once more, over what was typed
    expect(page.locator("#uic")).to_have_value("")
    page.locator("[name=no_code]").click()
    at_step(device, "eligibility", *ELIGIBLE)
    at_step(device, "consent")
    from_the_list(device, 1)
    at_step(device, "eligibility")
    expect(page.locator("#age")).to_have_value("2")
    expect(page.locator("[name=sex][value=female]")).to_be_checked()
    page.go_back()
    page.go_back()
    at_step(device, "consent")
    page.locator("[name=consent_participation][value=yes]").check()
    page.locator("[name=consent_follow_up][value=yes]").check()
    page.locator("main form.card button").dblclick()
    at_step(device, "knowledge_test")
    device.waits_for(4)  # two arrivals, one screening, one consent
    device.restore_network()
    device.wait_until_sent()


def test_the_language_changes_in_the_middle_of_a_form(served: Served, profile: Profile) -> None:
    desk = served("sqlite")
    card = some_cards(desk)[0]
    device = enrolled(desk, profile())
    device.cut_network()
    page = device.page
    welcome(device, card.token)
    at_step(device, "eligibility", "Space", "Tab", "3", "1")
    page.locator(".app-menu summary").click()
    page.locator("[data-language=uk]").click()
    expect(page.locator("html")).to_have_attribute("lang", "uk")
    at_step(device, "eligibility")
    expect(page.locator("main h1")).to_have_text("Умови участі")
    expect(page.locator("#age")).to_have_value("31")
    expect(page.locator("[name=sex][value=female]")).to_be_checked()
    expect(device.mode).to_have_text("Без мережі")
    page.locator("[name=injected][value=yes]").check()
    page.keyboard.press("Enter")
    at_step(device, "consent", *AGREES)
    at_step(device, "knowledge_test")
    device = device.closed_and_reopened()
    at_step(device, "knowledge_test")
    expect(device.page.locator("html")).to_have_attribute("lang", "uk")


def test_an_undone_visit_is_struck_through_and_its_card_can_be_used_again(
    served: Served, backend: str, profile: Profile
) -> None:
    desk = served(backend)
    card = some_cards(desk)[0]
    device = enrolled(desk, profile())
    page = device.page
    welcome(device, card.token)
    at_step(device, "eligibility")
    device.wait_until_sent()
    page.locator("main [data-action=desk]").first.click()
    page.locator(".desk-list [data-action=undo]").click()
    expect(page.locator("#said .notice")).to_be_visible()
    expect(page.locator(".desk-list .is-undone")).to_have_count(2)
    device.wait_until_sent()
    (person,) = people(desk, device)
    assert person.standing == "mistaken"

    welcome(device, card.token)
    at_step(device, "eligibility")
    device.wait_until_sent()
    visits = device.run(
        "return app.work.visitsHere().map((each) => each.verdicts[each.scan].outcome)"
    )
    assert visits == ["accepted", "accepted"]
    device.run(
        "const visit = app.work.visitsHere()[0]; visit.at = new Date(Date.now() - 301_000).toISOString();"
    )
    page.locator("main [data-action=desk]").first.click()
    expect(page.locator(".desk-list [data-action=undo]")).to_have_count(0)


def test_a_training_leaves_nothing_behind(served: Served, profile: Profile) -> None:
    desk = served("sqlite")
    device = enrolled(desk, profile())
    page = device.page
    real = some_cards(desk)[0]
    tables = (Redemption, Participant, LedgerEntry, ServiceRecord)
    page.locator(".app-menu summary").click()
    page.locator("[data-action=training]").click()
    expect(page.locator("#training-banner")).to_be_visible()
    expect(device.mode).to_have_text("Training")
    before = page.evaluate(STORED), [count(desk, table) for table in tables]

    device.scan(real.token)
    expect(verdict(device, "orange")).to_contain_text("This is a real card")
    expect(page.locator("main [data-action=leave-training]")).to_be_focused()
    expect(page.locator("[data-action=without-card]")).to_have_count(0)
    device.scan(training_token("expired"))
    expect(verdict(device, "red")).to_contain_text("Past its last day")
    welcome(device, training_token("good"), "maria 85")
    at_step(device, "eligibility", *ELIGIBLE)
    at_step(device, "consent", *AGREES)
    at_step(device, "knowledge_test", *TEST)
    at_step(device, "interview", *TELLS)
    at_step(device, "services", "2", "0", "Enter")
    at_step(device, "stipend", "Enter")
    at_step(device, "training", "Enter")
    device.scan(training_token("good", 1))
    expect(page.locator("[data-action=handed]")).to_be_focused()
    page.locator("[data-action=handed]").click()
    expect(page.locator("main:not([aria-busy]) [data-action=desk][data-focus]")).to_be_focused()
    page.locator("[data-action=leave-training]").click()

    expect(page.locator("#training-banner")).to_be_hidden()
    expect(page.locator("[data-action=visit]")).to_have_count(0)
    page.go_back()
    expect(page.locator("#scanned")).to_be_visible()
    assert device.run("return app.real.visits.size") == 0
    assert [count(desk, table) for table in tables] == before[1]
    here, there = (json.loads(each) for each in (page.evaluate(STORED), before[0]))
    assert here[1:] == there[1:]
    assert {row["name"] for row in here[0]} == {row["name"] for row in there[0]}


@pytest.mark.parametrize("locale", ["en-GB", "uk-UA"])
def test_a_phone_shows_the_verdict_and_what_comes_next_at_once(
    served: Served, profile: Profile, locale: str
) -> None:
    desk = served("sqlite")
    card, typed, _ = some_cards(desk)
    device = enrolled(desk, profile(locale, viewport={"width": 360, "height": 740}))
    page = device.page
    device.cut_network()
    box = page.locator("#bar").bounding_box()
    assert box is not None
    assert box["height"] <= 120
    page.locator(".app-menu summary").click()
    expect(page.locator(".app-ways")).to_be_in_viewport(ratio=1)
    page.locator(".app-menu summary").click()

    device.scan(card.token)
    for needed in (".verdict", "#uic", "#arrive button:not([name])", "[name=no_code]"):
        expect(page.locator(needed)).to_be_in_viewport(ratio=1)
    device.scan("C1AAAAAAAAAAAAAAAAAAAAAAAAAA")
    for needed in (".verdict.grey", "[data-action=without-card]"):
        expect(page.locator(needed)).to_be_in_viewport(ratio=1)
    page.locator("[data-action=desk]").first.click()
    page.keyboard.type(typed.code)
    for needed in (".verdict.orange", "#uic", "#arrive button:not([name])"):
        expect(page.locator(needed)).to_be_in_viewport(ratio=1)
    page.locator("[name=no_code]").click()
    for needed in ("main [data-action=undo]", "main [data-action=desk]", "main h1"):
        expect(page.locator(needed).first).to_be_in_viewport(ratio=1)


def test_a_phone_shows_every_screen_without_scrolling_sideways(
    served: Served, profile: Profile
) -> None:
    desk = served("sqlite")
    card, pad = some_cards(desk)[0], new_pad(desk)
    device = enrolled(desk, profile("uk-UA", viewport={"width": 360, "height": 740}))
    device.cut_network()
    page = device.page

    def fits() -> None:
        assert page.evaluate(TOO_WIDE) <= 0, page.locator("main").inner_text()
        small = page.locator(f"#bar :is({TARGETS}), main :is({TARGETS})").evaluate_all(SMALL)
        assert small == []

    fits()
    device.scan("C1AAAAAAAAAAAAAAAAAAAAAAAAAA")
    expect(verdict(device, "grey")).to_be_visible()
    fits()
    welcome(device, card.token, new_name())
    for step, keys in (
        ("eligibility", ELIGIBLE),
        ("consent", AGREES),
        ("knowledge_test", TEST),
        ("interview", TELLS),
        ("services", ("2", "0", "Enter")),
        ("stipend", ("Enter",)),
        ("training", ("Enter",)),
    ):
        at_step(device, step)
        fits()
        at_step(device, step, *keys)
    at_step(device, "bundle")
    fits()
    hand_over(device, pad)
    fits()
    page.keyboard.press("Enter")
    expect(page.locator("[data-action=visit]")).to_have_count(1)
    fits()


def test_a_fee_that_the_rules_allow_is_handed_out_once_without_a_network(
    served: Served, backend: str, profile: Profile
) -> None:
    desk = served(backend)
    card = some_cards(desk)[0]
    adopt(desk, Protocol(fee_offline=True))
    device = enrolled(desk, profile())
    device.cut_network()
    welcome(device, card.token)
    at_step(device, "eligibility", *ELIGIBLE)
    at_step(device, "consent", *AGREES)
    at_step(device, "knowledge_test", *TEST)
    at_step(device, "interview", *TELLS)
    at_step(device, "services", "2", "0", "Enter")
    at_step(device, "stipend")
    expect(device.page.locator("main")).to_contain_text("7.50")
    device.page.locator("[data-action=fee]").dblclick()
    expect(device.page.locator("li[data-step=training][aria-current=step]")).to_be_visible()
    device.waits_for(7)
    device.restore_network()
    device.wait_until_sent()

    (person,) = people(desk, device)
    with desk.database.snapshot() as session:
        owed = stipends.owed_to(session, person.id)
    adopt(desk, Protocol())  # for the tests that follow
    assert owed == [], "what was handed out is no longer owed"
    assert (
        device.run(
            "return Object.values(app.work.visitsHere()[0].verdicts).flatMap((each) => each.flags)"
        )
        == []
    )


def test_the_whole_visit_takes_no_more_than_keys_and_a_scanner(
    served: Served, profile: Profile
) -> None:
    desk = served("sqlite")
    card, pad = some_cards(desk)[0], new_pad(desk)
    device = enrolled(desk, profile("uk-UA"))
    the_whole_visit(device, card.token, pad, new_name())
    device.page.keyboard.press("Enter")
    expect(device.page.locator("#scanned")).to_be_focused()
    device.wait_until_sent()
    done = """const visit = app.work.visitsHere()[0];
        return visit.events.map(({ id, kind }) => [kind, visit.verdicts[id].outcome]);"""
    kinds = [
        "arrival",
        "eligibility",
        "consent",
        "knowledge_test",
        "interview",
        "services",
        "training",
        "bundle",
    ]
    assert device.run(done) == [[kind, "accepted"] for kind in kinds]


def test_a_coupon_manager_accepts_a_card_late_with_a_reason_and_without_a_network(
    served: Served, profile: Profile
) -> None:
    desk = served("sqlite")
    with desk.database.transaction() as session:
        card = a_bundle(session, desk.place, now=utc_now() - timedelta(days=33)).coupons[0]
    device = enrolled(desk, profile(), by=desk.place.manager)
    device.cut_network()
    page = device.page
    device.scan(card.token)
    expect(verdict(device, "red")).to_contain_text("Past its last day")
    expect(page.locator("#late_reason")).to_be_focused()
    page.locator("[name=no_code]").click()
    expect(page.locator("#late_reason")).to_be_focused()  # the reason is asked for first
    page.keyboard.type("The bus did not run for a week")
    page.locator("[name=no_code]").click()
    at_step(device, "eligibility")
    device.restore_network()
    device.wait_until_sent()

    (person,) = people(desk, device)
    with desk.database.snapshot() as session:
        (kept,) = session.scalars(
            select(Redemption).where(Redemption.participant_id == person.id)
        ).all()
        assert (kept.outcome, kept.flags) == (Outcome.ACCEPTED, ["accepted_late"])
        assert kept.late_reason == "The bus did not run for a week"


def test_sounds_tell_verdicts_apart_and_being_silent_is_remembered(
    served: Served, profile: Profile
) -> None:
    desk = served("sqlite")
    card = some_cards(desk)[0]
    device = enrolled(desk, profile())
    device.cut_network()
    page = device.page
    page.evaluate(
        "window.heard = []; document.addEventListener('desk:sound', e => heard.push(e.detail))"
    )
    device.scan(card.token)
    expect(verdict(device, "green")).to_be_visible()
    device.scan("C1AAAAAAAAAAAAAAAAAAAAAAAAAA")
    expect(verdict(device, "grey")).to_be_visible()
    device.scan(training_token("good"))
    expect(verdict(device, "orange")).to_be_visible()
    heard = page.evaluate("heard")
    assert heard == ["read", "accepted", "read", "refused", "read", "attention"]
    page.locator(".app-menu summary").click()
    page.get_by_role("button", name="Sounds are on").click()
    device = device.closed_and_reopened()
    device.page.locator(".app-menu summary").click()
    expect(device.page.get_by_role("button", name="Sounds are off")).to_be_visible()


def test_everyone_is_served_eligible_or_not_agreeing_or_not_with_a_card_or_without(
    served: Served, profile: Profile
) -> None:
    desk = served("sqlite")
    first, second, _ = some_cards(desk)
    device = enrolled(desk, profile())
    device.cut_network()
    page = device.page

    def served_with_needles() -> None:
        at_step(device, "services", "2", "0", "Enter")
        at_step(device, "done")
        page.get_by_role("button", name="Next person").click()

    welcome(device, first.token)
    at_step(device, "eligibility", "Space", "Tab", "1", "6", "Enter")
    page.locator("[name=injected][value=yes]").check()
    page.keyboard.press("Enter")
    at_step(device, "services")
    expect(page.locator("main .notice")).to_contain_text("No cards to pass on this time")
    served_with_needles()

    welcome(device, second.token)
    at_step(device, "eligibility", *ELIGIBLE)
    at_step(device, "consent")
    page.locator("[name=consent_participation][value=no]").check()
    page.locator("[name=consent_follow_up][value=no]").check()
    page.keyboard.press("Enter")
    at_step(device, "services")
    expect(page.locator("main .notice")).to_contain_text("The answer was no")
    served_with_needles()

    page.locator("[data-action=walk-in]").click()
    page.locator("[name=no_code]").click()
    at_step(device, "eligibility", *ELIGIBLE)
    at_step(device, "consent", *AGREES)
    at_step(device, "interview")
    expect(page.locator("[name=relationship]")).to_have_count(0)
    at_step(device, "interview", *TELLS)
    served_with_needles()

    device.restore_network()
    device.wait_until_sent()
    outcomes = device.run(
        "return [...app.work.visits.values()].flatMap((each) => Object.values(each.verdicts).map((v) => v.outcome))"
    )
    assert set(outcomes) == {"accepted"}
    standings = [(str(each.came), str(each.standing)) for each in people(desk, device)]
    assert standings == [
        ("recruit", "ineligible"),
        ("recruit", "arrived"),
        ("walk_in", "enrolled"),
    ]


def test_what_was_done_on_the_online_page_is_drawn_and_no_form_is_lost(
    served: Served, profile: Profile
) -> None:
    desk = served("sqlite")
    first, second, _ = some_cards(desk)
    device = enrolled(desk, profile())
    welcome(device, first.token, new_name())
    at_step(device, "eligibility", *ELIGIBLE)
    at_step(device, "consent", *AGREES)
    at_step(device, "knowledge_test", *TEST)
    at_step(device, "interview", *TELLS)
    at_step(device, "services", "2", "0", "Enter")
    at_step(device, "stipend")
    device.wait_until_sent()
    (person,) = people(desk, device)
    expect(device.page.get_by_role("button", name="Open the payment")).to_be_visible()

    with desk.database.transaction() as session:
        books, _ = books_of(session, desk.place.programme.id, desk.place.site.id, now=utc_now())
        pay_in_cash(
            session,
            books,
            payment_id=uuid4(),
            participant_id=person.id,
            by=desk.place.intake.staff_id,
        )
    come_back(device)
    expect(device.page.locator("main")).to_contain_text("handed out on the online page")
    expect(device.page.get_by_role("button", name="Open the payment")).to_have_count(0)
    expect(device.page.locator("#said .notice")).to_have_count(0)
    at_step(device, "stipend", "Enter")
    at_step(device, "training", "Enter")
    at_step(device, "bundle")
    device.wait_until_sent()
    with desk.database.transaction() as session:
        visits.give_bundle(session, person.id, by=desk.place.intake, now=utc_now())
    come_back(device)
    expect(device.page.locator("main")).to_contain_text("printed on the online page")
    expect(device.page.locator("#scanned")).to_have_count(0)

    device.page.locator("main [data-action=desk]").first.click()
    welcome(device, second.token, new_name())
    at_step(device, "eligibility")
    device.wait_until_sent()
    device.page.locator("[name=age]").fill("31")
    with desk.database.transaction() as session:
        visits.screen(
            session,
            people(desk, device)[-1].id,
            sex=Sex.FEMALE,
            age=22,
            adult_confirmed=False,
            injected_recently=True,
            by=desk.place.intake,
            now=utc_now(),
        )
    come_back(device)
    expect(device.page.locator("li[data-step=eligibility].done")).to_have_count(1)
    expect(device.page.locator("[name=age]")).to_have_value("31")


def come_back(device: Device) -> None:
    """The tab is looked at again, as after a visit to another one."""
    device.run("document.dispatchEvent(new Event('visibilitychange'));")
