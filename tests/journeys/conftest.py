from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.journeys.desks import Desk, a_database, served_desk


@pytest.fixture(scope="module")
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Desk]]:
    """A served programme on each kind of database, started when it is first asked for."""
    with ExitStack() as running:
        started: dict[str, Desk] = {}

        def desk(backend: str) -> Desk:
            if backend not in started:
                url = running.enter_context(a_database(backend, request, tmp_path_factory))
                folder = tmp_path_factory.mktemp("desk")
                started[backend] = running.enter_context(served_desk(url, folder))
            return started[backend]

        yield desk


@pytest.fixture
def profile(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browser profiles; an error in a page's scripts fails the test."""
    opened: list[BrowserContext] = []
    errors: list[str] = []

    def make(locale: str = "en-GB", **given: object) -> BrowserContext:
        context = browser.new_context(locale=locale, **given)  # type: ignore[arg-type]
        context.on("weberror", lambda error: errors.append(str(error.error)))
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()
    assert errors == []
