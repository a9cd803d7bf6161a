"""``pdi worker``: deliver events, send messages and chain the audit record until stopped."""

import argparse
import logging
import signal
import threading

from app.commands.opening import add_data_argument, opened, settings_of
from app.core.clock import utc_now
from app.worker import BackgroundWorker, is_keeping_up


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_argument(parser)
    parser.add_argument(
        "--check", action="store_true", help="only tell, by the exit code, whether one keeps up"
    )


def run(arguments: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    settings = settings_of(arguments)
    with opened(settings) as database:
        if arguments.check:
            return 0 if is_keeping_up(database, now=utc_now()) else 1
        worker = BackgroundWorker(database, utc_now, settings)
        worker.start()
        stopping.wait()
        worker.stop()
    return 0
