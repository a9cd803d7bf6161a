"""What the dots of the forest tell apart, which chains are listed, and how chains differ in size."""

import csv
import io
import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.audit.queries import latest
from app.domain.participants.rules import Sex
from app.domain.staff.rules import Role
from app.web.figures.forest_pictures import COLOURS, Colour
from tests.factories import Place, a_place, a_site, client, key_for
from tests.forests import TODAY, Person, plant, simulated

NOW = datetime(TODAY.year, TODAY.month, TODAY.day, 10, tzinfo=UTC)


def looking_at(
    database: Database, keyring: Keyring, forest: list[Person]
) -> tuple[httpx.Client, Place]:
    with database.transaction() as session:
        place = a_place(session)
        plant(session, place, forest, *(a_site(session, place.programme.id) for _ in range(2)))
        key = key_for(session, place, Role.PROGRAMME_LEAD)
    return client(database, keyring, now=NOW, key=key), place


def by_colour(svg: str) -> list[int]:
    """How many dots there are of each colour; a dot is a line of no length."""
    found: Counter[str] = Counter()
    for path, colour in re.findall(r'<path d="([^"]*h0[^"]*)" stroke="(#\w+)"', svg):
        found[colour] += path.count("h0")
    return sorted(found.values())


def rows(response: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"))))


def chains_in_every_state() -> list[Person]:
    """Two stalled chains, the second of which has waited longer; a growing one, and one that ended."""

    def came(days: int) -> Person:
        return Person(came_on=TODAY - timedelta(days=days), live_coupons=2)

    late, long, growing, ended = came(20), came(30), came(2), Person()
    for person, label in ((late, "LATE"), (long, "LONG"), (growing, "GROW"), (ended, "DONE")):
        person.label = label
    return [late, long, growing, ended]


def test_dots_are_coloured_by_sex_by_wave_or_by_who_holds_live_coupons(
    database: Database, keyring: Keyring
) -> None:
    forest = simulated(120)
    holder = forest[-1]
    holder.live_coupons = 2
    asked, _ = looking_at(database, keyring, forest)
    in_her_chain = sum(1 for person in forest if person.seed == holder.seed)
    deepest = max(person.wave for person in forest)
    length = max(1, -(-deepest // 4))
    stretches = Counter(-(-person.wave // length) for person in forest)
    known = Counter(person.sex for person in forest if person.sex is not Sex.UNKNOWN)

    drawn = {
        colour: by_colour(asked.get(f"/chains/all/forest.svg?colour={colour.value}").text)
        for colour in Colour
    }

    assert drawn[Colour.SEX] == sorted(known.values())
    assert drawn[Colour.WAVE] == sorted(stretches.values())
    assert drawn[Colour.ACTIVITY] == sorted([1, in_her_chain - 1, 120 - in_her_chain])


@pytest.mark.parametrize("colour", list(Colour))
def test_the_address_remembers_the_colour_and_the_state(
    database: Database, keyring: Keyring, colour: Colour
) -> None:
    asked, _ = looking_at(database, keyring, chains_in_every_state())
    page = asked.get("/chains", params={"colour": colour.value, "state": "stalled"}).text
    current = re.findall(r'<a href="[^"]*" aria-current="true">([^<]+)</a>', page)
    assert current == [COLOURS[colour], "Stalled (2)"]
    for other in Colour:
        choice = "" if other is Colour.SEX else f"colour={other.value}&amp;"
        assert f'href="/chains?{choice}state=stalled#forest"' in page
    assert f'src="/chains/all/narrow-forest.svg?colour={colour.value}"' in page


@pytest.mark.parametrize("colour", list(Colour))
@pytest.mark.parametrize("language", ["en", "uk"])
def test_the_picture_on_a_phone_and_the_file_are_those_of_the_page(
    database: Database, keyring: Keyring, colour: Colour, language: str
) -> None:
    asked, _ = looking_at(database, keyring, simulated(60))
    asked.headers["Accept-Language"] = language
    names = {
        text
        for name in ("forest", "narrow-forest")
        for text in re.findall(
            r"<text[^>]*>([^<]+)</text>",
            asked.get(f"/chains/all/{name}.svg?colour={colour.value}").text,
        )
    }
    page = asked.get(f"/chains?colour={colour.value}").text
    assert names
    assert all(f">{name}</text>" in page for name in names)


def test_each_coloured_picture_is_a_file_of_its_own_and_is_recorded(
    database: Database, keyring: Keyring
) -> None:
    asked, place = looking_at(database, keyring, simulated(60))
    names = set()
    for colour in Colour:
        for form in ("svg", "png"):
            response = asked.get(f"/chains/all/forest.{form}?colour={colour.value}")
            assert response.status_code == 200
            names.add(response.headers["content-disposition"])
    assert len(names) == 6
    with database.snapshot() as session:
        acts = [each.action for each in latest(session, place.programme.id)]
    assert acts.count("chain.exported") == 6


def test_an_unknown_colour_or_state_is_refused(database: Database, keyring: Keyring) -> None:
    asked, _ = looking_at(database, keyring, simulated(10))
    assert asked.get("/chains?colour=shoes").status_code == 422
    assert asked.get("/chains/all/chains.csv?state=shoes").status_code == 422


def test_stalled_chains_are_counted_and_those_that_waited_longest_come_first(
    database: Database, keyring: Keyring
) -> None:
    asked, _ = looking_at(database, keyring, chains_in_every_state())
    page = asked.get("/chains").text
    assert '<a href="/chains?state=stalled#list">2</a>' in page
    listed = page.partition('id="stalled"')[2].partition("</section>")[0]
    assert re.findall(r'href="/chains/(\w+)"', listed) == ["LONG", "LATE"]


def test_without_a_stalled_chain_nothing_is_made_of_it(
    database: Database, keyring: Keyring
) -> None:
    asked, _ = looking_at(database, keyring, [Person()])
    assert 'id="stalled"' not in asked.get("/chains").text
    assert "No chain is in this state now." in asked.get("/chains?state=stalled").text


@pytest.mark.parametrize(
    ("state", "labels"),
    [("growing", {"GROW"}), ("stalled", {"LATE", "LONG"}), ("ended", {"DONE"})],
)
def test_chains_are_listed_by_their_state(
    database: Database, keyring: Keyring, state: str, labels: set[str]
) -> None:
    asked, _ = looking_at(database, keyring, chains_in_every_state())
    listed = asked.get(f"/chains?state={state}").text.partition('id="list"')[2]
    assert set(re.findall(r'href="/chains/([A-Z]{4})"', listed)) == labels
    assert {row["chain"] for row in rows(asked.get(f"/chains/all/chains.csv?state={state}"))} == (
        labels
    )


def test_chains_of_every_size_add_up_to_everyone(database: Database, keyring: Keyring) -> None:
    forest = simulated(200)
    asked, _ = looking_at(database, keyring, forest)
    sizes = Counter(person.seed for person in forest)
    table = rows(asked.get("/chains/all/sizes.csv"))
    for row in table:
        low, high = int(row["people in a chain, from"]), int(row["to"])
        within = [size for size in sizes.values() if low <= size <= high]
        assert (int(row["chains"]), int(row["people in all"])) == (len(within), sum(within))
    assert sum(int(row["people in all"]) for row in table) == 200
    assert asked.get("/chains/all/sizes.svg").text.count("chains: ") == len(table)
    assert asked.get("/chains/all/sizes.png").content.startswith(b"\x89PNG")


def test_before_the_first_chain_there_is_no_picture_of_sizes(
    database: Database, keyring: Keyring
) -> None:
    asked, _ = looking_at(database, keyring, [])
    assert asked.get("/chains/all/sizes.svg").status_code == 404
    assert rows(asked.get("/chains/all/sizes.csv")) == []
