"""Where made-up programmes stand, for the tests of forecasts."""

from collections.abc import Sequence

import numpy as np

from analysis.forecasting.momentum import Momentum

LOOK = np.datetime64("2026-04-01", "D")


def a_momentum(
    *,
    people: Sequence[int] = (100, 300),
    coupons: int = 3,
    out: Sequence[int] = (60, 180),
    issued: Sequence[int] = (240, 720),
    redeemed: Sequence[int] = (80, 180),
    mix: Sequence[Sequence[int]] = ((40, 40), (36, 144)),
    days: int = 10,
    validity: int = 30,
    alike: float = 0.0,
    levels: tuple[str, ...] = ("female", "male"),
) -> Momentum:
    """Coupons of the past all ripe, those out handed out today; all who come do so after ``days``."""
    k = len(levels)
    table = np.zeros((k, validity + 1), dtype=int)
    table[:, -1] = issued
    live = np.zeros_like(table)
    live[:, 0] = out
    delay = np.zeros(validity + 1)
    delay[days] = 1.0
    return Momentum(
        as_of=LOOK,
        levels=levels,
        people=np.array(people),
        coupons=coupons,
        issued=table + live,
        live=live,
        redeemed=np.array(redeemed),
        enrolled=sum(redeemed),
        alike=alike,
        delay=delay,
        redemptions=sum(redeemed),
        mix=np.array(mix),
        given=np.array(people),
    )
