"""The real program, run by the real command in a process of its own, for journeys and races."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

SECONDS_TO_START = 60
# Below the range the system hands out to clients: one of those can end up connected to itself.
PORTS = range(20000, 32000)


@dataclass(frozen=True)
class Server:
    """A running ``pdi serve``: where it answers and what it has said."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it and its workers at once, as a power cut does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def serving(
    database_url: str,
    key_file: Path,
    *,
    workers: int = 1,
    port: int | None = None,
    **settings: str,
) -> Iterator[Server]:
    """Serve a migrated database until the block ends. Settings are named as in the environment."""
    port = port or free_port()
    said = key_file.parent / f"server-{port}.log"
    environment = {
        **os.environ,
        "PDI_DATABASE_URL": database_url,
        "PDI_KEY_FILE": str(key_file),
        "PDI_DATA_DIR": str(key_file.parent),
        **settings,
    }
    command = [sys.executable, "-m", "app.cli", "serve"]
    with said.open("ab") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--workers", str(workers)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(f"http://127.0.0.1:{port}", said, process)
    try:
        _wait_for(server, process)
        yield server
    finally:
        _end(process)


@contextmanager
def working(database_url: str, key_file: Path, **settings: str) -> Iterator[None]:
    """A worker beside the server, as a database that is not embedded needs one."""
    environment = {
        **os.environ,
        "PDI_DATABASE_URL": database_url,
        "PDI_KEY_FILE": str(key_file),
        "PDI_DATA_DIR": str(key_file.parent),
        **settings,
    }
    with (key_file.parent / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "worker"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield
    finally:
        _end(process)


def free_port() -> int:
    for port in secrets.SystemRandom().sample(PORTS, 100):  # the tests' own numbers repeat
        with socket.socket() as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                attempt.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


def _wait_for(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{server.url}/readyz", timeout=5).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the server did not start:\n{server.log.read_text()}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to stop; what is left of its process group afterwards is killed."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
