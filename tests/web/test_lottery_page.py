"""The page of draws: what is told before, who may draw, and how a reader repeats it."""

import re
import shutil
import subprocess
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.lottery.actions import give_tickets
from app.domain.programmes.rules import LOTTERY, Protocol
from app.domain.stipends.queries import Earner, books_of
from tests.factories import LATER, Place, a_bundle, a_finished_visit, a_place, a_seed
from tests.web.readers import Reader, reader

PATH = "/stipends/lottery"
AFTER = LATER + timedelta(days=7)


@pytest.fixture
def place(database: Database) -> Place:
    """Six recruiters with eight tickets each."""
    with database.transaction() as session:
        place = a_place(session, protocol=Protocol(stipends=LOTTERY))
        books, _ = books_of(session, place.programme.id, place.site.id, now=LATER)
        for _ in range(6):
            seed = a_seed(session, place)
            give_tickets(
                session,
                books,
                earner=Earner(seed, 0),
                recruit_id=a_seed(session, place),
                tickets=8,
                now=LATER,
            )
    return place


def drawn(reader: Reader) -> str:
    """The address of the draw that was waiting."""
    page = reader.get(PATH).text
    form = re.search(rf'action="({PATH}/[0-9a-f-]+/draw)"', page)
    draw_id = re.search(r'name="draw_id" value="([^"]+)"', page)
    assert form
    assert draw_id
    answer = reader.send(form[1], {"draw_id": draw_id[1]})
    assert answer.status_code == 303
    return answer.headers["location"]


def test_before_the_week_is_over_only_the_checksum_of_the_seed_is_told(
    database: Database, keyring: Keyring, place: Place
) -> None:
    page = reader(database, keyring, place.manager, now=LATER).get(PATH).text

    assert re.search(r'<code class="long">[0-9a-f]{64}</code>', page)
    assert "/draw" not in page
    assert not re.search(r"\b48\b", re.sub(r"<[^>]+>", " ", page))


def test_who_may_draw_draws_and_who_may_see_sees(
    database: Database, keyring: Keyring, place: Place
) -> None:
    lead = reader(database, keyring, place.lead, now=AFTER)
    assert "/draw" not in lead.get(PATH).text
    address = drawn(reader(database, keyring, place.manager, now=AFTER))
    page = lead.get(address)
    assert "Repeated just now, with the same result." in page.text
    assert "48 tickets were in the draw." in page.text
    assert address in lead.get(PATH).text
    intake = reader(database, keyring, place.intake, now=AFTER)
    assert intake.get(PATH).status_code == intake.get(address).status_code == 403
    with database.transaction() as session:
        other = a_place(session)
    assert reader(database, keyring, other.lead, now=AFTER).get(address).status_code == 404


def test_the_commands_on_the_page_repeat_the_draw(
    database: Database, keyring: Keyring, place: Place, tmp_path: Path
) -> None:
    if not shutil.which("sha256sum"):  # pragma: no cover
        pytest.fail("these tests need sha256sum, as the page's reader does")
    someone = reader(database, keyring, place.finance, now=AFTER)
    address = drawn(someone)
    page = someone.get(address).text.replace("&lt;", "<").replace("&#39;", "'")
    seed_command, order_command = re.findall(r"<pre><code>(.*?)</code></pre>", page, re.DOTALL)
    tickets = someone.get(f"{address}/tickets.txt")
    name = re.search('filename="(.+?)"', tickets.headers["content-disposition"])
    assert name
    (tmp_path / name[1]).write_bytes(tickets.content)

    def run(command: str) -> str:
        return subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout

    commitment, _, checksum = re.findall(r'<code class="long">([0-9a-f]{64})</code>', page)
    assert run(seed_command).split()[0] == commitment
    assert sha256(tickets.content).hexdigest() == checksum
    told = re.findall(r'<th scope="row"><code>([0-9a-f]{32})</code>', page)
    assert [line.split()[1] for line in run(order_command).splitlines()][: len(told)] == told


def test_a_recruiter_hears_how_many_tickets_wait_and_never_for_whom(
    database: Database, keyring: Keyring
) -> None:
    with database.transaction() as session:
        place = a_place(session, protocol=Protocol(stipends=LOTTERY))
        seed = a_seed(session, place)
        for card, correct in zip(a_bundle(session, place, seed).coupons, (5, 3), strict=False):
            a_finished_visit(session, place, card, recruiter_id=seed, correct=correct)
    desk = reader(database, keyring, place.intake, now=LATER)

    page = desk.get(f"/desk/visits/{seed}?step=stipend").text

    assert "8 tickets for the week" in page


def test_a_programme_without_a_draw_says_so(database: Database, keyring: Keyring) -> None:
    with database.transaction() as session:
        place = a_place(session)
    page = reader(database, keyring, place.finance).get(PATH).text
    assert "has no draw" in page
