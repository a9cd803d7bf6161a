"""The browser or the server is killed at any step: nothing is lost that the screen had confirmed, nothing counts twice."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Error, Playwright, sync_playwright
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.crypto import Keyring
from app.core.db import Base, Database
from app.domain.coupons.models import CouponBundle
from app.domain.deliveries.models import DeskEvent
from app.domain.intake.models import Redemption
from app.domain.intake.rules import Outcome
from app.domain.participants.models import Participant
from app.domain.participants.rules import Came, Standing
from app.domain.services.models import ServiceRecord
from app.domain.stipends.models import LedgerEntry
from app.domain.visits.models import BaselineInterview, KnowledgeTest
from tests.browser import FLAGS, executable
from tests.factories import a_bundle, a_place
from tests.journeys.desks import Desk, served_desk
from tests.journeys.offline import Device, enrolled, new_pad, unlocked
from tests.journeys.walking import (
    STEPS,
    begin_visit,
    enter_step,
    wait_for_step,
    wait_until_confirmed,
)
from tests.serving import free_port, serving

QUEUED = 60


@pytest.fixture
def playing() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@contextmanager
def browsing(playwright: Playwright, profile: Path, desk: Desk) -> Iterator[Device]:
    """A browser with a profile on the disk; gives its device once there is one."""
    context = playwright.chromium.launch_persistent_context(
        profile, executable_path=executable(), args=FLAGS, headless=True, locale="en-GB"
    )
    try:
        page = context.new_page()
        if not (profile / "is-enrolled").exists():
            page.close()
            device = enrolled(desk, context)
            (profile / "is-enrolled").touch()
        else:
            context.set_offline(True)
            page.goto(f"{desk.url}/desk")
            device = unlocked(desk, context, page)
        yield device
    finally:
        with suppress(Error):  # it may have been killed
            context.close()


def kill_browser(profile: Path) -> None:
    """End the browser of a profile as a flat battery does."""
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with suppress(OSError):
            command = (process / "cmdline").read_bytes().split(b"\0")
            is_its_main = not any(word.startswith(b"--type=") for word in command)
            if f"--user-data-dir={profile}".encode() in command and is_its_main:
                os.kill(int(process.name), signal.SIGKILL)


def test_a_browser_killed_after_every_step_goes_on_where_it_was(
    database_url: str, tmp_path: Path, playing: Playwright
) -> None:
    profile = tmp_path / "profile"
    profile.mkdir()
    with served_desk(database_url, tmp_path) as desk:
        world = desk.with_new_cards()
        pad = new_pad(desk)[0][1].text
        already = everyone(desk)
        with desk.database.snapshot() as session:
            bundles_before = count(session, CouponBundle)
        with browsing(playing, profile, desk) as device:
            device.cut_network()
            begin_visit(device, world.cards[0].token, f"olha {world.number}")
            kill_browser(profile)
        for step, following in zip(STEPS, (*STEPS[1:], "done"), strict=True):
            with browsing(playing, profile, desk) as device:
                wait_for_step(device, step)
                enter_step(device, step, pad)
                wait_until_confirmed(device, following)
                kill_browser(profile)
        with browsing(playing, profile, desk) as device:
            device.restore_network()
            device.wait_until_sent()

        (person,) = everyone(desk) - already
        with desk.database.snapshot() as session:
            someone = session.get_one(Participant, person)
            assert (someone.came, someone.standing) == (Came.RECRUIT, Standing.ENROLLED)
            for model in (Redemption, KnowledgeTest, BaselineInterview, ServiceRecord):
                assert count(session, model, model.participant_id == person) == 1, model
            assert count(session, CouponBundle) == bundles_before + 1


@pytest.mark.parametrize("moment", [0.05, 0.2, 0.6])
def test_a_server_killed_while_a_device_sends_counts_everything_once(
    database_url: str, tmp_path: Path, playing: Playwright, moment: float
) -> None:
    key_file, port, made = tmp_path / "master.key", free_port(), utc_now() - timedelta(days=5)
    profile = tmp_path / "profile"
    profile.mkdir()
    database = Database(database_url, Keyring.create(key_file))
    with database.transaction() as session:
        place = a_place(session, now=made)
        bundles = [a_bundle(session, place, now=made) for _ in range(QUEUED // 3)]
    with ExitStack() as stack:
        server = stack.enter_context(serving(database_url, key_file, port=port))
        desk = Desk(server.url, database, place)
        device = stack.enter_context(browsing(playing, profile, desk))
        device.cut_network()
        welcome(device, [coupon.token for bundle in bundles for coupon in bundle.coupons])
        device.restore_network()
        device.run("app.real.courier.nudge()")
        time.sleep(moment)
        server.kill()
        with serving(database_url, key_file, port=port):
            device.wait_until_sent(timeout=90_000)
    with database.snapshot() as session:
        accepted = Redemption.outcome == Outcome.ACCEPTED
        assert count(session, Redemption, accepted) == count(session, Redemption) == QUEUED
        assert count(session, Participant, Participant.came == Came.RECRUIT) == QUEUED
        assert count(session, DeskEvent) == QUEUED
        # for each of them what her recruiter may earn is held, once
        assert count(session, LedgerEntry) == QUEUED
    database.close()


def welcome(device: Device, tokens: Sequence[str]) -> None:
    """So many people come with their cards, one after another; nobody is asked for her own code."""
    device.run(
        """for (const token of given) {
            const card = await app.real.judge(token);
            await app.real.arrive({ ...card, serves: true }, { uic: "", lateReason: "", notTheSame: [] });
        }""",
        list(tokens),
    )


def everyone(desk: Desk) -> set[UUID]:
    with desk.database.snapshot() as session:
        return set(session.scalars(select(Participant.id)))


def count(session: Session, model: type[Base], *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0
