"""Events that a device seals to the server: whoever holds the device cannot read what was done with it before.

The server's key pair is made of the master key, so it is the same after a restart and after a restore. Each event is
sealed with a key pair of its own (ECIES: P-256, HKDF-SHA256, AES-256-GCM) and bound to its device, id and number. The
other side is ``web/static/desk/envelope.js``; ``tests/core/envelope_vector.json`` holds both to one text.

    0x01 | ephemeral public key, 65 | nonce, 12 | ciphertext and tag
"""

import base64
import binascii
import secrets
from uuid import UUID
from weakref import WeakKeyDictionary

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.core.crypto import NONCE_BYTES, Keyring

VERSION = b"\x01"
POINT_BYTES, TAG_BYTES = 65, 16
OVERHEAD = len(VERSION) + POINT_BYTES + NONCE_BYTES + TAG_BYTES
INFO = b"pdi/desk/event/1"

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_keys: WeakKeyDictionary[Keyring, tuple[EllipticCurvePrivateKey, bytes]] = WeakKeyDictionary()


class UnreadableEnvelope(ValueError):
    """Not sealed to this server, not under this name, or not whole. Says nothing more."""


def server_key(keyring: Keyring) -> EllipticCurvePrivateKey:
    """The key that opens what devices seal."""
    return _pair(keyring)[0]


def public_key_text(keyring: Keyring) -> str:
    """What a device seals with: the uncompressed point in base64url without padding."""
    return to_text(_pair(keyring)[1])


def open_envelope(
    keyring: Keyring, sealed: bytes, *, device_id: UUID, event_id: UUID, seq: int
) -> bytes:
    """What a device wrote under this name. Raises: UnreadableEnvelope."""
    if len(sealed) < OVERHEAD or sealed[:1] != VERSION:
        raise UnreadableEnvelope
    point, rest = sealed[1 : 1 + POINT_BYTES], sealed[1 + POINT_BYTES :]
    private, public = _pair(keyring)
    try:
        theirs = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
        key = _shared(private.exchange(ECDH(), theirs), point, public)
        return AESGCM(key).decrypt(
            rest[:NONCE_BYTES], rest[NONCE_BYTES:], _name(device_id, event_id, seq)
        )
    except (InvalidTag, ValueError):  # a point off the curve is a ValueError
        raise UnreadableEnvelope from None


def seal_envelope(
    server: str,
    plaintext: bytes,
    *,
    device_id: UUID,
    event_id: UUID,
    seq: int,
    ephemeral: EllipticCurvePrivateKey | None = None,
    nonce: bytes | None = None,
) -> bytes:
    """What a device does, for tests and as a description. ``server`` is the server's key as devices get it.

    ``ephemeral`` and ``nonce`` are given only to make a fixed example; used twice they give the text away.
    """
    public = from_text(server)
    ephemeral = ephemeral or generate_private_key(SECP256R1())
    point = _encoded(ephemeral)
    theirs = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), public)
    key = _shared(ephemeral.exchange(ECDH(), theirs), point, public)
    nonce = nonce or secrets.token_bytes(NONCE_BYTES)
    name = _name(device_id, event_id, seq)
    return VERSION + point + nonce + AESGCM(key).encrypt(nonce, plaintext, name)


def to_text(value: bytes) -> str:
    """Base64url without padding.

    >>> to_text(b"pdi?")
    'cGRpPw'
    """
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def from_text(text: str) -> bytes:
    """The bytes of base64url without padding. Raises: UnreadableEnvelope.

    >>> from_text("cGRpPw")
    b'pdi?'
    """
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableEnvelope from None


def _pair(keyring: Keyring) -> tuple[EllipticCurvePrivateKey, bytes]:
    pair = _keys.get(keyring)
    if pair is None:
        # 48 bytes for a 32-byte scalar: the remainder is as good as evenly spread.
        scalar = int.from_bytes(keyring.material("envelope", 48)) % (_ORDER - 1) + 1
        private = derive_private_key(scalar, SECP256R1())
        pair = _keys[keyring] = private, _encoded(private)
    return pair


def _encoded(private: EllipticCurvePrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _shared(secret: bytes, point: bytes, public: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=point + public, info=INFO).derive(secret)


def _name(device_id: UUID, event_id: UUID, seq: int) -> bytes:
    return f"{device_id}|{event_id}|{seq}".encode("ascii")
