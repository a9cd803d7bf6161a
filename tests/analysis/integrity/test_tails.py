"""The tails against sums written out in another way."""

from math import comb, exp, lgamma

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.integrity.tails import (
    beta_binomial_tail,
    binomial,
    binomial_tail,
    dispersion,
    false_discovery,
    hypergeometric,
    score_of,
    tail_of,
)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_drawing_without_return_is_as_counting_says(drawn: int, marked: int, rest: int) -> None:
    of = marked + rest
    drawn = min(drawn, of)
    found = hypergeometric(drawn=drawn, marked=marked, of=of)
    ways = [comb(marked, x) * comb(rest, drawn - x) for x in range(min(drawn, marked) + 1)]
    assert found == pytest.approx([each / comb(of, drawn) for each in ways], rel=1e-9, abs=1e-15)


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.001, 0.999))
def test_a_binomial_tail_is_the_end_of_its_chances(n: int, least: int, share: float) -> None:
    least = min(n, least)
    found = binomial_tail(np.array([least]), np.array([n]), np.array([share]))
    assert found[0] == pytest.approx(binomial(n, share)[least:].sum(), rel=1e-9)


@pytest.mark.parametrize(("share", "chances"), [(0.0, [1, 0, 0]), (1.0, [0, 0, 1])])
def test_what_is_certain_has_one_outcome(share: float, chances: list[int]) -> None:
    assert binomial(2, share).tolist() == chances


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 12), st.integers(0, 12))
def test_a_share_that_is_itself_uncertain_widens_the_tail(
    a: int, b: int, n: int, least: int
) -> None:
    least = min(n, least)
    found = beta_binomial_tail(np.array([least]), np.array([n]), a=np.array([a]), b=np.array([b]))

    def log_beta(x: float, y: float) -> float:
        return lgamma(x) + lgamma(y) - lgamma(x + y)

    chances = [comb(n, x) * exp(log_beta(x + a, n - x + b) - log_beta(a, b)) for x in range(n + 1)]
    assert found[0] == pytest.approx(sum(chances[least:]), rel=1e-9)


@given(st.floats(1e-250, 0.9))
def test_a_score_leads_back_to_its_tail(tail: float) -> None:
    assert tail_of(score_of(tail)) == pytest.approx(tail, rel=1e-6)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_a_finding_is_never_worth_more_than_its_own_chance(tails: list[float]) -> None:
    p = np.array(tails)
    q = false_discovery(p)
    order = np.argsort(p, kind="stable")
    assert np.all(q >= p - 1e-12)
    assert np.all(np.diff(q[order]) >= 0)


def test_the_whole_of_many_honest_tests_seldom_holds_a_finding() -> None:
    random = np.random.default_rng(3)
    found = sum(bool((false_discovery(random.random(200)) <= 0.05).any()) for _ in range(2_000))
    assert 60 <= found <= 140  # 100 are expected, with a deviation of ten


def test_one_group_far_out_does_not_say_that_all_scatter() -> None:
    assert dispersion(np.array([0.3, -0.5, 0.6, -0.1, 12.0])) == 1
    assert dispersion(np.array([3.0, -3.0, 3.3, -2.9])) > 4
    assert dispersion(np.array([np.nan])) == 1
