"""``pdi worker``: deliver events and chain the audit record until stopped."""

import argparse
import logging
import signal
import threading

from app.commands.opening import add_data_argument, opened, settings_of
from app.core.clock import utc_now
from app.worker import BackgroundWorker


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with opened(settings_of(arguments)) as database:
        worker = BackgroundWorker(database, utc_now)
        worker.start()
        stopping.wait()
        worker.stop()
    return 0
