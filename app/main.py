"""Builds the application: the one place where everything is wired together."""

import gc
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from fastapi import FastAPI

from app.core.clock import utc_now
from app.core.crypto import Keyring
from app.core.db import Database
from app.core.settings import Settings
from app.web import api, hooks, pages, problems
from app.web.api import desk_events
from app.web.armour import Armour
from app.web.channel_doors import ChannelDoors
from app.web.pages import batches_answers
from app.web.static_files import PublicFiles
from app.web.templating import FOLDER
from app.worker import BackgroundWorker


def create_app(
    settings: Settings,
    *,
    database: Database | None = None,
    keyring: Keyring | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> FastAPI:
    """The web application. A database passed in stays the caller's to close.

    Raises:
        KeyProblem: no key file, or a damaged one.
    """
    keyring = keyring or Keyring.load(settings.key_file)
    opened = database or Database(settings.database_url, keyring, pool_size=settings.pool_size)

    @asynccontextmanager
    async def running(_app: FastAPI) -> AsyncIterator[None]:
        is_embedded = opened.is_sqlite and not database
        worker = BackgroundWorker(opened, clock, settings) if is_embedded else None
        if worker:
            worker.start()
        yield
        if worker:
            worker.stop()
        if not database:
            opened.close()

    app = FastAPI(
        title="PDI tracker",
        version="1",
        description="Coupons, redemptions, stipends and recruitment chains of a peer-driven intervention.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        lifespan=running,
    )
    app.state.database, app.state.keyring = opened, keyring
    app.state.settings, app.state.clock = settings, clock
    app.state.channel_doors = ChannelDoors(opened, keyring)
    problems.install(app)
    for router in (*api.ROUTERS, *pages.ROUTERS, hooks.router):
        app.include_router(router)
    app.mount("/static", PublicFiles(directory=FOLDER / "static"))
    app.add_middleware(
        Armour,
        body_limit=settings.body_limit,
        is_https=settings.public_url.startswith("https://"),
        broken=problems.broken,
        larger={
            desk_events.PATH: desk_events.BODY_LIMIT,
            batches_answers.UPLOADS: batches_answers.BODY_LIMIT,
        },
    )
    return app


def from_environment() -> FastAPI:
    """The application as its environment describes it: what server processes import."""
    app = create_app(Settings.from_env(os.environ))
    _collect_garbage_seldom()
    return app


def _collect_garbage_seldom() -> None:
    """Keep what was loaded at start out of every collection, and collect less often.

    A request leaves hardly any cycles behind, but walking all that is loaded took a quarter of its CPU.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
