"""A device that has enrolled itself, as its browser talks to the server."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from app.core.db import Database
from app.domain.devices.actions import Enrolled, begin_enrolment, enrol
from app.domain.devices.queries import Device
from app.domain.staff.queries import Actor
from tests.factories import NOON, Place


@dataclass(frozen=True)
class Tablet:
    """A device with its key."""

    device: Device
    key: str
    http: httpx.Client

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(f"/api/v1/desk{path}", headers=self._headers(headers))

    def post(self, path: str, body: Any = None) -> httpx.Response:
        return self.http.post(f"/api/v1/desk{path}", json=body, headers=self._headers({}))

    def _headers(self, others: dict[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in others.items()}
        return {"Authorization": f"Bearer {self.key}", **named}


def a_device(
    database: Database,
    place: Place,
    *,
    person: Actor | None = None,
    label: str = "Tablet 1",
    now: datetime = NOON,
) -> Enrolled:
    """A device of someone of a place (its intake worker) that its coupon manager let and that has enrolled itself."""
    with database.transaction() as session:
        begun = begin_enrolment(
            session,
            label=label,
            staff_id=(person or place.intake).staff_id,
            site_id=place.site.id,
            by=place.manager,
            now=now,
        )
        return enrol(session, begun.secret, browser="Chromium", now=now)
