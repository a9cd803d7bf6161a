"""The OpenAPI document, and that nothing is open that should be closed: both walk the application's routes."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi.openapi.models import OpenAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from app.core.crypto import Keyring
from app.core.db import Database
from tests.factories import InProcess, client

OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/api/v1/openapi.json"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/language"),
    ("GET", "/help"),
    ("POST", "/api/v1/desk/enrol"),
    ("POST", "/api/v1/desk/events"),
    # Providers show a secret in the address; whoever has none is told nothing: tests/web/test_hooks_hostile.py.
    ("GET", "/gw/{slug}/{channel_id}/{secret}/{hook}"),
    ("POST", "/gw/{slug}/{channel_id}/{secret}/{hook}"),
    ("GET", "/gw/{anything:path}"),
    ("POST", "/gw/{anything:path}"),
    ("GET", "/desk/enrol"),
    ("GET", "/desk/worker.js"),
    ("GET", "/desk/manifest.webmanifest"),
    ("GET", "/desk/icons/{size}.png"),
}
EVERY_ROUTE_MAY = {"401", "403", "413", "422", "500", "503"}


@pytest.fixture
def backend() -> str:
    """Routes are the same on every database."""
    return "sqlite"


@pytest.fixture
def document(database: Database, keyring: Keyring) -> dict[str, Any]:
    found: dict[str, Any] = client(database, keyring).get("/api/v1/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    OpenAPI.model_validate(document)
    assert document["openapi"].startswith("3.1")

    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    for _, path, operation in operations(document):
        in_path = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = set(re.findall(r"'\$ref': '(.*?)'", str(document)))

    assert "#/components/schemas/Problem" in references
    for reference in references:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def test_every_route_documents_its_refusals_as_problems(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        if (method, path) in OPEN:
            continue
        responses = operation["responses"]
        assert responses.keys() >= EVERY_ROUTE_MAY, path
        for status, response in responses.items():
            if int(status) >= 400:
                assert "application/problem+json" in response["content"], (path, status)


def test_every_route_and_every_field_that_needs_it_says_what_it_is(
    document: dict[str, Any],
) -> None:
    for _, path, operation in operations(document):
        assert operation.get("description") or operation.get("summary"), path


def test_the_contracts_routes_are_there(document: dict[str, Any]) -> None:
    found = {(method, path) for method, path, _ in operations(document)}

    assert found >= {
        ("POST", "/api/v1/bundles"),
        ("GET", "/api/v1/bundles/{bundle_id}/sheet.pdf"),
        ("POST", "/api/v1/seeds"),
        ("GET", "/api/v1/coupons/{code}"),
        ("POST", "/api/v1/redemptions"),
        ("POST", "/api/v1/desk/sync"),
        ("GET", "/api/v1/chains/summary"),
        ("GET", "/api/v1/chains"),
        ("GET", "/api/v1/reach"),
        ("GET", "/api/v1/reach/estimates"),
        ("GET", "/api/v1/reach/flow"),
        ("POST", "/api/v1/analyses"),
        ("GET", "/api/v1/analyses/{run_id}"),
        ("GET", "/api/v1/ledger/balances"),
    }


def test_every_route_but_a_short_list_refuses_who_did_not_sign_in(
    database: Database, keyring: Keyring
) -> None:
    http = client(database, keyring)
    transport = http._transport
    assert isinstance(transport, InProcess)
    tried = 0
    for route in flat(transport.app.routes):
        for method in (route.methods or set()) - {"HEAD"}:
            if (method, route.path) in OPEN:
                continue
            path = re.sub(r"{\w+(:\w+)?}", str(uuid4()), route.path)
            reply = http.request(method, path)
            tried += 1
            if route.path.startswith("/api/"):
                assert reply.status_code == 401, (method, route.path)
                assert reply.json()["code"] == "not_logged_in"
                assert reply.headers["www-authenticate"] == "Bearer"
            else:
                assert reply.status_code == 303, (method, route.path)
                assert reply.headers["location"].startswith("/login")

    assert tried > 20


def flat(routes: list[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        else:
            inner = getattr(route, "original_router", route)  # a router that was included
            yield from flat(getattr(inner, "routes", None) or [])
