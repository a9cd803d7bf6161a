"""A device seals its events to the server; nobody else reads them, and nothing of them can be changed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from hypothesis import given
from hypothesis import strategies as st

from app.core.crypto import Keyring
from app.core.envelopes import (
    OVERHEAD,
    UnreadableEnvelope,
    from_text,
    open_envelope,
    public_key_text,
    seal_envelope,
    server_key,
    to_text,
)

VECTOR: dict[str, Any] = json.loads(Path(__file__).with_name("envelope_vector.json").read_text())
KEYRING = Keyring(bytes.fromhex(VECTOR["master_key"]))
NAME: dict[str, Any] = {
    "device_id": UUID(VECTOR["device_id"]),
    "event_id": UUID(VECTOR["event_id"]),
    "seq": VECTOR["seq"],
}
SEALED = from_text(VECTOR["sealed"])
PLAINTEXT = VECTOR["plaintext"].encode()


def test_the_written_example_is_made_and_opened_byte_for_byte() -> None:
    ephemeral = derive_private_key(int(VECTOR["ephemeral_private"], 16), SECP256R1())

    made = seal_envelope(
        public_key_text(KEYRING),
        PLAINTEXT,
        ephemeral=ephemeral,
        nonce=bytes.fromhex(VECTOR["nonce"]),
        **NAME,
    )

    assert public_key_text(KEYRING) == VECTOR["server_key"]
    assert f"{server_key(KEYRING).private_numbers().private_value:064x}" == VECTOR["server_private"]
    assert to_text(made) == VECTOR["sealed"]
    assert open_envelope(KEYRING, SEALED, **NAME) == PLAINTEXT


def test_the_same_master_key_opens_it_after_a_restart() -> None:
    again = Keyring(bytes.fromhex(VECTOR["master_key"]))

    assert open_envelope(again, SEALED, **NAME) == PLAINTEXT


def test_two_seals_of_one_text_have_nothing_in_common() -> None:
    one, other = (seal_envelope(VECTOR["server_key"], PLAINTEXT, **NAME) for _ in range(2))

    assert one[1:66] != other[1:66]
    assert one[78:] != other[78:]
    assert PLAINTEXT[:12] not in one


def another_server(sealed: bytes) -> dict[str, Any]:
    return {"keyring": Keyring(bytes(32)), "sealed": sealed, **NAME}


def another_device(sealed: bytes) -> dict[str, Any]:
    return {"keyring": KEYRING, "sealed": sealed, **NAME, "device_id": uuid4()}


def another_event(sealed: bytes) -> dict[str, Any]:
    return {"keyring": KEYRING, "sealed": sealed, **NAME, "event_id": uuid4()}


def another_number(sealed: bytes) -> dict[str, Any]:
    return {"keyring": KEYRING, "sealed": sealed, **NAME, "seq": NAME["seq"] + 1}


def a_point_off_the_curve(sealed: bytes) -> dict[str, Any]:
    moved = sealed[:1] + b"\x04" + b"\x01" * 64 + sealed[66:]
    return {"keyring": KEYRING, "sealed": moved, **NAME}


def the_point_at_infinity(sealed: bytes) -> dict[str, Any]:
    return {"keyring": KEYRING, "sealed": sealed[:1] + bytes(65) + sealed[66:], **NAME}


def another_version(sealed: bytes) -> dict[str, Any]:
    return {"keyring": KEYRING, "sealed": b"\x02" + sealed[1:], **NAME}


def something_behind_it(sealed: bytes) -> dict[str, Any]:
    return {"keyring": KEYRING, "sealed": sealed + b"\x00", **NAME}


@pytest.mark.parametrize(
    "change",
    [
        another_server,
        another_device,
        another_event,
        another_number,
        a_point_off_the_curve,
        the_point_at_infinity,
        another_version,
        something_behind_it,
    ],
)
def test_it_opens_only_here_under_its_own_name_and_whole(
    change: Callable[[bytes], dict[str, Any]],
) -> None:
    with pytest.raises(UnreadableEnvelope):
        open_envelope(**change(SEALED))


@given(st.integers(0, len(SEALED) * 8 - 1))
def test_no_bit_of_it_can_be_flipped(bit: int) -> None:
    flipped = bytearray(SEALED)
    flipped[bit // 8] ^= 1 << bit % 8

    with pytest.raises(UnreadableEnvelope):
        open_envelope(KEYRING, bytes(flipped), **NAME)


@given(st.integers(0, len(SEALED) - 1))
def test_no_part_of_it_is_enough(length: int) -> None:
    with pytest.raises(UnreadableEnvelope):
        open_envelope(KEYRING, SEALED[:length], **NAME)


@given(st.binary(max_size=3 * OVERHEAD))
def test_whatever_else_comes_is_unreadable_and_nothing_worse(noise: bytes) -> None:
    with pytest.raises(UnreadableEnvelope):
        open_envelope(KEYRING, noise, **NAME)


@given(st.text(max_size=40))
def test_a_text_is_bytes_or_unreadable(text: str) -> None:
    try:
        from_text(text)
    except UnreadableEnvelope:
        return
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=")


@given(st.binary(max_size=200), st.integers(1, 2**31))
def test_what_was_sealed_comes_out(text: bytes, seq: int) -> None:
    name = NAME | {"seq": seq}
    sealed = seal_envelope(VECTOR["server_key"], text, **name)

    assert len(sealed) == OVERHEAD + len(text)
    assert open_envelope(KEYRING, sealed, **name) == text
