"""What is written is read back the same, in every layout, or it is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from analysis.errors import SampleError
from analysis.files import FORMATS, WITHOUT_COUPONS, WRITERS, read_sample, write_sample
from analysis.sample import CouponFigures, Sample, build_sample
from analysis.simulate import simulate
from tests.analysis.datasets import Known, known_datasets

ordinary = [
    "f",
    "two words",
    "a, b; c",
    'say "hi" now',
    "О'Коннор",
    "жінка",
    "007",
    "1e3",
    "F",
    "%&<>",
]
awkward = [
    *("0", "NA", "", " f", "f ", '"f"', '"', "a\nb", "a\rb", "a\tb", "\n", "nan", "None", "-1"),
    *("<b>&amp;", "]]>", "\u2028", "\x85", "\x1f", "\x0b", "\ufeff", "\ufffe", "\ud800", "\0"),
]
texts = st.sampled_from([*ordinary, *awkward]) | st.text(max_size=4)
plain_names = ["sex", "HIV status", "Age, years", "x;y;z;w;v;u", "site", "description"]
taken_names = [
    "id",
    "key",
    "wave",
    "label",
    "Site",
    "viz",
    "coupon_1",
    "enrolled_at",
    "pid",
    "type",
]
names = st.sampled_from([*plain_names, *taken_names, "network.size.variable", "weight", "a\nb"])


@st.composite
def samples(
    draw: st.DrawFn,
    *,
    ids: st.SearchStrategy[str],
    levels: st.SearchStrategy[str],
    name: st.SearchStrategy[str],
) -> Sample:
    """Samples of a few people in any order."""
    people = draw(st.lists(ids.filter(bool), min_size=1, max_size=6, unique=True))
    n = len(people)
    recruiters = [draw(st.sampled_from(["", *people[:i]])) for i in range(n)]
    order = draw(st.permutations(range(n)))
    sizes = st.none() | st.integers(1, 10**18).map(float) | st.floats(1e-9, 1e25)
    days = st.none() | st.dates()
    traits = draw(st.lists(name.filter(bool), max_size=3, unique=True))
    recruits = sum(map(bool, recruiters))
    figures = st.builds(lambda more: CouponFigures(recruits + more, recruits), st.integers(0, 9))
    return build_sample(
        [people[i] for i in order],
        [recruiters[i] for i in order],
        network_size=draw(st.lists(sizes, min_size=n, max_size=n)),
        enrolled_on=draw(st.lists(days, min_size=n, max_size=n)),
        traits={
            each: draw(st.lists(st.just("") | levels, min_size=n, max_size=n)) for each in traits
        },
        coupons=draw(st.none() | figures),
    )


def facts(sample: Sample, layout: str) -> object:
    """Everything a layout says of a sample, comparable."""
    return (
        list(sample.ids),
        sample.recruiter.tolist(),
        np.nan_to_num(sample.network_size, nan=-1).tolist(),
        sample.enrolled_on.astype(str).tolist(),
        [(name, trait.levels, trait.codes.tolist()) for name, trait in sample.traits.items()],
        None if layout in WITHOUT_COUPONS else sample.coupons,
    )


def written_and_read(sample: Sample, layout: str, folder: Path) -> Sample:
    """The sample after a way to a file and back, its layout found out on the way."""
    path = folder / f"people.{layout}"
    write_sample(sample, path, layout=layout)
    again = read_sample(path)
    assert facts(again, layout) == facts(read_sample(path, layout=layout), layout)
    return again


of_any_texts = samples(ids=texts, levels=texts, name=names | texts)
of_ordinary_texts = samples(
    ids=st.sampled_from(["1", "2", "007", "7", "ann", "O'Brien", "о б", "a,b"]),
    levels=st.sampled_from([*ordinary, "0", "-1"]),
    name=st.sampled_from(plain_names),
)


@pytest.mark.parametrize("layout", WRITERS)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
@given(sample=of_any_texts)
def test_whatever_is_written_is_read_back_the_same(
    sample: Sample, layout: str, tmp_path: Path
) -> None:
    try:
        write_sample(sample, tmp_path / f"people.{layout}", layout=layout)
    except SampleError as refusal:
        code = refusal.code
    else:
        code = ""
    assert code in ("", "unwritable")
    assume(not code)
    assert facts(written_and_read(sample, layout, tmp_path), layout) == facts(sample, layout)


@pytest.mark.parametrize("layout", WRITERS)
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sample=of_ordinary_texts)
def test_what_people_really_write_is_never_refused(
    sample: Sample, layout: str, tmp_path: Path
) -> None:
    assert facts(written_and_read(sample, layout, tmp_path), layout) == facts(sample, layout)


@pytest.mark.parametrize("layout", WRITERS)
def test_a_simulated_programme_goes_through_every_layout(layout: str, tmp_path: Path) -> None:
    sample = simulate(300, seed=4)
    assert facts(written_and_read(sample, layout, tmp_path), layout) == facts(sample, layout)


REFUSED = ("coupons", "nyjazz.rdsat")  # where two people came with one coupon


@pytest.mark.parametrize(
    ("layout", "known"),
    [
        pytest.param(layout, known, id=f"{layout} {known}")
        for layout in WRITERS
        for known in known_datasets()
        if (layout, str(known)) != REFUSED
    ],
)
def test_data_sets_of_others_go_through_every_layout(
    layout: str, known: Known, tmp_path: Path
) -> None:
    sample = known.sample()
    assert facts(written_and_read(sample, layout, tmp_path), layout) == facts(sample, layout)


def test_a_coupon_that_brought_two_people_is_kept_by_rdsat_and_refused_by_the_coupons_layout(
    tmp_path: Path,
) -> None:
    figures = CouponFigures(issued=4, redeemed=2)
    sample = build_sample(list("abcd"), ["", "a", "a", "b"], coupons=figures)
    assert facts(written_and_read(sample, "rdsat", tmp_path), "rdsat") == facts(sample, "rdsat")
    with pytest.raises(SampleError, match="4 coupons of which 2 were redeemed") as caught:
        write_sample(sample, tmp_path / "people.csv", layout="coupons")
    assert caught.value.code == "unwritable"


def test_every_layout_that_is_written_is_read() -> None:
    assert list(FORMATS) == list(WRITERS)
