"""The page of patterns: for programme leads, in kind words, with nothing that points at a person."""

import csv
import io
import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from analysis.disclosure import THRESHOLD
from analysis.integrity import SIGNALS, Records, Signal, Subject
from analysis.integrity.staff import MEASURES
from app.core.crypto import Keyring
from app.core.db import Database
from app.core.i18n import languages, translations
from app.domain.audit.queries import acts
from app.domain.signals.queries import LiveSignal, LiveSignals
from app.domain.staff.queries import staff_of
from app.domain.staff.rules import PERMISSIONS, Permission, Role
from app.web.figures.signals import EXPLANATIONS, KINDS, line_of
from app.web.pages import signals as page
from tests.analysis.integrity.desks import honest
from tests.analysis.integrity.test_signals import PLANTED
from tests.factories import NOON, Place, a_place, a_rush
from tests.web.readers import Reader, reader

OPEN_DAY = NOON + timedelta(days=28)
# What no text of the page may say of anyone.
HARSH = re.compile(
    r"fraud|suspect|suspici|cheat|guilt|fake|violat|abuse|offend|dishonest|шахра|підозр|обман|вин(ен|н)|порушник",
    re.IGNORECASE,
)


@pytest.fixture
def place(database: Database) -> Place:
    """A programme in which many came at once one day."""
    with database.transaction() as session:
        place = a_place(session)
        a_rush(session, place)
    return place


@pytest.fixture
def lead(database: Database, keyring: Keyring, place: Place) -> Reader:
    return reader(database, keyring, place.lead, now=OPEN_DAY)


def key_of(text: str) -> str:
    found = re.search(r'action="/signals/([0-9a-f]{64})/', text)
    assert found
    return found[1]


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def live(signal: Signal, **given: object) -> LiveSignal:
    facts: dict[str, object] = {"site": None, "staff": None, "chains": ("WXYZ",), "review": None}
    return LiveSignal(key="ab" * 32, signal=signal, **facts | given)  # type: ignore[arg-type]


def test_a_pattern_is_told_with_its_numbers_and_what_may_explain_it(lead: Reader) -> None:
    text = lead.get("/signals").text

    assert "Health centre: many people within half an hour on March 30, 2026, from 15:00" in text
    assert "9 of 9" in text
    assert re.search(r"about once in [\d,]+ such comparisons", text)
    assert text.index("What may explain it") < text.index("What you could do")
    assert "Friends or a family came together." in text


def test_what_is_set_aside_moves_below_with_its_note_and_back(lead: Reader) -> None:
    key = key_of(lead.get("/signals").text)

    assert lead.send(f"/signals/{key}/aside", {"note": "An open day"}).status_code == 303
    text = lead.get("/signals").text
    assert "Nothing stands out" in text
    assert "“An open day”" in text
    assert table(lead.get("/signals/patterns.csv").text)[0]["Set aside"] == "yes"

    assert lead.send(f"/signals/{key}/again").status_code == 303
    assert "Nothing stands out" not in lead.get("/signals").text


def test_without_a_note_nothing_is_set_aside(lead: Reader) -> None:
    key = key_of(lead.get("/signals").text)
    answer = lead.send(f"/signals/{key}/aside", {"note": " "})

    assert answer.status_code == 422
    assert "Please write a few words on what explains it." in answer.text
    assert "Nothing stands out" not in lead.get("/signals").text


def test_a_pattern_that_is_gone_is_said_to_be_gone(lead: Reader) -> None:
    for act in ("aside", "again"):
        answer = lead.send(f"/signals/{'0' * 64}/{act}", {"note": "So"})
        assert answer.status_code == 404
        assert "no longer there" in answer.text


def test_the_table_is_that_of_the_page(lead: Reader) -> None:
    (row,) = table(lead.get("/signals/patterns.csv").text)

    assert row["What was seen"].startswith("Health centre: many people")
    assert (row["Seen"], row["Out of"], row["Set aside"]) == ("9.0", "9", "no")
    assert float(row["Expected"]) < 3
    assert int(row["Chance alone: one such comparison in"]) > 100


@pytest.mark.parametrize("role", Role)
def test_only_programme_leads_see_patterns(
    database: Database, keyring: Keyring, place: Place, role: Role
) -> None:
    someone = reader(database, keyring, place.staff[role], now=OPEN_DAY)
    is_lead = Permission.SEE_SIGNALS in PERMISSIONS[role]

    assert is_lead == (role is Role.PROGRAMME_LEAD)
    for path in ("/signals", "/signals/patterns.csv"):
        assert someone.get(path).status_code == (200 if is_lead else 403)
    for act in ("aside", "again"):
        answer = someone.send(f"/signals/{'0' * 64}/{act}", {"note": "So"})
        assert answer.status_code == (404 if is_lead else 403)
    assert ("/signals" in someone.get("/help").text) == is_lead


def test_each_look_is_kept_in_the_record(database: Database, lead: Reader, place: Place) -> None:
    lead.get("/signals")
    lead.get("/signals/patterns.csv")

    with database.snapshot() as session:
        assert {"signals.viewed", "signals.exported"} <= set(acts(session, place.programme.id))


def test_a_programme_without_patterns_is_told_so(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        place = a_place(session)
    text = reader(database, keyring, place.lead).get("/signals").text

    assert "Nothing stands out" in text
    assert "patterns.csv" not in text


def test_a_lead_cannot_set_aside_what_is_about_their_own_work(
    database: Database, lead: Reader, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.snapshot() as session:
        staff = {each.id: each for each in staff_of(session, place.programme.id)}
    mine = live(
        Signal("staff_late", Subject(staff=0), 1e-5, 1e-3, 9, 2, 40, ("other_shifts",)),
        staff=staff[place.lead.staff_id],
        chains=(),
    )
    monkeypatch.setattr(
        page, "signals_of", lambda *_args, **_given: LiveSignals((mine,), (), 40, 0)
    )

    text = lead.get("/signals").text
    assert "This is about your own work." in text
    assert f"/signals/{mine.key}/aside" not in text
    assert lead.send(f"/signals/{mine.key}/aside", {"note": "So"}).status_code == 403


def test_every_kind_and_explanation_there_is_has_its_words() -> None:
    kinds, explanations = set(), set()
    for plant in PLANTED.values():
        records: Records = plant(honest(seed=4))[0]
        for found in (each for find in SIGNALS for each in find(records)):
            kinds.add(found.kind)
            explanations |= set(found.explanations)
    for measure in MEASURES:
        kinds.add(measure.kind)
        explanations |= set(measure.explanations)

    assert kinds == set(KINDS)
    assert explanations == set(EXPLANATIONS)
    assert all(KINDS[each.kind].fewer for each in MEASURES)


@pytest.mark.parametrize("language", sorted(languages()))
def test_no_word_accuses(language: str) -> None:
    gettext = translations(language).gettext
    words = [*EXPLANATIONS.values()]
    for each in KINDS.values():
        words += [each.title, each.fewer, each.counted, *each.advice]
    said = [gettext(word) for word in words if word]

    assert [text for text in said if HARSH.search(text)] == []


@pytest.mark.parametrize("language", sorted(languages()))
def test_the_page_accuses_nobody(lead: Reader, language: str) -> None:
    text = lead.get("/signals", headers={"Accept-Language": language}).text

    assert f'lang="{language}"' in text
    assert not HARSH.search(re.sub(r"<[^>]+>", " ", text))


@pytest.mark.parametrize(
    "kind", sorted(kind for kind, each in KINDS.items() if each.tells_of_people)
)
def test_a_count_that_tells_of_few_people_is_withheld_with_its_chance(kind: str) -> None:
    for observed in range(31):
        signal = Signal(kind, Subject(chains=(0,)), 1e-7, 1e-5, observed, 14, 30, ())
        line = line_of(live(signal), "en")
        is_small = min(observed, 30 - observed) < THRESHOLD
        assert (line.observed is None) == is_small
        assert (line.once_in is None) == is_small


def test_a_withheld_count_is_in_neither_page_nor_table(
    lead: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = live(Signal("strangers", Subject(chains=(0,)), 1e-5, 1e-3, 4, 0.4, 31, ("passed_on",)))
    monkeypatch.setattr(page, "signals_of", lambda *_args, **_given: LiveSignals((few,), (), 40, 0))

    text = lead.get("/signals").text
    (row,) = table(lead.get("/signals/patterns.csv").text)

    assert "&lt;5*" in text
    assert 'value="4"' not in text
    assert (row["Seen"], row["Chance alone: one such comparison in"]) == ("<5*", "")


def test_fewer_and_more_are_told_apart_and_scores_are_means() -> None:
    signal = Signal("staff_scores", Subject(staff=0), 1e-7, 1e-5, 300, 390, 60, ())
    fewer = line_of(live(signal), "en")
    more = line_of(live(replace(signal, observed=420)), "en")

    assert (fewer.observed, fewer.expected, fewer.of) == (5, 6.5, None)
    assert "fewer right answers" in fewer.title
    assert "more right answers" in more.title


def test_a_pattern_of_one_day_is_told_in_the_readers_language() -> None:
    start = datetime.fromisoformat("2026-03-30T15:00")
    signal = Signal("busy_day", Subject(site=0, start=start), 1e-7, 1e-5, 20, 6, 90, ())

    assert "30 березня 2026" in line_of(live(signal), "uk").title
