"""A real Kannel, started for a test: bearerbox and smsbox on loopback, between our program and a telephone network that is made up.

``./pdi test`` installs it on Debian. Where it cannot be had, the tests fail and say what to install, unless
``PDI_TEST_WITHOUT_KANNEL=1`` says that this machine goes without: then they are skipped, and the run says so.
"""

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote_to_bytes

import httpx
import pytest

from tests.serving import free_port

WITHOUT = "PDI_TEST_WITHOUT_KANNEL"
BOXES = ("bearerbox", "smsbox")
NOT_HERE = f"no Kannel: apt-get install kannel, or say {WITHOUT}=1 where it cannot be had"
SECONDS = 60
USER, PASSWORD, STATUS_PASSWORD = "pdi", "word-for-sendsms", "word-for-status"
SHORT_CODE = "20880"

# Of %05%00%03%REF%TOTAL%NUMBER, which joins the parts of a message. Its parts come in order.
HEADER_BEFORE_NUMBER = len("%05%00%03%00%02")

T = TypeVar("T")

# Ends the box when the tests' end of the pipe is closed, which the kernel does even for a run that was killed.
GUARDIAN = 'trap "" HUP INT TERM; "$@" </dev/null & read -r _; kill -KILL $!; wait $!'

# What every message carries to us, in Kannel's escapes; the same words stand in app/gateways/kannel.py.
ESCAPES = "from=%p&to=%P&text=%b&charset=%C&id=%I&time=%T&meta=%D"

CORE = """\
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = {status_password}
status-password = {status_password}
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-allow-ip = 127.0.0.1
box-deny-ip = *.*.*.*
dlr-storage = internal
sms-resend-freq = 1
sms-resend-retry = 1
log-file = {folder}/bearerbox.log
log-level = 0

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {boxes}
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
global-sender = {short_code}
mo-recode = true
http-request-retry = 30
http-queue-delay = 1
http-timeout = 10
reply-couldnotfetch = ""
reply-couldnotrepresent = ""
reply-requestfailed = ""
reply-emptymessage = ""
log-file = {folder}/smsbox.log
log-level = 0

group = sendsms-user
username = {user}
password = {password}
user-allow-ip = 127.0.0.1
user-deny-ip = *.*.*.*
concatenation = true
max-messages = 3

group = sms-service
keyword = default
catch-all = true
omit-empty = true
accept-x-kannel-headers = true
concatenation = true
max-messages = 3
get-url = "{inbound}?{escapes}"
"""

# Its network is a socket that speaks lines: see Phone.
FAKE = """
group = smsc
smsc = fake
smsc-id = fake
host = 127.0.0.1
port = {network}
connect-allow-ip = 127.0.0.1
"""

SMPP = """
group = smsc
smsc = smpp
smsc-id = operator
host = 127.0.0.1
port = {network}
transceiver-mode = true
smsc-username = pdi
smsc-password = smpp
system-type = pdi
source-addr-ton = 0
source-addr-npi = 1
dest-addr-ton = 1
dest-addr-npi = 1
enquire-link-interval = 10
reconnect-delay = 1

group = smpp-tlv
name = ussd_op
tag = 0x0501
type = integer
length = 1
"""


@dataclass(frozen=True)
class Ports:
    """Where a Kannel will listen, and where its network is: known before it starts, for others must be told."""

    admin: int = field(default_factory=free_port)
    boxes: int = field(default_factory=free_port)
    sendsms: int = field(default_factory=free_port)
    network: int = field(default_factory=free_port)

    @property
    def options(self) -> dict[str, str]:
        """What our channel has to know."""
        url = f"http://127.0.0.1:{self.sendsms}/cgi-bin/sendsms"
        return {"sendsms_url": url, "username": USER, "password": PASSWORD}


def look_for_kannel() -> None:
    """Fail where there is none, or skip where someone has said that there is none."""
    if all(map(_program, BOXES)):
        return
    if os.environ.get(WITHOUT) == "1":
        pytest.skip(f"this machine goes without Kannel ({WITHOUT}=1)")
    pytest.fail(NOT_HERE)


@contextmanager
def running_kannel(folder: Path, ports: Ports, *, network: str, inbound: str) -> Iterator[None]:
    """Kannel on a network (``FAKE`` or ``SMPP``), handing what comes to an address of ours, until the block ends."""
    config = folder / "kannel.conf"
    config.write_text(
        (CORE + network).format(
            **vars(ports),
            folder=folder,
            inbound=inbound,
            escapes=ESCAPES,
            user=USER,
            password=PASSWORD,
            status_password=STATUS_PASSWORD,
            short_code=SHORT_CODE,
        )
    )
    boxes: list[subprocess.Popen[bytes]] = []
    try:
        boxes.append(_start("bearerbox", config))
        wait_for(lambda: _is_open(ports.boxes), "bearerbox")
        boxes.append(_start("smsbox", config))
        # Its port opens before it can answer: a message sent to it then is its end.
        wait_for(lambda: _has_smsbox(ports), "smsbox")
        yield
    finally:
        for box in reversed(boxes):
            box.communicate()


def wait_for(look: Callable[[], T | None], what: str) -> T:
    """What is looked for, as soon as it is there."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {SECONDS} s in vain for {what}")


class Phone:
    """All telephones of the fake network, which speaks lines: ``from to kind words``."""

    def __init__(self, port: int) -> None:
        self.lines: list[str] = []
        self._socket = socket.create_connection(("127.0.0.1", port), SECONDS)
        self._socket.settimeout(None)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def text(self, words: str, *, sender: str, to: str = SHORT_CODE) -> None:
        self._socket.sendall(f"{sender} {to} text {words}\n".encode())

    def shown(self, number: str) -> Sequence[str]:
        """What the telephone of this number was sent; of a long message all parts, once they are there."""
        whole: dict[str, list[str]] = {}
        for line in tuple(self.lines):
            _, to, kind, words = line.split(" ", 3)
            if to == number and kind == "udh":
                header, _, words = words.split(" ", 2)
                whole.setdefault(header[:HEADER_BEFORE_NUMBER], []).append(_in_letters(words))
            elif to == number:
                whole[line] = [words if kind == "text" else _in_letters(words)]
        return ["".join(parts) for parts in whole.values()]

    def wait(self, number: str, what: Callable[[str], bool] = bool) -> str:
        def look() -> str | None:
            return next(filter(what, self.shown(number)), None)

        return wait_for(look, f"a message at {number}")

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._reader.join(SECONDS)

    def _read(self) -> None:
        with self._socket.makefile("rb") as lines:
            for line in lines:
                self.lines.append(line.decode("utf-8", "replace").rstrip("\n"))


def _in_letters(words: str) -> str:
    """Bytes as Kannel writes them on a line; those of UCS-2 are told by what no text in ASCII holds."""
    raw = unquote_to_bytes(words.replace("+", " "))
    return raw.decode("ascii" if min(raw) >= ord(" ") else "utf-16-be")


def _program(box: str) -> str | None:
    """Debian puts it where only root looks."""
    return shutil.which(box, path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")


def _start(box: str, config: Path) -> subprocess.Popen[bytes]:
    with (config.parent / f"{box}.out").open("wb") as output:
        return subprocess.Popen(
            ["sh", "-c", GUARDIAN, "guardian", _program(box) or box, "-v", "4", str(config)],
            cwd=config.parent,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _is_open(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def _has_smsbox(ports: Ports) -> bool:
    address = f"http://127.0.0.1:{ports.admin}/status.txt"
    try:
        told = httpx.get(address, params={"password": STATUS_PASSWORD}, timeout=5).text
    except httpx.HTTPError:
        return False
    return "smsbox:" in told and _is_open(ports.sendsms)
