"""The refusals every route may answer with, for the OpenAPI document."""

from typing import Any

from pydantic import BaseModel


class Problem(BaseModel):
    """A refusal with a stable ``code``; more facts may stand beside it."""

    type: str
    title: str
    status: int
    code: str


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Which refusals a route documents, besides those every route has."""
    usual = (401, 403, 413, 422, 500, 503)
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": "Refused", "model": Problem, "content": content}
        for status in sorted({*usual, *statuses})
    }
