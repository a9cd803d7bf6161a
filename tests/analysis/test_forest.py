"""Waves, chains and cycles of forests of every shape."""

import numpy as np
import pytest

from analysis.errors import SampleError
from analysis.forest import chains, find_cycle, grow, mean_recruits_by_wave


def test_nobody_is_a_forest_too() -> None:
    forest = grow(np.array([], dtype=np.int64))
    assert forest.max_wave == 0
    assert chains(forest).size.tolist() == []
    assert mean_recruits_by_wave(forest) == []


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 1023, 1024, 1025])
def test_a_chain_in_which_everyone_recruits_one_is_as_deep_as_it_is_long(n: int) -> None:
    forest = grow(np.arange(n) - 1)
    assert forest.wave.tolist() == list(range(n))
    assert chains(forest).depth.tolist() == [n - 1]


@pytest.mark.parametrize("n", [1, 2, 3, 64, 1000])
def test_a_circle_is_refused_and_named_from_its_smallest_member(n: int) -> None:
    circle = (np.arange(n) + 1) % n
    with pytest.raises(SampleError, match="cycle"):
        grow(circle)
    assert find_cycle(circle) == list(range(n))


def test_a_branch_that_hangs_on_a_circle_is_not_part_of_it() -> None:
    assert find_cycle(np.array([-1, 2, 3, 2, 1, 0])) == [2, 3]


def test_chains_of_one_size_are_told_apart_by_depth_then_order() -> None:
    found = chains(grow(np.array([-1, -1, 0, 0, 1, 4, -1])))
    assert found.seed.tolist() == [1, 0, 6]
    assert found.depth.tolist() == [2, 1, 0]
