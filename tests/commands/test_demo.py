"""The demonstration: filled by real actions, told in one file, kept, and never mixed with anything else."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select, text

from app.cli import main
from app.core import schema
from app.core.claim_names import ClaimCode
from app.core.clock import utc_now
from app.core.codes import Code
from app.core.crypto import Keyring
from app.core.db import Database
from app.demo.credentials import FILE, Credentials
from app.demo.filling import fill
from app.demo.usable import usable_coupons
from app.domain.chains.queries import live_coupons, load_sample
from app.domain.chains.rules import ChainState
from app.domain.channels.queries import sending_channels
from app.domain.claims.actions import try_card
from app.domain.conflicts.queries import decided_conflicts, open_conflicts
from app.domain.coupons.models import Coupon
from app.domain.coupons.rules import CouponStatus
from app.domain.intake.actions import redeem
from app.domain.intake.models import RefusedScan
from app.domain.intake.rules import Scan
from app.domain.participants.models import Participant
from app.domain.participants.rules import Came, Sex, Standing
from app.domain.programmes import queries as programmes
from app.domain.programmes.rules import Protocol
from app.domain.staff.actions import check_password
from app.domain.staff.queries import by_api_key
from app.domain.staff.rules import Role
from app.domain.stipends.queries import owed_to, unclaimed
from app.gateways.registry import ADAPTERS
from app.web.figures.chains import chains_of
from tests.factories import client
from tests.serving import free_port

PEOPLE = 60
LOG_INS = {
    "intake": Role.INTAKE,
    "coupon_manager": Role.COUPON_MANAGER,
    "lead": Role.PROGRAMME_LEAD,
    "finance": Role.FINANCE,
    "finance2": Role.FINANCE,
    "admin": Role.ADMINISTRATOR,
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demonstration that nothing changes."""
    folder = tmp_path_factory.mktemp("filled") / "demo"
    assert main(["demo", "--data", str(folder), "--participants", str(PEOPLE), "--no-serve"]) == 0
    return folder


@pytest.fixture
def demo(filled: Path, tmp_path: Path) -> Path:
    """One of the test's own."""
    return Path(shutil.copytree(filled, tmp_path / "demo"))


@contextmanager
def database_in(folder: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{folder}/pdi.sqlite3", Keyring.load(folder / "master.key"))
    try:
        yield database
    finally:
        database.close()


def told(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / FILE).read_text()))


def test_what_was_filled_holds_in_every_way(filled: Path) -> None:
    assert main(["verify", "--data", str(filled)]) == 0


def test_the_credentials_have_the_shape_that_scripts_rely_on(filled: Path) -> None:
    credentials = told(filled)
    lists = {"gateways", "programme", "sites", "usable_coupons", "claim_cards"}
    assert set(credentials) == {*LOG_INS, *lists}
    for name in LOG_INS:
        assert set(credentials[name]) == {"username", "password", "api_key"}
    assert {each["slug"] for each in credentials["gateways"]} == {*ADAPTERS} - {"generic"}
    for gateway in credentials["gateways"]:
        assert set(gateway) == {"slug", "channel_id", "secret", "path", "options"}
        parts = (gateway["slug"], gateway["channel_id"], gateway["secret"])
        assert gateway["path"] == "/gw/{}/{}/{}".format(*parts)
    assert len(credentials["sites"]) == 3
    assert len(set(credentials["usable_coupons"])) == 20


def test_a_telephone_can_check_a_card_in_the_demonstration(demo: Path) -> None:
    credentials = told(demo)
    (at,) = [each for each in credentials["gateways"] if each["slug"] == "africastalking"]
    caller = {"sessionId": "one", "serviceCode": "*384#", "phoneNumber": "+380501234567"}
    with database_in(demo) as database:
        keyring = Keyring.load(demo / "master.key")
        provider = client(database, keyring, now=utc_now)
        shown = [
            provider.post(f"{at['path']}/ussd", data=caller | {"text": text}).text
            for text in ("", "1", f"1*{credentials['usable_coupons'][0]}")
        ]
    assert [screen.split()[0] for screen in shown] == ["CON", "CON", "END"]
    assert "diisna do" in shown[-1]


def test_nothing_but_the_console_of_the_demonstration_sends(demo: Path) -> None:
    with database_in(demo) as database, database.snapshot() as session:
        (programme,) = programmes.programmes(session)
        sending = sending_channels(session, programme.id)
    assert [each.slug for each in sending] == ["console"]


def test_only_the_owner_reads_the_credentials_and_the_key(filled: Path) -> None:
    for name in (FILE, "master.key"):
        assert stat.S_IMODE((filled / name).stat().st_mode) == 0o600


def test_every_log_in_works_by_password_and_by_key(demo: Path) -> None:
    credentials = told(demo)
    with database_in(demo) as database, database.transaction() as session:
        for name, role in LOG_INS.items():
            log_in = credentials[name]
            assert check_password(session, log_in["username"], log_in["password"]).role is role
            assert by_api_key(session, log_in["api_key"]).role is role


def test_every_usable_coupon_can_be_redeemed_at_once(demo: Path) -> None:
    credentials = told(demo)
    with database_in(demo) as database, database.transaction() as session:
        intake = by_api_key(session, credentials["intake"]["api_key"])
        for code in credentials["usable_coupons"]:
            scan = Scan(uuid4(), Code(code), credentials["sites"][0], "test", utc_now())
            redeem(session, scan, by=intake, now=utc_now())


def test_every_claim_card_collects_something(demo: Path) -> None:
    credentials = told(demo)
    assert credentials["claim_cards"]
    with database_in(demo) as database, database.transaction() as session:
        intake = by_api_key(session, credentials["intake"]["api_key"])
        assert intake.site_id
        for card in credentials["claim_cards"]:
            name = ClaimCode(card["code"])
            person = try_card(
                session, name, card["pin"], site_id=intake.site_id, by=intake, now=utc_now()
            )
            assert isinstance(person, UUID)
            assert owed_to(session, person)


def test_it_is_worth_a_look(filled: Path) -> None:
    with database_in(filled) as database, database.snapshot() as session:
        (programme,) = programmes.programmes(session)
        people = session.scalars(select(Participant)).all()
        assert PEOPLE <= len(people) <= PEOPLE + 7  # seeds whose coupons were needed to try
        assert {person.came for person in people} == set(Came)
        assert {Sex.FEMALE, Sex.MALE} <= {person.sex for person in people}
        assert {person.site_id for person in people} == {
            site.id for site in programmes.sites(session, programme.id)
        }
        statuses = set(session.scalars(select(Coupon.status).distinct()))
        assert {CouponStatus.ISSUED, CouponStatus.REDEEMED, CouponStatus.LOST} <= statuses
        assert session.scalar(select(func.count()).select_from(RefusedScan))
        assert len(open_conflicts(session, programme.id)) == 1
        assert len(decided_conflicts(session, programme.id)) == 1
        assert unclaimed(session, programme.id)
        today = max(p.came_on for p in people)
        found = chains_of(
            load_sample(session, programme.id, today=today),
            live_coupons(session, programme.id, today=today),
            today=today,
            stalled_after_days=Protocol().stalled_after_days,
        )
        assert found.of_state(ChainState.STALLED)
        span = max(p.came_on for p in people) - min(p.came_on for p in people)
        assert span > timedelta(days=170)
        assert Standing.ARRIVED in {person.standing for person in people if person.came_on == today}


def test_the_same_story_is_told_every_time(tmp_path: Path) -> None:
    now, tellings = datetime(2026, 3, 4, 13, 30, tzinfo=UTC), []
    for name in ("one", "two"):
        url, key_file = f"sqlite:///{tmp_path}/{name}.sqlite3", tmp_path / f"{name}.key"
        schema.upgrade(url)
        database = Database(url, Keyring.create(key_file))
        fill(database, participants=30, now=now, tell=lambda _came, _people: None)
        with database.snapshot() as session:
            columns = (Participant.came_on, Participant.sex, Participant.age, Participant.wave)
            tellings.append(sorted(session.execute(select(*columns)), key=repr))
        database.close()
    assert tellings[0] == tellings[1]


def test_a_second_start_keeps_everything(demo: Path) -> None:
    before = told(demo)
    with database_in(demo) as database, database.transaction() as session:
        session.execute(text("UPDATE programme SET name = 'mine now'"))
    assert main(["demo", "--data", str(demo), "--participants", "90", "--no-serve"]) == 0
    assert told(demo) == before
    with database_in(demo) as database, database.snapshot() as session:
        assert programmes.programmes(session)[0].name == "mine now"


def test_coupons_that_were_used_are_replaced_at_the_next_start(demo: Path) -> None:
    credentials = told(demo)
    used = credentials["usable_coupons"][:5]
    with database_in(demo) as database, database.transaction() as session:
        intake = by_api_key(session, credentials["intake"]["api_key"])
        for code in used:
            scan = Scan(uuid4(), Code(code), credentials["sites"][0], "test", utc_now())
            redeem(session, scan, by=intake, now=utc_now())
    assert main(["demo", "--data", str(demo), "--no-serve"]) == 0
    codes = told(demo)["usable_coupons"]
    assert len(codes) == 20
    assert not set(codes) & set(used)
    assert set(codes) > set(credentials["usable_coupons"]) - set(used)


def test_a_demonstration_of_last_year_has_coupons_to_try(demo: Path) -> None:
    credentials = Credentials.read(demo)
    next_year = utc_now() + timedelta(days=365)
    with database_in(demo) as database, database.transaction() as session:
        codes = usable_coupons(
            session,
            credentials.programme,
            known=credentials.usable_coupons,
            manager_key=credentials.log_ins["coupon_manager"].api_key,
            now=next_year,
        )
        assert len(codes) == 20
        intake = by_api_key(session, credentials.log_ins["intake"].api_key)
        for code in codes:
            scan = Scan(uuid4(), Code(code), credentials.sites[0], "test", next_year)
            redeem(session, scan, by=intake, now=next_year)


def test_a_folder_with_anything_else_is_refused_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("chapter 1")
    assert main(["demo", "--data", str(tmp_path), "--no-serve"]) == 1
    assert "thesis.txt" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_real_installation_is_refused(tmp_path: Path) -> None:
    assert main(["migrate", "--data", str(tmp_path)]) == 0
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert main(["demo", "--data", str(tmp_path), "--no-serve"]) == 1
    assert before == {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}


def test_an_interrupted_filling_is_no_demonstration_and_begins_anew(tmp_path: Path) -> None:
    folder, people = tmp_path / "demo", "--participants=400"
    command = [sys.executable, "-m", "app.cli", "demo", "--data", str(folder), people, "--no-serve"]
    filling = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(folder.glob("*/pdi.sqlite3")) and time.monotonic() < deadline:
        time.sleep(0.05)
    filling.kill()
    filling.wait()
    assert not (folder / FILE).exists()
    assert main(["demo", "--data", str(folder), "--participants", "30", "--no-serve"]) == 0
    assert sorted(path.name for path in folder.iterdir()) == [FILE, "master.key", "pdi.sqlite3"]


def test_the_database_that_the_environment_names_is_never_touched(
    demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "real.sqlite3"
    monkeypatch.setenv("PDI_DATABASE_URL", f"sqlite:///{other}")
    monkeypatch.setenv("PDI_KEY_FILE", str(tmp_path / "real.key"))
    assert main(["demo", "--data", str(demo), "--no-serve"]) == 0
    assert not other.exists()


@pytest.mark.parametrize("people", ["0", "29", "20001", "many"])
def test_a_number_of_people_that_makes_no_story_is_refused(people: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["demo", "--data", str(tmp_path / "demo"), "--participants", people])
    assert stopped.value.code == 2
    assert not (tmp_path / "demo").exists()


def test_it_serves_where_it_said(demo: Path) -> None:
    port = free_port()
    serving = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "demo", "--data", str(demo), "--port", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert serving.stdout is not None
        assert f"http://127.0.0.1:{port}/login" in serving.stdout.readline()
        deadline = time.monotonic() + 30
        while True:
            try:
                answer = httpx.get(f"http://127.0.0.1:{port}/login", timeout=5)
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert answer.status_code == 200
        assert "WWW-Authenticate" not in answer.headers
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.communicate(timeout=20)
