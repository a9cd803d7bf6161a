"""Someone at a browser: logged in, with the token that her forms carry."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.staff.actions import start_session
from app.domain.staff.queries import Actor
from tests.factories import NOON, client


@dataclass(frozen=True)
class Reader:
    """A browser with a log-in."""

    browser: httpx.Client
    token: str

    def get(self, path: str, **given: Any) -> httpx.Response:
        return self.browser.get(path, **given)

    def send(self, path: str, fields: Mapping[str, Any] | None = None) -> httpx.Response:
        """Send a form of ours."""
        return self.browser.post(path, data={"csrf": self.token, **(fields or {})})


def reader(
    database: Database, keyring: Keyring, actor: Actor, *, now: datetime = NOON, **given: Any
) -> Reader:
    """Someone who has just logged in; ``given`` is for ``client``."""
    with database.transaction() as session:
        secret = start_session(session, actor, now=now)
    browser = client(database, keyring, now=now, **given)
    browser.cookies.set("pdi_session", secret)
    found = re.search(r'name="csrf" value="([^"]+)"', browser.get("/help").text)
    assert found, "no page of someone logged in is without a form"
    return Reader(browser, found[1])


def errors(page: str) -> dict[str, str]:
    """What is said beside the fields of a form, by field."""
    return dict(re.findall(r'<p class="error" id="([\w-]+)-error">(.*?)</p>', page, re.DOTALL))
