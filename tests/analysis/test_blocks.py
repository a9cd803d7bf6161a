"""What is counted block by block is what is counted at once, beyond the first block too."""

import numpy as np
import pytest

from analysis.arrays import IntArray
from analysis.blocks import BLOCK
from analysis.counts import frame
from analysis.degrees import degrees
from analysis.errors import SampleError
from analysis.forest import grow
from analysis.ids import NumberIds
from analysis.mixing import recruitment_matrix
from analysis.reach import by_wave
from analysis.sample import Sample, Trait

N = 2 * BLOCK + 1_234


def in_any_order(random: np.random.Generator) -> IntArray:
    """The recruiters of N people who do not stand in the order in which they came."""
    came = np.arange(N)
    recruiter = np.where(came < 9, -1, (random.random(N) * came).astype(np.int64))
    order = random.permutation(N)
    place = np.argsort(order)
    moved: IntArray = np.where(recruiter[order] < 0, -1, place[recruiter[order]])
    return moved.astype(np.int32)


def people() -> Sample:
    random = np.random.default_rng(1)
    sizes = random.integers(1, 40, N).astype(float)
    sizes[random.random(N) < 0.1] = np.nan
    return Sample(
        ids=NumberIds(np.arange(N)),
        recruiter=in_any_order(random),
        network_size=sizes,
        enrolled_on=np.full(N, np.datetime64("2026-03-01", "D")),
        traits={"sex": Trait(("f", "m"), random.integers(-1, 2, N).astype(np.int32))},
    )


SAMPLE = people()
SEX = SAMPLE.trait("sex").codes


def test_waves_follow_recruiters_wherever_they_stand() -> None:
    forest = SAMPLE.forest
    recruits = np.flatnonzero(SAMPLE.recruiter >= 0)
    recruiters = SAMPLE.recruiter[recruits]
    assert (forest.wave[forest.seeds] == 0).all()
    assert (forest.wave[recruits] == forest.wave[recruiters] + 1).all()
    assert (forest.seed[recruits] == forest.seed[recruiters]).all()
    assert (forest.seed[forest.seeds] == forest.seeds).all()
    assert forest.recruits.sum() == len(recruits)


def test_a_circle_is_found_beyond_the_first_block() -> None:
    recruiter = np.arange(-1, N - 1, dtype=np.int32)
    assert grow(recruiter).max_wave == N - 1
    recruiter[N - 3] = N - 1
    with pytest.raises(SampleError, match="her own recruiter"):
        grow(recruiter)


def test_pairs_are_counted_in_every_block() -> None:
    recruits = np.flatnonzero(SAMPLE.recruiter >= 0)
    expected = np.zeros((3, 3), dtype=np.int64)
    np.add.at(expected, (SEX[SAMPLE.recruiter[recruits]], SEX[recruits]), 1)
    matrix = recruitment_matrix(SAMPLE.recruiter, SAMPLE.trait("sex"))
    assert matrix.tolist() == expected[:2, :2].tolist()
    counts = frame(SAMPLE, SAMPLE.trait("sex")).counts
    assert counts.recruits[0].tolist() == matrix.tolist()


def test_people_are_counted_in_every_block() -> None:
    waves = by_wave(SAMPLE, SAMPLE.trait("sex"))
    assert waves.people.tolist() == SAMPLE.forest.wave_counts.tolist()
    assert waves.n.sum(axis=0).tolist() == np.bincount(SEX[SEX >= 0]).tolist()


def test_network_sizes_are_summed_over_every_block() -> None:
    known = SAMPLE.network_size[~np.isnan(SAMPLE.network_size)]
    found = degrees(SAMPLE.network_size)
    assert found.missing == N - len(known)
    assert (found.least, found.most) == (known.min(), known.max())
    assert found.mean == pytest.approx(known.mean(), rel=1e-12)
    assert found.harmonic_mean == pytest.approx(len(known) / (1 / known).sum(), rel=1e-12)


@pytest.mark.parametrize("unit", [1.0, 0.5, 1e7])
def test_network_sizes_of_any_kind_are_brought_to_classes(unit: float) -> None:
    sizes = SAMPLE.network_size * unit
    sample = Sample(SAMPLE.ids, SAMPLE.recruiter, sizes, SAMPLE.enrolled_on, SAMPLE.traits)
    found = frame(sample, SAMPLE.trait("sex"))
    named = np.append(found.degree, np.nan)[found.size]
    assert np.array_equal(named, sizes, equal_nan=True)
    assert found.degree.tolist() == sorted(set(sizes[~np.isnan(sizes)].tolist()))
