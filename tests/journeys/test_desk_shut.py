"""Whoever takes a locked device away opens nothing with it, the server's pages included."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, expect

from tests.journeys.desks import Desk
from tests.journeys.offline import enrolled

Served = Callable[[str], Desk]
Profile = Callable[..., BrowserContext]


def test_locking_the_app_shuts_the_servers_pages(served: Served, profile: Profile) -> None:
    desk = served("sqlite")
    context = profile()
    device = enrolled(desk, context)
    device.run(
        "await (await import('/static/desk/server.js')).ask('/session', { method: 'POST', key: app.work.vault.facts.key })"
    )
    online = context.new_page()
    online.goto(f"{desk.url}/desk/online")
    expect(online).to_have_url(f"{desk.url}/desk/online")

    with device.page.expect_response(lambda reply: reply.request.method == "DELETE") as heard:
        device.run("document.querySelector('[data-action=lock]').click()")
    assert heard.value.status == 204

    online.goto(f"{desk.url}/desk/online")
    assert "/login" in online.url
