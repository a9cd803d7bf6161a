"""Keys, digests that can be searched, and values that open only where they were sealed."""

import stat
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.core.crypto import KeyProblem, Keyring

ROW = UUID(int=7)


def test_a_sealed_value_opens_in_its_own_place(keyring: Keyring) -> None:
    sealed = keyring.seal(b"origin", table="coupon", column="sealed_origin", row=ROW)

    assert b"origin" not in sealed
    assert keyring.open(sealed, table="coupon", column="sealed_origin", row=ROW) == b"origin"


@pytest.mark.parametrize(
    ("table", "column", "row"),
    [
        ("participant", "sealed_origin", ROW),
        ("coupon", "sealed_contents", ROW),
        ("coupon", "sealed_origin", uuid4()),
    ],
)
def test_a_sealed_value_moved_elsewhere_does_not_open(
    keyring: Keyring, table: str, column: str, row: UUID
) -> None:
    sealed = keyring.seal(b"origin", table="coupon", column="sealed_origin", row=ROW)

    with pytest.raises(KeyProblem):
        keyring.open(sealed, table=table, column=column, row=row)


def test_a_sealed_value_with_a_flipped_bit_does_not_open(keyring: Keyring) -> None:
    place = {"table": "coupon", "column": "sealed_origin", "row": ROW}
    sealed = keyring.seal(b"origin", table="coupon", column="sealed_origin", row=ROW)

    for index in range(1, len(sealed)):
        altered = bytearray(sealed)
        altered[index] ^= 1
        with pytest.raises(KeyProblem):
            keyring.open(bytes(altered), **place)  # type: ignore[arg-type]


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + bytes(12), bytes(20)])
def test_a_sealed_value_cut_short_is_a_key_problem(keyring: Keyring, sealed: bytes) -> None:
    with pytest.raises(KeyProblem):
        keyring.open(sealed, table="coupon", column="sealed_origin", row=ROW)


def test_two_seals_of_one_value_do_not_look_alike(keyring: Keyring) -> None:
    first, second = (keyring.seal(b"same", table="t", column="c", row=ROW) for _ in range(2))

    assert first != second


def test_a_digest_is_the_same_for_the_same_value_and_purpose_only(keyring: Keyring) -> None:
    digest = keyring.digest("coupon-code", "000000005724")

    assert digest == keyring.digest("coupon-code", "000000005724")
    assert len(digest) == 32
    assert digest != keyring.digest("coupon-token", "000000005724")
    assert digest != keyring.digest("coupon-code", "000000000109")
    assert keyring.digest("pair", "ab", "c") != keyring.digest("pair", "a", "bc")


def test_another_key_gives_another_digest_and_opens_nothing(
    keyring: Keyring, tmp_path: Path
) -> None:
    other = Keyring.create(tmp_path / "other.key")
    sealed = keyring.seal(b"origin", table="t", column="c", row=ROW)

    assert other.digest("uic", "olena") != keyring.digest("uic", "olena")
    assert other.fingerprint() != keyring.fingerprint()
    with pytest.raises(KeyProblem):
        other.open(sealed, table="t", column="c", row=ROW)


def test_a_key_file_is_read_by_its_owner_only_and_read_back_the_same(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"
    made = Keyring.create(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Keyring.load(path).fingerprint() == made.fingerprint()


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    Keyring.create(path)
    before = path.read_bytes()

    with pytest.raises(FileExistsError):
        Keyring.create(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"", b"not base64!", b"c2hvcnQ=\n", b"\xff\xfe\x00", b"QUFB" * 40]
)
def test_a_damaged_key_file_is_a_key_problem_that_shows_nothing_of_it(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(content)

    with pytest.raises(KeyProblem) as refused:
        Keyring.load(path)
    assert not content.strip() or content.strip().decode("latin-1") not in str(refused.value)


def test_a_missing_key_file_and_one_that_is_a_folder_are_key_problems(tmp_path: Path) -> None:
    with pytest.raises(KeyProblem, match="no key file"):
        Keyring.load(tmp_path / "master.key")
    with pytest.raises(KeyProblem):
        Keyring.load(tmp_path)


def test_a_column_opens_at_once_as_its_rows_do_one_by_one(tmp_path: Path) -> None:
    keyring = Keyring.create(tmp_path / "master.key")
    where = {"table": "participant", "column": "sealed_origin"}
    rows = [(uuid4(), str(number).encode()) for number in range(5)]
    sealed = [(row, keyring.seal(plain, **where, row=row)) for row, plain in rows]

    assert keyring.open_all(sealed, **where) == [plain for _, plain in rows]
    assert keyring.open_all([(row.hex, each) for row, each in sealed], **where) == [
        keyring.open(each, **where, row=row) for row, each in sealed
    ]
    moved = [(sealed[1][0], sealed[0][1]), *sealed[1:]]
    with pytest.raises(KeyProblem):
        keyring.open_all(moved, **where)
    with pytest.raises(KeyProblem):
        keyring.open_all([*sealed, (rows[0][0], b"short")], **where)
