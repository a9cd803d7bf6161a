"""Where a programme stands, and the rates drawn from it."""

import numpy as np
import pytest

from analysis.errors import SampleError
from analysis.forecasting.futures import _outcomes
from analysis.forecasting.momentum import Momentum, momentum
from analysis.forecasting.rates import Rates, draw_rates
from analysis.sample import build_sample
from tests.analysis.coupons.histories import history_of
from tests.analysis.forecasting.programmes import a_momentum


def test_people_whose_sex_is_not_known_are_a_level_of_their_own() -> None:
    sample = build_sample(list("abc"), ["", "a", "a"], traits={"sex": ["female", None, "female"]})
    history = history_of(
        age=[60, 60, 60, 5], back_after=[3, 4, None, None], holder=[0, 0, 0, 1],
        recruit=[1, 2, -1, -1], people=3,
    )  # fmt: skip
    now = momentum(sample, history, sample.trait("sex"))
    assert now.levels == ("female", "unknown")
    assert now.people.tolist() == [2, 1]
    assert now.mix.tolist() == [[1, 1], [0, 0]]
    assert now.live.sum(axis=1).tolist() == [0, 1]
    assert now.redeemed.tolist() == [2, 0]
    assert now.given.tolist() == [1, 1]


def test_who_came_but_was_not_enrolled_brings_nobody_on() -> None:
    sample = build_sample(["a", "b"], ["", "a"], traits={"sex": ["f", "f"]})
    history = history_of(
        age=[60] * 4, back_after=[3, 4, 5, None], holder=[0] * 4, recruit=[1, -1, -1, -1], people=2
    )
    now = momentum(sample, history, sample.trait("sex"))
    assert (now.redeemed.tolist(), now.enrolled) == ([3], 1)
    assert drawn(now, certain=True).brings[0, 0] == pytest.approx(0.25)


def test_coupons_whose_holder_is_not_in_the_sample_are_counted_apart() -> None:
    sample = build_sample(["a"], [""], traits={"sex": ["f"]})
    history = history_of(age=[60, 60], back_after=[3, 4], holder=[0, -1])
    assert momentum(sample, history, sample.trait("sex")).unheld == 1


def test_before_any_coupon_has_run_its_time_there_is_no_forecast() -> None:
    sample = build_sample(["a"], [""], traits={"sex": ["f"]})
    with pytest.raises(SampleError) as refused:
        momentum(sample, history_of(age=[9, 9], back_after=[3, None]), sample.trait("sex"))
    assert refused.value.code == "no_coupons_matured"


def test_the_last_bundles_say_how_many_coupons_the_next_hold() -> None:
    sample = build_sample(list("abc"), [""] * 3, traits={"sex": ["f"] * 3})
    history = history_of(
        age=[60] * 6 + [2, 2], back_after=[3] + [None] * 7, holder=[0] * 3 + [1] * 3 + [2] * 2,
        people=3,
    )  # fmt: skip
    assert momentum(sample, history, sample.trait("sex")).coupons == 2


@pytest.mark.parametrize(("together", "correlation"), [(True, 0.9), (False, 0.0)])
def test_coupons_of_a_bundle_that_come_all_or_none_are_alike(
    together: bool, correlation: float
) -> None:
    holders = 400
    random = np.random.default_rng(1)
    came = random.random((holders, 1 if together else 3)) < 0.4
    back = np.broadcast_to(came, (holders, 3)).ravel()
    sample = build_sample(
        [str(i) for i in range(holders)], [""] * holders, traits={"sex": ["f"] * holders}
    )
    history = history_of(
        age=[60] * 3 * holders,
        back_after=[4 if b else None for b in back],
        holder=np.repeat(np.arange(holders), 3).tolist(),
        people=holders,
    )
    now = momentum(sample, history, sample.trait("sex"))
    assert now.alike == pytest.approx(correlation, abs=0.05)


def drawn(now: Momentum, *, replicates: int = 1, certain: bool = False) -> Rates:
    random = np.random.default_rng(5)
    return draw_rates(now, replicates=replicates, random=random, certain=certain)


def test_drawn_rates_lie_round_their_means() -> None:
    now = a_momentum(redeemed=(80, 180), mix=((40, 40), (36, 144)))
    mean, rates = drawn(now, certain=True), drawn(now, replicates=4_000)
    assert mean.brings[0].tolist() == [pytest.approx(80 / 240), pytest.approx(180 / 720)]
    assert rates.brings.mean(axis=0) == pytest.approx(mean.brings[0], abs=0.005)
    assert rates.mix.mean(axis=0) == pytest.approx(mean.mix[0], abs=0.01)
    binomial = np.sqrt(mean.brings[0] * (1 - mean.brings[0]) / [241, 721])
    assert rates.brings.std(axis=0) == pytest.approx(binomial, rel=0.1)


def test_alike_coupons_say_less() -> None:
    alone, alike = (drawn(a_momentum(alike=a), replicates=2_000) for a in (0.0, 0.5))
    wider = alike.brings.std(axis=0) / alone.brings.std(axis=0)
    assert wider == pytest.approx([2**0.5] * 2, rel=0.1)


def test_the_mean_delay_is_kept_by_whole_weeks() -> None:
    for days in (1, 6, 7, 20):
        lag = drawn(a_momentum(days=days), certain=True).lag[0]
        assert lag @ np.arange(len(lag)) * 7 == pytest.approx(days)


def test_a_coupon_out_longer_is_less_likely_to_come() -> None:
    now = a_momentum(days=10)
    live = drawn(now, certain=True).live[0, 1]
    # All who come do so on the tenth day: in the second week for a coupon of today, in the first
    # for one of five days; after that day never.
    assert live[0].tolist()[:3] == [0, pytest.approx(0.25), 0]
    assert live[5].tolist()[:2] == [pytest.approx(0.25), 0]
    assert live[10:].sum() == 0


def test_outcomes_of_bundles_are_binomial_unless_coupons_are_alike() -> None:
    rates = drawn(a_momentum(), certain=True)
    p = rates.brings[0, 0]
    plain = _outcomes(rates, 3)[3, 0, 0]
    assert plain == pytest.approx([(1 - p) ** 3, 3 * p * (1 - p) ** 2, 3 * p**2 * (1 - p), p**3])
    alike = drawn(a_momentum(alike=0.5), certain=True)
    chance = _outcomes(alike, 3)[..., 0, 0, :]
    assert chance.sum(axis=-1) == pytest.approx(1)
    assert chance @ np.arange(4) == pytest.approx(p * np.arange(4))
    both = p * (p + 0.5 * (1 - p))
    assert chance[2, 2] == pytest.approx(both)


def test_outcomes_of_certain_coupons_are_certain() -> None:
    for redeemed, back in ((0, 0), (240, 3)):
        rates = drawn(a_momentum(redeemed=(redeemed, redeemed * 3)), certain=True)
        assert _outcomes(rates, 3)[3, 0, 0, back] == pytest.approx(1)


def test_a_coupon_that_could_have_come_by_now_and_did_not_is_less_likely_to_come() -> None:
    now = a_momentum(days=5)
    now.delay[[5, 20]] = 0.5
    live = drawn(now, certain=True).live[0, 1]
    # By hand: 1/8 of all come after day 10, of the 7/8 that are still out then.
    assert live[10].sum() == pytest.approx(1 / 7)
    assert live[0].sum() == pytest.approx(1 / 4)
