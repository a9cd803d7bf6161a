from contextlib import suppress

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.core import schema
from app.domain.messages.queries import counts_of_all
from app.web.deps import Db

router = APIRouter(tags=["health"])

MESSAGES = Gauge("pdi_messages", "Messages of the last weeks by what became of them", ["state"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process is alive."""
    return {"status": "alive"}


@router.get("/readyz", responses={503: {"description": "The database is away or not migrated"}})
def readyz(db: Db) -> Response:
    """The program can serve: its database answers and has every migration."""
    try:
        with db.snapshot() as session:
            session.execute(text("SELECT 1"))
        if schema.is_current(db):
            return JSONResponse({"status": "ready"})
        problem = "the database is not migrated"
    except SQLAlchemyError:
        problem = "the database is away"
    return JSONResponse(
        {"status": "not ready", "problem": problem}, status_code=503, headers={"Retry-After": "5"}
    )


@router.get("/metrics", response_class=Response)
def metrics(db: Db) -> Response:
    """Counters of this process, as Prometheus reads them, and how many messages are where. They hold no person and no code."""
    with (
        suppress(SQLAlchemyError),
        db.snapshot() as session,
    ):  # the others are told even when it is away
        for state, count in counts_of_all(session).items():
            MESSAGES.labels(state.value).set(count)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
