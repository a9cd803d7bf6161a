"""Every way a file can be wrong is refused with its code and line; nothing is read by halves."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import SampleError
from analysis.files import read_sample

RDSAT = "RDS\n2 2 0 sex\n1 30 0 11 12 1\n2 10 12 21 22 2\n"
COUPONS = "id,own_coupon,coupon_1,coupon_2,sex\na,,A1,A2,f\nb,A1,B1,B2,m\n"
CSV = "id,recruiter_id,network_size,enrolled_at,sex\na,,10,2026-03-01,f\nb,a,5,2026-03-02,m\n"

BROKEN = {
    "nothing at all": (b"", "empty_file", None),
    "blank lines only": (b"\n \n\n", "empty_file", None),
    "a header only": (b"id,recruiter_id\n", "no_participants", None),
    "no recruiter column": (b"\nid,sex\n1,f\n", "missing_column", 2),
    "no id column": (b"person,recruiter_id\n1,\n", "missing_column", 1),
    "two columns of one name": (b"id,recruiter_id,ID\n1,,2\n", "duplicate_column", 1),
    "two traits of one name": (b"id,recruiter_id,sex,sex\n1,,f,m\n", "duplicate_column", 1),
    "a repeated id": (b"id,recruiter_id\n1,\n2,1\n1,2\n", "repeated_id", 4),
    "an id repeated but for blanks": (b"id,recruiter_id\n1,\n 1 ,\n", "repeated_id", 3),
    "no id": (b"id,recruiter_id\n1,\n,1\n", "empty_id", 3),
    "an unknown recruiter": (b"id,recruiter_id\n1,\n2,9\n", "unknown_recruiter", 3),
    "a recruiter written otherwise": (b"id,recruiter_id\n1,\n2,1.0\n", "unknown_recruiter", 3),
    "a mark for a seed": (b"id,recruiter_id\n1,seed\n", "unknown_recruiter", 2),
    "self-recruitment": (b"id,recruiter_id\n1,\n2,2\n", "cycle", 3),
    "a cycle beside a good seed": (b"id,recruiter_id\n1,\n2,4\n3,2\n4,3\n5,4\n", "cycle", 3),
    "a negative network size": (b"id,recruiter_id,network_size\n1,,-4\n", "bad_network_size", 2),
    "a network size in words": (b"id,recruiter_id,network_size\n1,,many\n", "bad_network_size", 2),
    "an endless network size": (
        b"id,recruiter_id,network_size\n1,," + b"9" * 400 + b"\n",
        "bad_network_size",
        2,
    ),
    "an underscore in a number": (b"id,recruiter_id,network_size\n1,,1_0\n", "bad_network_size", 2),
    "a decimal comma": (b'id,recruiter_id,network_size\n1,,"1,5"\n', "bad_network_size", 2),
    "a date of another order": (b"id,recruiter_id,enrolled_at\n1,,03/01/2026\n", "bad_date", 2),
    "a day that is not": (b"id,recruiter_id,enrolled_at\n1,,2026-02-30\n", "bad_date", 2),
    "too many cells": (b"id,recruiter_id,sex\n1,,f\n2,1,m,x\n", "wrong_column_count", 3),
    "no cell for the recruiter": (b"id,recruiter_id,sex\n1,,f\n2\n", "wrong_column_count", 3),
    "a file cut off": (b"id,recruiter_id,sex,site\n1,,f,Lviv\n2,1,m", "truncated_file", 3),
    "a quote that never ends": (b'id,recruiter_id,sex\n1,,"f\n2,1,m\n', "bad_quoting", 2),
    "text after a quote": (b'id,recruiter_id,sex\n1,,"f"x\n', "bad_quoting", 2),
    "a NUL byte": (b"id,recruiter_id\n1,\n2\x00,1\n", "nul_byte", 3),
    "Windows-1251": ("id,recruiter_id,sex\n1,,f\n2,1,ж\n".encode("cp1251"), "not_utf8", 3),
    "UTF-16": ("id,recruiter_id\n1,\n".encode("utf-16"), "not_utf8", 1),
    "a coupon given to two people": (
        COUPONS.replace("B2", "A2").encode(),
        "coupon_issued_twice",
        3,
    ),
    "a coupon given to two people but for a blank": (
        COUPONS.replace("B2", "A2 ").encode(),
        "coupon_issued_twice",
        3,
    ),
    "a coupon redeemed twice": ((COUPONS + "c,A1,,,f\n").encode(), "coupon_redeemed_twice", 4),
    "a coupon redeemed by its holder": (
        b"id,own_coupon,coupon_1\na,,A1\nb,B1,B1\n",
        "cycle",
        3,
    ),
    "coupons that go round": (b"id,own_coupon,coupon_1\na,B,A\nb,A,B\n", "cycle", 2),
    "no coupon columns": (b"id,own_coupon,sex\na,,f\n", "missing_column", 1),
    "an RDSAT file of one line": (b"RDS\n", "bad_rdsat_header", 2),
    "an RDSAT header in words": (b"RDS\nrows coupons mark\n", "bad_rdsat_header", 2),
    "an RDSAT file cut off": (RDSAT.replace("2 2 0", "3 2 0").encode(), "wrong_row_count", 2),
    "a short RDSAT row": (RDSAT.replace("21 22 2", "21 2").encode(), "wrong_column_count", 4),
    "a repeated id in RDSAT": (RDSAT.replace("\n2 10", "\n1 10").encode(), "repeated_id", 4),
    "an RDSAT coupon whose giver is in doubt": (
        RDSAT.replace("21 22", "12 22").encode(),
        "coupon_issued_twice",
        4,
    ),
    "an RDSAT network size in words": (
        RDSAT.replace(" 30 ", " x ").encode(),
        "bad_network_size",
        3,
    ),
    "RDSAT traits of one name": (b"RDS\n1 1 0 sex sex\n1 2 0 11 1 1\n", "duplicate_column", 2),
}


@pytest.mark.parametrize(("content", "code", "line"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_refused_with_its_code_and_line(
    content: bytes, code: str, line: int | None
) -> None:
    with pytest.raises(SampleError) as caught:
        read_sample(content)
    assert (caught.value.code, caught.value.line) == (code, line)
    assert str(caught.value).endswith(f"({code})")


@pytest.mark.parametrize("content", [CSV, COUPONS, RDSAT])
def test_the_files_that_were_broken_are_fine_unbroken(content: str) -> None:
    assert len(read_sample(content.encode())) == 2


@pytest.mark.parametrize("content", [CSV, COUPONS, RDSAT])
def test_a_file_cut_anywhere_is_refused_or_read_but_never_fails_otherwise(content: str) -> None:
    for end in range(len(content)):
        with suppress(SampleError):
            read_sample(content[:end].encode())


@given(st.sampled_from([CSV, COUPONS, RDSAT]), st.data())
def test_a_damaged_file_is_refused_or_read_but_never_fails_otherwise(
    content: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(content)))
    gone = data.draw(st.integers(0, 4))
    put = data.draw(st.text(max_size=3) | st.sampled_from(["\n", '"', ",", "\t", "9" * 5_000, "-"]))
    damaged = content[:at] + put + content[at + gone :]
    with suppress(SampleError):
        sample = read_sample(damaged.encode(errors="surrogatepass"))
        assert sum(sample.forest.wave_counts) == len(sample)


def test_lines_are_counted_through_cells_of_many_lines_and_blank_lines() -> None:
    with pytest.raises(SampleError) as caught:
        read_sample(b'id,recruiter_id,note\n1,,"a\nb\nc"\n\n2,9,\n')
    assert (caught.value.code, caught.value.line) == ("unknown_recruiter", 6)


def test_a_message_names_the_people_of_a_cycle() -> None:
    with pytest.raises(SampleError, match="'b' ← 'c' ← 'b'"):
        read_sample(b"id,recruiter_id\na,\nb,c\nc,b\n")


def test_an_unknown_layout_is_refused() -> None:
    with pytest.raises(SampleError) as caught:
        read_sample(b"id\n", layout="xlsx")
    assert caught.value.code == "unknown_format"
