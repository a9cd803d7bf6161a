"""A large csv file is read at once, and never otherwise than the careful reader would read it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.errors import SampleError
from analysis.files import csv_file, detect, large_csv, read_sample
from analysis.files.text import decode
from analysis.ids import NumberIds, PackedIds
from analysis.sample import Sample

HEADER = "id,recruiter_id,network_size,enrolled_at,site,sex"


def facts(sample: Sample) -> object:
    """Everything a sample says, comparable."""
    return (
        list(sample.ids),
        sample.recruiter.tolist(),
        np.nan_to_num(sample.network_size, nan=-1).tolist(),
        sample.enrolled_on.astype(str).tolist(),
        [(name, trait.levels, trait.codes.tolist()) for name, trait in sample.traits.items()],
        sample.coupons,
        sample.notices,
    )


def at_once(content: bytes, folder: Path) -> Sample | None:
    """What the fast reader makes of a file, if it takes it at all."""
    file = folder / "people.csv"
    file.write_bytes(content)
    return large_csv.read(file)


def carefully(content: bytes) -> Sample:
    """What the careful reader makes of it."""
    return csv_file.read(decode(content))


ids = st.sampled_from(["1", "2", "3", "007", "7", "12", "ann", "О'Коннор", "0", "10", ""])
plain_levels = ["f", "m", "", "NA", "0", "two words", "Львів", "F", "1e3"]
levels = st.sampled_from([*plain_levels, " f", 'a "b"', '"f"', '"f'])
numbers = st.sampled_from(["", "0", "5", "12", "3.50", "007", "-1", "many", "1e3", "1e-5", "1e999"])
days = st.sampled_from(["", "2026-03-01", "2026-03-01T23:00:00+02:00", "01.03.2026", "2026-02-30"])
ends = st.sampled_from(["\n", "\r\n", "\r", "\n\n", ",\n", ",,\n", '"\n', "\0\n", "\x1f\n"])


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Small files, mostly well formed."""
    names = draw(st.lists(ids.filter(bool), min_size=1, max_size=6, unique=True))
    regular = draw(st.booleans())
    lines = [draw(st.sampled_from([HEADER, "\ufeff" + HEADER, HEADER.upper(), HEADER + ",sex"]))]
    for i, name in enumerate(names):
        recruiter = draw(st.sampled_from(["", *names[:i]]) if regular else ids)
        cells = [
            name,
            recruiter,
            draw(st.sampled_from(["", "5", "0"]) if regular else numbers),
            draw(st.sampled_from(["", "2026-03-01"]) if regular else days),
            draw(st.sampled_from(plain_levels) if regular else levels),
            draw(levels),
        ]
        lines.append(",".join(cells))
    end = "\n" if regular else draw(ends)
    text = end.join(lines) + draw(st.sampled_from(["", "\n"]))
    return text.encode()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=files())
def test_both_readers_say_the_same(content: bytes, tmp_path: Path) -> None:
    sample = at_once(content, tmp_path)
    if sample is not None:
        assert facts(sample) == facts(carefully(content))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_never_read_where_the_careful_reader_refuses_it(
    data: st.DataObject, tmp_path: Path
) -> None:
    content = f"{HEADER}\n1,,5,2026-03-01,Lviv,f\n2,1,,,Odesa,m\nx,2,7,,,\n"
    at = data.draw(st.integers(0, len(content)))
    put = data.draw(st.text(max_size=3) | st.sampled_from(["\n", '"', ",", "\t", "\r", "\0", " "]))
    damaged = content[:at] + put + content[at + data.draw(st.integers(0, 4)) :]
    encoded = damaged.encode(errors="surrogatepass")
    sample = at_once(encoded, tmp_path)
    if sample is not None:
        assert detect(decode(encoded)) == "csv"
        assert facts(sample) == facts(carefully(encoded))


def test_what_is_well_formed_is_read_at_once_whatever_its_ids(tmp_path: Path) -> None:
    kinds = {
        "numbers": (["3", "1", "2"], NumberIds),
        "numbers far apart": (["3", "100000", "2"], PackedIds),
        "noughts in front": (["03", "1", "3"], PackedIds),
        "text": (["ann", "bo", "cy"], PackedIds),
    }
    for names, kind in kinds.values():
        a, b, c = names
        content = f"{HEADER}\n{a},,5,2026-03-01,Lviv,f\n{b},{c},,,Odesa,m\n{c},{a},7,,,\n".encode()
        sample = at_once(content, tmp_path)
        assert sample is not None
        assert isinstance(sample.ids, kind)
        assert facts(sample) == facts(carefully(content))


def test_network_sizes_as_r_writes_them_are_read_by_both(tmp_path: Path) -> None:
    content = b"id,recruiter_id,network_size\n1,,1e+05\n2,1,1E5\n3,2,1e6\n4,3,2.5e1\n"
    sample = at_once(content, tmp_path)
    assert sample is not None
    assert facts(sample) == facts(carefully(content))
    assert sample.network_size.tolist() == [100_000, 100_000, 1_000_000, 25]


@pytest.mark.parametrize("size", ["1e-5", "1e999", "e5", "1e", "1e+", "+1e5", "1e5.0", "0x10"])
def test_what_is_no_number_of_people_is_refused_by_both(size: str, tmp_path: Path) -> None:
    content = f"id,recruiter_id,network_size\n1,,{size}\n".encode()
    assert at_once(content, tmp_path) is None
    with pytest.raises(SampleError, match="Write a number, or leave the cell empty") as caught:
        carefully(content)
    assert (caught.value.code, caught.value.line) == ("bad_network_size", 2)


@pytest.mark.parametrize(
    "content",
    [
        b"id,recruiter_id\n1,\n1,\n",
        b"id,recruiter_id\n1,\n2,9\n",
        b"id,recruiter_id\n1,\n2,01\n",
        b"id,recruiter_id\nann,\nann,\n",
        b"id,recruiter_id\nann,\nbo,cy\n",
        b"id,recruiter_id\nann,\n,ann\n",
        b"id,recruiter_id\n1,\n,1\n",
        b"id,recruiter_id\n1,2\n2,1\n",
        b"id,recruiter_id\n1,1\n",
        b"id,recruiter_id\n",
        b"id,recruiter_id",
        b"",
        b"id,recruiter_id,note\n1,,\xff\n",
        b"id,recruiter_id,note\n1,,a\0b\n",
        b"id,recruiter_id,sex\n1,,f\n2\n",
        b"id,recruiter_id,network_size\n1,,-3\n",
        b"id,recruiter_id,enrolled_at\n1,,1 March\n",
        b"id,recruiter_id,note\n1,," + b"a" * 200_000 + b"\n",
        b"a" * 200_000 + b",\n1,\n",
        b"id,own_coupon,coupon_1\n1,,2\n",
        b"RDS\n1 0 0\n1 2 0\n",
        b"id,recruiter.id,network.size.variable\n1,,4\n2,1,5\n",
    ],
)
def test_what_is_refused_is_left_to_the_careful_reader(content: bytes, tmp_path: Path) -> None:
    assert at_once(content, tmp_path) is None


def test_a_large_file_says_where_it_is_wrong_as_a_small_one_does(tmp_path: Path) -> None:
    rows = "".join(f"{i},{i - 1 or ''},5,2026-03-01,Lviv,f\n" for i in range(1, 80_001))
    file = tmp_path / "people.csv"
    file.write_text(f"{HEADER}\n{rows}")
    assert isinstance(read_sample(file).ids, NumberIds)
    file.write_text(f"{HEADER}\n{rows}80001,x,5,2026-03-01,Lviv,f\n")
    with pytest.raises(SampleError) as caught:
        read_sample(file)
    assert (caught.value.code, caught.value.line) == ("unknown_recruiter", 80_002)
