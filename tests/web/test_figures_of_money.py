"""Every figure of the pages about money, against a query of the ledger written in plain SQL.

The queries share nothing with the application: no mapping, no query and no rule of it.
"""

import csv
from dataclasses import dataclass
from io import StringIO

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.db import Database
from tests.factories import key_for
from tests.web.money_scene import TODAY, Scene, a_scene
from tests.web.page_figures import facts, minor, stats, tables
from tests.web.readers import Reader, reader

# Accounts that stand in credit; an amount in one of the others stands in debit.
CREDIT_SIDE = {
    "funding", "clearing", "between_sites", "stipends_held", "stipends_payable", "stipends_unclaimed", "write_off",
}  # fmt: skip
EXPENSES = "('expense_primary', 'expense_recruitment', 'expense_education', 'expense_steering', 'expense_lottery')"
ENTRIES = """
    FROM ledger_entry e JOIN programme p ON p.id = e.programme_id JOIN site s ON s.id = e.site_id
    WHERE p.code = :programme
"""
PAID = """
    SUM(CASE
        WHEN e.credit IN ('cash_float', 'bank') AND (e.debit IN ('stipends_payable', 'clearing')
            OR (e.debit = 'between_sites' AND e.holder_digest IS NOT NULL)) THEN e.amount_minor
        WHEN e.debit IN ('cash_float', 'bank') AND (e.credit IN ('stipends_payable', 'clearing')
            OR (e.credit = 'between_sites' AND e.holder_digest IS NOT NULL)) THEN -e.amount_minor
        ELSE 0 END)
"""
LINES = """
    FROM payout_batch_line l JOIN payout_batch b ON b.id = l.batch_id JOIN programme p ON p.id = b.programme_id
    WHERE p.code = :programme
"""
REACHED = """
    FROM participant r JOIN programme p ON p.id = r.programme_id JOIN site s ON s.id = r.site_id
    WHERE p.code = :programme AND r.standing IN ('arrived', 'enrolled') AND r.came <> 'walk_in'
"""


@dataclass(frozen=True)
class Ledger:
    """The books of a programme, asked in SQL."""

    session: Session
    programme: str

    def rows(self, query: str) -> list[tuple[object, ...]]:
        found = self.session.execute(text(query), {"programme": self.programme})
        return [tuple(row) for row in found]

    def number(self, query: str) -> int:
        ((found,),) = self.rows(query)
        return int(str(found or 0))

    def balance(self, account: str, *, site: str = "", on: str = "") -> int:
        """On the account's own side."""
        where = (f" AND s.code = '{site}'" if site else "") + (
            f" AND e.entered_on <= '{on}'" if on else ""
        )
        in_debit = self.number(
            f"""SELECT SUM(CASE WHEN e.debit = '{account}' THEN e.amount_minor ELSE 0 END
                - CASE WHEN e.credit = '{account}' THEN e.amount_minor ELSE 0 END) {ENTRIES} {where}"""
        )
        return -in_debit if account in CREDIT_SIDE else in_debit


@pytest.fixture(params=["UAH", "JPY", "TND"])
def scene(request: pytest.FixtureRequest, database: Database) -> Scene:
    """The same in currencies of two decimals, none and three."""
    with database.transaction() as session:
        return a_scene(session, currency=request.param)


@pytest.fixture
def finance(database: Database, keyring: Keyring, scene: Scene) -> Reader:
    return reader(database, keyring, scene.place.finance, now=TODAY)


def rows_of(reader: Reader, path: str) -> list[dict[str, str]]:
    answer = reader.get(path)
    assert answer.status_code == 200
    return list(csv.DictReader(StringIO(answer.text.removeprefix("\ufeff"))))


def test_every_figure_is_what_the_ledger_says(
    database: Database, keyring: Keyring, scene: Scene, finance: Reader
) -> None:
    with database.transaction() as session:
        key = key_for(session, scene.place, scene.place.finance.role)
    with database.snapshot() as session:
        ledger = Ledger(session, scene.code)
        check_the_overview(finance, ledger)
        check_the_cash(finance, ledger)
        for day in ("", "2026-03-10"):
            check_the_books(finance, ledger, day)
            check_what_programs_are_told(finance, ledger, day, key)
        check_the_weeks(finance, ledger)
        check_the_entries(finance, ledger)
        check_the_payouts(finance, ledger)
        check_the_costs(finance, ledger)
        check_what_nobody_claimed(finance, ledger)
        check_the_floats(finance, ledger)
        check_the_batches(finance, ledger)


def check_the_overview(finance: Reader, ledger: Ledger) -> None:
    html = finance.get("/stipends").text
    shown = stats(html)

    def figure(label: str) -> int:
        return minor(shown[label][0])

    assert figure("Owed now") == ledger.balance("stipends_payable") > 0
    accounts = ledger.number(
        f"""SELECT COUNT(*) FROM (SELECT DISTINCT e.holder_digest, e.site_id {ENTRIES}
            AND e.credit = 'stipends_payable' AND e.reverses IS NULL
            AND NOT EXISTS (SELECT 1 FROM payout_line l WHERE l.accrual_id = e.id)
            AND NOT EXISTS (SELECT 1 FROM ledger_entry r WHERE r.reverses = e.id)) AS open"""
    )
    assert minor(shown["Owed now"][1].partition(" ")[0]) == accounts
    drafts = f"{LINES} AND b.state = 'draft' AND l.state <> 'removed'"
    assert figure("To be approved") == ledger.number(f"SELECT SUM(l.amount_minor) {drafts}") > 0
    assert minor(shown["To be approved"][1]) == ledger.number(
        f"SELECT COUNT(DISTINCT b.id) {drafts}"
    )
    assert figure("On its way") == ledger.balance("clearing") > 0
    this_month = f"{ENTRIES} AND e.entered_on >= '2026-04-01' AND e.entered_on < '2026-05-01'"
    assert figure("Paid this month") == ledger.number(f"SELECT {PAID} {this_month}") > 0
    ever = ledger.number(f"SELECT {PAID} {ENTRIES}")
    assert minor(shown["Paid this month"][1]) == ever > figure("Paid this month")
    assert ever == paid_by_payments(ledger)
    for state, words in (("failed", "%s failed"), ("unknown", "%s that nobody can tell")):
        lines = ledger.number(f"SELECT COUNT(*) {LINES} AND l.state = '{state}'")
        assert words % lines in shown["Failed or not known"][1]
    assert figure("Failed or not known") == ledger.number(
        f"SELECT SUM(l.amount_minor) {LINES} AND l.state IN ('failed', 'unknown')"
    )
    assert figure("Past its time to claim") == ledger.balance("stipends_unclaimed") > 0


def paid_by_payments(ledger: Ledger) -> int:
    """The same from payments and the lines of batches, without the ledger's entries for them."""
    losses = ledger.balance("cash_loss")
    at_desks = ledger.number(
        """SELECT SUM(o.amount_minor) FROM payout o JOIN programme p ON p.id = o.programme_id
           WHERE p.code = :programme AND NOT EXISTS (SELECT 1 FROM payout_batch_line l WHERE l.id = o.id)"""
    )
    return at_desks - losses + ledger.number(f"SELECT SUM(l.paid_minor) {LINES}")


def check_the_cash(finance: Reader, ledger: Ledger) -> None:
    html = finance.get("/stipends").text
    shown = facts(html)
    sites = ledger.rows(
        """SELECT s.code, f.balance_minor FROM site s JOIN programme p ON p.id = s.programme_id
           JOIN cash_float f ON f.site_id = s.id WHERE p.code = :programme"""
    )
    assert len(sites) == 3
    for code, kept in sites:
        in_drawer = ledger.balance("cash_float", site=str(code))
        assert in_drawer == kept
        (told,) = [value for name, value in shown.items() if name.endswith(str(code))]
        assert minor(told) == in_drawer
    assert "In the bank and with mobile money" in html
    bank = html.partition("In the bank and with mobile money:")[2].partition("<")[0]
    assert minor(bank) == ledger.balance("bank") > 0


def check_the_books(finance: Reader, ledger: Ledger, day: str) -> None:
    shown = tables(finance.get(f"/stipends?on={day}").text)
    (_, *sites, _), *lines = shown["Books by site"]
    moved = {str(each) for (each,) in ledger.rows(sides(day))}
    assert len(lines) == len(moved)
    by_name = {name: amounts for name, *amounts in lines}
    for account in moved:
        found = by_name[NAMES[account]]
        expected = [ledger.balance(account, site=site, on=day) for site in sites]
        assert [minor(each) for each in found] == [
            *expected,
            ledger.balance(account, on=day),
        ], account
    taken = rows_of(finance, f"/stipends/balances.csv?on={day}")
    assert {(row["site"], row["account"]): minor(row["balance"]) for row in taken} == {
        (str(site), str(account)): ledger.balance(str(account), site=str(site), on=day)
        for site, account in ledger.rows(sides(day, by_site=True))
    }
    for site in ("", "SECOND"):
        check_the_trial_balance(finance, ledger, day, site)


def check_the_trial_balance(finance: Reader, ledger: Ledger, day: str, site: str) -> None:
    lines = tables(finance.get(f"/stipends?on={day}&site={site}").text)["Trial balance"]
    *_, (_, debit, credit) = lines
    assert debit == credit
    stands = {
        account: ledger.balance(account, site=site, on=day) * (-1 if account in CREDIT_SIDE else 1)
        for account in NAMES
    }
    assert minor(debit) == sum(amount for amount in stands.values() if amount > 0) > 0
    taken = rows_of(finance, f"/stipends/trial-balance.csv?on={day}&site={site}")
    assert {row["account"]: minor(row["debit"]) - minor(row["credit"]) for row in taken} == {
        row["account"]: stands[row["account"]] for row in taken
    }
    assert {account for account, amount in stands.items() if amount} <= {
        row["account"] for row in taken
    }


def check_what_programs_are_told(finance: Reader, ledger: Ledger, day: str, key: str) -> None:
    query = f"?on={day}" if day else ""
    answer = finance.browser.get(
        f"/api/v1/ledger/balances{query}", headers={"Authorization": f"Bearer {key}"}
    )
    told = answer.json()["accounts"]
    assert {(each["site"], each["account"]): each["balance"]["minor"] for each in told} == {
        (str(site), str(account)): ledger.balance(str(account), site=str(site), on=day)
        for site, account in ledger.rows(sides(day, by_site=True))
    }


def check_the_weeks(finance: Reader, ledger: Ledger) -> None:
    taken = rows_of(finance, "/stipends/weeks.csv")
    assert len(taken) > 4
    for week, following in zip(taken, [*taken[1:], {"week": "2026-12-31"}], strict=True):
        within = f"AND e.entered_on >= '{week['week']}' AND e.entered_on < '{following['week']}'"
        assert minor(week["paid"]) == ledger.number(f"SELECT {PAID} {ENTRIES} {within}")
        owed = ledger.number(
            f"""SELECT SUM(CASE WHEN e.credit = 'stipends_payable' THEN e.amount_minor
                WHEN e.debit = 'stipends_payable' THEN -e.amount_minor ELSE 0 END)
                {ENTRIES} AND e.entered_on < '{following["week"]}'"""
        )
        assert minor(week["owed"]) == owed
    shown = tables(finance.get("/stipends").text)["Owed and paid by week"]
    amounts = [[minor(each) for each in line[1:]] for line in reversed(shown[1:])]
    assert amounts == [[minor(week["paid"]), minor(week["owed"])] for week in taken]


def check_the_entries(finance: Reader, ledger: Ledger) -> None:
    everything = rows_of(finance, "/stipends/entries/all.csv")
    assert len(everything) == ledger.number(f"SELECT COUNT(*) {ENTRIES}")
    for query, where in (
        ("", ""),
        ("site=SECOND", "AND s.code = 'SECOND'"),
        ("account=stipends_payable", "AND 'stipends_payable' IN (e.debit, e.credit)"),
        ("since=2026-04-01", "AND e.entered_on >= '2026-04-01'"),
        ("until=2026-03-03", "AND e.entered_on <= '2026-03-03'"),
    ):
        found = rows_of(finance, f"/stipends/entries/all.csv?{query}")
        counted, total = ledger.rows(f"SELECT COUNT(*), SUM(e.amount_minor) {ENTRIES} {where}")[0]
        assert (len(found), sum(minor(row["amount"]) for row in found)) == (
            counted,
            int(str(total)),
        )
    reversals = ledger.number(f"SELECT COUNT(*) {ENTRIES} AND e.reverses IS NOT NULL")
    assert len([row for row in everything if row["reverses"]]) == reversals > 1
    assert len([row for row in everything if row["reversed_by"]]) == reversals


def check_the_payouts(finance: Reader, ledger: Ledger) -> None:
    payouts = "FROM payout o JOIN programme p ON p.id = o.programme_id JOIN site s ON s.id = o.site_id WHERE p.code = :programme"
    for query, where in (
        ("", ""),
        ("method=mobile_money", "AND o.method = 'mobile_money'"),
        ("site=THIRD", "AND s.code = 'THIRD'"),
        ("since=2026-04-01", "AND o.paid_on >= '2026-04-01'"),
    ):
        shown = stats(finance.get(f"/stipends/payouts?{query}").text)
        taken = rows_of(finance, f"/stipends/payouts/all.csv?{query}")
        (found,) = ledger.rows(f"SELECT COUNT(*), SUM(o.amount_minor) {payouts} {where}")
        counted, total = int(str(found[0])), int(str(found[1]))
        assert minor(shown["Payments"][0]) == len(taken) == counted > 0
        assert minor(shown["Paid or sent out with them"][0]) == total
        assert sum(minor(row["amount"]) for row in taken) == total
    taken = rows_of(finance, "/stipends/payouts/all.csv")
    for state in ("paid", "partly_paid", "failed", "unknown", "sent"):
        (found,) = ledger.rows(
            f"SELECT COUNT(*), COALESCE(SUM(l.paid_minor), 0) {LINES} AND l.state = '{state}' AND b.state IN ('released', 'closed')"
        )
        these = [row for row in taken if row["state"] == state]
        assert len(these) == found[0], state
        assert sum(minor(row["arrived"]) for row in these) == int(str(found[1]))


def check_the_costs(finance: Reader, ledger: Ledger) -> None:
    net = f"SUM(CASE WHEN e.debit IN {EXPENSES} THEN e.amount_minor ELSE 0 END - CASE WHEN e.credit IN {EXPENSES} THEN e.amount_minor ELSE 0 END)"
    html = finance.get("/stipends/costs").text
    shown = stats(html)
    spent = ledger.number(f"SELECT {net} {ENTRIES}")
    assert minor(shown["Spent so far"][0]) == spent > 0
    for label, where in (
        ("For each participant", ""),
        ("For each recruit who came", "AND r.came <> 'seed'"),
        ("For each woman", "AND r.sex = 'female'"),
        ("For each person reached for the first time", "AND r.never_reached_before"),
    ):
        people = ledger.number(f"SELECT COUNT(*) {REACHED} {where}")
        assert people >= 5
        assert minor(shown[label][0]) == (2 * spent + people) // (2 * people), label
        assert minor(shown[label][1]) == people
    for row in rows_of(finance, "/stipends/costs/kinds.csv"):
        assert minor(row["spent"]) == ledger.balance(row["kind"])
    for row in rows_of(finance, "/stipends/costs/months.csv"):
        month = f"AND CAST(e.entered_on AS TEXT) LIKE '{row['month']}-%'"
        assert minor(row["spent"]) == ledger.number(f"SELECT {net} {ENTRIES} {month}")
        for account in NAMES:
            if account.startswith("expense_"):
                one = net.replace(EXPENSES, f"('{account}')")
                assert minor(row[account]) == ledger.number(f"SELECT {one} {ENTRIES} {month}")
    for row in rows_of(finance, "/stipends/costs/sites.csv"):
        here = f"AND s.code = '{row['site']}'"
        assert minor(row["spent"]) == ledger.number(f"SELECT {net} {ENTRIES} {here}")
        if row["people"] != "<5*":
            assert int(row["people"]) == ledger.number(f"SELECT COUNT(*) {REACHED} {here}")
    beside = facts(html)
    for account in ("cash_loss", "cash_variance", "write_off"):
        in_debit = ledger.balance(account) * (-1 if account in CREDIT_SIDE else 1)
        assert minor(beside[NAMES[account]]) == in_debit != 0


def check_what_nobody_claimed(finance: Reader, ledger: Ledger) -> None:
    shown = stats(finance.get("/stipends/unclaimed").text)
    waiting = f"""{ENTRIES} AND e.credit = 'stipends_payable' AND e.reverses IS NULL
        AND NOT EXISTS (SELECT 1 FROM payout_line l WHERE l.accrual_id = e.id)
        AND NOT EXISTS (SELECT 1 FROM payout_reservation w WHERE w.accrual_id = e.id)
        AND NOT EXISTS (SELECT 1 FROM ledger_entry r WHERE r.reverses = e.id)"""
    total = ledger.number(f"SELECT SUM(e.amount_minor) {waiting}")
    assert minor(shown["Waits now"][0]) == total > 0
    assert minor(shown["Waits now"][1]) == ledger.number(f"SELECT COUNT(*) {waiting}")
    rows = rows_of(finance, "/stipends/unclaimed/waiting.csv")
    assert sum(minor(row["amount"]) for row in rows) == total
    ages = tables(finance.get("/stipends/unclaimed").text)["How long it has waited"]
    for site, *amounts in ages[1:]:
        here = f" AND s.code = '{site}'" if site in {row["site"] for row in rows} else ""
        at_site = ledger.number(f"SELECT SUM(e.amount_minor) {waiting} {here}")
        *parts, together = map(minor, amounts)
        assert together == sum(parts) == at_site
    past = ledger.balance("stipends_unclaimed")
    assert minor(shown["Past its time to claim"][0]) == past
    expired = rows_of(finance, "/stipends/unclaimed/expired.csv")
    assert sum(minor(row["amount"]) for row in expired) == past


def check_the_floats(finance: Reader, ledger: Ledger) -> None:
    shown = stats(finance.get("/stipends/floats").text)
    assert minor(shown["Cash at all sites"][0]) == ledger.balance("cash_float")
    assert minor(shown["Bank and mobile money"][0]) == ledger.balance("bank")
    for row in rows_of(finance, "/stipends/floats/cash.csv"):
        assert minor(row["cash"]) == ledger.balance("cash_float", site=row["site"])
        assert minor(row["bank"]) == ledger.balance("bank", site=row["site"])
    losses = rows_of(finance, "/stipends/floats/losses.csv")
    assert sum(minor(row["amount"]) for row in losses) == ledger.balance("cash_loss") > 0


def check_the_batches(finance: Reader, ledger: Ledger) -> None:
    shown = stats(finance.get("/stipends/batches").text)
    for label, state in (("To be approved", "draft"), ("Approved, not sent yet", "approved")):
        ((batches, amount),) = ledger.rows(
            f"SELECT COUNT(DISTINCT b.id), SUM(l.amount_minor) {LINES} AND b.state = '{state}' AND l.state <> 'removed'"
        )
        assert (minor(shown[label][0]), minor(shown[label][1])) == (int(str(amount)), batches)
    for label, state in (
        ("On its way", "sent"),
        ("Nobody knows", "unknown"),
        ("Failed, owed again", "failed"),
    ):
        ((lines, amount),) = ledger.rows(
            f"SELECT COUNT(*), SUM(l.amount_minor) {LINES} AND l.state = '{state}'"
        )
        assert (minor(shown[label][0]), minor(shown[label][1])) == (int(str(amount)), lines)


def sides(day: str, *, by_site: bool = False) -> str:
    """Every account that has moved up to a day."""
    what = "s.code, e.{side}" if by_site else "e.{side}"
    until = f"AND e.entered_on <= '{day}'" if day else ""
    return " UNION ".join(
        f"SELECT {what.format(side=side)} {ENTRIES} {until}" for side in ("debit", "credit")
    )


NAMES = {
    "funding": "Put in by the programme",
    "cash_float": "Cash float",
    "bank": "Bank and mobile money",
    "clearing": "On its way",
    "between_sites": "Between sites",
    "stipends_held": "Waiting for a visit",
    "stipends_payable": "Owed",
    "stipends_unclaimed": "Past its time to claim",
    "expense_primary": "Earned for taking part",
    "expense_recruitment": "Earned for recruits",
    "expense_education": "Earned for teaching",
    "expense_steering": "Earned for who was reached",
    "expense_lottery": "Won in draws",
    "cash_variance": "Differences found in counts",
    "write_off": "Written off",
    "cash_loss": "Handed out without being owed",
}
