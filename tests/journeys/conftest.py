from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.journeys.desks import Desk, desks_on_demand


@pytest.fixture(scope="module")
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Desk]]:
    """A served programme on each kind of database, started when it is first asked for."""
    with desks_on_demand(request, tmp_path_factory) as desk:
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
