"""Payouts in batches: looked at before, prepared, approved, released, sent, answered, each by whoever may."""

import csv
import re
from datetime import timedelta
from html import unescape
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from app.core.crypto import Keyring
from app.core.db import Database
from app.core.ids import tag_of
from app.core.money import Money
from app.domain.audit.queries import latest
from app.domain.batches import queries
from app.domain.batches.queries import LineFacts
from app.domain.batches.rules import BatchState, LineState
from app.domain.staff.actions import remove_member
from app.domain.staff.rules import Role
from app.domain.stipends.rules import Method
from app.web.pages import batches_answers
from app.web.payout_files.read import Reading, read_answers
from tests.batches import Office, a_released_batch, an_office, someone_owed
from tests.factories import LATER
from tests.web.readers import Reader, reader

SOON = LATER + timedelta(hours=1)
LIST = "/stipends/batches"
LOOK = f"{LIST}/prepare?look=1&method=cash&method=mobile_money"
HEADING = "payment_ref,status,provider_receipt,amount_paid,completed_at,error"


@pytest.fixture
def office(database: Database) -> Office:
    """Two people to be paid by telephone, one in cash, one by voucher."""
    with database.transaction() as session:
        office = an_office(session)
        for minor, number in ((750, "0501112233"), (820, "0671112233")):
            someone_owed(session, office.place, minor, method=Method.MOBILE_MONEY, number=number)
        someone_owed(session, office.place, 500)
        someone_owed(session, office.place, 390, method=Method.VOUCHER)
    return office


@pytest.fixture
def preparer(database: Database, keyring: Keyring, office: Office) -> Reader:
    return reader(database, keyring, office.preparer, now=SOON)


@pytest.fixture
def lead(database: Database, keyring: Keyring, office: Office) -> Reader:
    return reader(database, keyring, office.approver, now=SOON)


@pytest.fixture
def payer(database: Database, keyring: Keyring, office: Office) -> Reader:
    return reader(database, keyring, office.payer, now=SOON)


@pytest.fixture
def home(database: Database, office: Office) -> str:
    """The page of a batch on its way to everyone."""
    with database.transaction() as session:
        return f"{LIST}/{a_released_batch(session, office, now=SOON).id}"


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def words(page: httpx.Response) -> str:
    """What a page says, without its marks."""
    body = page.text.partition("<main")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).replace("\xa0", " ").split())


def prepared(preparer: Reader) -> str:
    form = {"batch_id": str(uuid4()), "method": ["cash", "mobile_money"]}
    made = preparer.send(f"{LIST}/prepare", form)
    assert made.status_code == 303, words(made)
    return made.headers["location"]


def approved(lead: Reader, home: str) -> None:
    seen = field(lead.get(home).text, "seen")
    assert lead.send(f"{home}/approve", {"seen": seen}).status_code == 303


def lines_of(database: Database, home: str) -> dict[int, LineFacts]:
    """The lines of a batch by what they are owed."""
    with database.snapshot() as session:
        return {
            each.amount.minor: each for each in queries.lines(session, UUID(home.split("/")[-1]))
        }


def uploaded(someone: Reader, home: str, *answers: str) -> httpx.Response:
    body = "\n".join((HEADING, *answers, "")).encode()
    return someone.browser.post(
        f"{LIST}/answers",
        data={
            "csrf": someone.token,
            "batch_id": home.split("/")[-1],
            "file_id": str(uuid4()),
            "profile": "neutral",
        },
        files={"file": ("back.csv", body, "text/csv")},
    )


def states(database: Database, home: str) -> dict[int, LineState]:
    return {minor: line.state for minor, line in lines_of(database, home).items()}


def sums(database: Database, sql: str) -> dict[str, tuple[int, int]]:
    """Counts and minor units by a word, in SQL of the tests' own."""
    with database.snapshot() as session:
        return {str(word): (int(n), int(minor)) for word, n, minor in session.execute(text(sql))}


def in_words(counts: dict[str, tuple[int, int]], names: dict[str, str]) -> list[str]:
    """Rows as a table of a page says them."""
    return [
        f"{names[word]} {count} {Money(minor, 'UAH').major}"
        for word, (count, minor) in counts.items()
    ]


def test_the_look_before_tells_who_is_paid_and_who_is_left_out_and_makes_nothing(
    preparer: Reader, database: Database
) -> None:
    page = words(preparer.get(LOOK))

    open_in_books = sums(
        database,
        "SELECT 'open', count(*), sum(amount_minor) FROM ledger_entry"
        " WHERE credit = 'stipends_payable'"
        " AND id NOT IN (SELECT accrual_id FROM payout_line)",
    )["open"]
    assert "Cash 1 5.00" in page
    assert "Mobile money 2 15.70" in page
    assert "Together 3 20.70" in page
    assert "Wants to be paid in another way 1 3.90 Tick that way above" in page
    assert open_in_books == (4, 2070 + 390)
    assert sums(database, "SELECT 'all', count(*), 0 FROM payout_batch")["all"][0] == 0


def test_a_limit_or_a_way_that_is_none_is_said_beside_its_field(preparer: Reader) -> None:
    answer = preparer.get(f"{LOOK}&at_least=1.234&owed_by=soon")
    assert answer.status_code == 422
    assert "no more decimals than the currency has" in words(answer)
    assert "Please give a day" in words(answer)
    none = preparer.get(f"{LIST}/prepare?look=1")
    assert none.status_code == 422
    assert "Please tick at least one way to be paid." in words(none)


def test_a_second_press_prepares_nothing_more(preparer: Reader, database: Database) -> None:
    form = {"batch_id": field(preparer.get(LOOK).text, "batch_id"), "method": ["cash"]}
    for _ in range(2):
        answer = preparer.send(f"{LIST}/prepare", form)
        assert answer.headers["location"] == f"{LIST}/{form['batch_id']}"
    assert sums(database, "SELECT 'all', count(*), 0 FROM payout_batch")["all"][0] == 1


def test_each_is_told_what_a_batch_waits_for(preparer: Reader, lead: Reader, payer: Reader) -> None:
    home = prepared(preparer)
    assert "You prepared it, so someone else approves it." in words(preparer.get(LIST))
    assert "for you Waits for your approval." in words(lead.get(LIST))
    approved(lead, home)
    assert "You approved it, so someone else releases it." in words(lead.get(LIST))
    assert "for you Waits for you to release it." in words(payer.get(LIST))
    payer.send(f"{home}/release")
    assert "Waits for the answers to 3 payments." in words(payer.get(LIST))


def test_who_had_a_part_in_a_batch_finds_no_button_but_the_reason_and_who_can(
    preparer: Reader, lead: Reader, payer: Reader, office: Office
) -> None:
    home = prepared(preparer)
    page = preparer.get(home)
    assert "You prepared this batch; someone else must approve it." in words(page)
    assert office.approver.username in words(page)
    assert f'action="{home}/approve"' not in page.text
    refused = preparer.send(f"{home}/approve", {"seen": "x"})
    assert refused.status_code == 403
    assert "You prepared this batch; someone else must approve it." in words(refused)

    approved(lead, home)
    for someone in (preparer, lead):
        assert f'action="{home}/release"' not in someone.get(home).text
    assert "Your role does not release batches." in words(lead.get(home))
    refused = preparer.send(f"{home}/release")
    assert refused.status_code == 403
    assert "You prepared this batch; someone else must release it." in words(refused)
    assert payer.send(f"{home}/release").status_code == 303


def test_an_approval_holds_for_what_was_looked_at_only(
    preparer: Reader, lead: Reader, database: Database
) -> None:
    home = prepared(preparer)
    seen = field(lead.get(home).text, "seen")
    one = lines_of(database, home)[500]
    preparer.send(f"{home}/remove", {"line": str(one.id), "reason": "asked to wait"})
    late = lead.send(f"{home}/approve", {"seen": seen})
    assert late.status_code == 409
    approved(lead, home)

    other = lines_of(database, home)[750]
    preparer.send(f"{home}/remove", {"line": str(other.id), "reason": "moved away"})

    page = words(lead.get(home))
    assert "The approval became void, because the batch changed." in page
    assert "Lines were taken out." in page
    assert "moved away" in page
    assert "Approve 1 payment, UAH 8.20" in page


def test_what_is_no_longer_owed_stops_a_release_and_is_named(
    preparer: Reader, lead: Reader, payer: Reader, database: Database
) -> None:
    home = prepared(preparer)
    approved(lead, home)
    gone = lines_of(database, home)[820]
    with database.transaction() as session:  # as a correction by hand does
        row = (
            session.execute(
                text("SELECT * FROM ledger_entry WHERE amount_minor = 820 AND reverses IS NULL")
            )
            .mappings()
            .one()
        )
        turned = {
            **row,
            "id": uuid4().bytes
            if isinstance(row["id"], bytes)
            else uuid4().hex
            if isinstance(row["id"], str)
            else uuid4(),
            "debit": row["credit"],
            "credit": row["debit"],
            "cause_digest": b"turned",
            "reverses": row["id"],
            "reason": "test",
        }
        columns = ", ".join(turned)
        session.execute(
            text(f"INSERT INTO ledger_entry ({columns}) VALUES (:{', :'.join(turned)})"), turned
        )

    answer = payer.send(f"{home}/release")

    assert answer.status_code == 409
    assert "nothing was sent and the approvals are void" in words(answer)
    assert gone.payment_ref in words(answer)
    assert set(states(database, home).values()) == {LineState.WAITING}
    form = {"line": field(answer.text, "line"), "reason": "no longer owed"}
    preparer.send(f"{home}/remove", form)
    approved(lead, home)
    assert payer.send(f"{home}/release").status_code == 303


def test_files_hold_whole_numbers_pages_only_their_ends_and_each_is_kept(
    payer: Reader, database: Database, office: Office, home: str
) -> None:
    file = payer.get(f"{home}/payments/mobile_money.file")
    rows = list(csv.DictReader(StringIO(file.text.removeprefix("\ufeff"))))
    assert {row["msisdn"]: row["amount"] for row in rows} == {
        "+380501112233": "7.50",
        "+380671112233": "8.20",
    }
    people = payer.get(f"{home}/people/mobile_money.xlsx")
    assert people.content.startswith(b"PK")
    tag = tag_of(UUID(home.rpartition("/")[2]))
    assert [
        each.headers["content-disposition"].partition("filename=")[2] for each in (file, people)
    ] == [
        f'"payments-{tag}-mobile_money-neutral.csv"',
        f'"payments-{tag}-mobile_money.xlsx"',
    ]
    assert payer.get(f"{home}/list/voucher.pdf").content.startswith(b"%PDF")
    assert payer.get(f"{home}/payments/voucher.file").status_code == 404
    page = payer.get(home).text
    assert "501112233" not in page
    assert "2233" in page
    with database.snapshot() as session:
        kept = [
            each.facts["profile"]
            for each in latest(session, office.programme_id)
            if each.action == "batch.file_taken"
        ]
    assert kept == ["list", "people", "neutral"]


def test_files_stay_in_the_house_until_a_batch_is_released(preparer: Reader, payer: Reader) -> None:
    home = prepared(preparer)
    assert payer.get(f"{home}/payments/mobile_money.file").status_code == 409


def test_answers_are_looked_at_then_booked_once_and_the_same_file_is_refused(
    preparer: Reader, database: Database, office: Office, home: str
) -> None:
    lines = lines_of(database, home)
    answers = (
        f"{lines[750].payment_ref},paid,R1,7.50,2026-03-04T10:00:00Z,",
        f"{lines[820].payment_ref},failed,,0,,not registered",
    )
    looked = uploaded(preparer, home, *answers)
    assert looked.status_code == 303, words(looked)
    preview = looked.headers["location"]
    page = words(preparer.get(preview))
    assert "Nothing is booked yet." in page
    assert "on its way becomes paid" in page
    assert "Owed again, because it was not paid: UAH 8.20" in page
    assert states(database, home)[750] is LineState.SENT

    for _ in range(2):
        assert preparer.send(f"{preview}/book").status_code == 303

    assert states(database, home)[750] is LineState.PAID
    assert states(database, home)[820] is LineState.FAILED
    owed_again = sums(
        database,
        "SELECT 'again', count(*), sum(amount_minor) FROM ledger_entry"
        " WHERE debit = 'clearing' AND credit = 'stipends_payable'",
    )
    assert owed_again["again"] == (1, 820)
    again = uploaded(preparer, home, *answers)
    assert again.status_code == 409
    assert "This very file was booked before." in words(again)
    assert f"{office.preparer.username}, 4 March 2026, 15:00" in words(again)


def test_every_mistake_of_a_file_is_said_with_its_line_and_nothing_is_booked(
    preparer: Reader, database: Database, home: str
) -> None:
    lines = lines_of(database, home)
    answer = uploaded(
        preparer,
        home,
        f"{lines[750].payment_ref},paid,R1,7.50,,",
        f"{lines[820].payment_ref},paid,R2,9.00,,",
        "P222222222222222,paid,R3,1.00,,",
        f"{lines[820].payment_ref},paid,R4,8.2e0,,",
        f"{lines[750].payment_ref},perhaps,R5,7.50,,",
    )
    assert answer.status_code == 422
    page = words(answer)
    assert "Nothing was booked: " in page
    for said in (
        "Line 3 More was paid than was owed.",
        "Line 4 Nobody here knows this reference.",
        "Line 5",
        "Line 6",
    ):
        assert said in page
    assert "Book these answers" not in page
    assert states(database, home)[750] is LineState.SENT
    assert sums(database, "SELECT 'kept', count(*), 0 FROM payout_answer_file")["kept"][0] == 0


def test_one_word_that_the_layout_does_not_know_is_enough_to_book_nothing(
    preparer: Reader, database: Database, home: str
) -> None:
    lines = lines_of(database, home)
    answer = uploaded(
        preparer,
        home,
        f"{lines[750].payment_ref},paid,R1,7.50,,",
        f"{lines[820].payment_ref},perhaps,R2,8.20,,",
    )
    assert answer.status_code == 422
    assert "Nothing was booked: 1 mistake was found in the file." in words(answer)
    assert "Line 3" in words(answer)
    assert states(database, home)[750] is LineState.SENT


def test_a_file_put_away_changes_nothing(preparer: Reader, database: Database, home: str) -> None:
    line = lines_of(database, home)[750]
    preview = uploaded(preparer, home, f"{line.payment_ref},paid,R1,7.50,,").headers["location"]
    assert preparer.send(f"{preview}/drop").status_code == 303
    assert preparer.send(f"{preview}/book").status_code == 410
    assert states(database, home)[750] is LineState.SENT


def test_what_nobody_knows_is_resolved_by_another_with_evidence(
    preparer: Reader, payer: Reader, database: Database, office: Office, home: str
) -> None:
    line = lines_of(database, home)[750]
    payer.send(f"{home}/lines/{line.id}/unknown")
    assert states(database, home)[750] is LineState.UNKNOWN
    assert "You released this batch; someone else must say" in words(payer.get(home))
    form = {"outcome": "partly_paid", "paid": "7", "evidence": "statement 14"}
    assert payer.send(f"{home}/lines/{line.id}/resolve", form).status_code == 403
    bare = preparer.send(f"{home}/lines/{line.id}/resolve", {"outcome": "paid"})
    assert bare.status_code == 422
    nothing_said = {"paid": "7", "evidence": "statement 14"}
    assert preparer.send(f"{home}/lines/{line.id}/resolve", nothing_said).status_code == 422
    too_much = preparer.send(f"{home}/lines/{line.id}/resolve", form | {"paid": "99"})
    assert 'value="99"' in too_much.text
    assert 'value="statement 14"' in too_much.text
    assert 'value="partly_paid" required checked' in too_much.text
    assert states(database, home)[750] is LineState.UNKNOWN

    assert preparer.send(f"{home}/lines/{line.id}/resolve", form).status_code == 303

    found = lines_of(database, home)[750]
    assert (found.state, found.paid) == (LineState.PARTLY_PAID, Money(700, "UAH"))
    page = words(preparer.get(f"{home}/lines/{line.id}"))
    assert f"statement 14 · {office.preparer.username}" in page


def test_money_that_came_back_is_owed_again(
    preparer: Reader, database: Database, home: str
) -> None:
    line = lines_of(database, home)[750]
    said = f"{line.payment_ref},paid,R1,7.50,2026-03-05T10:00:00Z,"
    preview = uploaded(preparer, home, said).headers["location"]
    booked = preparer.send(f"{preview}/book")
    assert booked.headers["location"] == home  # its top, where the message stands
    assert "5 March 2026, 12:00" in words(preparer.get(f"{home}/lines/{line.id}"))
    answer = preparer.send(f"{home}/lines/{line.id}/bounced", {"reason": "returned on the 5th"})
    assert answer.status_code == 303, words(answer)
    assert states(database, home)[750] is LineState.FAILED


def test_what_goes_from_hand_to_hand_is_ticked_off_line_by_line_and_all_at_once(
    payer: Reader, database: Database, home: str
) -> None:
    hands = payer.get(f"{home}?state=sent&method=hands").text
    assert len(re.findall(r'type="checkbox" name="line"', hands)) == 2
    one = lines_of(database, home)[390]
    payer.send(f"{home}/handed", {"line": str(one.id), "outcome": "not_collected"})
    assert states(database, home)[390] is LineState.FAILED
    payer.send(f"{home}/handed", {"all": "1", "outcome": "handed_over"})
    assert states(database, home)[500] is LineState.PAID
    assert states(database, home)[750] is LineState.SENT
    assert sums(
        database,
        "SELECT credit, count(*), sum(amount_minor) FROM ledger_entry"
        " WHERE credit = 'cash_float' GROUP BY credit",
    ) == {"cash_float": (1, 500)}


def test_the_figures_of_a_batch_are_those_of_its_lines(
    payer: Reader, database: Database, home: str
) -> None:
    line = lines_of(database, home)[750]
    preview = uploaded(payer, home, f"{line.payment_ref},paid,R1,7.50,,").headers["location"]
    payer.send(f"{preview}/book")
    page = words(payer.get(home))
    names = {"cash": "Cash", "mobile_money": "Mobile money", "voucher": "Voucher"}
    by_method = sums(
        database,
        "SELECT method, count(*), sum(amount_minor) FROM payout_batch_line GROUP BY method",
    )
    assert len(by_method) == 3
    for said in in_words(by_method, names):
        assert said in page
    paid = sums(database, "SELECT 'paid', count(*), sum(paid_minor) FROM payout_batch_line")
    assert f"Paid so far: UAH {Money(paid['paid'][1], 'UAH').major}" in page
    clearing = sums(
        database,
        "SELECT 'left', count(*), sum(CASE WHEN credit = 'clearing' THEN amount_minor"
        " ELSE -amount_minor END) FROM ledger_entry WHERE 'clearing' IN (debit, credit)",
    )
    way = sums(
        database,
        "SELECT state, count(*), sum(amount_minor) FROM payout_batch_line GROUP BY state",
    )["sent"]
    assert clearing["left"][1] == way[1]
    listed = words(payer.get(LIST))
    assert f"On its way UAH {Money(way[1], 'UAH').major} {way[0]} payments" in listed


def test_where_nobody_else_is_there_the_preparer_waits_and_someone_looks_later(
    database: Database, keyring: Keyring, office: Office, preparer: Reader, lead: Reader
) -> None:
    home = prepared(preparer)
    with database.transaction() as session:
        admin = office.second
        for other in (office.payer,):
            remove_member(session, other.staff_id, by=admin.staff_id, now=SOON)
    approved(lead, home)
    page = preparer.get(home)
    assert "Nobody else is here to do it" in words(page)
    form = {"seen": field(page.text, "seen"), "reason": "colleague is ill"}
    assert preparer.send(f"{home}/self-release", form).status_code == 303
    assert "You may release it yourself from" in words(preparer.get(home))
    assert preparer.send(f"{home}/release").status_code == 409

    later = reader(database, keyring, office.preparer, now=SOON + timedelta(days=3))
    assert later.send(f"{home}/release").status_code == 303
    assert "You released this batch; someone else must look at it." in words(later.get(home))
    looking = reader(database, keyring, office.approver, now=SOON + timedelta(days=4))
    assert "for you Waits for you to look at it" in words(looking.get(LIST))
    assert looking.send(f"{home}/review", {"note": "checked each line"}).status_code == 303
    assert "Looked at by someone else" in words(looking.get(home))


def test_a_voided_batch_says_by_whom_and_why_and_everyone_is_owed_as_before(
    preparer: Reader, lead: Reader, database: Database
) -> None:
    home = prepared(preparer)
    assert lead.send(f"{home}/void", {"reason": " "}).status_code == 422
    assert lead.send(f"{home}/void", {"reason": "wrong month"}).status_code == 303
    assert "wrong month" in words(preparer.get(home))
    assert "Together 3 20.70" in words(preparer.get(LOOK))
    with database.snapshot() as session:
        programme = UUID(
            str(session.execute(text("SELECT programme_id FROM payout_batch")).scalar())
        )
        assert queries.batches(session, programme)[0].state is BatchState.VOID


def test_an_empty_list_says_how_it_begins(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        office = an_office(session)
    page = words(reader(database, keyring, office.preparer).get(LIST))
    assert "No batch yet" in page
    unknown = reader(database, keyring, office.preparer).get(f"{LIST}/{uuid4()}")
    assert unknown.status_code == 404


def test_a_desk_sees_no_batch(
    database: Database, keyring: Keyring, home: str, office: Office
) -> None:
    for role in (Role.INTAKE, Role.COUPON_MANAGER, Role.HEALTH_EDUCATOR):
        someone = reader(database, keyring, office.place.staff[role])
        for path in (LIST, home, f"{home}/payments/mobile_money.file"):
            assert someone.get(path).status_code == 403


def test_a_desk_writes_while_a_file_is_read(
    preparer: Reader, database: Database, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # SQLite has one writer: a transaction around the reading would keep every desk waiting for it.
    written = []

    def slow(*args: Any, **given: Any) -> Reading:
        with database.transaction():
            written.append(True)
        return read_answers(*args, **given)

    monkeypatch.setattr(batches_answers, "read_answers", slow)
    ref = lines_of(database, home)[750].payment_ref

    assert uploaded(preparer, home, f"{ref},paid,R1,7.50,,").status_code == 303
    assert written
