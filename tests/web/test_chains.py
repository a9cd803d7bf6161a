"""Each chain can be looked at, by its label and its numbers only, and every look is recorded."""

import csv
import io
import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import httpx
import networkx as nx
import pytest

from analysis.files import read_sample
from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.audit.queries import Entry, latest
from app.domain.participants.rules import Sex
from app.domain.staff.rules import PERMISSIONS, Permission, Role
from tests.factories import Place, a_place, a_site, client, key_for
from tests.forests import TODAY, Person, plant, simulated

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 10, tzinfo=UTC)
FILES = ("csv", "graphml", "svg", "png")


def looking_at(
    database: Database, keyring: Keyring, forest: list[Person], *, role: Role = Role.PROGRAMME_LEAD
) -> tuple[httpx.Client, Place]:
    with database.transaction() as session:
        place = a_place(session)
        more = [a_site(session, place.programme.id) for _ in range(2)]
        plant(session, place, forest, *more)
        key = key_for(session, place, role)
    return client(database, keyring, now=NOW, key=key), place


def a_family() -> list[Person]:
    """A seed, two recruits, one grandchild who still has coupons."""
    last = TODAY - timedelta(days=3)
    return [
        Person(sex=Sex.FEMALE, label="WXYZ"),
        Person(recruiter=0),
        Person(recruiter=0, sex=Sex.FEMALE),
        Person(recruiter=1, sex=Sex.UNKNOWN, came_on=last, live_coupons=2),
    ]


def acts(database: Database, place: Place, action: str) -> list[Entry]:
    with database.snapshot() as session:
        return [each for each in latest(session, place.programme.id) if each.action == action]


def rows(response: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"))))


def test_each_chain_is_listed_as_a_count_of_its_people_says(
    database: Database, keyring: Keyring
) -> None:
    forest = simulated(300)
    asked, _ = looking_at(database, keyring, forest)
    listed = {row["chain"]: row for row in rows(asked.get("/chains/all/chains.csv"))}
    sizes = Counter(person.seed for person in forest)
    assert len(listed) == len(sizes)
    for seed, size in sizes.items():
        chain = [person for person in forest if person.seed == seed]
        row = listed[forest[seed].label]
        last = max(person.came_on for person in chain)
        assert row["people"] == str(size)
        assert row["waves after the seed"] == str(max(person.wave for person in chain))
        assert row["week somebody last came"] == str(last - timedelta(days=last.weekday()))
        women = sum(1 for person in chain if person.sex is Sex.FEMALE)
        assert row["women"] in (str(women), "<5*")
        assert women >= 5 or row["women"] == "<5*"


@pytest.mark.parametrize(
    ("days", "live_coupons", "state"),
    [(13, 1, "growing"), (14, 1, "stalled"), (1, 0, "ended"), (60, 0, "ended")],
)
def test_a_chain_stalls_when_nobody_comes_though_coupons_are_live(
    database: Database, keyring: Keyring, days: int, live_coupons: int, state: str
) -> None:
    last = TODAY - timedelta(days=days)
    forest = [Person(), Person(recruiter=0, came_on=last, live_coupons=live_coupons)]
    asked, _ = looking_at(database, keyring, forest)
    (row,) = rows(asked.get("/chains/all/chains.csv"))
    assert (row["state"], row["live coupons"]) == (state, str(live_coupons))


def test_who_recruits_whom_is_what_a_count_of_the_pairs_says(
    database: Database, keyring: Keyring
) -> None:
    forest = simulated(300)
    pairs = Counter(
        (forest[person.recruiter].sex, person.sex)
        for person in forest
        if person.recruiter is not None
    )
    asked, _ = looking_at(database, keyring, forest)
    table = rows(asked.get("/chains/all/who-recruits-whom.csv"))
    for row, sex in zip(table, (Sex.FEMALE, Sex.MALE), strict=True):
        assert row["women"] == str(pairs[sex, Sex.FEMALE])
        assert row["men"] == str(pairs[sex, Sex.MALE])


def test_waves_and_recruits_are_counted_and_small_counts_withheld(
    database: Database, keyring: Keyring
) -> None:
    forest = simulated(300)
    asked, _ = looking_at(database, keyring, forest)
    brought = Counter(person.recruiter for person in forest if person.recruiter is not None)
    for name, truth in (
        ("waves", Counter(person.wave for person in forest)),
        ("recruits", Counter(brought[i] for i in range(len(forest)))),
    ):
        told = [row["people"] for row in rows(asked.get(f"/chains/all/{name}.csv"))]
        assert any(count != "<5*" for count in told)
        for number, count in enumerate(told):
            assert count in (str(truth[number]), "<5*")
            assert truth[number] >= 5 or count == "<5*"


def test_who_recruits_whom_waits_until_nobody_can_be_picked_out(
    database: Database, keyring: Keyring
) -> None:
    asked, _ = looking_at(database, keyring, a_family())
    assert "each of its four counts is five or more" in asked.get("/chains").text
    assert asked.get("/chains/all/who-recruits-whom.svg").status_code == 404


def test_a_chain_is_told_by_numbers_and_weeks_and_never_by_ids(
    database: Database, keyring: Keyring
) -> None:
    forest = a_family()
    asked, _ = looking_at(database, keyring, forest)
    told = [asked.get("/chains"), asked.get("/chains/WXYZ")]
    told += [asked.get(f"/chains/WXYZ/chain.{form}") for form in FILES]
    told += [asked.get(f"/chains/all/{name}") for name in ("forest.svg", "chains.csv")]
    for response in told:
        assert response.status_code == 200
        for person in forest:
            assert str(person.id).encode() not in response.content
            assert person.id.hex.encode() not in response.content
            assert person.came_on.weekday() == 0 or (
                person.came_on.isoformat().encode() not in response.content
            )


def test_table_and_graph_carry_the_numbers_of_the_picture(
    database: Database, keyring: Keyring
) -> None:
    asked, _ = looking_at(database, keyring, a_family())
    table = rows(asked.get("/chains/WXYZ/chain.csv"))
    assert [row["id"] for row in table] == ["1", "2", "3", "4"]
    assert table[0]["recruiter_id"] == ""
    assert Counter(row["sex"] for row in table) == {"female": 2, "male": 1, "": 1}
    graph = nx.parse_graphml(asked.get("/chains/WXYZ/chain.graphml").text)
    edges = {(row["recruiter_id"], row["id"]) for row in table if row["recruiter_id"]}
    assert set(graph.edges) == edges
    assert graph.nodes[table[3]["id"]]["live_coupons"] == 2
    page = asked.get("/chains/WXYZ").text
    for number in range(1, 5):
        assert f">{number}</text>" in page


def test_the_file_of_a_chain_is_one_that_the_analysis_reads(
    database: Database, keyring: Keyring
) -> None:
    asked, _ = looking_at(database, keyring, simulated(60))
    label = rows(asked.get("/chains/all/chains.csv"))[0]
    sample = read_sample(asked.get(f"/chains/{label['chain']}/chain.csv").content)
    assert len(sample) == int(label["people"])
    assert sample.forest.max_wave == int(label["waves after the seed"])


def test_opening_and_taking_away_are_kept_in_the_record(
    database: Database, keyring: Keyring
) -> None:
    asked, place = looking_at(database, keyring, a_family())
    asked.get("/chains")
    assert acts(database, place, "chain.viewed") == []
    asked.get("/chains/WXYZ")
    (viewed,) = acts(database, place, "chain.viewed")
    assert (viewed.subject, viewed.staff_id) == ("WXYZ", place.lead.staff_id)
    for form in FILES:
        asked.get(f"/chains/WXYZ/chain.{form}")
    asked.get("/chains/all/forest.svg")
    exported = acts(database, place, "chain.exported")
    assert Counter(each.subject for each in exported) == {"WXYZ": 4, "all": 1}
    assert {each.facts["form"] for each in exported} == {*FILES, "forest.svg"}


@pytest.mark.parametrize("path", ["/chains", "/chains/WXYZ", "/reach"])
def test_no_two_parts_of_a_page_have_one_name(
    database: Database, keyring: Keyring, path: str
) -> None:
    asked, _ = looking_at(database, keyring, [*a_family(), *simulated(60)])
    page = asked.get(path).text
    ids = re.findall(r'\bid="([^"]+)"', page)
    texts = dict(re.findall(r'<h\d id="([^"]+)"[^>]*>(.*?)</h\d>', page, re.DOTALL))
    labelled = re.findall(r'<section[^>]* aria-labelledby="([^"]+)"', page)
    names = re.findall(r'role="region" aria-label="([^"]+)"', page)

    assert names
    for found in (ids, [*names, *(texts[each] for each in labelled)]):
        assert [each for each, times in Counter(found).items() if times > 1] == []


def test_what_is_not_there_is_not_found_and_not_recorded(
    database: Database, keyring: Keyring
) -> None:
    asked, place = looking_at(database, keyring, a_family())
    for path in ("/chains/NOPE", "/chains/NOPE/chain.csv", "/chains/all/waves.png"):
        assert asked.get(path).status_code == 404
    assert acts(database, place, "chain.viewed") == acts(database, place, "chain.exported") == []


def test_a_chain_of_another_programme_is_not_found(database: Database, keyring: Keyring) -> None:
    looking_at(database, keyring, a_family())
    asked, _ = looking_at(database, keyring, [Person(label="MINE")])
    assert asked.get("/chains/WXYZ").status_code == 404
    assert asked.get("/chains/MINE").status_code == 200


def test_two_chains_of_one_label_can_both_be_opened(database: Database, keyring: Keyring) -> None:
    forest = [Person(label="SAME"), Person(label="SAME"), Person(recruiter=1)]
    asked, _ = looking_at(database, keyring, forest)
    sizes = {row["chain"]: row["people"] for row in rows(asked.get("/chains/all/chains.csv"))}
    assert sorted(sizes.values()) == ["1", "2"]
    for label in sizes:
        assert asked.get(f"/chains/{label}").status_code == 200


@pytest.mark.parametrize(
    "forest",
    [[], [Person()], [Person(sex=Sex.UNKNOWN) for _ in range(20)]],
    ids=["nobody", "one person", "no sex known"],
)
@pytest.mark.parametrize("language", ["en", "uk"])
def test_a_programme_that_has_hardly_begun_is_told_kindly(
    database: Database, keyring: Keyring, forest: list[Person], language: str
) -> None:
    asked, _ = looking_at(database, keyring, forest)
    asked.headers["Accept-Language"] = language
    page = asked.get("/chains")
    assert page.status_code == 200
    assert bool(forest) or {"en": "No chain has begun yet", "uk": "ще не почався"}[language] in (
        page.text
    )
    assert asked.get("/chains/all/forest.svg").status_code == 200
    for row in rows(asked.get("/chains/all/chains.csv")):
        assert asked.get(f"/chains/{next(iter(row.values()))}").status_code == 200


@pytest.mark.parametrize("role", list(Role))
def test_only_programme_leads_see_chains(database: Database, keyring: Keyring, role: Role) -> None:
    asked, place = looking_at(database, keyring, a_family(), role=role)
    expected = 200 if Permission.SEE_CHAINS in PERMISSIONS[role] else 403
    for path in (
        "/chains",
        "/chains/WXYZ",
        "/chains/WXYZ/chain.graphml",
        "/chains/all/chains.csv",
        "/chains/all/narrow-forest.svg",
        "/api/v1/chains",
        "/api/v1/chains/summary",
    ):
        assert asked.get(path).status_code == expected, path
    assert len(acts(database, place, "chain.viewed")) == (expected == 200)


def test_a_name_made_to_look_like_a_formula_stays_text_in_a_spreadsheet(
    database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        place = a_place(session)
        site = a_site(session, place.programme.id, name={"en": "=1+1", "uk": "=1+1"})
        plant(session, place.at(site), [Person()])
        key = key_for(session, place, Role.PROGRAMME_LEAD)
    (row,) = rows(client(database, keyring, now=NOW, key=key).get("/chains/all/chains.csv"))
    assert row["site of the seed"] == "'=1+1"


def test_a_very_large_chain_is_drawn_as_rings(database: Database, keyring: Keyring) -> None:
    forest = [Person(label="LONG"), *(Person(recruiter=i // 3) for i in range(420))]
    asked, _ = looking_at(database, keyring, forest)
    assert asked.get("/chains/LONG").status_code == 200
    assert json.loads(asked.get("/api/v1/chains").text)["chains"][0]["size"] == 421
