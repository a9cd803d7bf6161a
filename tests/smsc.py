"""An operator's message centre that speaks SMPP 3.4, for a gateway to bind to; its other side is telephones that a test plays."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import smpp34

from tests.kannel import SECONDS, SHORT_CODE, wait_for

UCS2 = 8
RECEIPT, HAS_HEADER = 4, 0x40
WANTS_RECEIPT = 1
UNKNOWN, INTERNATIONAL, E164 = 0, 1, 1
USSD_SERVICE_OP = 0x0501
INVALID_ADDRESS = 0x0B
# ussd_service_op: SMPP 3.4, 5.3.2.44.
OPENS, ASKS, ENDS, ANSWERS = 1, 2, 17, 18
# What becomes of messages, by the last digit of the number; all others arrive.
FATES = {"9": "UNDELIV", "8": "EXPIRED"}
REFUSED = "7"
# Seconds before each receipt. It is repeated, for Kannel knows no receipt of a message whose id it has not yet written down.
PAUSES = (0.2, 1, 5, 10)


@dataclass(frozen=True)
class Sent:
    """A message that came for a telephone. ``ussd_op`` tells that it is a screen."""

    to: str
    text: str
    sender: str
    service: str
    ussd_op: int | None


@dataclass
class Smsc:
    """The message centre, in a thread of its own."""

    port: int
    sent: list[Sent] = field(default_factory=list)
    _bound: list[Any] = field(default_factory=list)
    _parts: dict[tuple[str, bytes], list[str]] = field(default_factory=dict)
    _taken: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _receipts: set[asyncio.Task[Any]] = field(default_factory=set)

    @property
    def is_bound(self) -> bool:
        return bool(self._bound)

    def text(self, words: str, *, sender: str, to: str = SHORT_CODE) -> None:
        """A telephone sends a message."""
        coding = 0 if words.isascii() else UCS2
        body = words.encode("ascii" if words.isascii() else "utf-16-be")
        self._deliver(to, body, sender, data_coding=coding)

    def press(self, words: str, *, sender: str, op: int, to: str = "*384*96#") -> None:
        """A telephone opens a menu, or answers a screen."""
        operation = smpp34.Tlv(USSD_SERVICE_OP, bytes([op]))
        self._deliver(to, words.encode("ascii"), sender, service_type="USSD", tlvs=[operation])

    def wait(self, number: str, what: Callable[[Sent], bool] = bool) -> Sent:
        def look() -> Sent | None:
            mine = (each for each in tuple(self.sent) if each.to == number.lstrip("+"))
            return next(filter(what, mine), None)

        return wait_for(look, f"a message at {number}")

    def _deliver(self, to: str, body: bytes, sender: str, **given: Any) -> None:
        async def deliver() -> smpp34.DeliverSmResp:
            [gateway] = self._bound
            answer: smpp34.DeliverSmResp = await gateway.deliver_sm(
                to,
                body,
                source_addr=sender.lstrip("+"),
                source_addr_ton=INTERNATIONAL,
                source_addr_npi=E164,
                dest_addr_ton=UNKNOWN,
                dest_addr_npi=UNKNOWN,
                **given,
            )
            return answer

        answer = asyncio.run_coroutine_threadsafe(deliver(), self._loop).result(SECONDS)
        assert answer.is_success, hex(answer.command_status)

    async def _serve(self, ready: threading.Event) -> None:
        server = smpp34.Server("127.0.0.1", self.port, system_id="operator")
        await server.start()
        ready.set()
        try:
            while True:
                self._hear(await server.next())
        finally:
            await server.stop()

    def _hear(self, event: smpp34.Esme | smpp34.SubmitSmEvent | smpp34.Unbound) -> None:
        if isinstance(event, smpp34.Esme):
            self._bound.append(event)
        elif isinstance(event, smpp34.Unbound):
            self._bound = [each for each in self._bound if each.session_id != event.session_id]
        elif event.destination_addr.endswith(REFUSED):
            event.reject(INVALID_ADDRESS)
        else:
            self._take(event)

    def _take(self, event: smpp34.SubmitSmEvent) -> None:
        operations = [tlv.value[-1] for tlv in event.tlvs if tlv.tag == USSD_SERVICE_OP]
        codec = "utf-16-be" if event.data_coding == UCS2 else "ascii"
        header, body = _parted(event)
        parts = self._parts.setdefault((event.destination_addr, header[3:4]), [])
        parts.append(body.decode(codec, "replace"))
        self._taken += 1
        message_id = f"smsc-{self._taken}"
        if not header or len(parts) == header[4]:
            text = "".join(parts) if header else parts[-1]
            sender, service = event.source_addr, event.service_type
            operation = operations[0] if operations else None
            self.sent.append(Sent(event.destination_addr, text, sender, service, operation))
        event.accept(message_id)
        if event.registered_delivery & WANTS_RECEIPT:
            receipt = asyncio.ensure_future(self._report(event, message_id))
            self._receipts.add(receipt)
            receipt.add_done_callback(self._receipts.discard)

    async def _report(self, event: smpp34.SubmitSmEvent, message_id: str) -> None:
        state = FATES.get(event.destination_addr[-1], "DELIVRD")
        at = datetime.now(UTC).strftime("%y%m%d%H%M")
        error = "000" if state == "DELIVRD" else "001"
        receipt = f"id:{message_id} sub:001 dlvrd:001 submit date:{at} done date:{at} stat:{state} err:{error} text:"
        for pause in PAUSES:
            await asyncio.sleep(pause)
            for gateway in self._bound:
                await gateway.deliver_sm(
                    event.source_addr,
                    receipt.encode(),
                    source_addr=event.destination_addr,
                    source_addr_ton=INTERNATIONAL,
                    source_addr_npi=E164,
                    dest_addr_ton=UNKNOWN,
                    dest_addr_npi=UNKNOWN,
                    esm_class=RECEIPT,
                )


def _parted(event: smpp34.SubmitSmEvent) -> tuple[bytes, bytes]:
    """The header that joins the parts of a long message (its 4th octet names it, the 5th counts them), and the rest."""
    if not event.esm_class & HAS_HEADER:
        return b"", event.short_message
    length = event.short_message[0] + 1
    return event.short_message[:length], event.short_message[length:]


@contextmanager
def running_smsc(port: int) -> Iterator[Smsc]:
    """A message centre on a port, until the block ends."""
    smsc, ready = Smsc(port), threading.Event()
    loop = smsc._loop
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    serving = asyncio.run_coroutine_threadsafe(smsc._serve(ready), loop)
    try:
        assert ready.wait(SECONDS), serving
        yield smsc
    finally:
        loop.call_soon_threadsafe(lambda: [each.cancel() for each in smsc._receipts])
        serving.cancel()
        asyncio.run_coroutine_threadsafe(_others_done(), loop).result(SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()


async def _others_done() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)
