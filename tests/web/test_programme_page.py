"""The programme page: rules in force, their next version, and sites."""

import re
from typing import Any

import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.programmes.queries import current_protocol, sites
from app.domain.programmes.rules import MessageRules, Protocol, StipendSchedule
from app.web import protocol_form
from tests.factories import Place, a_place
from tests.web.readers import Reader, errors, reader

SITE = {
    "code": "lviv-2",
    "name_uk": "Кімната  здоров’я",
    "name_en": "Health room",
    "address_uk": "вул. Тиха, 5",
    "address_en": "5 Tykha St",
    "phone": "+380 32 000 00 00",
    "timezone": "Europe/Kyiv",
    "target": "120",
    "open_mon": "9:00–18:00",
    "women_wed": "14:00–17:00",
}


@pytest.fixture
def place(database: Database) -> Place:
    with database.transaction() as session:
        return a_place(session)


@pytest.fixture
def lead(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.lead)


def rules(**changed: str) -> dict[str, str]:
    """The form as it stands for the default rules, with some fields changed."""
    return {**protocol_form.as_typed(Protocol(), "UAH", "en"), "version": "1", **changed}


def protocol_now(database: Database, place: Place) -> tuple[int, Protocol]:
    with database.snapshot() as session:
        current = current_protocol(session, place.programme.id)
    return current.version, current.rules


def test_our_placeholders_are_marked_and_agreed_values_are_not(lead: Reader) -> None:
    before = lead.get("/programme").text
    lead.send("/programme/protocol", rules(minimum_age="17"))
    after = lead.get("/programme").text
    assert "not a published value" in before
    # taper (three lines), the age, six rules of messages, seven amounts of the standard schedule, five rules of payouts
    assert before.count("◆ placeholder") == 3 + 1 + 6 + 7 + 5
    assert after.count("◆ placeholder") == 3 + 6 + 7 + 5


def test_new_rules_become_the_next_version(lead: Reader, database: Database, place: Place) -> None:
    changed = rules(validity_days="21", taper_1="", taper_0="")
    answer = lead.send("/programme/protocol", changed)
    assert (answer.status_code, answer.headers["location"]) == (303, "/programme")
    version, now = protocol_now(database, place)
    assert version == 2
    assert now.validity_days == 21
    assert now.taper == ((80, 2),)


def test_amounts_that_are_sent_with_other_rules_change_nothing(
    lead: Reader, database: Database, place: Place
) -> None:
    lead.send("/programme/protocol", rules(primary="80", validity_days="21", kind="lottery"))
    assert protocol_now(database, place) == (2, Protocol(validity_days=21))


def test_the_page_tells_what_a_version_changed(lead: Reader) -> None:
    lead.send("/programme/protocol", rules(minimum_age="16"))
    page = lead.get("/programme").text
    assert "The new rules apply from now on." in page
    assert re.search(r"Youngest age: 16 years\s*\(was 18 years\)", page)


@pytest.mark.parametrize(
    ("field", "text", "complaint"),
    [
        ("validity_days", "3.5", "whole number"),
        ("validity_days", "99999999999999999999", "whole number"),
        ("minimum_age", "", "fill this in"),
        ("activation_delay_days", "31", "after the last one"),
        ("coupons_per_bundle", "4", "1, 2 or 3"),
        ("coupons_per_bundle", "0", "1, 2 or 3"),
        ("taper_2", "95", "at least the one before it"),
        ("consent_version", "x" * 41, "shorter"),
        ("grace_days", "181", "from 0 to 180"),
        ("quiet_from", "25", "from 0 to 24"),
        ("quiet_until", "9:30", "whole number"),
        ("most_a_day", "", "fill this in"),
        ("coupon_days_before", "181", "from 0 to 180"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_at_its_field(
    lead: Reader, database: Database, place: Place, field: str, text: str, complaint: str
) -> None:
    answer = lead.send("/programme/protocol", rules(**{field: text}))
    assert answer.status_code == 422
    assert list(errors(answer.text)) == [field]
    assert complaint in errors(answer.text)[field]
    assert protocol_now(database, place) == (1, Protocol())


def test_quiet_hours_leave_some_hour_of_the_day(
    lead: Reader, database: Database, place: Place
) -> None:
    answer = lead.send("/programme/protocol", rules(quiet_from="0", quiet_until="24"))
    assert answer.status_code == 422
    assert list(errors(answer.text)) == ["quiet_until"]

    lead.send("/programme/protocol", rules(quiet_from="21", quiet_until="8", most_a_week="0"))
    assert protocol_now(database, place) == (
        2,
        Protocol(messages=MessageRules(quiet_from=21, quiet_until=8, most_a_week=0)),
    )
    page = lead.get("/programme").text
    assert "21:00" in page
    assert "08:00" in page


def test_what_was_typed_is_kept_beside_the_complaint(lead: Reader) -> None:
    page = lead.send("/programme/protocol", rules(minimum_age="seven", grace_days="9")).text
    assert 'value="seven"' in page
    assert 'value="9"' in page


def test_rules_that_someone_changed_meanwhile_are_not_overwritten(
    lead: Reader, database: Database, place: Place
) -> None:
    lead.send("/programme/protocol", rules(minimum_age="16"))
    answer = lead.send("/programme/protocol", rules(grace_days="1"))
    assert answer.status_code == 409
    assert "while this form was open" in answer.text
    assert protocol_now(database, place)[0] == 2


def test_the_fee_may_be_handed_out_without_a_network_only_where_that_is_ticked(
    lead: Reader, database: Database, place: Place
) -> None:
    form = lead.get("/programme/protocol").text
    lead.send("/programme/protocol", rules(fee_offline="yes"))
    ticked = lead.get("/programme/protocol").text

    assert "booked as a loss" in form
    assert not re.search('name="fee_offline"[^>]* checked', form)
    assert re.search('name="fee_offline"[^>]* checked', ticked)
    assert protocol_now(database, place) == (2, Protocol(fee_offline=True))
    lead.send("/programme/protocol", rules(version="2", fee_offline=""))
    assert protocol_now(database, place) == (3, Protocol())


@pytest.mark.parametrize("kind", ["standard", "simplified", "lottery"])
def test_a_form_sent_as_it_stands_changes_no_rule(kind: str) -> None:
    protocol = Protocol(
        stipends=StipendSchedule(kind=kind, primary=1), taper=((70, 1),), fee_offline=True
    )
    for language in ("en", "uk"):
        typed = protocol_form.as_typed(protocol, "UAH", language)
        assert protocol_form.read_protocol(typed, protocol, "UAH") == (protocol, {})


def test_a_site_is_opened_as_it_was_entered(lead: Reader, database: Database, place: Place) -> None:
    assert lead.send("/programme/site", SITE).headers["location"] == "/programme"
    with database.snapshot() as session:
        site = next(s for s in sites(session, place.programme.id) if s.code == "LVIV-2")
    assert site.name == {"uk": "Кімната здоров’я", "en": "Health room"}
    assert site.opening_hours == {"mon": "9:00–18:00"}
    assert site.women_only_hours == {"wed": "14:00–17:00"}
    assert site.target == 120
    assert "Health room" in lead.get("/programme").text


@pytest.mark.parametrize(
    ("field", "text", "complaint"),
    [
        ("code", "київ", "Latin capital letters"),
        ("code", "", "Latin capital letters"),
        ("name_uk", "", "fill this in"),
        ("name_en", "Women who inject drugs", "tells too much: women, inject, drug"),
        ("address_en", "x" * 81, "shorter"),
        ("phone", "call me", "telephone number"),
        ("timezone", "Kyiv", "time zone"),
        ("timezone", "../../etc/passwd", "time zone"),
        ("target", "many", "whole number"),
    ],
)
def test_a_site_that_cannot_be_is_refused_at_its_field(
    lead: Reader, database: Database, place: Place, field: str, text: str, complaint: str
) -> None:
    answer = lead.send("/programme/site", SITE | {field: text})
    assert answer.status_code == 422
    assert complaint in errors(answer.text)[field]
    with database.snapshot() as session:
        assert len(sites(session, place.programme.id)) == 1


def test_two_sites_cannot_have_one_code(lead: Reader, place: Place) -> None:
    answer = lead.send("/programme/site", SITE | {"code": place.site.code.lower()})
    assert "Another site has this code." in answer.text


def test_what_is_entered_is_shown_as_text(lead: Reader) -> None:
    given: dict[str, Any] = SITE | {"name_en": "<script>alert(1)</script>"}
    lead.send("/programme/site", given)
    assert "<script>alert" not in lead.get("/programme").text
