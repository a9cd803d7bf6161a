"""A tour of everything a person can see in a browser: each screen of a served demonstration, and who may see it.

Each route of a page stands in ``SCREENS``, or under what is no page of its own; ``routes_of_pages`` knows them all.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count, pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from playwright.sync_api import Browser, Page
from sqlalchemy.orm import Session
from starlette.routing import Route

from app.cli import main
from app.core.clock import local_date, utc_now
from app.core.codes import new_code
from app.core.crypto import Keyring, keyring_of
from app.core.db import Database
from app.demo.credentials import Credentials
from app.demo.scene import LOG_INS
from app.domain.announcements.actions import announce
from app.domain.answers.actions import mark_unknown
from app.domain.appointments import actions as appointments
from app.domain.appointments.rules import AppointmentKind
from app.domain.batches.actions import take_out
from app.domain.batches.queries import BatchFacts
from app.domain.batches.rules import Selection
from app.domain.channels import queries as channels
from app.domain.channels.actions import end_secret
from app.domain.claims import queries as claims
from app.domain.claims.actions import give_card
from app.domain.claims.queries import Names
from app.domain.counts.actions import Sheet
from app.domain.counts.rules import CountKind
from app.domain.devices.actions import Begun, begin_enrolment
from app.domain.expiry.actions import expire
from app.domain.feedback import actions as feedback
from app.domain.feedback import queries as feedbacks
from app.domain.feedback.rules import FeedbackState
from app.domain.floats import actions as floats
from app.domain.floats.queries import drawer
from app.domain.intake.actions import redeem
from app.domain.lottery import queries as lottery
from app.domain.lottery.actions import draw, give_tickets
from app.domain.messages import queries as messages
from app.domain.messages.rules import MessageState, Reason
from app.domain.participants.rules import Sex
from app.domain.programmes import queries as programmes
from app.domain.programmes.actions import propose
from app.domain.programmes.rules import Protocol, StipendSchedule
from app.domain.shortages import actions as shortages
from app.domain.shortages.rules import Discrepancy
from app.domain.staff.actions import start_session
from app.domain.staff.queries import Actor, by_api_key
from app.domain.stipends.actions import enter, pay_in_cash
from app.domain.stipends.queries import Earner, books_of, owed_by_person
from app.domain.stipends.rules import Account, Method
from app.domain.unclaimed.actions import ask_write_off
from app.domain.visits import actions as visits
from app.domain.webhooks import queries as webhooks
from app.domain.webhooks.actions import Said, note, switch, take
from app.web import pages
from tests.batches import (
    Office,
    a_released_batch,
    an_approved_batch,
    someone_owed,
    the_lines,
)
from tests.batches import a_batch as a_payout_batch
from tests.browser import PATIENCE_MS
from tests.devices import a_device
from tests.factories import Place, a_rush, a_scan, answers, go_through_visit
from tests.journeys.desks import Desk
from tests.journeys.offline import Device, enrolled
from tests.journeys.walking import STEPS, begin_visit, enter_step, wait_until_confirmed
from tests.pads import a_batch
from tests.serving import serving
from tests.web.message_scene import a_day, a_message
from tests.webhooks import a_release, an_endpoint

PEOPLE = 60
DEVICE = "a device"
LANGUAGES = ("en", "uk")
UIC = "olena 1990"


@dataclass
class Visitor:
    """Someone at a browser, with a log-in or without."""

    page: Page
    tour: "Tour"
    language: str
    enrolled: Device | None = None

    @property
    def device(self) -> Device:
        """The desk's app that is open in the browser."""
        assert self.enrolled is not None
        return self.enrolled

    def open(self, path: str) -> None:
        self.page.goto(f"{self.tour.url}{path}")

    def send(self, form: str) -> None:
        """Send a form, whatever the browser thinks of it, and wait for what it answers."""
        with self.page.expect_navigation():
            self.page.locator(form).first.evaluate(
                "form => { form.noValidate = true; form.submit(); }"
            )


QUIET = """() => new Promise((done) => {
    let soon = setTimeout(done, 300);
    const again = () => { clearTimeout(soon); soon = setTimeout(done, 300); };
    new MutationObserver(again).observe(document.getElementById("main"), { childList: true, subtree: true });
})"""
Go = Callable[[Visitor], None]


@dataclass(frozen=True)
class Screen:
    """Something to see, by whom (a log-in of the demonstration, nobody, or a device), and the routes that show it."""

    name: str
    who: str | None
    routes: tuple[str, ...]
    go: Go = field(compare=False)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Tour:
    """A served demonstration, with visits at each of their steps."""

    url: str
    database: Database
    actors: dict[str, Actor]
    place: Place
    codes: tuple[str, ...]
    visits: dict[str, UUID]
    pads: tuple[str, ...]  # a card of each
    password: str  # of whoever works with the device

    @property
    def other_site(self) -> UUID:
        """One at which no desk of the tour works."""
        with self.database.snapshot() as session:
            places = programmes.sites(session, self.place.programme.id)
        return next(each.id for each in places if each.id != self.place.site.id)

    @contextmanager
    def visiting(
        self, browser: Browser, who: str | None, language: str, *, width: int = 360
    ) -> Iterator[Visitor]:
        """Someone's browser, on a phone if not said otherwise."""
        context = browser.new_context(
            viewport={"width": width, "height": 800}, reduced_motion="reduce"
        )
        cookies = {"pdi_language": language}
        if who not in (None, DEVICE):
            with self.database.transaction() as session:
                cookies["pdi_session"] = start_session(
                    session, self.actors[str(who)], now=utc_now()
                )
        context.add_cookies(
            [{"name": name, "value": value, "url": self.url} for name, value in cookies.items()]
        )
        context.set_default_timeout(PATIENCE_MS)
        if who == DEVICE:
            desk = Desk(self.url, self.database, self.place)
            device = enrolled(desk, context, password=self.password)
            yield Visitor(device.page, self, language, device)
        else:
            yield Visitor(context.new_page(), self, language)
        context.close()


@contextmanager
def touring(folder: Path) -> Iterator[Tour]:
    """Fill a demonstration, serve it, and let someone stand at each step of a visit."""
    data = folder / "demo"
    assert main(["demo", "--data", str(data), "--participants", str(PEOPLE), "--no-serve"]) == 0
    told = Credentials.read(data)
    url, key_file = f"sqlite:///{data}/pdi.sqlite3", data / "master.key"
    database = Database(url, Keyring.load(key_file))
    with database.transaction() as session:
        actors = {name: by_api_key(session, told.log_ins[name].api_key) for name in LOG_INS}
        programme = programmes.programme_by_code(session, told.programme)
        site = programmes.site_by_code(session, programme.id, told.sites[0])
        staff = {LOG_INS[name]: actor for name, actor in reversed(actors.items())}
        place = Place(programme, site, staff)
        noon = utc_now().replace(hour=12, minute=0)  # no rush is cut in two by midnight
        a_rush(session, place, begins=noon - timedelta(days=31))
        at_step = _visits(session, place, told.usable_coupons)
        _, printed = a_batch(session, place, now=utc_now(), pads=len(LANGUAGES))
        pads = tuple(pad[0][1].text for pad in printed)
    with serving(url, key_file) as server:
        password = told.log_ins["intake"].password
        codes = told.usable_coupons
        yield Tour(server.url, database, actors, place, codes, at_step, pads, password)
    database.close()


def _visits(session: Session, place: Place, codes: tuple[str, ...]) -> dict[str, UUID]:
    """Someone whose next step is this one, for each step of a visit; someone without a card; a seed."""
    now = utc_now()
    by: dict[str, Any] = {"by": place.intake, "now": now}

    def arrived(number: int, **given: str) -> UUID:
        scan = a_scan(codes[number], place, scanned_at=now, **given)
        return redeem(session, scan, **by).participant_id

    met = {
        step: arrived(number, **given)
        for number, (step, given) in enumerate(
            {
                "eligibility": {},
                "consent": {},
                "knowledge_test": {},
                "interview": {},
                "services": {"uic": UIC},
                "done": {},
            }.items()
        )
    }
    woman: dict[str, Any] = {
        "sex": Sex.FEMALE,
        "age": 24,
        "adult_confirmed": True,
        "injected_recently": True,
    }
    for step in ("consent", "knowledge_test", "interview"):
        visits.screen(session, met[step], **woman, **by)
    for step in ("knowledge_test", "interview"):
        consent = {"participation": True, "follow_up": False}
        visits.ask_consent(session, met[step], consent, **by)
    visits.take_knowledge_test(session, met["interview"], answers(6), **by)
    for step in ("services", "done"):
        go_through_visit(session, place, met[step], now=now)
    visits.train(session, met["done"], **by)
    visits.give_bundle(session, met["done"], **by)
    visits.screen(
        session, turned_away := arrived(len(met)), **(woman | {"age": None, "adult_confirmed": False}), **by
    )  # fmt: skip
    return met | {"ineligible": turned_away}


def at(path: str, *who: str | None, route: str | None = None) -> list[Screen]:
    """A page by its address."""
    routes = (f"GET {route or path}",)
    return [
        Screen(f"{path} as {one}", one, routes, lambda visitor: visitor.open(path)) for one in who
    ]


def _look(code: Callable[[Tour], str], verdict: str) -> Go:
    def go(visitor: Visitor) -> None:
        visitor.open("/desk")
        visitor.page.evaluate("code => { scanned.value = code }", code(visitor.tour))
        visitor.send("#scan")
        visitor.page.locator(f"#desk[data-verdict={verdict}]").wait_for()

    return go


def _redeem_again(visitor: Visitor) -> None:
    _look(lambda tour: tour.codes[FRESH], "good")(visitor)
    visitor.page.fill("#uic", UIC)
    visitor.send("form[action='/desk/redeem']")
    visitor.page.locator(".desk-known").wait_for()


def _walk_in_again(visitor: Visitor) -> None:
    visitor.open("/desk/walk-in")
    visitor.page.fill("#uic", UIC)
    visitor.send("form[action='/desk/walk-in']")
    visitor.page.locator(".desk-known").wait_for()


def _rewards(visitor: Visitor) -> None:
    visitor.open("/desk/rewards")
    visitor.page.fill("#uic", UIC)
    visitor.send("form[action='/desk/rewards']")
    visitor.page.locator(".desk-known").wait_for()


def _of_visit(page: str) -> Go:
    return lambda visitor: visitor.open(f"/desk/visits/{visitor.tour.visits['done']}/{page}")


def _bad_number(visitor: Visitor) -> None:
    _of_visit("contact")(visitor)
    visitor.page.fill("#number", "12")
    visitor.send("main form.card")
    visitor.page.locator("#number-error").wait_for()


def _given_card(tour: Tour) -> Names:
    with tour.database.transaction() as session:
        person, by = tour.visits["services"], tour.place.intake
        card = give_card(session, person, "407182", card_id=uuid4(), by=by, now=utc_now())
        return claims.names_of(session, card.id, programme_id=by.programme_id)


def _agreed(days: int) -> Go:
    """The page of someone who agreed to come again in so many days, or was to come so many days ago."""

    def go(visitor: Visitor) -> None:
        tour, now = visitor.tour, utc_now()
        person, today = tour.visits["done"], local_date(now, tour.place.site.timezone)
        with tour.database.transaction() as session:
            appointments.cancel(session, person, by=tour.place.intake, now=now)
            appointments.agree(
                session, uuid4(), person, site_id=tour.place.site.id, kind=AppointmentKind.VISIT,
                day=today + timedelta(days=days), by=tour.place.intake,
                now=now + timedelta(days=min(days, 0)),
            )  # fmt: skip
        _of_visit("appointment")(visitor)
        visitor.page.locator("#missed, #agreed").wait_for()

    return go


def _agreed_on_no_day(visitor: Visitor) -> None:
    _of_visit("appointment")(visitor)
    visitor.send("main form.card")
    visitor.page.locator("#day-error").wait_for()


def _expected_at_the_desk(visitor: Visitor) -> None:
    tour, now = visitor.tour, utc_now()
    with tour.database.transaction() as session:
        today = local_date(now, tour.place.site.timezone)
        announce(session, tour.place.site.id, today, secrets.token_bytes(32), now=now)
    visitor.open("/desk")
    visitor.page.locator("#coming").wait_for()


def _said(then: str = "") -> Go:
    """Something that someone said without a name: as it waits, answered, or set aside."""

    def go(visitor: Visitor) -> None:
        tour, now = visitor.tour, utc_now()
        programme_id, text = tour.place.programme.id, f"The door was locked ({uuid4()})."
        with tour.database.transaction() as session:
            feedback.say(session, programme_id, text, language="en", on=now.date())
            some = feedbacks.said(session, programme_id, FeedbackState.WAITING, most=1000)
            found = next(each for each in some if each.text == text)
            by: dict[str, Any] = {"seen": found.version, "by": tour.place.manager, "now": now}
            if then == "answered":
                feedback.answer(session, found.id, "Thank you. " * 20, **by)
            elif then == "closed":
                feedback.close(session, found.id, **by)
        visitor.open(f"/messages/feedback/{found.id}")
        visitor.page.locator("blockquote").wait_for()

    return go


def _answering(words: str, form: str, seen: str) -> Go:
    def go(visitor: Visitor) -> None:
        _said()(visitor)
        visitor.page.fill("#text", words)
        with visitor.page.expect_navigation():
            visitor.page.locator(form).click()
        visitor.page.locator(seen).wait_for()

    return go


def _bad_number_of_mine(visitor: Visitor) -> None:
    visitor.open("/messages/alerts")
    visitor.page.fill("#number", "12")
    visitor.send("main form.card")
    visitor.page.locator("#number-error").wait_for()


def _typing(medium: str, *typed: str) -> Go:
    """A telephone to try on which something was typed."""

    def go(visitor: Visitor) -> None:
        visitor.open(f"/messages/simulator?medium={medium}")
        for each in typed:
            visitor.page.fill("#typed", each)
            visitor.send("#telephone")

    return go


def _own_card(visitor: Visitor) -> None:
    _given_card(visitor.tour)
    visitor.open(f"/desk/visits/{visitor.tour.visits['services']}/card")
    visitor.page.locator(".own-digits").wait_for()


def _own_card_at_the_desk(visitor: Visitor) -> None:
    _look(lambda tour: _given_card(tour).token, "mistyped_code")(visitor)
    visitor.page.locator("#pin").wait_for()


def _receipt(visitor: Visitor) -> None:
    tour = visitor.tour
    person, payment_id = tour.visits["services"], uuid4()
    with tour.database.transaction() as session:
        books, _ = books_of(session, tour.place.programme.id, tour.place.site.id, now=utc_now())
        earner = Earner(person)
        enter(session, books, 750, debit=Account.EXPENSE_PRIMARY, credit=Account.STIPENDS_PAYABLE,
              earner=earner, cause=("tour", payment_id))  # fmt: skip
        pay_in_cash(
            session, books, payment_id=payment_id, participant_id=person,
            by=tour.place.intake.staff_id,
        )  # fmt: skip
    visitor.open(f"/desk/visits/{person}/receipts/{payment_id}")
    visitor.page.locator(".slip").wait_for()


def _expired(visitor: Visitor) -> None:
    """Two rewards past their time, and a request to give such money up."""
    tour, now = visitor.tour, utc_now()
    with tour.database.transaction() as session:
        books, _ = books_of(session, tour.place.programme.id, tour.place.site.id, now=now)
        owed = owed_by_person(session, tour.place.programme.id)
        some = [each for accruals in owed.values() for each in accruals][:2]
        expire(session, books, some, by=None)
        ask_write_off(
            session, request_id=uuid4(), site_id=some[0].site_id, expired_until=books.on,
            reason="The site has moved", by=tour.actors["finance2"], now=now,
        )  # fmt: skip
    visitor.open("/stipends/unclaimed")
    visitor.page.locator("#requests").wait_for()


def _cash_handed_over(visitor: Visitor) -> None:
    """Cash that the intake has handed to the coupon manager, who counted less."""
    tour, now = visitor.tour, utc_now()
    giver, receiver = tour.actors["intake"], tour.actors["coupon_manager"]
    with tour.database.transaction() as session:
        books, _ = books_of(session, tour.place.programme.id, tour.place.site.id, now=now)
        cash = drawer(session, books.programme_id, books.site_id)
        if cash.waiting is None:
            pieces = {cash.balance.minor: 1}
            sheet = Sheet(
                uuid4(), CountKind.HANDOVER, pieces, cash.seen, receiver_id=receiver.staff_id
            )
            floats.count_cash(session, books, sheet, by=giver, now=now)
            cash = drawer(session, books.programme_id, books.site_id)
            assert cash.waiting
            floats.dispute_handover(
                session, books, cash.waiting.id, 100, seen=cash.seen, by=receiver, now=now
            )
    visitor.open(f"/desk/cash?site={tour.place.site.code}")
    visitor.page.locator("#handover").wait_for()


def _missing_money(visitor: Visitor) -> None:
    """Cash that a count did not find, and a request to give some of it up."""
    tour, now = visitor.tour, utc_now()
    finance = tour.actors["finance"]
    with tour.database.transaction() as session:
        books, _ = books_of(session, tour.place.programme.id, tour.other_site, now=now)
        cash = drawer(session, books.programme_id, books.site_id)
        pieces = {cash.balance.minor - 300: 1}
        sheet = Sheet(
            uuid4(), CountKind.SPOT_CHECK, pieces, cash.seen, reason="Nobody can tell why"
        )
        floats.count_cash(session, books, sheet, by=finance, now=now)
        shortages.ask_write_off(
            session, books, Discrepancy.CASH_VARIANCE, 100, write_off_id=uuid4(),
            reason="It is gone", by=finance, now=now,
        )  # fmt: skip
    visitor.open("/stipends/floats/losses")
    visitor.page.locator("#given-up").wait_for()


def _step(name: str, of: str | None = None, **wrong: str) -> list[Screen]:
    """A step of a visit, or with a wrong value for a field what its form says to that."""

    def go(visitor: Visitor) -> None:
        visitor.open(f"/desk/visits/{visitor.tour.visits[of or name]}?step={name}")
        visitor.page.locator(".visit-head").wait_for()
        for field_name, value in wrong.items():
            visitor.page.fill(f"#{field_name}", value)
        if wrong:
            visitor.send("main form.card")
            visitor.page.locator(".notice.error").first.wait_for()

    routes = ["GET /desk/visits/{participant_id}"]
    if wrong:
        routes.append("POST /desk/visits/{participant_id}/{step}")
    said = f"the step {name}" + (f" of {of}" if of else "") + (" with a mistake" if wrong else "")
    return [Screen(said, "intake", tuple(routes), go)]


def _unfilled(path: str, who: str, form: str, route: str | None = None) -> list[Screen]:
    """What a page says when its form is sent with nothing in it."""

    def go(visitor: Visitor) -> None:
        visitor.open(path)
        visitor.send(form)
        visitor.page.locator("main h1").wait_for()

    return [Screen(f"{path}, unfilled", who, (f"POST {route or path}",), go)]


def _looked_up(number: int) -> Go:
    def go(visitor: Visitor) -> None:
        visitor.open("/coupons")
        visitor.page.evaluate("code => { scanned.value = code }", visitor.tour.codes[number])
        visitor.send("#scan")
        visitor.page.locator("#seen").wait_for()

    return go


def _ended_without_reason(visitor: Visitor) -> None:
    _looked_up(FRESH)(visitor)
    visitor.send("form[action='/coupons/end']")
    visitor.page.locator(".notice.error").wait_for()


def _chain(visitor: Visitor) -> None:
    visitor.open("/chains")
    visitor.open(
        visitor.page.locator("main a[href^='/chains/']:not([download])").first.get_attribute("href")
        or ""
    )


def _audit(visitor: Visitor) -> None:
    visitor.open("/audit")
    visitor.page.get_by_role("status").wait_for()  # the record is checked while the page is read


def _member(visitor: Visitor) -> None:
    visitor.open("/staff")
    visitor.page.locator("main a[href^='/staff/']").last.click()
    visitor.page.locator("form[action$='/keys']").wait_for()


def _funding_entry(visitor: Visitor) -> None:
    visitor.open("/stipends/entries?account=funding")
    visitor.page.locator("main th a[href^='/stipends/entries/']").first.click()
    visitor.page.locator("form[action$='/reverse']").wait_for()


def _payment(visitor: Visitor) -> None:
    visitor.open("/stipends/payouts")
    visitor.page.locator("main th a[href^='/stipends/payouts/']").first.click()
    visitor.page.locator("main ol").wait_for()


def _new_key(visitor: Visitor) -> None:
    _member(visitor)
    visitor.page.fill("#label", "till")
    visitor.send("form[action$='/keys']")
    visitor.page.locator(".secret").wait_for()


def _wrong_password(visitor: Visitor) -> None:
    visitor.open("/login")
    visitor.page.fill("#username", "nobody")
    visitor.page.fill("#password", "nothing")
    visitor.send("form[action='/login']")
    visitor.page.locator(".notice.error").wait_for()


def _settled(visitor: Visitor) -> None:
    """Wait for what the server says: it draws some of the screen anew."""
    visitor.device.wait_until_sent()
    visitor.page.evaluate(QUIET)


def _desk_of_device(visitor: Visitor) -> None:
    visitor.device.run("await app.go({ screen: 'desk' })")
    visitor.page.locator("#main .desk").wait_for()


def _menu_of_device(visitor: Visitor) -> None:
    _desk_of_device(visitor)
    visitor.page.locator(".app-menu > summary").click()


def _close_menu_of_device(visitor: Visitor) -> None:
    visitor.page.locator(".app-menu > summary").click()
    _walk_in_on_device(visitor)


def _card_on_device(code: Callable[[Tour], str], verdict: str) -> Go:
    def go(visitor: Visitor) -> None:
        _desk_of_device(visitor)
        visitor.device.scan(code(visitor.tour))
        visitor.page.locator(f".verdict.{verdict}").wait_for()

    return go


def _walk_in_on_device(visitor: Visitor) -> None:
    _desk_of_device(visitor)
    visitor.page.locator("[data-action=walk-in]").click()
    visitor.page.locator("#main #uic").wait_for()


def _visit_on_device(visitor: Visitor) -> None:
    _desk_of_device(visitor)
    card = visitor.tour.codes[FRESH + 1 + LANGUAGES.index(visitor.language)]
    begin_visit(visitor.device, card, f"{UIC} {visitor.language}")
    _settled(visitor)


def _step_on_device(before: str, name: str) -> Go:
    def go(visitor: Visitor) -> None:
        enter_step(visitor.device, before, visitor.tour.pads[LANGUAGES.index(visitor.language)])
        if name == "done":
            visitor.page.locator("#main button.large[data-action=desk]").wait_for()
        else:
            wait_until_confirmed(visitor.device, name)
        _settled(visitor)

    return go


def _training(visitor: Visitor) -> None:
    _desk_of_device(visitor)
    visitor.device.run("document.querySelector('[data-action=training]').click()")
    visitor.page.locator("#training-banner").wait_for()


def _locked(visitor: Visitor) -> None:
    visitor.page.locator("[data-action=lock]").click()
    visitor.page.locator("#gate-pin").wait_for()


def _begun(tour: Tour) -> Begun:
    """An enrolment that someone has just begun."""
    with tour.database.transaction() as session:
        return begin_enrolment(
            session,
            label="green tablet",
            staff_id=tour.place.intake.staff_id,
            site_id=tour.place.site.id,
            by=tour.place.manager,
            now=utc_now(),
        )


def _device_page(visitor: Visitor) -> None:
    tour = visitor.tour
    with tour.database.transaction() as session:
        device = a_device(session, tour.place, keyring_of(session), now=utc_now())
    visitor.open(f"/devices/{device.id}")
    visitor.page.locator("form[action$='/lock']").wait_for()


def _waiting_device(visitor: Visitor) -> None:
    visitor.open(f"/devices/{_begun(visitor.tour).device_id}")
    visitor.page.locator("form[action$='/lock']").wait_for()


def _proposal(visitor: Visitor) -> None:
    tour, proposal_id = visitor.tour, uuid4()
    with tour.database.transaction() as session:
        propose(
            session,
            proposal_id,
            Protocol(stipends=StipendSchedule(most_per_bundle=1500)),
            programme_id=tour.place.programme.id,
            note="A set of cards should not earn more than a week's work.",
            by=tour.place.lead.staff_id,
            now=utc_now(),
        )
    visitor.open(f"/programme/stipends/proposals/{proposal_id}")
    visitor.page.locator("form[action$='/approve']").wait_for()


_WEEKS_AGO = count(2)


def _draw(visitor: Visitor) -> None:
    """A draw of a week that is long over, of tickets for nobody's answers."""
    tour, draw_id = visitor.tour, uuid4()
    now = utc_now() - timedelta(weeks=next(_WEEKS_AGO))
    with tour.database.transaction() as session:
        books, _ = books_of(session, tour.place.programme.id, tour.place.site.id, now=now)
        for number, holder in enumerate(tour.visits.values()):
            give_tickets(
                session,
                books,
                earner=Earner(holder, 0),
                recruit_id=uuid4(),
                tickets=1 + number,
                now=now,
            )
        week = next(
            each
            for each in lottery.weeks(session, tour.place.programme.id, now=utc_now())
            if each.is_over and not each.draw
        )
        draw(session, draw_id, week.id, by=tour.place.finance, now=utc_now())
    visitor.open(f"/stipends/lottery/{draw_id}")
    visitor.page.locator("#how").wait_for()


def _unbooked(visitor: Visitor) -> None:
    """Something a device sent that does not fit: a step of someone who never came."""
    tour = visitor.tour
    with tour.database.transaction() as session:
        device = a_device(session, tour.place, keyring_of(session), now=utc_now())
    device.work("eligibility", uuid4(), {"sex": "female", "age": "22"}, at=utc_now())
    body = device.request(device.sealed, now=utc_now())
    httpx.post(f"{tour.url}/api/v1/desk/events", json=body).raise_for_status()
    visitor.open("/devices/unbooked")
    visitor.page.locator("main a[href^='/devices/unbooked/']").last.click()
    visitor.page.locator("form[action$='/noted']").wait_for()


def _messages(visitor: Visitor) -> None:
    """Messages in every state of which someone has to know, and two weeks of others."""
    tour, now = visitor.tour, utc_now()
    with tour.database.transaction() as session:
        if not messages.cancelled(session, tour.place.programme.id):
            channel = channels.channels_of(session, tour.place.programme.id)[0]
            for state, reason in (
                (MessageState.FAILED, "AbsentSubscriber"),
                (MessageState.UNCERTAIN, Reason.NO_ANSWER),
                (MessageState.DROPPED, Reason.CANCELLED),
                (MessageState.WAITING, Reason.QUIET_HOURS),
            ):
                a_message(session, tour.place, state, reason=reason, channel_id=channel.id, now=now)
            for n in range(14):
                day = now.date() - timedelta(days=n + 1)
                a_day(session, tour.place, channel.id, day, accepted=9 + n, delivered=8, failed=1)
    visitor.open("/messages")
    visitor.page.locator("#failed").wait_for()
    visitor.page.locator("#channels summary").click()
    visitor.page.locator("#days summary").click()


def _channel(visitor: Visitor) -> None:
    visitor.open("/messages/channels")
    visitor.page.locator("main .channel-list a").first.click()
    visitor.page.locator("form#channel").wait_for()


def _channel_unnamed(visitor: Visitor) -> None:
    _channel(visitor)
    visitor.page.fill("form#channel [name='name']", "")
    visitor.send("form#channel")
    visitor.page.locator("#name-error").wait_for()


def _channel_addresses(visitor: Visitor) -> None:
    """Its new addresses, beside those from before."""
    tour, now = visitor.tour, utc_now()
    with tour.database.transaction() as session:
        channel = channels.channels_of(session, tour.place.programme.id)[0]
        for each in channels.secrets_of(session, channel.id)[1:]:
            end_secret(session, channel.id, each.id, by=tour.actors["admin"], now=now)
    visitor.open(f"/messages/channels/{channel.id}")
    visitor.send("form[action$='/secrets']")
    visitor.page.locator("#addresses").wait_for()


def _unreadable_profile(visitor: Visitor) -> None:
    visitor.open("/messages/channels/new?provider=generic")
    visitor.page.fill("#option_profile", "name = ")
    visitor.page.locator("button[value='read']").click()
    visitor.page.locator("#option_profile-error").wait_for()


def _test_number(visitor: Visitor) -> None:
    """A test message to a number that nobody can have, through a channel that sends."""
    with visitor.tour.database.snapshot() as session:
        sending = channels.sending_channels(session, visitor.tour.place.programme.id)[0]
    visitor.open(f"/messages/channels/{sending.id}")
    visitor.page.fill("#number", "12")
    visitor.send("form#test")
    visitor.page.locator("#number-error").wait_for()


def _written(words: str, *, button: str = "button[value='look']") -> Go:
    def go(visitor: Visitor) -> None:
        visitor.open("/messages/templates/appointment")
        visitor.page.fill("#words-en", words)
        with visitor.page.expect_navigation():
            visitor.page.locator(f"#write-en {button}").click()
        visitor.page.locator("main .notice").first.wait_for()

    return go


def _sent_from(go: Go, form: str) -> Go:
    def send(visitor: Visitor) -> None:
        go(visitor)
        visitor.send(form)

    return send


def _layout(field: str, text: str) -> Go:
    def go(visitor: Visitor) -> None:
        visitor.open("/stipends/profiles/airtel")
        visitor.page.fill(field, text)
        visitor.send("form[action$='/airtel']")

    return go


def _layout_gone_back(visitor: Visitor) -> None:
    _layout("#country_code", "254")(visitor)
    visitor.open("/stipends/profiles/airtel")
    visitor.send("form[action$='/reset']")


def _other_system(visitor: Visitor) -> None:
    """Another system that took something, did not take something, and is on."""
    tour, now = visitor.tour, utc_now()
    with tour.database.transaction() as session:
        known = webhooks.endpoints(session, tour.place.programme.id)
        if known:
            endpoint_id = known[0].id
        else:
            endpoint_id, _ = an_endpoint(session, tour.place, now=now)
            for said in (Said(204), Said(410)):
                a_release(session, tour.place, at=now, now=now)
                taken = take(session, endpoint_id, now=now)
                assert taken
                note(session, taken, said, luck=0.0, now=now)
            switch(session, endpoint_id, is_on=True, by=tour.actors["admin"], now=now)
    visitor.open(f"/messages/webhooks/{endpoint_id}")
    visitor.page.locator("form[action$='/repeat-failed']").wait_for()


def _other_system_unnamed(visitor: Visitor) -> None:
    _other_system(visitor)
    visitor.page.fill("#name", "")
    visitor.send("#change form")
    visitor.page.locator("#name-error").wait_for()


def _other_system_with_keys(visitor: Visitor) -> None:
    """A new key beside the one before, which another look may have made; that one is ended."""
    _other_system(visitor)
    if visitor.page.locator("form[action$='/key/end']").count():
        visitor.send("form[action$='/key/end']")
    visitor.send("form[action$='/key']")
    visitor.page.locator(".secret").wait_for()


def _device_code(visitor: Visitor) -> None:
    visitor.open("/devices")
    visitor.page.fill("#label", "blue tablet")
    visitor.page.locator("#person").select_option(index=1)
    visitor.send("form[action='/devices']")
    visitor.page.locator("main svg").first.wait_for()


def _renamed_to_nothing(visitor: Visitor) -> None:
    _device_page(visitor)
    visitor.send("form[action$='/rename']")


def _enrolling(visitor: Visitor) -> None:
    visitor.page.goto("about:blank")  # else only the part after the # would change
    visitor.open(f"/desk/enrol#{_begun(visitor.tour).secret}")
    visitor.page.locator("#pin").wait_for()


def _with_batch(
    state: str, then: Callable[[Visitor, BatchFacts], None] | None = None, *, query: str = ""
) -> Go:
    """The page of a batch of airtime and vouchers that has just come so far; then what is done there."""

    def go(visitor: Visitor) -> None:
        tour, now = visitor.tour, utc_now()
        office = Office(tour.place, tour.actors["finance2"])
        number = f"050{secrets.randbelow(10**7):07}"
        chosen = Selection(frozenset({Method.AIRTIME, Method.VOUCHER}))
        make = {"draft": a_payout_batch, "approved": an_approved_batch}.get(state, a_released_batch)
        with tour.database.transaction() as session:
            owed: dict[str, Any] = {"now": now - timedelta(days=1)}
            someone_owed(session, tour.place, method=Method.AIRTIME, number=number, **owed)
            someone_owed(session, tour.place, 590, method=Method.VOUCHER, **owed)
            batch = make(session, office, chosen, now=now)
            if state == "unknown":
                lines = [line for line in the_lines(session, batch) if line.msisdn]
                mark_unknown(session, batch.id, [lines[0].id], by=office.preparer, now=now)
        visitor.open(f"/stipends/batches/{batch.id}{query}")
        visitor.page.locator(".batch-path").wait_for()
        if then:
            then(visitor, batch)

    return go


def _sending(form: str, change: str = "") -> Callable[[Visitor, BatchFacts], None]:
    def send(visitor: Visitor, _batch: BatchFacts) -> None:
        if change:
            visitor.page.evaluate(change)
        visitor.send(form)
        visitor.page.locator(".notice.error").wait_for()

    return send


def _changed_meanwhile(visitor: Visitor, batch: BatchFacts) -> None:
    tour = visitor.tour
    with tour.database.transaction() as session:
        one = the_lines(session, batch)[0].id
        take_out(session, batch.id, [one], reason="test", by=tour.place.finance, now=utc_now())
    visitor.send("form[action$='/release']")
    visitor.page.locator(".notice.error").wait_for()


def _to_line(then: str = "") -> Callable[[Visitor, BatchFacts], None]:
    def go(visitor: Visitor, _batch: BatchFacts) -> None:
        visitor.page.locator("table.lines a").first.click()
        visitor.page.locator("dl.facts").wait_for()
        if then:
            visitor.send(then)
            visitor.page.locator(".notice.error").wait_for()

    return go


def _found_out_without_evidence(visitor: Visitor, batch: BatchFacts) -> None:
    _to_line()(visitor, batch)
    visitor.page.locator("form[action$='/resolve'] [value=failed]").check()
    visitor.send("form[action$='/resolve']")
    visitor.page.locator(".notice.error").wait_for()


def _answered(line: str) -> Callable[[Visitor, BatchFacts], None]:
    """A file with one line comes back."""

    def go(visitor: Visitor, batch: BatchFacts) -> None:
        with visitor.tour.database.snapshot() as session:
            ref = next(each.payment_ref for each in the_lines(session, batch) if each.msisdn)
        heading = "payment_ref,status,provider_receipt,amount_paid,completed_at,error"
        body = f"{heading}\n{ref},{line}\n".encode()
        file: Any = {"name": "back.csv", "mimeType": "text/csv", "buffer": body}
        visitor.page.set_input_files("#file", files=[file])
        visitor.send("form[action='/stipends/batches/answers']")
        visitor.page.locator("main .notice").wait_for()

    return go


NO_WAY = "document.querySelectorAll('form[action$=\"/prepare\"] [name=method]').forEach((each) => each.remove())"
OTHER = "document.querySelector('form[action$=\"/approve\"] [name=seen]').value = 'other'"
LOOK = "/stipends/batches/prepare?look=1&method=voucher&method=cash&at_least="


def _prepared_in_no_way(visitor: Visitor) -> None:
    _with_batch("draft")(visitor)
    with visitor.tour.database.transaction() as session:
        someone_owed(session, visitor.tour.place, 590, method=Method.VOUCHER, now=utc_now())
    visitor.open(LOOK)
    visitor.page.evaluate(NO_WAY)
    visitor.send("form[method=post][action='/stipends/batches/prepare']")
    visitor.page.locator(".notice.error").wait_for()


FRESH = 10
DESK = (
    *at("/desk", "intake", "coupon_manager"),
    Screen("a good card", "intake", ("POST /desk",), _look(lambda tour: tour.codes[FRESH], "good")),
    Screen("a used card", "intake", ("POST /desk",), _look(lambda tour: tour.codes[0], "already_redeemed")),
    Screen("a mistyped card", "intake", ("POST /desk",), _look(lambda tour: "1234", "mistyped_code")),
    Screen("an unknown card", "intake", ("POST /desk",), _look(lambda tour: new_code().digits, "unknown_coupon")),
    Screen("someone known, with a card", "intake", ("POST /desk/redeem",), _redeem_again),
    *at("/desk/walk-in", "intake"),
    *_unfilled("/desk/walk-in", "intake", "main form"),
    Screen("someone known, without a card", "intake", ("POST /desk/walk-in",), _walk_in_again),
    *at("/desk/rewards", "intake"),
    *_unfilled("/desk/rewards", "intake", "form[action='/desk/rewards']"),
    *_unfilled("/desk/rewards", "intake", "form[action='/desk/rewards/card']", "/desk/rewards/card"),
    Screen("a payment to fetch", "intake", ("POST /desk/rewards",), _rewards),
    Screen("how to be paid", "intake", ("GET /desk/visits/{participant_id}/contact",), _of_visit("contact")),
    Screen("a number that is none", "intake", ("POST /desk/visits/{participant_id}/contact",), _bad_number),
    Screen("a day to come again", "intake", ("GET /desk/visits/{participant_id}/appointment",), _of_visit("appointment")),
    Screen("an agreed day", "intake", ("GET /desk/visits/{participant_id}/appointment",), _agreed(3)),
    Screen("a missed day", "intake", ("GET /desk/visits/{participant_id}/appointment",), _agreed(-2)),
    Screen("a day that is none", "intake", ("POST /desk/visits/{participant_id}/appointment",), _agreed_on_no_day),
    Screen("who is expected", "intake", ("GET /desk",), _expected_at_the_desk),
    Screen("someone's own card", "intake", ("GET /desk/visits/{participant_id}/card",), _own_card),
    Screen("someone's own card without a PIN", "intake", ("POST /desk/visits/{participant_id}/card",), _sent_from(_own_card, "form[action$='/card']")),
    Screen("another PIN without a code", "intake", ("POST /desk/visits/{participant_id}/card/pin",), _sent_from(_own_card, "form[action$='/pin']")),
    Screen("someone's own card at the desk", "intake", ("POST /desk",), _own_card_at_the_desk),
    Screen("a receipt", "intake", ("GET /desk/visits/{participant_id}/receipts/{payment_id}",), _receipt),
    *_step("eligibility"),
    *_step("eligibility", age="999"),
    *_step("consent"),
    *_step("knowledge_test"),
    *_step("interview"),
    *_step("interview", network_size="9999999"),
    *_step("services"),
    *_step("stipend", "services"),
    *_step("training", "services"),
    *_step("bundle", "done"),
    *_step("done"),
    *_step("services", "ineligible"),
)  # fmt: skip
GENERAL = (
    *at("/login", None),
    Screen("a wrong password", None, ("POST /login",), _wrong_password),
    *at("/help", None, "lead"),
    Screen("no such page", None, (), lambda visitor: visitor.open("/nowhere")),
    Screen("a page for others", "intake", (), lambda visitor: visitor.open("/staff")),
    *at("/seeds", "coupon_manager"),
    *_unfilled("/seeds", "coupon_manager", "main form"),
    *at("/coupons", "coupon_manager"),
    Screen("a card looked up", "coupon_manager", ("POST /coupons",), _looked_up(FRESH)),
    Screen("a used card looked up", "coupon_manager", ("POST /coupons",), _looked_up(0)),
    Screen("a card ended without a reason", "coupon_manager", ("POST /coupons/end",), _ended_without_reason),
    *at("/conflicts", "coupon_manager"),
    *_unfilled("/conflicts", "coupon_manager", "main form", "/conflicts/{redemption_id}"),
    *at("/reach", "lead"),
    *at("/reach/estimates", "lead"),
    *at("/reach/flow", "lead"),
    *at("/reach/forecast", "lead"),
    *at("/chains", "lead"),
    Screen("a chain", "lead", ("GET /chains/{label}",), _chain),
    *at("/reports", "lead"),
    *at("/signals", "lead"),
    *_unfilled("/signals", "lead", "form[action$='/aside']", "/signals/{key}/aside"),
    *at("/messages", "coupon_manager"),
    Screen("messages that need someone", "coupon_manager", ("GET /messages",), _messages),
    *at("/messages/conversations", "coupon_manager"),
    *_unfilled("/messages/conversations", "lead", "form#find"),
    *at("/messages/templates", "lead"),
    *at("/messages/templates/appointment", "lead", route="/messages/templates/{name}"),
    Screen("words looked at first", "lead", ("POST /messages/templates/{name}",), _written("See you on {day}. " + "Welcome. " * 20)),
    Screen("words that tell too much", "lead", ("POST /messages/templates/{name}",), _written("Come for a test of HIV", button="button:not([value])")),
    *at("/messages/channels", "admin"),
    *at("/messages/channels/new", "admin"),
    *at("/messages/channels/new?provider=kannel", "admin", route="/messages/channels/new"),
    *_unfilled("/messages/channels/new?provider=twilio", "admin", "form#channel", "/messages/channels/new"),
    Screen("a profile that cannot be read", "admin", ("POST /messages/channels/new",), _unreadable_profile),
    Screen("a channel", "admin", ("GET /messages/channels/{channel_id}",), _channel),
    Screen("a channel without a name", "admin", ("POST /messages/channels/{channel_id}",), _channel_unnamed),
    Screen("a channel's new addresses", "admin", ("POST /messages/channels/{channel_id}/secrets",), _channel_addresses),
    Screen("a test message to no number", "admin", ("POST /messages/channels/{channel_id}/test",), _test_number),
    *at("/messages/simulator", "coupon_manager"),
    Screen("a menu half walked", "lead", ("POST /messages/simulator",), _typing("ussd", "5", "2")),
    Screen("a call that is over", "lead", ("POST /messages/simulator",), _typing("ussd", "1", "9999 9999 0006")),
    Screen("a message that was answered", "lead", ("POST /messages/simulator",), _typing("sms", "HOURS 1")),
    *at("/messages/webhooks", "admin"),
    *_unfilled("/messages/webhooks", "admin", "#add form"),
    Screen("another system", "admin", ("GET /messages/webhooks/{endpoint_id}",), _other_system),
    Screen("another system without a name", "admin", ("POST /messages/webhooks/{endpoint_id}",), _other_system_unnamed),
    Screen("another system's key", "admin", ("POST /messages/webhooks/{endpoint_id}/key",), _other_system_with_keys),
    *at("/messages/feedback", "coupon_manager"),
    *at("/messages/feedback?state=answered&on=2001-01-01", "lead", route="/messages/feedback"),
    Screen("feedback that waits", "coupon_manager", ("GET /messages/feedback/{feedback_id}",), _said()),
    Screen("feedback that is answered", "lead", ("GET /messages/feedback/{feedback_id}",), _said("answered")),
    Screen("feedback that is set aside", "lead", ("GET /messages/feedback/{feedback_id}",), _said("closed")),
    Screen("an answer with a telling word", "lead", ("POST /messages/feedback/{feedback_id}/answer",), _answering("Come for an HIV test", "form[action$='/answer'] button:not([formaction])", "#text-error")),
    Screen("how an answer would read", "lead", ("POST /messages/feedback/{feedback_id}/look",), _answering("Дякуємо. " * 40, "button[formaction]", "#reading")),
    *at("/messages/alerts", "finance", "intake", "coupon_manager"),
    Screen("an own number that is none", "lead", ("POST /messages/alerts",), _bad_number_of_mine),
    *at("/programme", "lead"),
    *at("/programme/protocol", "lead"),
    *at("/programme/site", "lead"),
    *at("/programme/stipends", "lead", "finance"),
    *_unfilled("/programme/stipends", "finance", "#schedule"),
    Screen("a proposal", "finance", ("GET /programme/stipends/proposals/{proposal_id}",), _proposal),
    Screen("turned down without a reason", "finance", ("POST /programme/stipends/proposals/{proposal_id}/reject",), _sent_from(_proposal, "form[action$='/reject']")),
    *at("/stipends/lottery", "finance", "coupon_manager"),
    Screen("a draw", "finance", ("GET /stipends/lottery/{draw_id}",), _draw),
    *_unfilled("/programme/site", "lead", "main form"),
    *at("/staff", "admin"),
    *_unfilled("/staff", "admin", "main form"),
    Screen("someone on the staff", "admin", ("GET /staff/{staff_id}",), _member),
    Screen("a new key", "admin", ("POST /staff/{staff_id}/keys",), _new_key),
    Screen("/audit as lead", "lead", ("GET /audit",), _audit),
    *at("/audit/chain", "lead"),
    *at("/stipends", "lead", "finance"),
    *at("/stipends/costs", "finance"),
    *at("/stipends/floats", "lead", "finance"),
    *_unfilled("/stipends/floats", "finance", "form[action$='/put']", "/stipends/floats/put"),
    *_unfilled("/stipends/floats", "finance", "form[action$='/move']", "/stipends/floats/move"),
    *_unfilled("/stipends/floats", "finance", "form[action$='/overdraft']", "/stipends/floats/overdraft"),
    Screen("a day of a site's cash", "lead", ("GET /stipends/floats/day",), lambda visitor: visitor.open(f"/stipends/floats/day?site={visitor.tour.place.site.code}")),
    Screen("missing money", "lead", ("GET /stipends/floats/losses",), _missing_money),
    Screen("given up without a reason", "finance", ("POST /stipends/floats/write-offs",), _sent_from(_missing_money, "form[action$='/write-offs']")),
    *at("/desk/cash", "intake", "coupon_manager"),
    *_unfilled("/desk/cash", "coupon_manager", "form[action$='/overdraft']", "/desk/cash/overdraft"),
    *at("/desk/cash/count", "intake"),
    *_unfilled("/desk/cash/count", "intake", "form[data-counts]"),
    *at("/desk/cash/day", "intake"),
    *(
        Screen(f"cash handed over, as {who}", who, ("GET /desk/cash",), _cash_handed_over)
        for who in ("intake", "coupon_manager", "finance")
    ),
    Screen("cash that differs by nothing said", "coupon_manager", ("POST /desk/cash/handovers/{handover_id}/differs",), _sent_from(_cash_handed_over, "form[action$='/differs']")),
    Screen("cash decided without a reason", "finance", ("POST /desk/cash/handovers/{handover_id}/decide",), _sent_from(_cash_handed_over, "form[action$='/decide']")),
    *at("/stipends/entries", "finance"),
    Screen("an entry of the books", "finance", ("GET /stipends/entries/{entry_id}",), _funding_entry),
    Screen("an entry taken back without a reason", "finance", ("POST /stipends/entries/{entry_id}/reverse",), _sent_from(_funding_entry, "form[action$='/reverse']")),
    *at("/stipends/payouts", "finance"),
    Screen("a mistyped receipt", "finance", ("GET /stipends/payouts",), lambda visitor: visitor.open("/stipends/payouts?receipt=123")),
    Screen("a payment", "finance", ("GET /stipends/payouts/{payout_id}",), _payment),
    *at("/stipends/unclaimed", "lead"),
    Screen("money that expired", "finance", ("GET /stipends/unclaimed",), _expired),
    Screen("given back without a reason", "finance", ("POST /stipends/unclaimed/restore",), _sent_from(_expired, "form[action$='/restore']")),
    Screen("given up without a reason", "finance", ("POST /stipends/unclaimed/write-off",), _sent_from(_expired, "form[action$='/write-off']")),
    *at("/stipends/profiles", "finance", "lead"),
    *_unfilled("/stipends/profiles", "finance", "main form"),
    *at("/stipends/profiles/neutral", "finance", route="/stipends/profiles/{slug}"),
    Screen("a layout with faults", "finance", ("POST /stipends/profiles/{slug}",), _layout("#narration", "=1+1")),
    Screen("a layout that went back", "finance", ("POST /stipends/profiles/{slug}/reset",), _layout_gone_back),
)  # fmt: skip
_ONE = "/stipends/batches/{batch_id}"
BATCHES = (
    *at("/stipends/batches", "lead", "finance"),
    *at("/stipends/batches/prepare", "finance"),
    Screen("what a batch would be", "finance", ("GET /stipends/batches/prepare",), lambda visitor: visitor.open(LOOK)),
    Screen("a batch of at least nonsense", "finance", ("GET /stipends/batches/prepare",), lambda visitor: visitor.open(f"{LOOK}x")),
    Screen("a batch in no way", "finance", ("POST /stipends/batches/prepare",), _prepared_in_no_way),
    Screen("a batch to approve", "lead", (f"GET {_ONE}",), _with_batch("draft")),
    Screen("a batch of one's own", "finance", (f"GET {_ONE}",), _with_batch("draft")),
    Screen("another batch than was seen", "lead", (f"POST {_ONE}/approve",), _with_batch("draft", _sending("form[action$='/approve']", OTHER))),
    Screen("voided without a reason", "lead", (f"POST {_ONE}/void",), _with_batch("draft", _sending("form[action$='/void']"))),
    Screen("a batch to release", "finance2", (f"GET {_ONE}",), _with_batch("approved")),
    Screen("a batch that changed meanwhile", "finance2", (f"POST {_ONE}/release",), _with_batch("approved", _changed_meanwhile)),
    Screen("a payment of a batch", "finance", (f"GET {_ONE}/lines/{{line_id}}",), _with_batch("draft", _to_line())),
    Screen("taken out without a reason", "finance", (f"POST {_ONE}/remove",), _with_batch("draft", _to_line("form[action$='/remove']"))),
    Screen("a batch on its way", "finance", (f"GET {_ONE}",), _with_batch("released")),
    Screen("what is to be handed over", "finance", (f"GET {_ONE}",), _with_batch("released", query="?state=sent&method=hands")),
    Screen("answers that came back", "finance", (f"GET {_ONE}/answers/{{file_id}}",), _with_batch("released", _answered("failed,,0,,not registered"))),
    Screen("answers with a mistake", "finance", ("POST /stipends/batches/answers",), _with_batch("released", _answered("paid,R1,999.00,,"))),
    Screen("a payment nobody knows about", "finance", (f"GET {_ONE}",), _with_batch("unknown")),
    Screen("found out without evidence", "finance", (f"POST {_ONE}/lines/{{line_id}}/resolve",), _with_batch("unknown", _found_out_without_evidence)),
)  # fmt: skip
DEVICES = (
    Screen("the app's desk", DEVICE, ("GET /desk/app",), _desk_of_device),
    Screen("the app: a used card", DEVICE, (), _card_on_device(lambda tour: tour.codes[0], "red")),
    Screen("the app: a good card", DEVICE, (), _card_on_device(lambda tour: tour.codes[FRESH], "green")),
    Screen("the app's menu", DEVICE, (), _menu_of_device),
    Screen("the app: without a card", DEVICE, (), _close_menu_of_device),
    Screen("the app: eligibility", DEVICE, (), _visit_on_device),
    *(
        Screen(f"the app: {name}", DEVICE, (), _step_on_device(before, name))
        for before, name in pairwise((*STEPS, "done"))
    ),
    Screen("the app, practising", DEVICE, (), _training),
    Screen("the app, locked", DEVICE, (), _locked),
    *at("/desk/online", "intake"),
    *at("/desk/enrol", None),
    Screen("a device being enrolled", None, (), _enrolling),
    *at("/devices", "coupon_manager"),
    *_unfilled("/devices", "coupon_manager", "form[action='/devices']"),
    Screen("a device's code", "coupon_manager", ("POST /devices", "POST /devices/{device_id}/code"), _device_code),
    Screen("a device", "coupon_manager", ("GET /devices/{device_id}",), _device_page),
    Screen("a device that waits", "coupon_manager", ("GET /devices/{device_id}",), _waiting_device),
    Screen("a device without a name", "coupon_manager", ("POST /devices/{device_id}/rename",), _renamed_to_nothing),
    *at("/devices/unbooked", "coupon_manager"),
    Screen("what could not be booked", "coupon_manager", ("GET /devices/unbooked/{event_id}",), _unbooked),
    Screen("not booked after all", "coupon_manager", ("POST /devices/unbooked/{event_id}/again",), _sent_from(_unbooked, "form[action$='/again']")),
    Screen("noted without a reason", "coupon_manager", ("POST /devices/unbooked/{event_id}/noted",), _sent_from(_unbooked, "form[action$='/noted']")),
    *at("/pads", "coupon_manager"),
    *_unfilled("/pads", "coupon_manager", "form[action='/pads']"),
    *_unfilled("/pads", "coupon_manager", "form[action='/pads/void']", "/pads/void"),
)  # fmt: skip
SCREENS = (*DESK, *GENERAL, *BATCHES, *DEVICES)

# Answered by another page, by a file, or by a piece that a page above takes in.
NO_SCREENS = {
    f"POST {_ONE}/self-release",
    f"POST {_ONE}/review",
    f"POST {_ONE}/handed",
    f"POST {_ONE}/answers/{{file_id}}/book",
    f"POST {_ONE}/answers/{{file_id}}/drop",
    f"POST {_ONE}/lines/{{line_id}}/unknown",
    f"POST {_ONE}/lines/{{line_id}}/bounced",
    "POST /messages/{message_id}/again",
    "POST /messages/{message_id}/cancel",
    "POST /messages/channels/{channel_id}/switch",
    "POST /messages/channels/{channel_id}/secrets/{secret_id}/end",
    "POST /messages/templates/{name}/preview",
    "POST /messages/templates/{name}/reset",
    "POST /messages/webhooks/{endpoint_id}/key/end",
    "POST /messages/webhooks/{endpoint_id}/switch",
    "POST /messages/webhooks/{endpoint_id}/test",
    "POST /messages/webhooks/{endpoint_id}/repeat",
    "POST /messages/webhooks/{endpoint_id}/repeat-failed",
    "POST /messages/webhooks/{endpoint_id}/remove",
    "GET /devices/{device_id}/waiting",
    "GET /pads/list",
    "POST /conflicts/people/{participant_id}",
    "POST /coupons/take-back",
    "POST /desk/undo",
    "POST /desk/visits/{participant_id}/pad",
    "POST /devices/unbooked/again",
    "POST /devices/{device_id}/lock",
    "POST /pads/{batch_id}/again",
    "POST /pads/{batch_id}/stop",
    "POST /pads/{batch_id}/void",
    "GET /",
    "GET /reach/estimates/progress",
    "GET /reach/forecast/progress",
    "GET /reports/list",
    "POST /desk/site",
    "POST /language",
    "POST /logout",
    "POST /reach/estimates",
    "POST /reach/estimates/stop",
    "POST /reach/forecast",
    "POST /reach/forecast/stop",
    "POST /reports",
    "POST /reports/{run_id}/stop",
    "POST /programme/protocol",
    "POST /programme/stipends/example",
    "POST /programme/stipends/proposals/{proposal_id}/approve",
    "POST /programme/stipends/proposals/{proposal_id}/withdraw",
    "POST /stipends/lottery/{week_id}/draw",
    "POST /signals/{key}/again",
    "POST /staff/{staff_id}/remove",
    "POST /staff/{staff_id}/keys/end",
    "POST /desk/visits/{participant_id}/stipend",
    "POST /desk/visits/{participant_id}/restore",
    "POST /desk/visits/{participant_id}/collected",
    "POST /desk/visits/{participant_id}/contact/remove",
    "POST /desk/visits/{participant_id}/appointment/cancel",
    "POST /desk/visits/{participant_id}/appointment/came",
    "POST /messages/feedback/{feedback_id}/close",
    "POST /messages/feedback/{feedback_id}/reopen",
    "POST /messages/feedback/{feedback_id}/urgent",
    "POST /messages/alerts/remove",
    "POST /desk/visits/{participant_id}/card/end",
    "POST /stipends/unclaimed/write-off/{request_id}",
    "POST /stipends/floats/write-offs/{write_off_id}",
    "POST /desk/cash/handovers/{handover_id}/confirm",
    "POST /desk/cash/handovers/{handover_id}/withdraw",
    "POST /desk/visits/{participant_id}/bundle",
}
FILE = re.compile(r"\.(\w+|\{(form|kind)\})$")


def routes_of_pages() -> set[str]:
    """Every route that answers with a page; a file's address has a dot."""
    return {
        f"{method} {route.path}"
        for router in pages.ROUTERS
        for route in router.routes
        if isinstance(route, Route) and not FILE.search(route.path)
        for method in (route.methods or set()) - {"HEAD"}
    }
