"""Curves of coupons coming back, against published figures, by hand, and where nothing is out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.coupons.log_rank import _chi_square_tail, log_rank
from analysis.coupons.redemption import matured_redemption_rate
from analysis.coupons.survival import survival
from analysis.errors import SampleError
from tests.analysis.coupons.histories import history_of

# Weeks in remission of 21 pairs of patients, 6-MP and placebo; a minus sign marks the censored.
# Freireich et al. (1963), Blood 21; the example of Cox (1972) and of most textbooks since.
SIX_MP = [6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]

Coupons = list[tuple[int, int | None]]


def coupons() -> st.SearchStrategy[Coupons]:
    """Age and days to redemption, of a validity of 10 days."""
    return st.lists(
        st.integers(0, 25).flatmap(
            lambda age: st.tuples(
                st.just(age), st.none() | st.integers(1, min(age, 10)) if age else st.none()
            )
        ),
        max_size=30,
    )


def test_the_curve_is_the_published_kaplan_meier_curve_of_6_mp() -> None:
    age = [100 if week > 0 else -week for week in SIX_MP]
    back = [week if week > 0 else None for week in SIX_MP]
    curve = survival(history_of(age=age, back_after=back, validity=200))
    days = [6, 7, 10, 13, 16, 22, 23]
    left = (1 - curve.redeemed[0, days]).round(3).tolist()
    assert left == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert curve.se[0, days].round(4).tolist() == [
        0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346,
    ]  # fmt: skip
    assert curve.at_risk[0, days].tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve.median_days.tolist() == [23]


def test_the_log_rank_test_gives_the_published_statistic() -> None:
    weeks = SIX_MP + PLACEBO
    history = history_of(
        age=[100 if week > 0 else -week for week in weeks],
        back_after=[week if week > 0 else None for week in weeks],
        validity=200,
    )
    found = log_rank(survival(history, np.repeat([0, 1], 21), ["6-MP", "placebo"]))
    assert found.statistic == pytest.approx(16.79, abs=0.005)
    assert found.df == 1
    assert found.p == pytest.approx(4.17e-5, abs=1e-7)


def test_groups_alike_do_not_differ() -> None:
    history = history_of(age=[50] * 9, back_after=[2, 5, None] * 3)
    found = log_rank(survival(history, np.repeat([0, 1, 2], 3), ["a", "b", "c"]))
    assert found.df == 2
    assert found.statistic == pytest.approx(0)
    assert found.p == pytest.approx(1)


def test_one_group_alone_is_compared_with_nothing() -> None:
    assert log_rank(survival(history_of(age=[50], back_after=[2]))).p == 1.0


def test_the_tail_of_chi_square_is_that_of_tables() -> None:
    tabled = {1: 3.841459, 2: 5.991465, 3: 7.814728, 4: 9.487729, 5: 11.070498, 10: 18.307038}
    for df, x in tabled.items():
        assert _chi_square_tail(x, df) == pytest.approx(0.05, abs=1e-7)


@given(coupons())
def test_where_no_coupon_is_out_the_curve_is_the_plain_share(drawn: Coupons) -> None:
    ripe = [(age + 11, back) for age, back in drawn]
    history = history_of(age=[age for age, _ in ripe], back_after=[b for _, b in ripe], validity=10)
    curve = survival(history)
    if not ripe:
        assert np.isnan(curve.redeemed).all()
        return
    days = np.array([99 if back is None else back for _, back in ripe])
    plain = (days[:, np.newaxis] <= curve.days).mean(axis=0)
    assert curve.redeemed[0] == pytest.approx(plain)
    assert curve.se[0] == pytest.approx(np.sqrt(plain * (1 - plain) / len(ripe)), abs=1e-7)
    assert curve.ever == pytest.approx(matured_redemption_rate(history).share)


@given(coupons())
def test_the_curve_rises_within_0_and_1_and_its_interval_holds_it(drawn: Coupons) -> None:
    curve = survival(
        history_of(age=[age for age, _ in drawn], back_after=[b for _, b in drawn], validity=10)
    )
    known = curve.redeemed[0][~np.isnan(curve.redeemed[0])]
    assert ((known >= 0) & (known <= 1 + 1e-12)).all()
    assert (np.diff(known) >= -1e-12).all()
    inside = ~np.isnan(curve.low)
    assert (curve.low[inside] <= curve.redeemed[inside] + 1e-12).all()
    assert (curve.redeemed[inside] <= curve.high[inside] + 1e-12).all()
    assert ((curve.low[inside] >= 0) & (curve.high[inside] <= 1)).all()


@given(coupons(), st.integers(1, 20))
def test_coupons_handed_out_today_change_nothing(drawn: Coupons, more: int) -> None:
    drawn = [*drawn, (20, 3)]
    ages, backs = [age for age, _ in drawn], [back for _, back in drawn]
    without = survival(history_of(age=ages, back_after=backs, validity=10))
    with_them = survival(
        history_of(age=[*ages, *[0] * more], back_after=[*backs, *[None] * more], validity=10)
    )
    assert with_them.redeemed == pytest.approx(without.redeemed, nan_ok=True)
    assert with_them.se == pytest.approx(without.se, nan_ok=True)


def test_validities_of_two_lengths_are_told_apart_from_coupons_still_out() -> None:
    # Ten of 14 days, none back; ten of 30 days, five back on day 20. Nothing is out.
    history = history_of(
        age=[60] * 20,
        back_after=[None] * 10 + [20] * 5 + [None] * 5,
        validity=[14] * 10 + [30] * 10,
    )
    assert survival(history).ever.tolist() == [pytest.approx(0.25)]


def test_a_coupon_out_is_not_taken_for_one_that_never_comes() -> None:
    age, back = [60] * 4, [5, 12, 12, None]
    alone = survival(history_of(age=age, back_after=back))
    more = survival(history_of(age=[*age, 8, 8], back_after=[*back, 5, None]))
    # By hand: day 5: 2 of 6 come; day 12: 2 of the 3 that are left: 1/3 + 2/3 · 2/3 = 7/9.
    assert alone.ever.tolist() == [0.75]
    assert more.ever.tolist() == [pytest.approx(7 / 9)]


def test_a_lost_coupon_brings_nobody_unless_it_is_asked_what_if_none_were_lost() -> None:
    history = history_of(
        age=[60] * 4, back_after=[10, None, None, 20], lost_after=[None, 5, None, None]
    )
    assert survival(history).ever.tolist() == [0.5]
    # By hand: the lost one leaves before day 10: 1/3 + 2/3 · 1/2.
    assert survival(history, ended_as="censored").ever.tolist() == [pytest.approx(2 / 3)]


def test_the_curve_ends_where_the_oldest_coupon_is_still_out() -> None:
    curve = survival(
        history_of(age=[9, 20], back_after=[None, 15]), np.array([0, 1]), ["new", "old"]
    )
    assert not np.isnan(curve.redeemed[0, 9])
    assert np.isnan(curve.redeemed[0, 10:]).all()
    assert curve.redeemed[1, -1] == 1.0
    assert curve.live.tolist() == [1, 0]


def test_half_of_those_that_come_is_not_half_of_all() -> None:
    curve = survival(history_of(age=[60] * 10, back_after=[4, 8, 12, 20] + [None] * 6))
    assert np.isnan(curve.median_days).all()
    assert curve.median_days_of_redeemed.tolist() == [8]


def test_only_coupons_past_their_last_day_make_the_matured_rate() -> None:
    history = history_of(age=[60, 60, 60, 3, 3], back_after=[5, None, None, 2, None])
    rate = matured_redemption_rate(history, np.array([0, 0, 1, 1, -1]), ["f", "m"])
    assert rate.redeemed.tolist() == [1, 0]
    assert rate.matured.tolist() == [2, 1]


def test_a_rate_of_nothing_is_not_known() -> None:
    assert np.isnan(matured_redemption_rate(history_of(age=[3], back_after=[2])).share).all()


def test_a_group_that_is_not_there_is_refused() -> None:
    history = history_of(age=[3], back_after=[2])
    with pytest.raises(SampleError) as refused:
        survival(history, np.array([1]))
    assert refused.value.code == "unknown_group"
    with pytest.raises(SampleError) as refused:
        survival(history, np.array([0, 0]))
    assert refused.value.code == "unequal_columns"


def test_the_height_in_the_end_is_not_known_while_no_coupon_has_been_watched_to_its_last_day() -> (
    None
):
    early = survival(history_of(age=[9, 9], back_after=[3, None]))
    assert early.redeemed[0, -1] == 0.5
    assert np.isnan(early.ever).all()


def test_a_coupon_on_its_last_day_does_not_hide_the_height_in_the_end() -> None:
    curve = survival(history_of(age=[60, 30], back_after=[3, None], validity=30))
    assert curve.ever.tolist() == [0.5]


def test_a_few_odd_coupons_of_long_validity_do_not_hide_the_height_in_the_end() -> None:
    history = history_of(
        age=[60] * 200 + [45], back_after=[3] * 50 + [None] * 151, validity=[30] * 200 + [90]
    )
    assert survival(history).ever == pytest.approx([50 / 201])
