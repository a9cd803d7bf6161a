"""Devices of the desks: let, enrolled once, locked, heard of."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.db import Database
from app.core.installation import begin_epoch, ensure_installed, epoch
from app.domain.audit.models import AuditEvent
from app.domain.devices import queries
from app.domain.devices.actions import (
    Begun,
    begin_again,
    begin_enrolment,
    enrol,
    note_heard,
    open_session,
    rename,
    revoke,
)
from app.domain.devices.errors import BadDevice, DeviceNotFound, EnrolmentOver
from app.domain.devices.models import Device
from app.domain.devices.queries import devices_of
from app.domain.devices.rules import LONGEST_LABEL, State
from app.domain.staff.actions import remove_member, start_session
from app.domain.staff.errors import NotLoggedIn
from app.domain.staff.queries import by_session
from app.domain.staff.rules import Role
from tests.factories import NOON, Place, a_place, a_site, an_actor

MINUTE = timedelta(minutes=1)


@pytest.fixture
def place(session: Session) -> Place:
    return a_place(session)


def let(session: Session, place: Place, **given: object) -> Begun:
    usual: dict[str, object] = {
        "label": "Tablet 1",
        "staff_id": place.intake.staff_id,
        "by": place.manager,
        "now": NOON,
    }
    return begin_enrolment(session, **(usual | given))  # type: ignore[arg-type]


def test_a_device_acts_as_its_person_at_its_site(session: Session, place: Place) -> None:
    elsewhere = a_site(session, place.programme.id)
    roaming = an_actor(session, programme_id=place.programme.id)
    begun = let(
        session,
        place,
        staff_id=roaming.staff_id,
        site_id=elsewhere.id,
        by=place.staff[Role.ADMINISTRATOR],
    )

    made = enrol(session, begun.secret, browser="Chrome 120, Android 14", now=NOON)

    device = queries.by_key(session, made.key)
    assert device == made.device == queries.by_id(session, begun.device_id)
    assert device
    assert (device.site, device.label, device.revoked_at) == (elsewhere.code, "Tablet 1", None)
    actor = device.actor
    assert (actor.staff_id, actor.role) == (roaming.staff_id, Role.INTAKE)
    assert (actor.programme_id, actor.site_id) == (place.programme.id, elsewhere.id)


def test_a_device_nobody_has_enrolled_is_none(session: Session, place: Place) -> None:
    begun = let(session, place)
    assert queries.by_id(session, begun.device_id) is None
    assert queries.by_key(session, begun.secret) is None
    assert queries.by_key(session, "") is None


def test_of_many_browsers_with_one_secret_one_is_enrolled(database: Database) -> None:
    with database.transaction() as session:
        begun = let(session, a_place(session))

    def attempt(_: int) -> str | None:
        try:
            with database.transaction() as session:
                return enrol(session, begun.secret, browser="", now=NOON).key
        except EnrolmentOver:
            return None

    with ThreadPoolExecutor(8) as pool:
        keys = [key for key in pool.map(attempt, range(24)) if key]

    assert len(keys) == 1
    with database.snapshot() as session:
        assert queries.by_key(session, keys[0])


def test_the_device_of_someone_who_left_is_locked_since_then(
    session: Session, place: Place
) -> None:
    made = enrol(session, let(session, place).secret, browser="", now=NOON)
    remove_member(session, place.intake.staff_id, by=None, now=NOON + MINUTE)

    device = queries.by_key(session, made.key)

    assert device
    assert device.revoked_at == NOON + MINUTE
    (facts,) = devices_of(session, place.manager, now=NOON + 2 * MINUTE)
    assert (facts.state, facts.locked_at) == (State.LOCKED, NOON + MINUTE)


def test_a_devices_state_follows_from_its_life(session: Session, place: Place) -> None:
    begun = let(session, place)

    def state(minutes: int) -> State:
        now = NOON + minutes * MINUTE
        return queries.device(session, begun.device_id, place.manager, now=now).state

    assert (state(0), state(14), state(15)) == (State.WAITING, State.WAITING, State.LAPSED)
    again = begin_again(session, begun.device_id, by=place.manager, now=NOON + 20 * MINUTE)
    assert again.secret != begun.secret
    assert (state(20), state(35)) == (State.WAITING, State.LAPSED)
    enrol(session, again.secret, browser="", now=NOON + 21 * MINUTE)
    assert state(40) is State.ACTIVE
    revoke(session, begun.device_id, by=place.manager, now=NOON + 41 * MINUTE)
    assert state(42) is State.LOCKED


def test_an_enrolled_device_is_let_no_second_time(session: Session, place: Place) -> None:
    begun = let(session, place)
    enrol(session, begun.secret, browser="", now=NOON)
    with pytest.raises(EnrolmentOver):
        begin_again(session, begun.device_id, by=place.manager, now=NOON)


def test_locking_ends_every_log_in_of_its_person_but_the_one_it_is_done_with(
    session: Session, place: Place
) -> None:
    begun = let(session, place, staff_id=place.manager.staff_id)
    made = enrol(session, begun.secret, browser="", now=NOON)
    here, elsewhere = (start_session(session, place.manager, now=NOON) for _ in range(2))
    on_it = open_session(session, made.device, now=NOON)
    other = start_session(session, place.intake, now=NOON)

    revoke(session, begun.device_id, by=place.manager, now=NOON, besides=here)

    for secret in (here, other):
        assert by_session(session, secret, now=NOON)
    for secret in (elsewhere, on_it):
        with pytest.raises(NotLoggedIn):
            by_session(session, secret, now=NOON)


def test_calling_an_enrolment_off_leaves_log_ins_alone(session: Session, place: Place) -> None:
    secret = start_session(session, place.intake, now=NOON)
    revoke(session, let(session, place).device_id, by=place.manager, now=NOON)
    assert by_session(session, secret, now=NOON)


def test_locking_twice_is_recorded_once(session: Session, place: Place) -> None:
    begun = let(session, place)
    enrol(session, begun.secret, browser="", now=NOON)
    for minute in (1, 2):
        revoke(session, begun.device_id, by=place.manager, now=NOON + minute * MINUTE)
    acts = select(func.count()).where(AuditEvent.action == "device.revoked")
    assert session.scalar(acts) == 1
    assert session.scalar(select(Device.revoked_at)) == NOON + MINUTE


def test_a_label_is_a_line_that_fits(session: Session, place: Place) -> None:
    begun = let(session, place, label=f"  {'x ' * (LONGEST_LABEL // 2)} ")
    rename(session, begun.device_id, " Blue \n tablet ", by=place.manager, now=NOON)
    assert session.scalar(select(Device.label)) == "Blue tablet"
    for label, reason in (("\t", "missing"), ("x" * (LONGEST_LABEL + 1), "too_long")):
        with pytest.raises(BadDevice) as refusal:
            rename(session, begun.device_id, label, by=place.manager, now=NOON)
        assert refusal.value.facts == {"field": "label", "reason": reason}


def test_what_a_device_says_of_itself_is_kept_within_bounds(session: Session, place: Place) -> None:
    begun = let(session, place)
    enrol(session, begun.secret, browser="x\0" * 500, now=NOON)
    for waiting, skew, problem in (
        (2**70, timedelta.max, "a\0b\n" * 500),
        (-5, timedelta.min, ""),
    ):
        note_heard(
            session, begun.device_id, waiting=waiting, last_problem=problem, skew=skew, now=NOON
        )
        session.expire_all()
        (facts,) = devices_of(session, place.manager, now=NOON)
        assert 0 <= facts.waiting < 2**31
        assert len(facts.last_problem or "") <= 120
        assert abs(facts.skew.total_seconds()) < 2**31
    assert len(facts.browser) == 120
    assert "\0" not in facts.browser


def test_nobody_changes_a_device_she_does_not_look_after(session: Session, place: Place) -> None:
    begun = let(session, place)
    elsewhere = a_site(session, place.programme.id)
    strangers = [
        a_place(session).staff[Role.ADMINISTRATOR],
        an_actor(
            session,
            Role.COUPON_MANAGER,
            programme_id=place.programme.id,
            site_id=elsewhere.id,
        ),
    ]
    for by in strangers:
        for act in (
            lambda by=by: rename(session, begun.device_id, "Mine", by=by, now=NOON),
            lambda by=by: revoke(session, begun.device_id, by=by, now=NOON),
            lambda by=by: begin_again(session, begun.device_id, by=by, now=NOON),
        ):
            with pytest.raises(DeviceNotFound):
                act()
        assert devices_of(session, by, now=NOON) == []


def test_a_coupon_manager_of_every_site_looks_after_all_devices(
    session: Session, place: Place
) -> None:
    let(session, place)
    everywhere = an_actor(session, Role.COUPON_MANAGER, programme_id=place.programme.id)
    assert [each.label for each in devices_of(session, everywhere, now=NOON)] == ["Tablet 1"]


def test_a_database_is_in_one_life_until_another_begins(session: Session) -> None:
    assert epoch(session).int == 0
    first = ensure_installed(session, now=NOON).epoch
    assert ensure_installed(session, now=NOON).epoch == epoch(session) == first
    assert begin_epoch(session, now=NOON) == epoch(session) != first
