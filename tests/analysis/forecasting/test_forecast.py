"""Forecasts: exact where nothing is left to chance, and true to the theory where much is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.branching import extinction, progeny
from analysis.errors import SampleError
from analysis.forecasting.forecast import Forecast, Interval, compare, forecast
from analysis.forecasting.futures import Futures, draw_futures
from analysis.forecasting.outcomes import outcomes
from analysis.forecasting.plan import Change, Costs, Plan
from analysis.forecasting.rates import draw_rates
from tests.analysis.forecasting.programmes import a_momentum

FREE = Costs()
TAPER = ((0.8, 2), (0.9, 1), (1.0, 0))


def same(one: Forecast, other: Forecast) -> bool:
    fans = ("people", "share", "new", "cost", "met")
    alike = [np.array_equal(getattr(one, f), getattr(other, f), equal_nan=True) for f in fans]
    return all(alike) and one.days_to_target == other.days_to_target


def futures_of(plan: Plan, change: Change | None = None, *, weeks: int = 12) -> Futures:
    now = a_momentum()
    rates = draw_rates(now, replicates=50, random=np.random.default_rng(1))
    return draw_futures(now, rates, plan, change, weeks=weeks, seed=7)


def test_without_coupons_out_and_seeds_nobody_comes() -> None:
    found = forecast(a_momentum(out=(0, 0)), Plan(target=500), FREE, of="female")
    assert (found.people == 400).all()
    assert (found.share == 0.25).all()
    assert (found.dies_out, found.not_within, found.met.max()) == (1.0, 1.0, 0.0)
    assert found.days_to_target == Interval(None, None, None, None, None)


def test_where_no_coupon_ever_came_back_only_seeds_come() -> None:
    now = a_momentum(redeemed=(0, 0), mix=((0, 0), (0, 0)))
    found = forecast(now, Plan(seeds={"female": 2, "male": 1}), FREE, of="female", weeks=10)
    assert (found.people == 400 + 3 * np.arange(11)).all()
    assert found.share[:, -1] == pytest.approx(120 / 430)
    assert found.dies_out == 0.0


def test_one_coupon_that_always_comes_after_a_week_makes_a_straight_line() -> None:
    now = a_momentum(coupons=1, out=(0, 5), redeemed=(240, 720), mix=((9, 0), (0, 9)), days=7)
    found = forecast(now, Plan(target=421), Costs(participant=10), of="male", certain=True)
    assert (found.people == 400 + 5 * np.arange(53)).all()
    assert found.cost[0].tolist() == [50.0 * week for week in range(53)]
    assert found.days_to_target.median == pytest.approx(7 * 4.2)
    assert found.met[[4, 5]].tolist() == [0.0, 1.0]
    assert found.cost_at_target.median == 250


def test_two_coupons_that_always_come_double_each_week() -> None:
    now = a_momentum(coupons=2, out=(0, 2), redeemed=(240, 720), mix=((9, 0), (0, 9)), days=7)
    found = forecast(now, Plan(), FREE, of="male", weeks=6, certain=True)
    assert found.new[2, 1:].tolist() == [2, 4, 8, 16, 32, 64]


def test_at_the_target_the_taper_hands_out_no_more() -> None:
    now = a_momentum(coupons=2, out=(0, 2), redeemed=(240, 720), mix=((9, 0), (0, 9)), days=7)
    plan = Plan(target=406, taper=((1.0, 0),))
    found = forecast(now, plan, Costs(weekly=100), of="male", weeks=6, certain=True)
    assert found.people[2].tolist() == [400, 402, 406, 406, 406, 406, 406]
    assert found.cost[2].tolist() == [0, 100, 200, 200, 200, 200, 200]


def test_a_target_already_met_is_met_today() -> None:
    found = forecast(a_momentum(), Plan(target=400), FREE, of="female", weeks=2)
    assert found.met.tolist() == [1.0, 1.0, 1.0]
    assert found.days_to_target.median == 0.0


def test_the_same_seed_gives_the_same_figures_and_another_others() -> None:
    now, plan = a_momentum(), Plan(target=900, taper=TAPER)
    found = [forecast(now, plan, FREE, of="female", replicates=200, seed=s) for s in (3, 3, 4)]
    assert same(found[0], found[1])
    assert not same(found[0], found[2])


@settings(max_examples=20)
@given(st.integers(1, 400), st.integers(0, 60), st.floats(0, 0.9), st.integers(0, 3), st.booleans())
def test_people_only_grow_and_shares_and_quantiles_are_in_order(
    back: int, out: int, alike: float, coupons: int, certain: bool
) -> None:
    now = a_momentum(out=(out, out), redeemed=(back // 2, back), alike=alike)
    plan = Plan(coupons=coupons, seeds={"female": 1}, target=700, taper=TAPER)
    costs = Costs(spent=5, weekly=3, participant=2, recruit=1, steering={"female": 4})
    found = forecast(
        now, plan, costs, of="female", weeks=9, replicates=40, seed=back, certain=certain
    )
    for fan in (found.people, found.cost):
        assert (np.diff(fan, axis=1) >= 0).all()
    for fan in (found.people, found.share, found.cost, found.new[:, 1:]):
        assert (np.diff(fan, axis=0) >= 0).all()
    assert ((found.share >= 0) & (found.share <= 1)).all()
    assert (np.diff(found.met) >= 0).all()
    assert found.not_within == pytest.approx(1 - found.met[-1])
    assert (found.people[:, 0] == 400).all()
    assert (found.cost[:, 0] == 5).all()


def test_money_is_what_the_people_cost() -> None:
    futures = futures_of(Plan(seeds={"male": 2}))
    costs = Costs(spent=1_000, weekly=7, participant=750, recruit=430, steering={"female": 100})
    change = Change(from_week=5, reward={"female": 10})
    found = outcomes(futures, Plan(), costs, change, of="female")
    women, men = np.moveaxis(futures.people - futures.people[:, :1], 2, 0)
    week = np.arange(13)
    late = np.where(week >= 5, women - women[:, [4]], 0)
    assert (futures.seeds[..., 1] == 2 * week).all()
    paid = 750 * (women + men) + 430 * (women + men - 2 * week) + 100 * women + 10 * late
    assert found.cost == pytest.approx(1_000 + 7 * week + paid)


@pytest.mark.parametrize("change", [Change(), Change(odds={"female": 1.0}), Change(coupons=3)])
def test_a_change_that_changes_nothing_makes_no_difference(change: Change) -> None:
    found = compare(a_momentum(), Plan(), change, FREE, of="female", weeks=20, replicates=100)
    assert same(found.baseline, found.changed)
    assert found.people == found.women == found.cost == Interval(0.0, 0.0, 0.0, 0.0, 0.0)
    assert found.better == 0.0


def test_until_a_change_begins_the_futures_are_the_same() -> None:
    one = futures_of(Plan())
    other = futures_of(Plan(), Change(from_week=6, coupons=1))
    assert np.array_equal(one.people[:, :6], other.people[:, :6])
    assert not np.array_equal(one.people, other.people)


def test_odds_of_three_turn_a_quarter_into_a_half() -> None:
    now = a_momentum(mix=((1_000, 3_000), (1_000, 3_000)), out=(0, 30_000))
    change = Change(odds={"female": 3.0}, reward={"female": 100})
    found = compare(now, Plan(coupons=0), change, FREE, of="female", weeks=3, certain=True)
    came = found.changed.people[2, -1] - 400
    women = found.changed.share[2, -1] * found.changed.people[2, -1] - 100
    assert women / came == pytest.approx(0.5, abs=0.01)
    assert found.better == 1.0
    assert found.cost.median == pytest.approx(100 * women, rel=0.02)


def test_fewer_coupons_bring_fewer_people_and_more_seeds_more() -> None:
    now = a_momentum()
    fewer = compare(now, Plan(), Change(coupons=1), FREE, of="female", weeks=12, replicates=300)
    more = compare(
        now, Plan(), Change(seeds={"female": 5}), FREE, of="female", weeks=12, replicates=300
    )
    assert fewer.people.high_95 is not None
    assert fewer.people.high_95 < 0
    assert more.women.low_95 is not None
    assert more.women.low_95 > 60
    assert more.share.median is not None
    assert more.share.median > 0


@pytest.mark.parametrize("alike", [0.0, 0.5])
def test_the_mean_of_all_who_ever_come_is_that_of_the_branching_process(alike: float) -> None:
    now = a_momentum(coupons=2, alike=alike, days=8)
    rates = draw_rates(now, replicates=1_000, random=np.random.default_rng(1), certain=True)
    futures = draw_futures(now, rates, Plan(), weeks=70, seed=1)
    one_coupon = rates.brings[0][:, np.newaxis] * rates.mix[0]
    expected = 400 + np.array([60, 180]) @ one_coupon @ progeny(2 * one_coupon)
    people = futures.people[:, -1].sum(axis=1)
    assert not futures.coming.any()
    assert abs(people.mean() - expected) < 4 * people.std() / 1_000**0.5


def test_recruitment_dies_out_as_often_as_the_branching_process_does() -> None:
    now = a_momentum(
        people=(0, 1), out=(0, 3), redeemed=(0, 360), mix=((0, 0), (0, 360)), coupons=3
    )
    plan = Plan(target=400, taper=((1.0, 0),))
    found = forecast(now, plan, FREE, of="male", weeks=80, replicates=1_500, certain=True)
    outcomes_of_three = np.array([[0], [1], [2], [3]])
    ends = extinction(
        outcomes_of_three,
        np.array([[1, 3, 3, 1]]) / 8,
        unknown=np.zeros(4, dtype=int),
        mix=np.ones((1, 1)),
    )
    assert found.dies_out == pytest.approx(ends[0], abs=0.04)
    assert found.not_within == pytest.approx(found.dies_out, abs=0.01)


def test_what_is_not_yet_known_widens_the_fan() -> None:
    now = a_momentum()
    known = forecast(now, Plan(), FREE, of="female", weeks=10, certain=True)
    drawn = forecast(now, Plan(), FREE, of="female", weeks=10)
    assert drawn.people[-1, -1] - drawn.people[0, -1] > known.people[-1, -1] - known.people[0, -1]


@pytest.mark.parametrize(
    ("plan", "change", "of"),
    [
        (Plan(), None, "women"),
        (Plan(seeds={"women": 1}), None, "female"),
        (Plan(), Change(odds={"women": 2.0}), "female"),
        (Plan(), Change(reward={"women": 2}), "female"),
    ],
)
def test_a_level_that_is_not_there_is_refused(plan: Plan, change: Change | None, of: str) -> None:
    with pytest.raises(SampleError) as refused:
        forecast(a_momentum(), plan, FREE, of=of, change=change, weeks=2, replicates=3)
    assert refused.value.code == "unknown_level"


def test_impossible_plans_and_horizons_are_refused() -> None:
    for make in (
        lambda: Plan(coupons=-1),
        lambda: Plan(seeds={"female": -1}),
        lambda: Plan(target=0),
        lambda: Plan(taper=((0.9, 1), (0.8, 2))),
        lambda: Change(from_week=0),
        lambda: Change(odds={"female": -1.0}),
        lambda: forecast(a_momentum(), Plan(), FREE, of="female", weeks=0),
        lambda: forecast(a_momentum(), Plan(), FREE, of="female", replicates=0),
    ):
        with pytest.raises(SampleError) as refused:
            make()
        assert refused.value.code == "bad_plan"
