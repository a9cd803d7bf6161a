"""A whole visit on an enrolled device, step by step as a person at the desk does it."""

import time

from playwright.sync_api import expect

from tests.journeys.offline import Device

STEPS = (
    "eligibility",
    "consent",
    "knowledge_test",
    "interview",
    "services",
    "stipend",
    "training",
    "bundle",
)
# The screens between steps are drawn by scripts: a busy machine takes its time.
PATIENCE = 20


def begin_visit(device: Device, token: str, uic: str) -> None:
    """Someone shows her card and says her own code."""
    device.scan(token)
    device.page.locator("#uic").fill(uic)
    device.page.locator("#main form#arrive button.large:visible").first.click()
    wait_for_step(device, STEPS[0])


def walk_through(device: Device, pad: str) -> None:
    """Every step of a visit that has begun, the last with the cards of a pad."""
    for step, following in zip(STEPS, (*STEPS[1:], "done"), strict=True):
        enter_step(device, step, pad)
        wait_until_confirmed(device, following)


def enter_step(device: Device, step: str, pad: str) -> None:
    page = device.page
    if step == "bundle":
        device.scan(pad)
        page.locator("[data-action=handed]").click()
        return
    if step == "stipend":
        page.locator("#main a[href*='after=stipend']:visible").first.click()
        return
    for question in page.locator("#main form fieldset:has([type=radio])").all():
        question.locator("[type=radio]").first.check()
    if step == "eligibility":
        page.locator("[name=age]").fill("23")
    if step == "services":
        page.locator("[name=needles_and_syringes]").fill("10")
    page.locator("#main form button.large").first.click()


def wait_until_confirmed(device: Device, following: str) -> None:
    """Until the screen says that a step was taken: it shows the next one."""
    if following == "done":
        expect(device.page.locator("#main")).to_contain_text("handed over", timeout=PATIENCE * 1000)
    else:
        wait_for_step(device, following)


def wait_for_step(device: Device, step: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while (shown := _shown(device)) != step:
        assert time.monotonic() < deadline, f"{step} was not shown, but {shown!r}"
        time.sleep(0.02)


def _shown(device: Device) -> str:
    return str(device.run("return app.place.screen === 'visit' ? app.place.shown : ''"))
