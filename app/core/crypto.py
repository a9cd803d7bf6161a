"""Keyed digests and sealed values under keys that never enter the database.

One master key lies in a file beside, not in, the database. Every purpose gets its own key by HKDF, so a
digest of a coupon code says nothing about a digest of a person's code.
"""

import base64
import hmac
import os
import secrets
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

KEY_ID = b"\x01"
NONCE_BYTES = 12


class KeyProblem(Exception):
    """The key file is missing, damaged, or not the one this database was made with."""


class Keyring:
    """The keys in memory. ``seal`` binds a value to its table, column and row; ``digest`` can be searched."""

    def __init__(self, master: bytes) -> None:
        if len(master) != 32:
            raise KeyProblem("a master key has 32 bytes")
        self._derive = lru_cache(maxsize=None)(
            lambda purpose, length=32: _derive(master, purpose, length)
        )
        self._aead = AESGCM(self._derive("seal"))

    @classmethod
    def create(cls, path: Path) -> "Keyring":
        """Make a new key file that only its owner reads. An existing one is never overwritten."""
        master = secrets.token_bytes(32)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(base64.b64encode(master).decode() + "\n")
            file.flush()
            os.fsync(file.fileno())
        return cls(master)

    @classmethod
    def load(cls, path: Path) -> "Keyring":
        """Raises: KeyProblem, when there is no usable key at the path."""
        try:
            return cls(base64.b64decode(path.read_text().strip(), validate=True))
        except FileNotFoundError as error:
            raise KeyProblem(f"no key file at {path}") from error
        except OSError as error:
            raise KeyProblem(f"the key file {path} cannot be read") from error
        except ValueError as error:
            raise KeyProblem(f"the key file {path} is damaged") from error

    def digest(self, purpose: str, *parts: str) -> bytes:
        """HMAC-SHA256 of the parts under the purpose's own key: 32 bytes, the same for the same parts."""
        return hmac.digest(self._derive(purpose), "\x1f".join(parts).encode(), "sha256")

    def seal(self, plaintext: bytes, *, table: str, column: str, row: UUID) -> bytes:
        """AES-256-GCM: key id, nonce, ciphertext. It opens only in the row and column it was made for."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return KEY_ID + nonce + self._aead.encrypt(nonce, plaintext, _place(table, column, row))

    def open(self, sealed: bytes, *, table: str, column: str, row: UUID) -> bytes:
        """Raises: KeyProblem, when the value was moved, altered, or sealed under another key."""
        nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return self._aead.decrypt(nonce, ciphertext, _place(table, column, row))
        except (InvalidTag, ValueError) as error:
            raise KeyProblem(f"{table}.{column} does not open with this key") from error

    def open_all(
        self, rows: Iterable[tuple[UUID | str, bytes]], *, table: str, column: str
    ) -> list[bytes]:
        """A whole column in the order of its rows, each by its id (or the hex of it). Raises: KeyProblem.

        Figures of a programme open tens of thousands: here a seal costs what AES does, and little more.
        """
        decrypt, place = self._aead.decrypt, f"{table}|{column}|"
        try:
            return [
                decrypt(
                    sealed[1 : 1 + NONCE_BYTES],
                    sealed[1 + NONCE_BYTES :],
                    (place + (row if isinstance(row, str) else row.hex)).encode(),
                )
                for row, sealed in rows
            ]
        except (InvalidTag, ValueError) as error:
            raise KeyProblem(f"{table}.{column} does not open with this key") from error

    def material(self, purpose: str, length: int) -> bytes:
        """Bytes for a key of another kind, the same each time. A purpose serves one kind of key only."""
        return self._derive(purpose, length)

    def fingerprint(self) -> bytes:
        """What a database remembers of its key, to tell a wrong key from damaged data."""
        return self.digest("fingerprint", "pdi")[:8]


def keyring_of(session: Session) -> Keyring:
    """The keyring of the database a session belongs to."""
    keyring = session.info.get("keyring")
    if not isinstance(keyring, Keyring):
        raise KeyProblem("this database was opened without its keys")
    return keyring


def _derive(master: bytes, purpose: str, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=b"pdi/" + purpose.encode()).derive(master)


def _place(table: str, column: str, row: UUID) -> bytes:
    return f"{table}|{column}|{row.hex}".encode()
