"""A device's key says whose it is, so that a server restored from a backup older than the device knows it again.

    pdd_ | base64url of: device id, 16 | sealed: site id, 16 | staff id, 16 | seconds of its enrolment, 5 | label

What is sealed is bound to the device id and opens with the master key alone, which lies beside the database and in none of
its backups. The nonce of the seal makes the key as hard to guess as a random one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from app.core.crypto import KeyProblem, Keyring
from app.core.envelopes import UnreadableEnvelope, from_text, to_text

PREFIX = "pdd_"
ID_BYTES, TIME_BYTES = 16, 5


@dataclass(frozen=True)
class Claim:
    """What a key that proves itself says of its device, as it was when it was enrolled."""

    device_id: UUID
    site_id: UUID
    staff_id: UUID
    enrolled_at: datetime
    label: str


def key_of(keyring: Keyring, claim: Claim) -> str:
    """A key for a device; another one each time."""
    body = (
        claim.site_id.bytes
        + claim.staff_id.bytes
        + int(claim.enrolled_at.timestamp()).to_bytes(TIME_BYTES)
        + claim.label.encode()
    )
    sealed = keyring.seal(body, table="device", column="key", row=claim.device_id)
    return PREFIX + to_text(claim.device_id.bytes + sealed)


def claim_of(keyring: Keyring, key: str) -> Claim | None:
    """What a key says; None when this server never gave it."""
    try:
        raw = from_text(key.removeprefix(PREFIX))
        device_id, sealed = UUID(bytes=raw[:ID_BYTES]), raw[ID_BYTES:]
        body = keyring.open(sealed, table="device", column="key", row=device_id)
    except (UnreadableEnvelope, KeyProblem, ValueError):
        return None
    people, rest = body[: 2 * ID_BYTES], body[2 * ID_BYTES :]
    return Claim(
        device_id=device_id,
        site_id=UUID(bytes=people[:ID_BYTES]),
        staff_id=UUID(bytes=people[ID_BYTES:]),
        enrolled_at=datetime.fromtimestamp(int.from_bytes(rest[:TIME_BYTES]), UTC),
        label=rest[TIME_BYTES:].decode(),
    )
