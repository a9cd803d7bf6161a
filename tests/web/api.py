"""A programme with an API to ask: one key a role, a clock that can be moved."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import httpx

from app.core.crypto import Keyring
from app.core.db import Database
from app.domain.coupons.queries import Bundle
from app.domain.staff.rules import Role
from tests.factories import LATER, Place, a_bundle, a_place, a_seed, client, key_for


@dataclass
class Api:
    place: Place
    seed: UUID
    bundle: Bundle
    keys: Mapping[Role, str]
    http: httpx.Client
    clock: list[datetime] = field(default_factory=lambda: [LATER])

    @property
    def code(self) -> str:
        return self.bundle.coupons[0].code

    def headers(self, role: Role) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[role]}"}

    def post(self, path: str, body: object, role: Role = Role.INTAKE) -> httpx.Response:
        headers = self.headers(role) | {"Content-Type": "application/json"}
        return self.http.post(f"/api/v1{path}", content=json.dumps(body), headers=headers)

    def get(self, path: str, role: Role = Role.INTAKE) -> httpx.Response:
        return self.http.get(f"/api/v1{path}", headers=self.headers(role))

    def scan(self, **given: Any) -> dict[str, Any]:
        """A body that redeems the first coupon; None takes a field out."""
        usual = {
            "id": str(uuid4()),
            "code": self.code,
            "site": self.place.site.code,
            "device_id": "desk-1",
            "scanned_at": self.clock[0].isoformat(),
        }
        return {name: value for name, value in (usual | given).items() if value is not None}


def an_api(database: Database, keyring: Keyring, **settings: Any) -> Api:
    """Two days after a seed was given her coupons."""
    with database.transaction() as session:
        place = a_place(session)
        seed = a_seed(session, place)
        bundle = a_bundle(session, place, seed)
        keys = {role: key_for(session, place, role) for role in Role}
    clock = [LATER]
    http = client(database, keyring, now=lambda: clock[0], **settings)
    return Api(place, seed, bundle, keys, http, clock)


def is_problem(reply: httpx.Response, status: int, code: str) -> bool:
    """Whether an answer is a problem document of this status and stable code, with a text for people."""
    body = reply.json()
    return (
        reply.status_code == status
        and reply.headers["content-type"] == "application/problem+json"
        and (body["status"], body["code"], body["type"]) == (status, code, f"/help#{code}")
        and bool(body["title"])
    )
