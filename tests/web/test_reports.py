"""The report of a programme: asked for on a page, made in the background, told as the pages tell."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import UUID

import httpx
import pypdfium2  # type: ignore[import-untyped]
import pytest
from babel.dates import format_date

from app.computations.estimates import compute_estimate
from app.computations.forecasts import compute_forecast
from app.computations.report import compute_report
from app.core.crypto import Keyring
from app.core.db import Database
from app.core.i18n import languages
from app.domain.analyses.queries import RunFacts, runs_of
from app.domain.analyses.rules import AnalysisKind, RunState
from app.domain.participants.rules import Sex
from app.domain.programmes.queries import current_protocol
from app.domain.staff.rules import PERMISSIONS, Permission, Role
from app.web.figures import forecasts
from app.web.figures.estimates import Question, told_of
from app.worker import compute
from tests.factories import Place, a_place, a_site, client, key_for
from tests.forests import TODAY, Person, hand_in, plant, simulated

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 10, tzinfo=UTC)


def go_on(_share: float) -> bool:
    return True


def a_programme_of(database: Database, forest: list[Person]) -> Place:
    with database.transaction() as session:
        place = a_place(session)
        plant(session, place, forest, *(a_site(session, place.programme.id) for _ in range(2)))
    return place


def a_recruiting_programme(database: Database) -> Place:
    """Two hundred people, each with three coupons, some of which came back."""
    forest = simulated(200, seed=3)
    for person in forest:
        person.site, person.live_coupons = 0, 3
        person.usable_until = person.came_on + timedelta(days=30)
    with database.transaction() as session:
        place = a_place(session, target=260)
        plant(session, place, forest)
        hand_in(session, place, forest)
    return place


def reader(
    database: Database, keyring: Keyring, place: Place, role: Role = Role.PROGRAMME_LEAD
) -> httpx.Client:
    with database.transaction() as session:
        key = key_for(session, place, role)
    return client(database, keyring, now=NOW, key=key)


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(BytesIO(pdf).getvalue())
    pages = [page.get_textpage().get_text_range() for page in document]
    document.close()
    return " ".join(" ".join(pages).split())


def report_of(database: Database, place: Place, language: str = "en") -> str:
    result = compute_report(database, place.programme.id, {"language": language}, go_on, NOW)
    assert result
    return text_of(result.content)


def runs(database: Database, place: Place) -> list[RunFacts]:
    with database.snapshot() as session:
        return runs_of(session, place.programme.id, kind=AnalysisKind.REPORT)


def test_a_report_is_asked_for_made_and_taken_away(database: Database, keyring: Keyring) -> None:
    place = a_programme_of(database, simulated(80))
    lead = reader(database, keyring, place)
    assert "No report yet" in lead.get("/reports").text
    assert lead.post("/reports", data={"language": "uk"}).status_code == 303
    assert "waiting its turn" in lead.get("/reports").text
    assert compute(database, lambda: NOW) == 1
    (run,) = runs(database, place)
    assert run.state is RunState.DONE
    assert f"/reports/{run.id}.pdf" in lead.get("/reports").text
    taken = lead.get(f"/reports/{run.id}.pdf")
    assert taken.headers["content-type"] == "application/pdf"
    name = f"report-{place.programme.code}-{TODAY}-uk.pdf"
    assert name in taken.headers["content-disposition"]
    assert "Кого охоплено" in text_of(taken.content)


def test_the_list_asks_for_itself_only_while_a_report_is_made(
    database: Database, keyring: Keyring
) -> None:
    lead = reader(database, keyring, a_programme_of(database, simulated(40)))
    lead.post("/reports", data={"language": "en"})
    assert 'hx-get="/reports/list"' in lead.get("/reports/list").text
    compute(database, lambda: NOW)
    page = lead.get("/reports/list").text
    assert "hx-get" not in page
    assert "<html" not in page


def test_a_report_that_is_not_wanted_any_more_is_stopped(
    database: Database, keyring: Keyring
) -> None:
    place = a_programme_of(database, simulated(40))
    lead = reader(database, keyring, place)
    lead.post("/reports", data={"language": "en"})
    (run,) = runs(database, place)
    assert lead.get(f"/reports/{run.id}.pdf").status_code == 404
    assert lead.post(f"/reports/{run.id}/stop").status_code == 303
    assert "stopped" in lead.get("/reports").text
    assert compute(database, lambda: NOW) == 0


@pytest.mark.parametrize("role", list(Role))
def test_only_those_who_see_chains_see_reports(
    database: Database, keyring: Keyring, role: Role
) -> None:
    place = a_programme_of(database, [])
    answer = reader(database, keyring, place, role).get("/reports")
    assert (answer.status_code == 200) == (Permission.SEE_CHAINS in PERMISSIONS[role])


def test_nobody_takes_away_a_report_of_another_programme(
    database: Database, keyring: Keyring
) -> None:
    ours, theirs = (a_programme_of(database, simulated(30)) for _ in range(2))
    reader(database, keyring, theirs).post("/reports", data={"language": "en"})
    compute(database, lambda: NOW)
    (run,) = runs(database, theirs)
    lead = reader(database, keyring, ours)
    assert lead.get(f"/reports/{run.id}.pdf").status_code == 404
    assert lead.post(f"/reports/{run.id}/stop").status_code == 404


def test_the_report_tells_what_the_pages_tell(database: Database, keyring: Keyring) -> None:
    forest = simulated(240)
    report = report_of(database, a_programme_of(database, forest))
    women = sum(1 for person in forest if person.sex is Sex.FEMALE)
    known = sum(1 for person in forest if person.sex is not Sex.UNKNOWN)
    assert (
        f"People reached 240 seeds among them: {sum(p.recruiter is None for p in forest)}" in report
    )
    assert f"Women {women}" in report
    assert f"Share of women {100 * women / known:.1f} %" in report
    assert "not an estimate of the population" in report


@pytest.mark.parametrize("language", languages())
def test_a_report_has_every_section_in_every_language(database: Database, language: str) -> None:
    report = report_of(database, a_recruiting_programme(database), language)
    words = {
        "en": (
            "Who was reached",
            "Recruitment chains",
            "Who recruits whom",
            "What the figures mean",
        ),
        "uk": (
            "Кого охоплено",
            "Ланцюжки запрошень",
            "Хто кого запрошує",
            "Що означають числа",
            "Частка жінок: дотепер і надалі",
            "Скількох приводить кожна людина",
        ),
    }[language]
    for each in words:
        assert report.count(each) >= 2  # in the contents, and where it is


def test_small_counts_are_withheld_on_paper_too(database: Database) -> None:
    women = [Person(sex=Sex.FEMALE) for _ in range(3)]
    report = report_of(database, a_programme_of(database, [*women, *(Person() for _ in range(40))]))
    assert "Women <5*" in report
    assert "Share of women –" in report
    assert "women 3" not in report


def test_estimates_are_told_with_their_intervals_and_how_these_were_made(
    database: Database,
) -> None:
    place = a_programme_of(database, simulated(150))
    report = report_of(database, place)
    asked = Question().parameters("rds_ii")
    made = told_of(compute_estimate(database, place.programme.id, asked, go_on, NOW))
    low, high = (100 * made["interval"][bound][0] for bound in ("low", "high"))
    share = 100 * made["share"][0]
    assert f"{share:.1f} % {low:.1f} % – {high:.1f} %" in report
    assert "1,000" in report
    assert "The size of the population was not given." in report


def test_what_speaks_against_the_assumptions_is_said(database: Database) -> None:
    report = report_of(database, a_programme_of(database, simulated(90)))
    assert "What to bear in mind" in report
    assert "People so far: 90." in report


def test_with_too_few_people_nothing_is_estimated(database: Database) -> None:
    women = [Person(sex=Sex.FEMALE) for _ in range(4)]
    report = report_of(database, a_programme_of(database, [*women, *(Person() for _ in range(40))]))
    assert "Estimates begin with five women and five others" in report
    assert "way of estimating" not in report


def test_the_way_from_coupon_to_recruiter_is_told(database: Database) -> None:
    women = [Person(sex=Sex.FEMALE, live_coupons=3) for _ in range(6)]
    men = [Person(live_coupons=2) for _ in range(7)]
    report = report_of(database, a_programme_of(database, [*women, *men]))
    assert "From coupon to recruiter" in report
    assert "coupons given out 18 14" in report
    assert "coupons redeemed <5* <5*" in report


def test_the_forecast_is_told_with_its_intervals(database: Database) -> None:
    place = a_recruiting_programme(database)
    report = report_of(database, place)
    asked = forecasts.Question()
    found = compute_forecast(database, place.programme.id, asked.parameters, go_on, NOW)
    assert found
    future = forecasts.outlook_of(told_of(found)).future
    low, middle, high = (
        f"{round(each):,}"
        for each in (
            future.people_at_end.low,
            future.people_at_end.median,
            future.people_at_end.high,
        )
        if each is not None
    )
    day = format_date(TODAY + timedelta(weeks=asked.weeks), "long", locale="en")
    assert f"People reached on {day} {middle} in 9 of 10 futures from {low} to {high}" in report


def test_without_coupons_no_way_is_told(database: Database) -> None:
    assert "No coupon has been given out yet" in report_of(database, a_programme_of(database, []))


def test_a_report_names_nobody(database: Database) -> None:
    forest = simulated(120)
    report = report_of(database, a_programme_of(database, forest))
    for person in forest:
        assert str(person.id) not in report
        assert person.id.hex not in report


def test_small_chains_are_not_told_one_by_one(database: Database) -> None:
    forest = [Person(label="ABCD"), *(Person(recruiter=0) for _ in range(9)), Person(label="EFGH")]
    report = report_of(database, a_programme_of(database, forest))
    assert "ABCD" in report
    assert "EFGH" not in report
    assert "Smaller chains that are not in the table: 1" in report


def test_a_programme_that_nobody_came_to_has_a_report(database: Database) -> None:
    report = report_of(database, a_programme_of(database, []))
    assert "People reached 0" in report
    assert "No chain has begun yet" in report


def test_the_rules_in_force_are_told(database: Database) -> None:
    place = a_programme_of(database, [])
    with database.snapshot() as session:
        rules = current_protocol(session, place.programme.id).rules
    report = report_of(database, place)
    assert f"Days on which a coupon can be used {rules.validity_days}" in report


@pytest.mark.parametrize("stop_at", [0.01, 0.3, 0.7, 0.88])
def test_a_report_that_is_to_stop_is_not_made(database: Database, stop_at: float) -> None:
    place = a_programme_of(database, simulated(30))

    def until(share: float) -> bool:
        return share < stop_at

    parameters: dict[str, str] = {"language": "en"}
    programme: UUID = place.programme.id
    be_told: Callable[[float], bool] = until
    assert compute_report(database, programme, parameters, be_told, NOW) is None


def test_the_same_figures_give_the_same_report(database: Database) -> None:
    place = a_programme_of(database, simulated(60))
    first, second = (
        compute_report(database, place.programme.id, {"language": "uk"}, go_on, NOW)
        for _ in range(2)
    )
    assert first == second
