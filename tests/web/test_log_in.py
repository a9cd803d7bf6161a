"""Logging in and out, and the language of the pages."""

import httpx
import pytest
from sqlalchemy import select

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.staff.models import StaffMember
from app.domain.staff.rules import Role
from app.web.wording import ERRORS
from tests.factories import PASSWORD_HASH, a_place, an_actor, client
from tests.web.readers import reader

PASSWORD = "a long enough password"


@pytest.fixture
def browser(database: Database, keyring: Keyring) -> httpx.Client:
    """A browser at a programme where one person, at the front desk, has a password of her own."""
    with database.transaction() as session:
        place = a_place(session)
        an_actor(session, programme_id=place.programme.id, password=PASSWORD)
    return client(database, keyring)


@pytest.fixture
def username(database: Database, browser: httpx.Client) -> str:
    with database.snapshot() as session:
        found = session.scalar(
            select(StaffMember.username).where(StaffMember.password_hash != PASSWORD_HASH)
        )
    assert found
    return found


def test_the_right_words_open_the_page_where_her_work_is(
    browser: httpx.Client, username: str
) -> None:
    answer = browser.post("/login", data={"username": username.upper(), "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.get("/").headers["location"] == "/desk"


def test_wrong_words_are_answered_kindly_and_tell_nothing(
    browser: httpx.Client, username: str
) -> None:
    wrong_password = browser.post("/login", data={"username": username, "password": "no"})
    wrong_name = browser.post("/login", data={"username": "nobody", "password": PASSWORD})
    for answer in (wrong_password, wrong_name):
        assert answer.status_code == 401
        assert "User name or password is wrong." in answer.text
        assert "set-cookie" not in answer.headers
    assert f'value="{username}"' in wrong_password.text
    assert wrong_password.text.replace(username, "nobody") == wrong_name.text


def test_the_page_that_was_asked_for_comes_after_the_log_in(
    browser: httpx.Client, username: str
) -> None:
    asked = browser.get("/stipends")
    assert asked.headers["location"] == "/login?next=/stipends"
    assert 'name="next" value="/stipends"' in browser.get("/login?next=/stipends").text
    words = {"username": username, "password": PASSWORD, "next": "/stipends"}
    assert browser.post("/login", data=words).headers["location"] == "/stipends"


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org", "/\\example.org"])
def test_a_log_in_leads_to_no_other_address(
    browser: httpx.Client, username: str, elsewhere: str
) -> None:
    words = {"username": username, "password": PASSWORD, "next": elsewhere}
    assert browser.post("/login", data=words).headers["location"] == "/"
    language = {"language": "uk", "back": elsewhere}
    assert browser.post("/language", data=language).headers["location"] == "/"


def test_the_cookie_is_hidden_from_scripts_and_other_sites(
    browser: httpx.Client, username: str
) -> None:
    answer = browser.post("/login", data={"username": username, "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("pdi_session=")
    assert {"httponly", "samesite=lax", "path=/"} <= set(cookie.split("; "))
    assert "secure" not in cookie.split("; ")


def test_with_https_the_cookie_is_tied_to_the_host(
    database: Database, keyring: Keyring, browser: httpx.Client, username: str
) -> None:
    https = client(database, keyring, public_url="https://pdi.example.org")
    answer = https.post("/login", data={"username": username, "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-pdi=")
    assert {"HttpOnly", "Secure", "Path=/"} <= set(cookie.split("; "))
    assert "domain" not in cookie.lower()
    assert "max-age=63072000" in answer.headers["strict-transport-security"]


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://example.org"}, {"Sec-Fetch-Site": "cross-site"}]
)
@pytest.mark.parametrize("path", ["/login", "/language"])
def test_a_form_of_another_site_is_refused(
    browser: httpx.Client, username: str, path: str, headers: dict[str, str]
) -> None:
    fields = {"username": username, "password": PASSWORD, "language": "uk"}
    answer = browser.post(path, data=fields, headers=headers)
    assert answer.status_code == 403
    assert "wrong_origin" in answer.text
    assert "set-cookie" not in answer.headers


def test_a_form_of_the_public_address_is_ours_behind_a_proxy_that_renames_the_host(
    database: Database, keyring: Keyring, username: str
) -> None:
    proxied = client(database, keyring, public_url="https://pdi.example.org")
    fields = {"username": username, "password": PASSWORD}
    ours, unnamed = {"Origin": "https://pdi.example.org"}, {"Origin": "file:"}

    assert proxied.post("/login", data=fields, headers=ours).status_code == 303
    assert proxied.post("/login", data=fields, headers=unnamed).status_code == 403


def test_logging_out_ends_the_session_and_says_so_once(
    database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        actor = a_place(session).intake
    someone = reader(database, keyring, actor)
    secret = someone.browser.cookies["pdi_session"]
    assert someone.send("/logout").headers["location"] == "/login"
    assert "You have logged out." in someone.get("/login").text
    assert "You have logged out." not in someone.get("/login").text
    someone.browser.cookies.set("pdi_session", secret)
    assert someone.get("/").headers["location"].startswith("/login")


def test_a_made_up_cookie_can_say_nothing(browser: httpx.Client) -> None:
    browser.cookies.set("pdi_said", "Call this number at once")
    page = browser.get("/login").text
    assert "Call this number" not in page
    assert "toast" not in page


def test_the_chosen_language_stays(browser: httpx.Client) -> None:
    assert '<html lang="en"' in browser.get("/login").text
    answer = browser.post("/language", data={"language": "uk", "back": "/help"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/help")
    page = browser.get("/help").text
    assert '<html lang="uk"' in page
    assert "Довідка" in page


def test_without_a_choice_the_browsers_language_is_used(browser: httpx.Client) -> None:
    page = browser.get("/login", headers={"Accept-Language": "uk-UA,uk;q=0.9,en;q=0.5"})
    assert "Увійти" in page.text


def test_an_unknown_address_gets_a_page_with_a_way_on(browser: httpx.Client) -> None:
    answer = browser.get("/nowhere")
    assert answer.status_code == 404
    assert "There is nothing at this address." in answer.text
    assert 'href="/help#not_found"' in answer.text


def test_help_is_for_everyone_and_explains_every_code(browser: httpx.Client) -> None:
    page = browser.get("/help").text
    assert not [code for code in ERRORS if f'id="{code}"' not in page]


def test_a_role_begins_where_its_work_is(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        place = a_place(session)
    homes = {
        role: reader(database, keyring, place.staff[role]).get("/").headers["location"]
        for role in Role
    }
    assert homes[Role.FINANCE] == "/stipends"
    assert homes[Role.PROGRAMME_LEAD] == "/reach"
    assert homes[Role.ADMINISTRATOR] == "/staff"


@pytest.mark.parametrize("language", ["ж", "zz", "a;b", "en\r\nX: y"])
def test_a_language_there_is_no_catalogue_of_is_not_remembered(
    browser: httpx.Client, language: str
) -> None:
    answer = browser.post("/language", data={"language": language, "back": "/help"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/help")
    assert "set-cookie" not in answer.headers
