"""``pdi serve``: the pages and the API, until stopped."""

import argparse
import logging
import os
import socket

import uvicorn

from app.commands.opening import add_data_argument, opened, settings_of
from app.core.settings import PREFIX, BadSetting, Settings

GRACE_SECONDS = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_argument(parser)
    parser.add_argument("--port", type=int, metavar="N", help="port to listen on")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="server processes")


def run(arguments: argparse.Namespace) -> int:
    settings = settings_of(arguments, port=arguments.port)
    refuse_taken_port(settings)
    with opened(settings):  # refuses, before it listens, a database that cannot be served
        pass
    serve(settings, workers=arguments.workers)
    return 0


def refuse_taken_port(settings: Settings) -> None:
    """Raises: BadSetting, when something else listens there."""
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((settings.host, settings.port))
        except OSError as error:
            raise BadSetting(
                f"port {settings.port} of {settings.host} cannot be used ({error.strerror}); "
                "choose another with --port"
            ) from error


def serve(settings: Settings, *, workers: int = 1) -> None:
    """Serve until told to stop; requests under way are answered first."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    # Server processes read their settings from the environment again.
    os.environ.update(
        {
            f"{PREFIX}DATA_DIR": str(settings.data_dir.absolute()),
            f"{PREFIX}DATABASE_URL": settings.database_url,
            f"{PREFIX}KEY_FILE": str(settings.key_file.absolute()),
        }
    )
    uvicorn.run(
        "app.main:from_environment",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=workers,
        access_log=False,  # paths may hold a code; the application logs routes instead
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        timeout_graceful_shutdown=GRACE_SECONDS,
        log_level="warning",
    )
