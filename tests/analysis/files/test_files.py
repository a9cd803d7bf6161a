"""Files as people really have them are read, and say the same whatever their layout."""

from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from analysis.files import FORMATS, WRITERS, detect, read_sample, write_csv
from analysis.files.graphml_file import write_graphml
from analysis.sample import Sample, build_sample
from analysis.simulate import simulate
from tests.analysis.datasets import OWN, Known, known_datasets


def recruiters(sample: Sample) -> dict[str, str | None]:
    """Who recruited each person, by id."""
    return {
        person: sample.ids[i] if i >= 0 else None
        for person, i in zip(sample.ids, sample.recruiter.tolist(), strict=True)
    }


PLAIN = b"id,recruiter_id,network_size,sex\n1,,20,f\n2,1,,m\n"
SAME = {
    "a byte order mark": b"\xef\xbb\xbf" + PLAIN,
    "Windows line ends": PLAIN.replace(b"\n", b"\r\n"),
    "old Macintosh line ends": PLAIN.replace(b"\n", b"\r"),
    "semicolons": PLAIN.replace(b",", b";"),
    "tabs": PLAIN.replace(b",", b"\t"),
    "quoted cells": b'"id","recruiter_id","network_size","sex"\n"1","","20","f"\n"2","1","","m"\n',
    "blanks round cells": b"id , recruiter_id,network_size , sex\n 1 ,, 20 ,f \n2, 1 ,, m\n",
    "blanks before quotes": b'id, recruiter_id, network_size, sex\n1, "", "20", "f"\n2, 1, , "m"\n',
    "other capitals": b"ID,Recruiter ID,Network.Size,sex\n1,,20,f\n2,1,,m\n",
    "no last line end": PLAIN.rstrip(b"\n"),
    "blank lines": b"\n" + PLAIN.replace(b"\n", b"\n\n") + b"\n\n",
    "blank rows of a spreadsheet": PLAIN + b",,,\n,,,\n",
    "empty cells beyond the header": PLAIN.replace(b"f\n", b"f,,\n"),
    "recruit before recruiter": b"id,recruiter_id,network_size,sex\n2,1,,m\n1,,20,f\n",
    "network size 0 for missing": PLAIN.replace(b",,m", b",0,m"),
    "a network size with a fraction of nought": PLAIN.replace(b"20", b"20.0"),
    "columns in another order": b"sex,network_size,recruiter_id,id\nf,20,,1\nm,,1,2\n",
}


@pytest.mark.parametrize("content", SAME.values(), ids=SAME.keys())
def test_harmless_differences_change_nothing(content: bytes) -> None:
    sample = read_sample(content)
    sizes = dict(zip(sample.ids, sample.network_size.tolist(), strict=True))
    sex = sample.traits["sex"]
    assert recruiters(sample) == {"1": None, "2": "1"}
    assert sizes["1"] == 20
    assert np.isnan(sizes["2"])
    assert {i: sex.levels[c] for i, c in zip(sample.ids, sex.codes, strict=True)} == {
        "1": "f",
        "2": "m",
    }
    assert list(sample.traits) == ["sex"]


def test_levels_are_the_values_of_the_file_in_the_order_of_numbers_then_text() -> None:
    sample = read_sample("id,recruiter_id,x\na,,10\nb,,9\nc,,жінка\nd,,01\ne,,\n".encode())
    assert sample.traits["x"].levels == ("01", "9", "10", "жінка")


def test_days_are_those_written_at_the_site_whatever_the_offset() -> None:
    cells = ["2026-03-01", "2026-03-01T23:59:00+03:00", "2026-03-01 00:10", "2026-03-01T00:00Z", ""]
    rows = "".join(f"{i},,{cell}\n" for i, cell in enumerate(cells))
    sample = read_sample(f"id,recruiter_id,enrolled_at\n{rows}".encode())
    assert sample.enrolled_on.astype(str).tolist() == ["2026-03-01"] * 4 + ["NaT"]


def test_rows_that_stop_early_are_read_and_said_so() -> None:
    sample = read_sample(b"id,recruiter_id,sex,site\n1,,f,Lviv\n2,1\n")
    assert sample.traits["sex"].missing == 1
    assert [notice.code for notice in sample.notices] == ["short_rows"]


def test_a_column_without_a_name_is_left_out_and_said_so() -> None:
    sample = read_sample(b",id,recruiter_id,sex\n1,a,,f\n2,b,a,m\n")
    assert list(sample.traits) == ["sex"]
    assert [notice.code for notice in sample.notices] == ["unnamed_column"]


def test_values_that_look_missing_are_read_as_they_are_and_said_so() -> None:
    sample = read_sample(b"id,recruiter_id,sex\n1,,F\n2,,NA\n3,,f\n")
    assert sample.traits["sex"].levels == ("F", "NA", "f")
    assert {notice.code for notice in sample.notices} == {"looks_missing", "similar_levels"}


def test_cells_may_hold_the_delimiter_and_line_ends() -> None:
    sample = read_sample(b'id,recruiter_id,note\n1,,"a, b\nc"\n2,1,"say ""hi"""\n')
    assert sample.traits["note"].levels == ("a, b\nc", 'say "hi"')


def test_a_coupon_listed_twice_for_one_person_counts_once() -> None:
    sample = read_sample(b"id,own_coupon,coupon_1,coupon_2\na,,A1,A1\nb,A1,,\n")
    assert recruiters(sample) == {"a": None, "b": "a"}
    assert sample.coupons is not None
    assert (sample.coupons.issued, sample.coupons.redeemed) == (1, 1)
    assert [notice.code for notice in sample.notices] == ["coupon_repeated_in_row"]


def test_a_coupon_that_nobody_was_given_makes_a_seed_and_is_said_so() -> None:
    sample = read_sample(b"id,own_coupon,coupon_1\na,X9,A1\nb,A1 ,B1\n")
    assert recruiters(sample) == {"a": None, "b": "a"}
    assert [notice.code for notice in sample.notices] == ["unknown_coupon"]


@pytest.mark.parametrize("delimiter", [" ", "\t", ",", "   "])
def test_rdsat_cells_may_be_parted_by_blanks_tabs_or_commas(delimiter: str) -> None:
    rows = ["2 2 99 sex age", "1 30 0 11 12 f 99", "2 99 12 21 22 m 30"]
    text = "\n".join(["rds", *(row.replace(" ", delimiter) for row in rows)])
    sample = read_sample(text.encode())
    assert recruiters(sample) == {"1": None, "2": "1"}
    assert sample.traits["age"].levels == ("30",)
    assert np.isnan(sample.network_size[1])


def test_rdsat_names_may_hold_blanks_where_tabs_part_the_cells() -> None:
    sample = read_sample(b"RDS\n1\t1\t0\tHIV status\tAge, years\n1\t3\t0\t11\tnot known\t30\n")
    assert list(sample.traits) == ["HIV status", "Age, years"]
    assert sample.traits["HIV status"].levels == ("not known",)


def test_rdsat_zero_is_a_value_of_a_trait_where_another_mark_stands_for_missing() -> None:
    sample = read_sample(b"RDS\n2 1 99 hiv\n1 3 0 11 0\n2 3 11 0 1\n")
    assert sample.traits["hiv"].levels == ("0", "1")


def test_rdsat_numbers_used_again_are_accepted_only_where_the_recruiter_is_certain() -> None:
    text = b"RDS\n3 2 0 x\n1 3 0 11 12 1\n2 3 11 21 12 1\n3 3 11 0 0 1\n"
    sample = read_sample(text)
    assert recruiters(sample) == {"1": None, "2": "1", "3": "1"}
    assert [notice.code for notice in sample.notices] == ["coupon_reissued", "coupon_reused"]


@pytest.mark.parametrize("known", known_datasets(), ids=str)
def test_the_layout_is_found_out(known: Known) -> None:
    path = known.file
    expected = (
        "rdsat" if path.suffix == ".rdsat" else "coupons" if "coupons" in path.name else "csv"
    )
    assert detect(path.read_text()) == expected


def test_the_layouts_of_one_forest_agree() -> None:
    by_id = read_sample(OWN / "forest_500.csv")
    by_coupon = read_sample(OWN / "forest_500_coupons.csv")
    assert recruiters(by_id) == recruiters(by_coupon)
    assert list(FORMATS) == list(WRITERS)


def test_what_is_written_is_read_back_the_same(tmp_path: Path) -> None:
    sample = simulate(300, seed=4)
    write_csv(sample, tmp_path / "forest.csv")
    again = read_sample(tmp_path / "forest.csv")
    assert recruiters(again) == recruiters(sample)
    assert np.array_equal(again.network_size, sample.network_size, equal_nan=True)
    assert np.array_equal(again.enrolled_on, sample.enrolled_on)
    assert {name: t.counts.tolist() for name, t in again.traits.items()} == {
        name: t.counts.tolist() for name, t in sample.traits.items()
    }


def test_recruitment_can_be_looked_at_in_another_program(tmp_path: Path) -> None:
    sample = build_sample(
        ["a", "b", "c"], ["", "a", ""], network_size=[5, None, 3], traits={"sex": ["f", "", "m"]}
    )
    write_graphml(sample, tmp_path / "people.graphml")
    graph = nx.read_graphml(tmp_path / "people.graphml")
    assert list(graph.edges) == [("a", "b")]
    assert graph.nodes["a"] == {"wave": 0, "network_size": 5.0, "sex": "f"}
