"""How soon coupons come back, and how many ever do, while some are still out."""

from dataclasses import dataclass


from analysis.arrays import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Survival:
    """Share of coupons redeemed within so many days of issue: g groups, d days.

    ``redeemed`` is a step curve: it holds from its day until the next. It rises to the share that
    ever comes back and stays there; the rest never does.

    Attributes:
        groups: what each row is: a sex, a site, or ``all``.
        days: (d,) 0, 1, … whole days since issue; the last is the oldest that was seen.
        redeemed: (g, d) share redeemed by the end of that day; nan after the oldest coupon of the
            group that is still out, and where the group has no coupons.
        se: (g, d) its standard error.
        low: (g, d) 95 % interval; nan where nobody came yet or everybody did.
        high: (g, d).
        at_risk: (g, d) coupons not redeemed, ended, expired or censored before that day.
        redemptions: (g, d) coupons redeemed that many days after issue.
        never: (g, d) coupons known from that day on never to come: past their last day, void, lost.
        censored: (g, d) coupons still live, that many days after issue.
        coupons: (g,) all of them.
        live: (g,) those that may still come.
    """

    groups: tuple[str, ...]
    days: IntArray
    redeemed: FloatArray
    se: FloatArray
    low: FloatArray
    high: FloatArray
    at_risk: IntArray
    redemptions: IntArray
    never: IntArray
    censored: IntArray
    coupons: IntArray
    live: IntArray
