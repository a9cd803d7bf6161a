"""What a device of the desk keeps, who opens it, and how it is carried to the server: in a real Chromium."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Route
from sqlalchemy import select

from app.core.clock import utc_now
from app.domain.devices.actions import revoke
from app.domain.devices.models import Device
from app.domain.participants.models import Participant
from tests.browser import kill, profile
from tests.factories import PASSWORD
from tests.journeys.desks import Desk, desks_on_demand
from tests.web.vaults import PIN, Tablet, blank_page, enrolled, let, run

VECTOR = Path(__file__).parents[1] / "core" / "envelope_vector.json"
WRONG = "314159265358"


@pytest.fixture(scope="module")
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Desk]]:
    """A served programme on each kind of database, started when it is first asked for."""
    with desks_on_demand(request, tmp_path_factory) as desk:
        yield desk


@pytest.fixture
def desk(served: Callable[[str], Desk], backend: str) -> Desk:
    return served(backend)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile; an error in a page's scripts fails the test."""
    errors: list[str] = []
    context = browser.new_context()
    context.on("weberror", lambda error: errors.append(str(error.error)))
    yield context
    context.close()
    assert errors == []


@pytest.fixture
def tablet(desk: Desk, context: BrowserContext) -> Tablet:
    return enrolled(desk, blank_page(desk, context))


# What is kept


def test_an_event_is_sealed_as_the_server_opens_it(desk: Desk, context: BrowserContext) -> None:
    vector = json.loads(VECTOR.read_text())
    sealed = run(
        blank_page(desk, context),
        """
        const curve = { name: "ECDH", namedCurve: "P-256" };
        const { d, ...open } = given.ephemeral_private_jwk;
        const pair = {
            privateKey: await crypto.subtle.importKey("jwk", { d, ...open }, curve, false, ["deriveBits"]),
            publicKey: await crypto.subtle.importKey("jwk", open, curve, true, []),
        };
        const nonce = Uint8Array.from(given.nonce.match(/../g), (byte) => parseInt(byte, 16));
        return envelope.toBase64url(await envelope.seal(envelope.bytesOf(given.plaintext), {
            serverKey: given.server_key, deviceId: given.device_id, eventId: given.event_id, seq: given.seq, pair, nonce,
        }));""",
        vector,
    )

    assert sealed == vector["sealed"]


def test_what_was_kept_is_read_again_with_the_pin_and_not_without(tablet: Tablet) -> None:
    records = [
        {"kind": "visit", "id": name, "value": {"step": at}} for at, name in enumerate("bca")
    ]
    tablet.keep(records=records)
    tablet.run('await kept.vault.keep([{ kind: "visit", id: "c", value: null }]);')
    tablet.run("kept.vault.lock();")
    locked = tablet.run('return kept.vault.read("visit", "a").catch((reason) => reason.name);')
    assert locked == "Locked"

    assert tablet.knock() is None
    assert tablet.run('return kept.vault.all("visit");') == [{"step": 0}, {"step": 2}]
    assert tablet.run('return kept.vault.read("visit", "a");') == {"step": 2}
    assert tablet.run('return (await kept.vault.read("visit", "c")) ?? null;') is None


def test_an_event_kept_twice_has_one_number(tablet: Tablet) -> None:
    numbers = tablet.run(
        """
        const event = { id: crypto.randomUUID(), kind: "arrival", person: crypto.randomUUID(), fields: {} };
        const others = [1, 2].map(() => ({ kind: "arrival", person: crypto.randomUUID(), fields: {} }));
        const kept_at_once = [[event], [others[0]], [event, others[1]]].map((events) => kept.vault.keep([], events));
        return (await Promise.all(kept_at_once)).flat().map(({ seq }) => seq);"""
    )

    assert numbers == [1, 2, 1, 3]
    assert tablet.keepers()[0]["waiting"] == 3


def test_nothing_of_a_transaction_that_failed_is_kept(tablet: Tablet) -> None:
    failed = tablet.run(
        """
        const records = [{ kind: "visit", id: "a", value: 1 }];
        const broken = { kind: "arrival", person: "x", get fields() { throw new Error("broken"); } };
        return kept.vault.keep(records, [broken]).catch((reason) => reason.message);"""
    )

    assert failed == "broken"
    assert tablet.run('return (await kept.vault.read("visit", "a")) ?? null;') is None
    assert tablet.keep() is not None
    assert tablet.keepers()[0]["waiting"] == 1


# The PIN


@pytest.mark.parametrize(
    ("pin", "why"),
    [
        ("12345", "short"),
        ("12345a", "letters"),
        ("000000", "same"),
        ("123456", "row"),
        ("987654", "row"),
        ("890123", "row"),
        ("121212", "repeated"),
        ("123123", "repeated"),
        ("112233", "repeated"),
        ("271828", None),
    ],
)
def test_a_pin_that_is_guessed_early_is_not_taken(
    desk: Desk, context: BrowserContext, pin: str, why: str | None
) -> None:
    page = blank_page(desk, context)

    assert run(page, "return vault.weakness(given);", pin) == why
    if why:
        spent = {"secret": let(desk), "pin": pin, "password": PASSWORD}
        assert run(
            page,
            "return vault.enrol(given.secret, given.pin, given.password).catch((e) => e.name);",
            spent,
        )
        assert run(page, "return vault.keepers();") == []


def test_five_wrong_pins_clear_what_can_be_read_and_what_waits_is_still_delivered(
    tablet: Tablet,
) -> None:
    event = tablet.keep(records=[{"kind": "visit", "id": "a", "value": 1}])
    tablet.run("kept.vault.lock(); delete kept.vault;")

    answers = [tablet.knock(WRONG) for _ in range(5)]

    assert answers == [*[["WrongPin", left] for left in (4, 3, 2, 1)], ["Wiped", None]]
    assert tablet.knock() == ["Wiped", None]
    [keeper] = tablet.keepers()
    assert (keeper["wiped"], keeper["waiting"]) == ("pin", 1)
    assert tablet.run('return (await store.database()).count("records");') == 0

    carried = tablet.carry()

    assert tablet.delivered() == [event]
    assert carried["state"]["waiting"] == 0


def test_a_right_pin_gives_the_tries_back(tablet: Tablet) -> None:
    for _ in range(2):
        assert [tablet.knock(WRONG) for _ in range(4)][-1] == ["WrongPin", 1]
        assert tablet.knock() is None


def test_several_people_share_a_browser_and_not_what_they_know(desk: Desk, tablet: Tablet) -> None:
    tablet.keep(records=[{"kind": "visit", "id": "a", "value": "first"}])
    other = enrolled(desk, tablet.page, pin="161803398874", person=desk.place.manager, label="T2")
    other.keep(records=[{"kind": "visit", "id": "a", "value": "second"}])

    assert [each["username"] for each in tablet.keepers()] == [
        desk.place.intake.username,
        desk.place.manager.username,
    ]
    assert other.knock(PIN) == ["WrongPin", 4]
    assert tablet.knock() is None
    assert tablet.run('return kept.vault.read("visit", "a");') == "first"
    tablet.run("await vault.wipe(given);", tablet.id)
    assert other.knock("161803398874") is None
    assert other.run('return kept.vault.all("visit");') == ["second"]
    assert [each["waiting"] for each in other.keepers()] == [1, 1]


# A browser that is ended without being asked


def test_a_try_that_was_cut_off_counts(desk: Desk, browser: Browser, tmp_path: Path) -> None:
    folder = tmp_path / "profile"
    with profile(browser, folder) as context:
        device = enrolled(desk, blank_page(desk, context)).id
    for cut_off in range(1, 6):
        with profile(browser, folder) as context:
            tablet = Tablet(desk, blank_page(desk, context), device)
            assert tablet.keepers()[0]["left"] == 6 - cut_off
            # As soon as the try is on the disk, and long before it is judged.
            tablet.run(
                """
                crypto.subtle.importKey = () => new Promise(() => {});
                vault.unlock(given, "314159265358");
                const db = await store.database();
                const tries = async () => (await db.get("keepers", given)).tries;
                const before = await tries();
                for (let at = 0; at < 200 && (await tries()) === before; at += 1) await new Promise((go) => setTimeout(go, 5));
                """,
                device,
            )
            kill(folder)
    with profile(browser, folder) as context:
        tablet = Tablet(desk, blank_page(desk, context), device)
        assert tablet.keepers()[0]["wiped"] == "pin"
        assert tablet.knock() == ["Wiped", None]


def test_what_was_kept_outlives_a_browser_that_is_killed_at_once(
    desk: Desk, browser: Browser, tmp_path: Path
) -> None:
    folder = tmp_path / "profile"
    with profile(browser, folder) as context:
        tablet = enrolled(desk, blank_page(desk, context))
        event = tablet.keep(records=[{"kind": "visit", "id": "a", "value": "here"}])
        kill(folder)

    with profile(browser, folder) as context:
        again = Tablet(desk, blank_page(desk, context), tablet.id)
        assert again.knock() is None
        assert again.run('return kept.vault.read("visit", "a");') == "here"
        assert again.delivered() == []
        again.carry()
        assert again.delivered() == [event]


def test_the_profile_holds_nothing_that_could_be_read(
    desk: Desk, browser: Browser, tmp_path: Path
) -> None:
    folder = tmp_path / "profile"
    desk.with_new_cards()
    with profile(browser, folder) as context:
        tablet = enrolled(desk, blank_page(desk, context))
        tablet.keep("canary-uic 77", [{"kind": "draft", "id": "c", "value": "canary-draft"}])
        carried = tablet.carry()
        assert ["pack", None] in carried["heard"]
        key = tablet.run("return kept.vault.facts.key;")
        list_of_cards = 'return (await kept.vault.read("pack", "current")).coupons[0].marks;'
        marks = tablet.run(list_of_cards)[:16]
        tablet.run(
            """await (await store.database()).put("keepers", { id: "control", note: "canary-control" });
            await (await caches.open("control")).put("/control", new Response("canary-in-cache"));
            await (await store.database()).delete("keepers", "control");"""
        )
    dump = b"".join(each.read_bytes() for each in folder.rglob("*") if each.is_file())

    # What is not sealed is found, even when it was deleted.
    assert holds(dump, "canary-control")
    assert holds(dump, "canary-in-cache")
    for canary in ("canary-uic", "canary-draft", PIN, key, marks):
        assert not holds(dump, canary), canary


def holds(dump: bytes, text: str) -> bool:
    return text.encode() in dump or text.encode("utf-16-le") in dump


# The courier


def test_events_are_delivered_in_order_and_each_once(tablet: Tablet) -> None:
    with tablet.desk.database.snapshot() as session:
        before = len(session.scalars(select(Participant.id)).all())
    events = [tablet.keep(f"person {uuid4()}") for _ in range(3)]

    carried = tablet.carry()
    again = tablet.carry()

    assert [detail["seq"] for name, detail in carried["heard"] if name == "verdict"] == [1, 2, 3]
    assert tablet.delivered() == events
    assert carried["state"]["delivered"] == 3
    assert [name for name, _ in again["heard"] if name == "verdict"] == []
    with tablet.desk.database.snapshot() as session:
        assert len(session.scalars(select(Participant.id)).all()) == before + 3


def test_an_answer_that_was_lost_is_asked_for_again(tablet: Tablet) -> None:
    event = tablet.keep()
    seen: list[int] = []

    def lose(route: Route) -> None:
        seen.append(route.fetch().status)
        route.abort()

    tablet.page.route("**/api/v1/desk/events", lose, times=1)
    carried = tablet.carry()

    assert seen == [200]
    assert [detail["outcome"] for name, detail in carried["heard"] if name == "verdict"] == [
        "accepted"
    ]
    assert tablet.delivered() == [event]
    assert carried["state"]["waiting"] == 0
    assert carried["state"]["lastFailure"]["cause"] == "away"


def an_answer(**others: Any) -> dict[str, Any]:
    return {
        "epoch": str(UUID(int=1)),
        "now": utc_now().isoformat(),
        "device": "active",
        "resend_from": None,
        "verdicts": [],
        "left": [],
        **others,
    }


def verdict(event: str, seq: int = 1, outcome: str = "accepted") -> dict[str, Any]:
    return {"id": event, "seq": seq, "outcome": outcome, "code": None, "flags": []}


@pytest.mark.parametrize(
    ("lie", "cause"),
    [
        ("empty", "garbled"),
        ("cut off", "garbled"),
        ("a page", "garbled"),
        ("another event", "garbled"),
        ("another number", "garbled"),
        ("no outcome", "garbled"),
        ("broken", "server"),
        ("nothing", "away"),
    ],
)
def test_an_event_waits_until_an_answer_names_it(tablet: Tablet, lie: str, cause: str) -> None:
    event = tablet.keep()
    whole = json.dumps(an_answer(verdicts=[verdict(event)]))
    told = {
        "empty": "",
        "cut off": whole[:-20],
        "a page": "<!doctype html><p>Welcome to our café",
        "another event": json.dumps(an_answer(verdicts=[verdict(str(uuid4()))])),
        "another number": json.dumps(an_answer(verdicts=[verdict(event, seq=2)])),
        "no outcome": json.dumps(an_answer(verdicts=[verdict(event, outcome="ok")])),
    }

    def answer(route: Route) -> None:
        if lie == "nothing":
            route.abort()
        else:
            route.fulfill(status=502 if lie == "broken" else 200, body=told.get(lie, whole))

    tablet.page.route("**/api/v1/desk/events", answer)
    state = tablet.carry(ms=600)["state"]

    assert (state["waiting"], state["delivered"]) == (1, 0)
    assert state["lastFailure"]["cause"] == cause
    tablet.page.unroute("**/api/v1/desk/events")
    assert tablet.carry()["state"]["delivered"] == 1


def test_a_restored_server_gets_everything_again(tablet: Tablet) -> None:
    events = [tablet.keep(f"person {uuid4()}") for _ in range(3)]
    tablet.carry()
    sent: list[Any] = []

    def restored(route: Route) -> None:
        said = json.loads(route.request.post_data or "")
        sent.append([each["id"] for each in said["events"]])
        told = [verdict(each["id"], each["seq"]) for each in said["events"]]
        route.fulfill(body=json.dumps(an_answer(verdicts=told)))

    tablet.page.route("**/api/v1/desk/events", restored)
    state = tablet.run(
        """const courier = new outbox.Courier(given);
        await courier.start();
        await new Promise((later) => setTimeout(later, 3000));
        courier.stop();
        return courier.state;""",
        tablet.id,
    )

    assert sent[:2] == [[], events]
    assert (state["waiting"], state["delivered"]) == (0, 3)


def test_only_what_a_server_misses_is_sent_again(tablet: Tablet) -> None:
    events = [tablet.keep(f"person {uuid4()}") for _ in range(3)]
    tablet.carry()
    sent: list[Any] = []
    epoch = tablet.run(
        'return (await (await store.database()).get("keepers", given)).epoch;', tablet.id
    )

    def forgetful(route: Route) -> None:
        said = json.loads(route.request.post_data or "")
        sent.append((said["known_to"], [each["id"] for each in said["events"]]))
        told = [verdict(each["id"], each["seq"]) for each in said["events"]]
        resend = 3 if said["known_to"] == 3 and not told else None
        route.fulfill(body=json.dumps(an_answer(epoch=epoch, resend_from=resend, verdicts=told)))

    tablet.page.route("**/api/v1/desk/events", forgetful)
    tablet.run(
        """const courier = new outbox.Courier(given);
        await courier.start();
        await new Promise((later) => setTimeout(later, 3000));
        courier.stop();""",
        tablet.id,
    )

    assert sent == [(3, []), (2, [events[2]])]


def test_what_was_delivered_is_kept_as_long_as_a_backup_may_be_old(tablet: Tablet) -> None:
    for _ in range(2):
        tablet.keep(f"person {uuid4()}")
    tablet.carry()
    waiting = tablet.keep()
    # One was answered 36 days ago, and what waits has waited for six.
    tablet.run(
        """const db = await store.database();
        const [first, , third] = await db.getAll("events");
        await db.put("events", { ...first, answeredAt: Date.now() - 36 * 86_400_000 });
        await db.put("events", { ...third, keptAt: Date.now() - 6 * 86_400_000 });"""
    )
    tablet.page.route("**/api/v1/desk/events", lambda route: route.abort())

    state = tablet.carry(ms=500)["state"]

    assert state["late"] is True
    assert [each["seq"] for each in tablet.run("return kept.vault.verdicts();")] == [2, 3]
    tablet.page.unroute("**/api/v1/desk/events")
    state = tablet.carry()["state"]
    assert state["late"] is False
    assert tablet.delivered()[-1] == waiting


def test_a_network_that_comes_back_is_used_at_once(tablet: Tablet) -> None:
    tablet.page.route("**/api/v1/desk/events", lambda route: route.abort())
    tablet.keep()
    tablet.run(
        """kept.courier = new outbox.Courier(given, kept.vault);
        await kept.courier.start();
        await new Promise((failed) => setTimeout(failed, 4000));""",
        tablet.id,
    )
    assert tablet.run("return kept.courier.state.online;") is False
    tablet.page.unroute("**/api/v1/desk/events")

    waiting = tablet.run(
        """dispatchEvent(new Event("online"));
        await new Promise((sent) => kept.courier.addEventListener("verdict", sent, { once: true }));
        kept.courier.stop();
        return kept.courier.state.waiting;"""
    )

    assert waiting == 0


def test_what_is_kept_while_the_courier_waits_is_sent_without_asking(tablet: Tablet) -> None:
    tablet.run(
        "kept.courier = new outbox.Courier(given, kept.vault); await kept.courier.start();",
        tablet.id,
    )
    events = [tablet.keep(f"person {uuid4()}") for _ in range(2)]

    tablet.run(
        """while ((await kept.vault.verdicts()).some(({ outcome }) => !outcome)) await new Promise((go) => setTimeout(go, 20));
        kept.courier.stop();"""
    )

    assert tablet.delivered() == events


def test_a_network_that_comes_back_while_a_try_is_failing_is_not_waited_for(
    tablet: Tablet,
) -> None:
    held: list[Route] = []
    tablet.page.route("**/api/v1/desk/events", lambda route: held.append(route), times=1)
    event = tablet.keep()
    tablet.run(
        """kept.pauses = [];
        const later = window.setTimeout;
        window.setTimeout = (work, pause) => { kept.pauses.push(pause); return later(work, pause); };
        kept.courier = new outbox.Courier(given, kept.vault); kept.courier.start();""",
        tablet.id,
    )
    while not held:
        tablet.page.wait_for_timeout(20)

    dispatch = "window.dispatchEvent(new Event('online'));"
    tablet.run(dispatch)
    held[0].abort()
    tablet.run(
        """while ((await kept.vault.verdicts()).some(({ outcome }) => !outcome)) await new Promise((go) => requestAnimationFrame(go));
        kept.courier.stop();"""
    )

    assert tablet.delivered() == [event]
    assert tablet.run("return kept.pauses.filter((pause) => pause < 30_000)")[0] == 0


def test_a_device_that_was_locked_from_afar_clears_itself_and_still_delivers(
    tablet: Tablet,
) -> None:
    tablet.keep()
    tablet.carry()
    place = tablet.desk.place
    with tablet.desk.database.transaction() as session:
        revoke(session, UUID(tablet.id), by=place.manager, now=utc_now())
    event = tablet.keep()

    carried = tablet.carry()

    assert ["revoked", None] in carried["heard"]
    assert tablet.delivered()[1:] == [event]
    assert tablet.keepers()[0]["wiped"] == "revoked"
    assert tablet.knock() == ["Wiped", None]
    assert tablet.run('return (await store.database()).count("records");') == 0
    with tablet.desk.database.snapshot() as session:
        assert session.get_one(Device, UUID(tablet.id)).wiped_at is not None


def test_a_device_that_the_server_does_not_know_keeps_everything(tablet: Tablet) -> None:
    tablet.keep(records=[{"kind": "visit", "id": "a", "value": 1}])
    left = {"status": 401, "code": "unknown_device", "title": "?", "type": "about:blank"}
    tablet.page.route(
        "**/api/v1/desk/pack", lambda route: route.fulfill(status=401, body=json.dumps(left))
    )
    tablet.page.route(
        "**/api/v1/desk/events",
        lambda route: route.fulfill(body=json.dumps(an_answer(device="unknown"))),
    )

    state = tablet.carry(ms=800)["state"]

    assert state["device"] == "unknown"
    assert state["waiting"] == 1
    assert tablet.keepers()[0]["wiped"] is False
    assert tablet.run('return kept.vault.read("visit", "a");') == 1
