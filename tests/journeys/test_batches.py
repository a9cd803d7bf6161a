"""Three people pay many: one prepares, one approves, one releases; the file goes out and comes back in real browsers."""

import csv
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from sqlalchemy import text

from app.core.clock import utc_now
from app.domain.staff.actions import start_session
from app.domain.staff.queries import Actor
from app.domain.stipends.rules import Method
from tests.batches import Office, someone_owed
from tests.factories import an_actor
from tests.journeys.desks import Desk, served_desk

NUMBERS = ("0501112233", "0671112233", "0931112233", "0661112233")


@pytest.fixture
def served_office(database_url: str, tmp_path: Path) -> Iterator[tuple[Desk, Office]]:
    """Four people to be paid by telephone, one in cash; three people of the staff."""
    with served_desk(database_url, tmp_path) as desk:
        yield desk, _office(desk)


def _office(desk: Desk) -> Office:
    owed_at = utc_now() - timedelta(days=2)
    with desk.database.transaction() as session:
        payer = an_actor(session, desk.place.finance.role, programme_id=desk.place.programme.id)
        for minor, number in zip((750, 820, 590, 1180), NUMBERS, strict=True):
            someone_owed(
                session,
                desk.place,
                minor,
                method=Method.MOBILE_MONEY,
                number=number,
                now=owed_at,
            )
        someone_owed(session, desk.place, 500, now=owed_at)
    return Office(desk.place, payer)


def log_in(
    desk: Desk, profile: Callable[..., BrowserContext], actor: Actor, **given: object
) -> Page:
    """Someone's browser on the list of batches."""
    context = profile(**given)
    with desk.database.transaction() as session:
        secret = start_session(session, actor, now=utc_now())
    context.add_cookies([{"name": "pdi_session", "value": secret, "url": desk.url}])
    page = context.new_page()
    page.goto(f"{desk.url}/stipends/batches")
    return page


def open_batch(page: Page, desk: Desk) -> None:
    page.goto(f"{desk.url}/stipends/batches")
    page.locator(".batches .name").first.click()
    expect(page.locator(".batch-path")).to_be_visible()


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_batch_goes_out_and_what_became_of_it_comes_back(
    served_office: tuple[Desk, Office],
    profile: Callable[..., BrowserContext],
    tmp_path: Path,
    has_scripts: bool,
) -> None:
    desk, office = served_office
    given = {"java_script_enabled": has_scripts, "viewport": {"width": 360, "height": 800}}
    preparer = log_in(desk, profile, office.preparer, **given)
    lead = log_in(desk, profile, office.approver)
    payer = log_in(desk, profile, office.payer)

    preparer.get_by_role("link", name="Prepare a batch").click()
    preparer.get_by_role("button", name="Look before").click()
    expect(preparer.get_by_role("heading", name="What this batch would be")).to_be_visible()
    preparer.get_by_role("button", name="Prepare this batch: 5 payments, UAH 38.40").click()
    expect(
        preparer.get_by_text("You prepared this batch; someone else must approve it.")
    ).to_be_visible()
    expect(preparer.get_by_role("button", name="Approve")).to_have_count(0)

    open_batch(lead, desk)
    expect(lead.get_by_text("You approve exactly this.")).to_be_visible()
    lead.get_by_role("button", name="Approve 5 payments, UAH 38.40").click()
    expect(lead.get_by_text("Your approval is kept.")).to_be_visible()

    open_batch(payer, desk)
    payer.get_by_role("button", name="Release 5 payments, UAH 38.40").click()
    expect(payer.get_by_text("The batch is released.")).to_be_visible()
    with payer.expect_download() as taken:
        payer.get_by_role("link", name="For the provider").click()
    with taken.value.path().open(encoding="utf-8-sig", newline="") as file:
        sent = list(csv.DictReader(file))
    assert sorted(row["msisdn"] for row in sent) == sorted(f"+38{each}" for each in NUMBERS)

    back = tmp_path / "back.csv"
    ends = {"7.50": "paid", "8.20": "paid", "5.90": "failed", "11.80": "unknown"}
    with back.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ("payment_ref", "status", "provider_receipt", "amount_paid", "completed_at", "error")
        )
        for row in sent:
            end = ends[row["amount"]]
            paid = row["amount"] if end == "paid" else ""
            writer.writerow((row["payment_ref"], end, f"R{row['line_no']}", paid, "", ""))

    open_batch(preparer, desk)
    preparer.get_by_label("The file that came back").set_input_files(back)
    preparer.get_by_role("button", name="Look at the answers").click()
    expect(preparer.get_by_text("Nothing is booked yet.")).to_be_visible()
    preparer.get_by_role("button", name="Book these answers: 4 payments change").click()
    expect(preparer.get_by_text("The answers are booked.")).to_be_visible()
    preparer.get_by_label("The file that came back").set_input_files(back)
    preparer.get_by_role("button", name="Look at the answers").click()
    expect(preparer.get_by_text("This very file was booked before.")).to_be_visible()

    preparer.locator("#unknown summary").click()
    preparer.get_by_label("It was paid whole").check()
    preparer.get_by_label("How you know it").fill("statement 14")
    preparer.get_by_role("button", name="This is what became of it").click()
    expect(preparer.get_by_text("What you found is booked.")).to_be_visible()

    preparer.get_by_role("link", name="to be handed over").click()
    preparer.get_by_role("checkbox").check()
    preparer.get_by_role("button", name="Those ticked were handed over").click()
    expect(preparer.get_by_text("It is booked as handed over.")).to_be_visible()

    expect(preparer.locator("h1 .badge")).to_have_text("Done")
    expect(preparer.get_by_text("Paid so far: UAH 32.50")).to_be_visible()
    with desk.database.snapshot() as session:
        states = session.execute(
            text("SELECT amount_minor, state FROM payout_batch_line ORDER BY amount_minor")
        ).all()
        on_its_way = session.scalar(
            text(
                "SELECT sum(CASE WHEN debit = 'clearing' THEN -amount_minor ELSE amount_minor END)"
                " FROM ledger_entry WHERE 'clearing' IN (debit, credit)"
            )
        )
    assert [tuple(each) for each in states] == [
        (500, "paid"),
        (590, "failed"),
        (750, "paid"),
        (820, "paid"),
        (1180, "paid"),
    ]
    assert on_its_way == 0
