"""Graphs, data packages and files of R as other programs write them, and as they go wrong."""

import io
import json
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import SampleError
from analysis.files import read_sample, write_sample
from analysis.sample import CouponFigures, build_sample

R = b'"id","recruiter.id","network.size.variable","sex"\n"1","0","4","f"\n"2","1",NA,"NA"\n'
GRAPHML = b"""<?xml version="1.0"?><graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="d0" for="node" attr.name="age" attr.type="int"/>
<graph edgedefault="directed"><node id="a"><data key="d0">30</data></node><node id="b"/>
<node id="c"/><edge source="a" target="b"/></graph></graphml>"""
GEXF = b"""<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2"><graph defaultedgetype="directed">
<nodes><node id="a" label="Ann"/><node id="b" label="Bo"/></nodes>
<edges><edge id="0" source="a" target="b"/></edges></graph></gexf>"""
TABLE = "pid,recruiter_pid,sex\r\n1,,f\r\n2,1,\r\n"
ABOUT = {
    "resources": [
        {
            "path": "participants.csv",
            "schema": {"fields": [{"name": name} for name in ("pid", "recruiter_pid", "sex")]},
        }
    ]
}


def package(about: object = ABOUT, table: str | bytes | None = TABLE) -> bytes:
    """A zip of a package, or of half of one."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as files:
        if about is not None:
            files.writestr("datapackage.json", about if about == "{" else json.dumps(about))
        if table is not None:
            files.writestr("participants.csv", table)
    return content.getvalue()


def test_a_csv_of_the_r_package_is_known_by_its_header_and_na_is_missing() -> None:
    sample = read_sample(R)
    assert sample.recruiter.tolist() == [-1, 0]
    assert sample.network_size.tolist()[:1] == [4.0]
    assert (sample.traits["sex"].levels, sample.traits["sex"].missing) == (("f",), 1)


def test_a_csv_of_the_r_package_with_row_names_and_a_name_of_its_own_for_sizes_is_read() -> None:
    content = b'"","id","recruiter.id","network.size"\n"1","1","seed","4"\n"2","2","1","5"\n'
    sample = read_sample(content, layout="rds")
    assert sample.recruiter.tolist() == [-1, 0]
    assert sample.network_size.tolist() == [4.0, 5.0]


def test_where_seeds_have_two_recruiter_ids_one_of_them_is_a_slip() -> None:
    with pytest.raises(SampleError, match="'0' and '9' are nobody's") as caught:
        read_sample(R + b'"3","9","4","f"\n')
    assert (caught.value.code, caught.value.line) == ("unknown_recruiter", 4)


def test_own_coupons_that_are_all_own_ids_say_nothing_of_coupons() -> None:
    sample = read_sample(b"RDS\n3 2 0 sex\n1 3 1 2 3 f\n2 3 2 4 5 f\n3 2 3 6 7 m\n")
    assert sample.recruiter.tolist() == [-1, 0, 0]
    assert sample.coupons is None
    assert sample.notices == ()


def test_a_graph_of_another_program_is_read_with_its_attributes_as_traits() -> None:
    sample = read_sample(GRAPHML)
    assert (list(sample.ids), sample.recruiter.tolist()) == (["a", "b", "c"], [-1, 0, -1])
    assert (list(sample.traits), sample.traits["age"].levels) == (["age"], ("30",))
    named = read_sample(GEXF)
    assert (list(named.ids), named.recruiter.tolist()) == (["a", "b"], [-1, 0])
    assert named.traits["label"].levels == ("Ann", "Bo")


BROKEN_GRAPHS = {
    "cut off": (GRAPHML[:-9], "not_graph_xml"),
    "an unknown kind of value": (GRAPHML.replace(b'"int"', b'"colour"'), "not_graph_xml"),
    "a number in words": (GRAPHML.replace(b">30<", b">thirty<"), "not_graph_xml"),
    "entities": (b'<!DOCTYPE x [<!ENTITY a "b">]>' + GRAPHML[21:], "not_graph_xml"),
    "no direction": (GRAPHML.replace(b'"directed"', b'"undirected"'), "not_a_forest"),
    "two recruiters": (
        GRAPHML.replace(b"</graph>", b'<edge source="c" target="b"/></graph>'),
        "not_a_forest",
    ),
    "an edge twice": (
        GRAPHML.replace(b"</graph>", b'<edge source="a" target="b"/></graph>'),
        "not_a_forest",
    ),
    "a circle": (GRAPHML.replace(b"</graph>", b'<edge source="b" target="a"/></graph>'), "cycle"),
    "nobody": (b'<graphml xmlns="http://graphml.graphdrawing.org/xmlns"/>', "not_graph_xml"),
    "GEXF cut off": (GEXF[:-9], "not_graph_xml"),
    "GEXF without a graph": (b'<gexf xmlns="http://www.gexf.net/1.2draft"/>', "not_graph_xml"),
    "GEXF without direction": (GEXF.replace(b'"directed"', b'"undirected"'), "not_a_forest"),
    "a web page": (b"<html><body>no</body></html>", "not_graph_xml"),
}


@pytest.mark.parametrize(("content", "code"), BROKEN_GRAPHS.values(), ids=BROKEN_GRAPHS.keys())
def test_a_graph_that_is_no_recruitment_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(SampleError) as caught:
        read_sample(content)
    assert caught.value.code == code


BROKEN_PACKAGES = {
    "no zip": b"PK, but no more",
    "no description": package(None),
    "a broken description": package("{"),
    "a description of something else": package({"resources": [{"path": "cities.csv"}]}),
    "a description that is a list": package([]),
    "no table": package(table=None),
    "a table in another encoding": package(
        table="pid,recruiter_pid,sex\r\n1,,ж\r\n".encode("cp1251")
    ),
    "another column": package(table=TABLE.replace("sex", "gender")),
    "a row cut off": package(table=TABLE[:-4]),
    "a quote that never ends": package(table=TABLE + '3,,"f'),
    "an empty table": package(table=""),
    "no ids": package({"resources": [{"path": "participants.csv", "schema": {"fields": []}}]}),
}


@pytest.mark.parametrize("content", BROKEN_PACKAGES.values(), ids=BROKEN_PACKAGES.keys())
def test_a_package_that_is_not_one_of_recruitment_is_refused(content: bytes) -> None:
    with pytest.raises(SampleError) as caught:
        read_sample(content)
    assert caught.value.code == "bad_package"


def test_the_package_that_was_broken_is_fine_unbroken(tmp_path: Path) -> None:
    sample = read_sample(package())
    assert (sample.recruiter.tolist(), sample.traits["sex"].missing) == ([-1, 0], 1)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SampleError, match="it has no file datapackage"):
        read_sample(tmp_path / "empty")


@given(st.sampled_from([R, GRAPHML, GEXF, package()]), st.data())
def test_a_damaged_file_is_refused_or_read_but_never_fails_otherwise(
    content: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(content)))
    put = data.draw(st.binary(max_size=3) | st.sampled_from([b"\n", b'"', b"<", b">", b"/>"]))
    with suppress(SampleError):
        read_sample(content[:at] + put + content[at + data.draw(st.integers(0, 4)) :])


def test_the_same_sample_gives_the_same_bytes(tmp_path: Path) -> None:
    sample = build_sample(["a", "b"], ["", "a"], coupons=CouponFigures(3, 1))
    for layout in ("gexf", "graphml", "datapackage"):
        for name in ("one.zip", "two.zip"):
            write_sample(sample, tmp_path / name, layout=layout)
        assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
