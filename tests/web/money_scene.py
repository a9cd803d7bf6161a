"""A programme in which everything has happened that can happen to money, made by the actions that make it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from app.domain.answers import actions as answers
from app.domain.batches.rules import Selection
from app.domain.counts.actions import Sheet
from app.domain.counts.rules import CountKind
from app.domain.expiry.actions import expire, restore, write_off
from app.domain.floats.actions import count_cash
from app.domain.floats.queries import drawer
from app.domain.participants.rules import Sex
from app.domain.programmes.queries import SiteFacts
from app.domain.stipends.actions import cancel_rewards, enter, note_fee_paid, pay_in_cash
from app.domain.stipends.queries import Books, Earner, books_of, owed_to
from app.domain.stipends.rules import Account, Method
from app.domain.treasury.actions import fund_bank, fund_float, reverse_entry
from tests.batches import (
    Office,
    a_batch,
    a_released_batch,
    an_approved_batch,
    an_office,
    someone_owed,
    the_lines,
)
from tests.factories import Place, a_finished_visit, a_redemption, a_seed, a_site

MARCH = datetime(2026, 3, 3, 10, tzinfo=UTC)
APRIL = datetime(2026, 4, 7, 10, tzinfo=UTC)
TODAY = datetime(2026, 4, 22, 10, tzinfo=UTC)


@dataclass(frozen=True)
class Scene:
    """Three sites, and days from March to April."""

    office: Office
    sites: tuple[SiteFacts, ...]

    @property
    def place(self) -> Place:
        return self.office.place

    @property
    def code(self) -> str:
        return self.place.programme.code


def a_scene(session: Session, *, currency: str = "UAH") -> Scene:
    """Visits, payments at one's own site and at another, corrections, losses, counts, prizes, expiry, and batches."""
    office = an_office(session, currency=currency, now=MARCH - timedelta(days=9))
    place = office.place
    second = a_site(session, place.programme.id, code="SECOND", now=MARCH - timedelta(days=9))
    third = a_site(session, place.programme.id, code="THIRD", now=MARCH - timedelta(days=9))
    scene = Scene(office, (place.site, second, third))
    _money_comes(session, scene)
    _visits(session, scene)
    _cash_is_paid(session, scene)
    _cash_is_wrong(session, scene)
    _nobody_comes(session, scene)
    _batches(session, scene)
    return scene


def _books(session: Session, scene: Scene, site: SiteFacts, now: datetime) -> Books:
    return books_of(session, scene.place.programme.id, site.id, now=now)[0]


def _money_comes(session: Session, scene: Scene) -> None:
    first, second, _ = scene.sites
    by, before = scene.place.finance, MARCH - timedelta(days=8)
    for site, amount in ((first, 90_000), (second, 70_000)):
        books = _books(session, scene, site, before)
        fund_bank(session, books, 300_000, funding_id=uuid4(), by=by.staff_id, now=before)
        for source in (Account.FUNDING, Account.BANK):
            fund_float(
                session,
                books,
                amount,
                funding_id=uuid4(),
                by=by.staff_id,
                now=before,
                source=source,
            )
    mistaken = enter(
        session,
        _books(session, scene, second, before),
        4_321,
        debit=Account.CASH_FLOAT,
        credit=Account.FUNDING,
        earner=None,
        cause=("funding", uuid4()),
    )
    reverse_entry(session, mistaken, reason="typed twice", by=by, now=MARCH)


def _visits(session: Session, scene: Scene) -> None:
    """Women and men at two sites in two months; one visit is not finished, and one reward is taken back."""
    for number in range(14):
        site = scene.sites[number % 2]
        visit = a_finished_visit(
            session,
            scene.place.at(site),
            now=MARCH if number < 8 else APRIL,
            sex=Sex.FEMALE if number % 3 else Sex.MALE,
            age=21 + number,
            correct=number % 9,
        )
        if number == 9:
            books = _books(session, scene, site, APRIL)
            cancel_rewards(session, books, recruit_id=visit.participant_id, reason="came before")
    a_redemption(session, scene.place, now=APRIL)


def _cash_is_paid(session: Session, scene: Scene) -> None:
    first, second, _ = scene.sites
    someone = someone_owed(session, scene.place, 750, 430, site=second, now=MARCH)
    again = someone_owed(session, scene.place, 590, site=first, now=APRIL)
    for person, site, now in ((someone, first, MARCH), (again, first, APRIL)):
        _pay(session, scene, person, site, now)
    winner = a_seed(session, scene.place, now=MARCH)
    enter(
        session,
        _books(session, scene, first, APRIL),
        2_000,
        debit=Account.EXPENSE_LOTTERY,
        credit=Account.STIPENDS_PAYABLE,
        earner=Earner(winner, 0),
        cause=("prize", uuid4()),
    )


def _pay(session: Session, scene: Scene, person: UUID, site: SiteFacts, now: datetime) -> None:
    pay_in_cash(
        session,
        _books(session, scene, site, now),
        payment_id=uuid4(),
        participant_id=person,
        by=scene.place.intake.staff_id,
    )


def _cash_is_wrong(session: Session, scene: Scene) -> None:
    """A fee that was not owed is handed out without a network, and a count does not fit the books."""
    first = scene.sites[0]
    by, books = scene.place.intake, _books(session, scene, first, APRIL)
    note_fee_paid(
        session,
        books,
        payment_id=uuid4(),
        participant_id=a_seed(session, scene.place, now=MARCH),
        minor=770,
        by=by.staff_id,
        now=APRIL,
    )
    found = drawer(session, books.programme_id, first.id)
    hundreds, ones = divmod(found.balance.minor - 35, 100)
    count_cash(
        session,
        books,
        Sheet(
            count_id=uuid4(),
            kind=CountKind.SPOT_CHECK,
            pieces={100: hundreds, 1: ones},
            seen=found.seen,
            reason="nobody knows",
        ),
        by=by,
        now=APRIL,
    )


def _nobody_comes(session: Session, scene: Scene) -> None:
    """Of what expired, some is given back, some given up, and some stays."""
    third = scene.sites[2]
    books = _books(session, scene, third, TODAY - timedelta(days=3))
    entries = []
    for amount in (110, 220, 330):
        person = someone_owed(session, scene.place, amount, site=third, now=MARCH)
        entries += expire(session, books, owed_to(session, person), by=None)
    finance, lead = scene.place.finance.staff_id, scene.place.lead.staff_id
    restore(session, books, entries[:1], by=finance, reason="she came")
    write_off(
        session, books, entries[1:2], proposed_by=finance, decided_by=lead, reason="she moved"
    )


def _batches(session: Session, scene: Scene) -> None:
    """One to be approved, one approved, and one sent out with every end a line can have."""
    office, (_, second, third) = scene.office, scene.sites
    now = TODAY - timedelta(days=2)

    def owed(amount: int, site: SiteFacts, number: int, method: Method) -> None:
        someone_owed(
            session,
            scene.place,
            amount,
            90,
            site=site,
            method=method,
            number=f"+38050123456{number}",
            now=APRIL,
        )

    for number, amount in enumerate((1_110, 1_220, 1_330, 1_440, 1_550, 1_660)):
        owed(amount, third, number, Method.MOBILE_MONEY)
    sent = a_released_batch(
        session,
        office,
        Selection(methods=frozenset({Method.MOBILE_MONEY}), sites=frozenset({third.id})),
        now=now,
    )
    by = office.approver
    paid, partly, failed, unknown, back, _ = the_lines(session, sent)
    for line, minor in ((paid, paid.amount.minor), (partly, 100), (failed, 0)):
        answers.resolve(
            session,
            sent.id,
            line.id,
            paid_minor=minor,
            evidence="the provider's list",
            by=by,
            now=now,
        )
    answers.mark_unknown(session, sent.id, [unknown.id], by=scene.place.finance, now=now)
    answers.resolve(
        session,
        sent.id,
        back.id,
        paid_minor=back.amount.minor,
        evidence="the provider's list",
        by=by,
        now=now,
    )
    answers.bounce(session, sent.id, back.id, evidence="the number is gone", by=by, now=now)
    owed(2_070, second, 7, Method.AIRTIME)
    owed(2_080, second, 8, Method.VOUCHER)
    an_approved_batch(session, office, Selection(methods=frozenset({Method.AIRTIME})), now=now)
    a_batch(session, office, Selection(methods=frozenset({Method.VOUCHER})), now=now)
