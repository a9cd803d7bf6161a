"""Who may open which page, and that no form is taken that did not come from a page of ours."""

import re
from uuid import UUID

import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.staff.rules import PERMISSIONS, Permission, Role
from tests.factories import a_place
from tests.web.readers import reader

NOBODY = UUID(int=7)
PAGES = {
    "/desk": Permission.LOOK_UP_COUPON,
    "/desk/online": Permission.LOOK_UP_COUPON,
    "/desk/walk-in": Permission.REDEEM,
    "/desk/rewards": Permission.PAY_STIPEND,
    "/seeds": Permission.ENROL_SEED,
    "/coupons": Permission.END_COUPON,
    "/conflicts": Permission.DECIDE_CONFLICT,
    "/signals": Permission.SEE_SIGNALS,
    "/signals/patterns.csv": Permission.SEE_SIGNALS,
    "/reach/estimates": Permission.SEE_CHAINS,
    "/reach/flow": Permission.SEE_CHAINS,
    "/reach/forecast": Permission.SEE_CHAINS,
    "/messages": Permission.SEE_MESSAGES,
    "/messages/simulator": Permission.SEE_MESSAGES,
    "/messages/simulator?medium=sms": Permission.SEE_MESSAGES,
    "/messages/feedback": Permission.ANSWER_FEEDBACK,
    "/messages/feedback?state=closed&page=99": Permission.ANSWER_FEEDBACK,
    "/messages/conversations": Permission.SEE_MESSAGES,
    "/messages/webhooks": Permission.EDIT_WEBHOOKS,
    "/messages/templates": Permission.WRITE_TEMPLATES,
    "/messages/templates/appointment": Permission.WRITE_TEMPLATES,
    "/messages/channels": Permission.EDIT_CHANNELS,
    "/messages/channels/new": Permission.EDIT_CHANNELS,
    "/messages/channels/new?provider=kannel": Permission.EDIT_CHANNELS,
    "/programme": Permission.EDIT_PROGRAMME,
    "/programme/protocol": Permission.EDIT_PROGRAMME,
    "/programme/site": Permission.EDIT_PROGRAMME,
    "/programme/stipends": Permission.CHANGE_SCHEDULE,
    "/programme/stipends?start=lottery": Permission.CHANGE_SCHEDULE,
    "/devices": Permission.EDIT_DEVICES,
    "/devices/unbooked": Permission.DECIDE_CONFLICT,
    "/staff": Permission.EDIT_STAFF,
    "/audit": Permission.SEE_AUDIT,
    "/audit/chain": Permission.SEE_AUDIT,
    "/stipends": Permission.SEE_LEDGER,
    "/stipends/balances.csv": Permission.SEE_LEDGER,
    "/stipends/batches": Permission.APPROVE_PAYOUT,
    "/stipends/batches/prepare": Permission.PREPARE_PAYOUT,
    "/stipends/batches/prepare?look=1&method=cash": Permission.PREPARE_PAYOUT,
    "/stipends/costs": Permission.SEE_LEDGER,
    "/desk/cash": Permission.COUNT_FLOAT,
    "/desk/cash?shown=yes": Permission.COUNT_FLOAT,
    "/desk/cash/count": Permission.COUNT_FLOAT,
    "/desk/cash/count?kind=handover": Permission.COUNT_FLOAT,
    "/desk/cash/day": Permission.COUNT_FLOAT,
    "/desk/cash/day.csv": Permission.COUNT_FLOAT,
    "/stipends/floats": Permission.SEE_LEDGER,
    "/stipends/floats/cash.csv": Permission.SEE_LEDGER,
    "/stipends/floats/losses": Permission.SEE_LEDGER,
    "/stipends/floats/losses.csv": Permission.SEE_LEDGER,
    "/stipends/entries": Permission.SEE_LEDGER,
    "/stipends/entries/all.csv": Permission.SEE_LEDGER,
    "/stipends/payouts": Permission.SEE_LEDGER,
    "/stipends/payouts/all.csv": Permission.SEE_LEDGER,
    "/stipends/profiles": Permission.APPROVE_SCHEDULE,  # or PREPARE_PAYOUT, which only finance has
    "/stipends/profiles/neutral": Permission.APPROVE_SCHEDULE,
    "/stipends/profiles/neutral/example.csv": Permission.APPROVE_SCHEDULE,
    "/stipends/trial-balance.csv": Permission.SEE_LEDGER,
    "/stipends/weeks.csv": Permission.SEE_LEDGER,
    "/stipends/costs/kinds.csv": Permission.SEE_LEDGER,
    "/stipends/unclaimed": Permission.SEE_LEDGER,
    "/stipends/unclaimed/waiting.csv": Permission.SEE_LEDGER,
}
DAYS = (
    "/stipends/floats/day?site={site}",
    "/stipends/floats/day.csv?site={site}",
    "/desk/cash/day?site={site}",
)
FORMS = {
    "/desk": Role.INTAKE,
    "/desk/site": Role.INTAKE,
    "/desk/redeem": Role.INTAKE,
    "/desk/walk-in": Role.INTAKE,
    "/desk/rewards": Role.INTAKE,
    "/desk/rewards/card": Role.INTAKE,
    f"/desk/visits/{NOBODY}/contact": Role.INTAKE,
    f"/desk/visits/{NOBODY}/contact/remove": Role.INTAKE,
    f"/desk/visits/{NOBODY}/card": Role.INTAKE,
    f"/desk/visits/{NOBODY}/card/pin": Role.INTAKE,
    f"/desk/visits/{NOBODY}/card/end": Role.INTAKE,
    f"/desk/visits/{NOBODY}/restore": Role.COUPON_MANAGER,
    f"/desk/visits/{NOBODY}/collected": Role.INTAKE,
    "/stipends/unclaimed/restore": Role.FINANCE,
    "/stipends/unclaimed/write-off": Role.FINANCE,
    f"/stipends/unclaimed/write-off/{NOBODY}": Role.PROGRAMME_LEAD,
    f"/desk/visits/{NOBODY}/consent": Role.INTAKE,
    f"/desk/visits/{NOBODY}/stipend": Role.INTAKE,
    f"/desk/visits/{NOBODY}/bundle": Role.INTAKE,
    "/seeds": Role.COUPON_MANAGER,
    "/coupons": Role.COUPON_MANAGER,
    "/coupons/end": Role.COUPON_MANAGER,
    f"/conflicts/{NOBODY}": Role.COUPON_MANAGER,
    f"/signals/{'0' * 64}/aside": Role.PROGRAMME_LEAD,
    f"/signals/{'0' * 64}/again": Role.PROGRAMME_LEAD,
    "/reach/estimates": Role.PROGRAMME_LEAD,
    "/reach/estimates/stop": Role.PROGRAMME_LEAD,
    "/reach/forecast": Role.PROGRAMME_LEAD,
    "/reach/forecast/stop": Role.PROGRAMME_LEAD,
    f"/messages/{NOBODY}/again": Role.COUPON_MANAGER,
    f"/messages/{NOBODY}/cancel": Role.COUPON_MANAGER,
    "/messages/conversations": Role.COUPON_MANAGER,
    f"/messages/feedback/{NOBODY}/look": Role.COUPON_MANAGER,
    f"/messages/feedback/{NOBODY}/answer": Role.COUPON_MANAGER,
    f"/messages/feedback/{NOBODY}/close": Role.PROGRAMME_LEAD,
    f"/messages/feedback/{NOBODY}/reopen": Role.PROGRAMME_LEAD,
    f"/messages/feedback/{NOBODY}/urgent": Role.PROGRAMME_LEAD,
    "/messages/simulator": Role.COUPON_MANAGER,
    "/messages/alerts": Role.FINANCE,
    "/messages/alerts/remove": Role.INTAKE,
    f"/desk/visits/{NOBODY}/appointment": Role.INTAKE,
    f"/desk/visits/{NOBODY}/appointment/cancel": Role.INTAKE,
    f"/desk/visits/{NOBODY}/appointment/came": Role.HEALTH_EDUCATOR,
    "/messages/webhooks": Role.ADMINISTRATOR,
    f"/messages/webhooks/{NOBODY}": Role.ADMINISTRATOR,
    f"/messages/webhooks/{NOBODY}/switch": Role.ADMINISTRATOR,
    f"/messages/webhooks/{NOBODY}/key": Role.ADMINISTRATOR,
    f"/messages/webhooks/{NOBODY}/key/end": Role.ADMINISTRATOR,
    f"/messages/webhooks/{NOBODY}/test": Role.ADMINISTRATOR,
    f"/messages/webhooks/{NOBODY}/repeat": Role.ADMINISTRATOR,
    f"/messages/webhooks/{NOBODY}/repeat-failed": Role.ADMINISTRATOR,
    f"/messages/webhooks/{NOBODY}/remove": Role.ADMINISTRATOR,
    "/messages/templates/appointment": Role.PROGRAMME_LEAD,
    "/messages/templates/appointment/preview": Role.PROGRAMME_LEAD,
    "/messages/templates/appointment/reset": Role.PROGRAMME_LEAD,
    "/messages/channels/new": Role.ADMINISTRATOR,
    f"/messages/channels/{NOBODY}": Role.ADMINISTRATOR,
    f"/messages/channels/{NOBODY}/switch": Role.ADMINISTRATOR,
    f"/messages/channels/{NOBODY}/secrets": Role.ADMINISTRATOR,
    f"/messages/channels/{NOBODY}/secrets/{NOBODY}/end": Role.ADMINISTRATOR,
    f"/messages/channels/{NOBODY}/test": Role.ADMINISTRATOR,
    "/programme/protocol": Role.PROGRAMME_LEAD,
    "/programme/stipends": Role.PROGRAMME_LEAD,
    "/programme/stipends/example": Role.FINANCE,
    f"/programme/stipends/proposals/{NOBODY}/approve": Role.PROGRAMME_LEAD,
    f"/programme/stipends/proposals/{NOBODY}/reject": Role.FINANCE,
    f"/programme/stipends/proposals/{NOBODY}/withdraw": Role.ADMINISTRATOR,
    f"/stipends/lottery/{NOBODY}/draw": Role.COUPON_MANAGER,
    "/programme/site": Role.PROGRAMME_LEAD,
    "/devices": Role.COUPON_MANAGER,
    f"/devices/{NOBODY}/code": Role.ADMINISTRATOR,
    f"/devices/{NOBODY}/rename": Role.ADMINISTRATOR,
    f"/devices/{NOBODY}/lock": Role.ADMINISTRATOR,
    "/devices/unbooked/again": Role.COUPON_MANAGER,
    f"/devices/unbooked/{NOBODY}/again": Role.COUPON_MANAGER,
    f"/devices/unbooked/{NOBODY}/noted": Role.COUPON_MANAGER,
    "/staff": Role.ADMINISTRATOR,
    f"/staff/{NOBODY}/remove": Role.ADMINISTRATOR,
    f"/staff/{NOBODY}/keys": Role.ADMINISTRATOR,
    f"/staff/{NOBODY}/keys/end": Role.ADMINISTRATOR,
    "/desk/cash/count": Role.INTAKE,
    f"/desk/cash/handovers/{NOBODY}/confirm": Role.INTAKE,
    f"/desk/cash/handovers/{NOBODY}/differs": Role.INTAKE,
    f"/desk/cash/handovers/{NOBODY}/withdraw": Role.INTAKE,
    f"/desk/cash/handovers/{NOBODY}/decide": Role.COUPON_MANAGER,
    "/desk/cash/overdraft": Role.COUPON_MANAGER,
    "/stipends/batches/prepare": Role.FINANCE,
    "/stipends/batches/answers": Role.FINANCE,
    f"/stipends/batches/{NOBODY}/approve": Role.PROGRAMME_LEAD,
    f"/stipends/batches/{NOBODY}/release": Role.FINANCE,
    f"/stipends/batches/{NOBODY}/self-release": Role.FINANCE,
    f"/stipends/batches/{NOBODY}/review": Role.PROGRAMME_LEAD,
    f"/stipends/batches/{NOBODY}/void": Role.PROGRAMME_LEAD,
    f"/stipends/batches/{NOBODY}/remove": Role.FINANCE,
    f"/stipends/batches/{NOBODY}/handed": Role.FINANCE,
    f"/stipends/batches/{NOBODY}/answers/{NOBODY}/book": Role.FINANCE,
    f"/stipends/batches/{NOBODY}/answers/{NOBODY}/drop": Role.FINANCE,
    f"/stipends/batches/{NOBODY}/lines/{NOBODY}/unknown": Role.FINANCE,
    f"/stipends/batches/{NOBODY}/lines/{NOBODY}/resolve": Role.PROGRAMME_LEAD,
    f"/stipends/batches/{NOBODY}/lines/{NOBODY}/bounced": Role.PROGRAMME_LEAD,
    "/stipends/floats/put": Role.FINANCE,
    "/stipends/floats/move": Role.FINANCE,
    "/stipends/floats/overdraft": Role.FINANCE,
    "/stipends/floats/write-offs": Role.FINANCE,
    f"/stipends/floats/write-offs/{NOBODY}": Role.PROGRAMME_LEAD,
    f"/stipends/entries/{NOBODY}/reverse": Role.FINANCE,
    "/stipends/profiles": Role.FINANCE,
    "/stipends/profiles/neutral": Role.FINANCE,
    "/stipends/profiles/neutral/reset": Role.PROGRAMME_LEAD,
    "/logout": Role.INTAKE,
}


def test_each_page_opens_for_the_roles_that_need_it_and_no_other(
    database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        place = a_place(session)
    for role in Role:
        someone = reader(database, keyring, place.staff[role])
        for path, permission in PAGES.items():
            expected = 200 if permission in PERMISSIONS[role] else 403
            assert someone.get(path).status_code == expected, (role, path)


def test_the_menu_offers_only_what_opens(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        place = a_place(session)
    for role in Role:
        someone = reader(database, keyring, place.staff[role])
        menu = re.findall(r'<li><a href="(/[a-z/]*)"', someone.get("/help").text)
        assert menu
        refused = {path for path in menu if someone.get(path).status_code != 200}
        assert refused == set(), role


@pytest.mark.parametrize("path", FORMS)
def test_a_form_without_its_token_is_refused(
    database: Database, keyring: Keyring, path: str
) -> None:
    with database.transaction() as session:
        place = a_place(session)
    someone = reader(database, keyring, place.staff[FORMS[path]])
    for token in ("", "x" * 44):
        answer = someone.browser.post(path, data={"csrf": token})
        assert answer.status_code == 403
        assert "wrong_origin" in answer.text


@pytest.mark.parametrize("path", FORMS)
def test_a_form_from_elsewhere_is_refused_even_with_its_token(
    database: Database, keyring: Keyring, path: str
) -> None:
    with database.transaction() as session:
        place = a_place(session)
    someone = reader(database, keyring, place.staff[FORMS[path]])
    headers = {"Origin": "http://desk.example.org"}
    answer = someone.browser.post(path, data={"csrf": someone.token}, headers=headers)
    assert answer.status_code == 403
    assert "wrong_origin" in answer.text


def test_a_refused_form_leads_back_to_where_it_stood(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        place = a_place(session)
    someone = reader(database, keyring, place.lead)
    for came_from, link in (("http://desk/programme/site", True), ("https://example.org/x", False)):
        answer = someone.browser.post("/programme/site", headers={"Referer": came_from})
        assert ('class="button" href="/programme' in answer.text) is False
        back = someone.browser.post("/logout", headers={"Referer": came_from})
        assert ('href="/programme/site"' in back.text) is link


def test_no_page_holds_a_script_or_a_style_of_its_own(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        place = a_place(session)
    for role in (Role.PROGRAMME_LEAD, Role.ADMINISTRATOR, Role.FINANCE, Role.COUPON_MANAGER):
        someone = reader(database, keyring, place.staff[role])
        for path, permission in PAGES.items():
            if permission not in PERMISSIONS[role] or path.endswith(".csv"):
                continue
            page = someone.get(path).text
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", page), path


@pytest.mark.parametrize(
    ("role", "path", "fields"),
    [
        (Role.ADMINISTRATOR, f"/stipends/unclaimed/write-off/{NOBODY}", {"decision": "approve"}),
        (Role.ADMINISTRATOR, f"/stipends/floats/write-offs/{NOBODY}", {"decision": "refuse"}),
        (Role.COUPON_MANAGER, "/stipends/floats/overdraft", {"amount": "none"}),
    ],
)
def test_what_a_refusal_shows_its_sender_may_see(
    database: Database, keyring: Keyring, role: Role, path: str, fields: dict[str, str]
) -> None:
    with database.transaction() as session:
        place = a_place(session, cash=424_200)

    answer = reader(database, keyring, place.staff[role]).send(path, fields)

    assert answer.status_code in (403, 404)
    assert "<table" not in answer.text
    assert not re.search(r"4.?242", answer.text)


@pytest.mark.parametrize(
    "path",
    [
        *(
            f"{path}?page={page}"
            for path in (
                "/stipends/entries",
                "/stipends/payouts",
                "/stipends/batches",
                "/stipends/unclaimed",
            )
            for page in (10**18, 10**30, -1)
        ),
        *(f"{path}&on={day}" for path in DAYS for day in ("0001-01-01", "9999-12-31")),
    ],
)
def test_no_page_is_too_far_and_no_day_too_long_ago(
    database: Database, keyring: Keyring, path: str
) -> None:
    with database.transaction() as session:
        place = a_place(session)

    answer = reader(database, keyring, place.finance).get(path.format(site=place.site.code))

    assert answer.status_code == 200
