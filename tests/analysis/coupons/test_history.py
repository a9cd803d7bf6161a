"""What became of coupons: what cannot have happened is refused, and earlier looks know less."""

import numpy as np
import pytest

from analysis.coupons.history import build_history
from analysis.errors import SampleError
from tests.analysis.coupons.histories import history_of

COUPON = {
    "as_of": "2026-03-20",
    "people": 3,
    "issued_on": ["2026-03-01"],
    "usable_from": ["2026-03-02"],
    "usable_until": ["2026-03-31"],
    "redeemed_on": ["2026-03-09"],
    "holder": [0],
    "recruit": [1],
}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"holder": [0, 1]}, "unequal_columns"),
        ({"issued_on": ["yesterday"]}, "bad_date"),
        ({"as_of": ""}, "bad_date"),
        ({"usable_until": [""]}, "coupon_undated"),
        ({"usable_from": ["2026-02-28"]}, "usable_before_issue"),
        ({"usable_until": ["2026-03-01"]}, "coupon_never_usable"),
        ({"redeemed_on": ["2026-03-01"]}, "redeemed_before_usable"),
        ({"redeemed_on": [""], "recruit": [-1], "ended_on": ["2026-02-01"]}, "ended_before_issue"),
        ({"ended_on": ["2026-03-10"]}, "redeemed_and_ended"),
        ({"redeemed_on": ["2026-03-21"]}, "after_the_look"),
        ({"holder": [3]}, "unknown_holder"),
        ({"holder": [-2]}, "unknown_holder"),
        ({"recruit": [3]}, "unknown_recruit"),
        ({"redeemed_on": [""]}, "recruit_without_redemption"),
        ({"recruit": [0]}, "own_coupon"),
    ],
)
def test_what_cannot_have_happened_is_refused(changes: dict[str, object], code: str) -> None:
    with pytest.raises(SampleError) as refused:
        build_history(**{**COUPON, **changes})  # type: ignore[arg-type]
    assert refused.value.code == code


def test_two_coupons_cannot_have_brought_one_recruit() -> None:
    with pytest.raises(SampleError, match="first at row 0") as refused:
        history_of(age=[9, 9], back_after=[3, 4], recruit=[1, 1], people=2)
    assert refused.value.code == "recruit_of_two_coupons"


def test_a_coupon_accepted_late_by_leave_of_a_supervisor_is_legal() -> None:
    history = history_of(age=[40], back_after=[35], validity=30)
    assert history.redeemed.all()
    assert history.matured.all()


def test_the_last_day_belongs_to_the_coupon() -> None:
    history = history_of(age=[30, 31], back_after=[None, None], validity=30)
    assert history.live.tolist() == [True, False]
    assert history.matured.tolist() == [False, True]


def test_every_coupon_is_redeemed_ended_live_or_expired() -> None:
    history = history_of(
        age=[5, 5, 5, 50], back_after=[2, None, None, None], lost_after=[None, 3, None, None]
    )
    expired = history.matured & ~history.redeemed & ~history.ended
    kinds = np.vstack([history.redeemed, history.ended, history.live, expired])
    assert kinds.sum(axis=0).tolist() == [1, 1, 1, 1]


def test_an_earlier_look_knows_no_later_event() -> None:
    now = history_of(
        age=[10, 10, 2], back_after=[8, 3, 1], people=4, holder=[0] * 3, recruit=[1, 2, 3]
    )
    then = now.at(now.as_of - 5)
    assert then.redeemed.tolist() == [False, True]
    assert then.recruit.tolist() == [-1, 2]
    assert then.live.tolist() == [True, False]


def test_no_coupons_are_a_legal_history() -> None:
    assert len(history_of(age=[], back_after=[])) == 0
