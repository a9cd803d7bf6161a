"""The desk's app keeps the order of a visit and judges cards as the server does: the same cases, given to both."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import Page, Route

import app.web
from app.core.codes import new_token
from app.core.ids import tag_of
from app.domain.coupons.rules import CouponState, CouponStatus, reason_unusable
from app.domain.participants.rules import Came, Standing
from app.domain.programmes.rules import Protocol
from app.domain.visits.rules import (
    Progress,
    Step,
    ineligible_because,
    next_step,
    openable,
    steps,
)
from app.web.desk_pack import mark

STATIC = Path(app.web.__file__).parent / "static"
ADDRESS = "https://desk.example"
DAY = date(2026, 3, 2)
ANY = (True, False)
FLAGS = ("screened", "tested", "interviewed", "trained", "served", "has_bundle")


@pytest.fixture
def desk_page(page: Page) -> Page:
    """An empty page of an address that has the app's modules; codes are only hashed where it is secure."""

    def answer(route: Route) -> None:
        path = STATIC / urlsplit(route.request.url).path.removeprefix("/static/")
        if path.is_file():
            route.fulfill(path=path, content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html>", content_type="text/html")

    page.route(f"{ADDRESS}/**", answer)
    page.goto(f"{ADDRESS}/")
    return page


def told(page: Page, module: str, script: str, cases: object) -> Any:
    answer = page.evaluate(
        f"async (cases) => {{ const m = await import('/static/desk/{module}.js'); {script} }}",
        cases,
    )
    return answer


def every_progress() -> list[Progress]:
    flags = [dict(zip(FLAGS, values, strict=True)) for values in product(*[ANY] * len(FLAGS))]
    return [
        Progress(came=came, standing=standing, consented=consented, owed_minor=owed, **each)
        for came, standing, consented, owed in product(
            Came, Standing, (True, False, None), (0, 750)
        )
        for each in flags
    ]


def in_order(opened: set[Step], progress: Progress) -> list[str]:
    return [step.value for step in steps(progress) if step in opened]


def test_the_app_keeps_the_order_of_a_visit(desk_page: Page) -> None:
    cases = every_progress()
    afters = [None, Step.SERVICES, Step.STIPEND]
    script = """return cases.map((each) => JSON.stringify([
        m.steps(each), m.openable(each), [null, "services", "stipend"].map((after) => m.nextStep(each, after))]));"""

    answers = told(desk_page, "visit", script, [asdict(each) for each in cases])

    for case, answer in zip(cases, answers, strict=True):
        assert json.loads(answer) == [
            [step.value for step in steps(case)],
            in_order(openable(case), case),
            [next_step(case, after=after).value for after in afters],
        ], case


def test_the_app_judges_who_is_eligible(desk_page: Page) -> None:
    cases = list(product((None, 10, 17, 18, 19, 60), ANY, (True, False, None), (16, 18, 21)))
    script = """return cases.map(([age, adultConfirmed, injectedRecently, minimum_age]) =>
        m.ineligibleBecause({ minimum_age }, { age, adultConfirmed, injectedRecently }));"""

    answers = told(desk_page, "visit", script, cases)

    assert answers == [
        ineligible_because(
            Protocol(minimum_age=minimum),
            age=age,
            adult_confirmed=adult,
            injected_recently=injected,
        )
        for age, adult, injected, minimum in cases
    ]


def test_the_app_judges_a_listed_card_by_its_state_and_days(desk_page: Page) -> None:
    states = [
        CouponState(status, DAY + timedelta(days=first), DAY + timedelta(days=first + 9))
        for status in CouponStatus
        for first in range(-12, 4)
    ]
    tokens = [new_token().text for _ in states]
    script = """const tokens = cases.tokens;
        const lists = { coupons: new Map(), pads: new Map(), completeUntil: cases.day };
        const marks = await Promise.all(tokens.map(m.markOf));
        cases.states.forEach((state, at) => lists.coupons.set(marks[at], state));
        return Promise.all(tokens.map((token, at) => m.judge({ ...m.read(token), mark: marks[at], lists,
            used: new Map(), given: new Map(), today: cases.day }).verdict));"""

    answers = told(
        desk_page, "judge", script, {"tokens": tokens, "states": _plain(states), "day": str(DAY)}
    )

    assert answers == [_verdict(state) for state in states]
    assert {"good", "expired", "not_yet_active", "void", "lost", "already_redeemed"} == set(answers)


def test_a_card_has_the_mark_that_the_server_lists_it_under(desk_page: Page) -> None:
    tokens = [new_token().text for _ in range(20)]
    script = "return Promise.all(cases.map(async (each) => btoa(await m.markOf(m.read(each.toLowerCase()).name))));"

    answers = told(desk_page, "judge", script, tokens)

    assert answers == [_base64(mark(token)) for token in tokens]


def test_a_visit_has_the_tag_that_the_server_gives_it(desk_page: Page) -> None:
    ids = [uuid4() for _ in range(50)]

    answers = told(desk_page, "words", "return cases.map(m.tagOf);", [str(each) for each in ids])

    assert answers == [tag_of(each) for each in ids]


def _verdict(state: CouponState) -> str:
    refusal = reason_unusable(state, on=DAY)
    return refusal.code if refusal else "good"


def _plain(states: list[CouponState]) -> list[Mapping[str, str]]:
    return [
        {
            "status": each.status.value,
            "from": each.usable_from.isoformat(),
            "until": each.usable_until.isoformat(),
        }
        for each in states
    ]


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode()
