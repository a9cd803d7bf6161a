"""A programme fits the layouts of payment files to its providers; what a batch was prepared with stays."""

import csv
import re
from io import StringIO
from typing import Any

import pytest
from sqlalchemy import select

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.audit.models import AuditEvent
from app.domain.payout_profiles.actions import keep_profile, reset_profile
from app.domain.payout_profiles.errors import ProfileChanged, UnknownProfile
from app.domain.payout_profiles.models import PayoutProfile
from app.web.payout_files import form
from app.web.payout_files.in_use import profile_by_slug, profile_of, profiles
from app.web.payout_files.profile import Numbers, built_in
from tests.factories import NOON, Place, a_place
from tests.web.readers import Reader, errors, reader


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@pytest.fixture
def finance(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.finance)


def entered(page: str) -> dict[str, str]:
    """What stands in the form of a layout."""
    found = dict(re.findall(r'<input id="[\w-]+" name="([\w-]+)"[^>]*? value="([^"]*)"', page))
    found |= dict(
        re.findall(r'<textarea id="[\w-]+" name="([\w-]+)"[^>]*>([^<]*)</textarea>', page)
    )
    for name, options in re.findall(
        r'<select id="[\w-]+" name="([\w-]+)".*?>(.*?)</select>', page, re.DOTALL
    ):
        found[name] = re.findall(r'value="([^"]*)" selected', options)[0]
    found |= dict(re.findall(r'type="checkbox" name="([\w-]+)" value="(yes)" checked', page))
    found |= dict(re.findall(r'type="hidden" name="(number)" value="(\d+)"', page))
    return {name: value.replace("&#39;", "'") for name, value in found.items()}


def change(who: Reader, slug: str, **changes: str) -> Any:
    fields = entered(who.get(f"/stipends/profiles/{slug}").text)
    return who.send(f"/stipends/profiles/{slug}", {**fields, **changes})


@pytest.mark.parametrize("slug", sorted(built_in()))
def test_saving_a_layout_as_it_is_changes_nothing(
    database: Database, finance: Reader, place: Place, slug: str
) -> None:
    answer = change(finance, slug, act="save")
    assert answer.status_code == 303
    with database.snapshot() as session:
        assert session.scalars(select(PayoutProfile)).all() == []


def test_a_programme_changes_a_layout_and_goes_back(
    database: Database, finance: Reader, place: Place
) -> None:
    assert change(finance, "airtel", country_code="+254", trunk_prefix="0").status_code == 303
    with database.snapshot() as session:
        own = profile_by_slug(session, place.programme.id, "airtel")
        assert (own.out.country_code, own.out.trunk_prefix, own.is_own) == ("254", "0", True)
        assert form.whole(own)["back"] == form.whole(built_in()["airtel"])["back"]
    page = finance.get("/stipends/profiles").text
    assert "The layout is used from now on." in page
    assert place.finance.username in page
    assert "0000000001" in finance.get("/stipends/profiles/airtel").text

    number = entered(finance.get("/stipends/profiles/airtel").text)["number"]
    for _ in range(2):  # a second press changes nothing
        assert (
            finance.send("/stipends/profiles/airtel/reset", {"number": number}).status_code == 303
        )
    with database.snapshot() as session:
        assert profile_by_slug(session, place.programme.id, "airtel") == built_in()["airtel"]
        assert profile_of(session, place.programme.id, own.key).out.country_code == "254"
        assert [row.number for row in session.scalars(select(PayoutProfile))] == [1, 2]
        acts = session.scalars(
            select(AuditEvent.action)
            .where(AuditEvent.action.like("payout_profile.%"))
            .order_by(AuditEvent.id)
        ).all()
        assert acts == ["payout_profile.changed", "payout_profile.reset"]


def test_a_second_press_keeps_one_version(database: Database, finance: Reader) -> None:
    fields = entered(finance.get("/stipends/profiles/mpesa").text) | {"narration": "Visit"}
    for _ in range(2):
        assert finance.send("/stipends/profiles/mpesa", fields).status_code == 303
    with database.snapshot() as session:
        assert [row.number for row in session.scalars(select(PayoutProfile))] == [1]


def test_what_someone_else_changed_meanwhile_is_not_overwritten(
    database: Database, keyring: Keyring, finance: Reader, place: Place
) -> None:
    lead = reader(database, keyring, place.lead)
    fields = entered(finance.get("/stipends/profiles/mpesa").text) | {"narration": "Visit"}
    assert change(lead, "mpesa", narration="Card").status_code == 303
    answer = finance.send("/stipends/profiles/mpesa", fields)
    assert answer.status_code == 409
    assert "Someone else changed this layout meanwhile." in answer.text
    assert entered(answer.text)["narration"] == "Visit"
    stale = finance.send("/stipends/profiles/mpesa/reset", {"number": "0"})
    assert stale.status_code == 409
    with database.snapshot() as session:
        assert profile_by_slug(session, place.programme.id, "mpesa").out.narration == "Card"


def test_a_preview_shows_made_up_numbers_and_keeps_nothing(
    database: Database, finance: Reader
) -> None:
    answer = change(
        finance, "neutral", act="preview", numbers="national", country_code="380", column_3="phone"
    )
    assert answer.status_code == 200
    assert "Nothing was changed yet." in answer.text
    assert '<th scope="col" class="nowrap" translate="no">phone</th>' in answer.text
    assert ">000000001</td>" in answer.text
    assert entered(answer.text)["country_code"] == "380"
    with database.snapshot() as session:
        assert session.scalars(select(PayoutProfile)).all() == []


def test_the_example_file_is_what_would_be_sent(finance: Reader) -> None:
    answer = finance.get("/stipends/profiles/neutral/example.csv")
    heads, *rows = csv.reader(StringIO(answer.text, newline=""))
    assert heads == [
        "batch_id",
        "line_no",
        "payment_ref",
        "msisdn",
        "amount",
        "currency",
        "narration",
    ]
    assert [row[3:] for row in rows] == [
        ["+999000000001", "15.00", "UAH", "Payment"],
        ["+999000000002", "120.00", "UAH", "Payment"],
        ["+999000000003", "7.00", "UAH", "Payment"],
    ]
    assert finance.get("/stipends/profiles/neutral/example.xlsx").status_code == 404
    assert finance.get("/stipends/profiles/hope/example.xlsx").content[:2] == b"PK"


@pytest.mark.parametrize(
    ("slug", "changes", "field"),
    [
        ("neutral", {"narration": "HIV stipend"}, "narration"),
        ("neutral", {"narration": "=1+1"}, "narration"),
        ("neutral", {"narration": ""}, "narration"),
        ("neutral", {"column_4": ""}, "columns"),
        ("neutral", {"column_4": "MSISDN"}, "column_4"),
        ("neutral", {"column_7": "drug_users", "text_7": "x"}, "column_7"),
        ("neutral", {"numbers": "national"}, "country_code"),
        ("neutral", {"delimiter": "x"}, "delimiter"),
        ("neutral", {"zone": "Mars/Base"}, "zone"),
        ("neutral", {"match": ""}, "match"),
        ("neutral", {"words_paid": "failed"}, "words_failed"),
        ("neutral", {"status": "", "amount": ""}, "status"),
        ("hope", {"status": "state"}, "is_quantity"),
    ],
)
def test_a_layout_that_cannot_be_used_is_refused_beside_its_field(
    database: Database, finance: Reader, slug: str, changes: dict[str, str], field: str
) -> None:
    answer = change(finance, slug, **changes)
    assert answer.status_code == 422
    if field != "delimiter":  # a choice that no browser sends
        assert field in errors(answer.text)
    with database.snapshot() as session:
        assert session.scalars(select(PayoutProfile)).all() == []


def test_a_programme_adds_a_layout_of_its_own_once_and_takes_it_off(
    database: Database, finance: Reader, place: Place
) -> None:
    page = finance.get("/stipends/profiles").text
    (slug,) = re.findall(r'name="slug" value="(own-\w+)"', page)
    for _ in range(2):
        answer = finance.send(
            "/stipends/profiles", {"slug": slug, "name": "Our bank", "like": "airtel"}
        )
        assert answer.headers["Location"] == f"/stipends/profiles/{slug}"
    with database.snapshot() as session:
        assert [each.name for each in profiles(session, place.programme.id)][-1] == "Our bank"
        assert profile_by_slug(session, place.programme.id, slug).out.numbers is Numbers.NATIONAL
    fields = entered(finance.get(f"/stipends/profiles/{slug}").text)
    assert finance.send(f"/stipends/profiles/{slug}/reset", fields).status_code == 303
    assert finance.get(f"/stipends/profiles/{slug}").status_code == 404
    unnamed = finance.send(
        "/stipends/profiles", {"slug": "own-aaaaaaaa", "name": "", "like": "airtel"}
    )
    assert (unnamed.status_code, set(errors(unnamed.text))) == (422, {"name"})


def test_another_programmes_layout_is_not_known_here(database: Database, place: Place) -> None:
    with database.transaction() as session:
        other = a_place(session)
        layout = {**form.whole(built_in()["neutral"]), "name": "Theirs"}
        keep_profile(session, "own-aaaaaaaa", layout, after=0, by=other.finance, now=NOON)
        theirs = profile_by_slug(session, other.programme.id, "own-aaaaaaaa")
        for key in (theirs.key, "own-aaaaaaaa", "nothing", f"own-{'0' * 32}"):
            with pytest.raises(UnknownProfile):
                profile_of(session, place.programme.id, key)


def test_two_changes_of_one_version_make_one(database: Database, place: Place) -> None:
    layout = form.whole(built_in()["neutral"])
    with database.transaction() as session:
        keep_profile(
            session, "neutral", {**layout, "name": "One"}, after=0, by=place.finance, now=NOON
        )
        with pytest.raises(ProfileChanged):
            keep_profile(
                session, "neutral", {**layout, "name": "Two"}, after=0, by=place.lead, now=NOON
            )
        with pytest.raises(ProfileChanged):
            reset_profile(session, "neutral", after=0, by=place.lead, now=NOON)


def test_the_form_reads_in_ukrainian_too(finance: Reader) -> None:
    page = finance.get("/stipends/profiles/neutral", headers={"Accept-Language": "uk"}).text
    assert "Нейтральний список" in page
    fields = entered(page)
    assert fields["name"] == "Нейтральний список"
    finance.browser.headers["Accept-Language"] = "uk"
    finance.send("/stipends/profiles/neutral", fields | {"narration": "Visit"})
    finance.browser.headers["Accept-Language"] = "en"
    assert "Neutral list" in finance.get("/stipends/profiles").text
