"""Coupons for the layouts that tell recruiters by them: numbered as far as they are known of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.arrays import IntArray
from analysis.files.losses import unwritable
from analysis.sample import CouponFigures, Sample


@dataclass(frozen=True)
class Coupons:
    """Who came with which coupon, and was given which.

    Attributes:
        own: (n,) the coupon each person came with, ``""`` for none.
        given: (n, k) the coupons each person was given, ``""`` where there are fewer than k.

    >>> Coupons(own=["", "1"], given=[["1", "2"], ["", ""]]).most
    2
    """

    own: Sequence[str]
    given: Sequence[Sequence[str]]

    @property
    def most(self) -> int:
        """k, the most that anybody was given."""
        return len(self.given[0]) if self.given else 0


def coupons_of(sample: Sample, layout: str, *, may_share: bool = False) -> Coupons:
    """Coupons that are read back as the same recruiters and the same figures.

    Where the figures are known, coupons are numbered from 1 on, and those that brought nobody are
    spread evenly. Where they are not, everybody's own coupon is her own id, which readers know
    for "recruiters are known, coupons are not".

    Args:
        may_share: whether two recruits of one person may have come with the same coupon, as in
            files that say so already.

    Raises:
        SampleError: ``unwritable`` where fewer coupons were redeemed than people recruited, or
            more.

    >>> from analysis.sample import build_sample
    >>> coupons_of(build_sample(["a", "b"], ["", "a"]), "coupons")
    Coupons(own=('a', 'b'), given=[['b'], ['']])
    >>> sample = build_sample(["a", "b"], ["", "a"], coupons=CouponFigures(issued=3, redeemed=1))
    >>> coupons_of(sample, "coupons")
    Coupons(own=['', '1'], given=[['1', '2'], ['3', '']])
    """
    recruits = np.flatnonzero(sample.recruiter >= 0)
    recruits = recruits[np.argsort(sample.recruiter[recruits], kind="stable")]
    holder = sample.recruiter[recruits]
    if sample.coupons is None:
        ids = tuple(sample.ids)
        return Coupons(ids, _rows(len(ids), holder, [ids[i] for i in recruits.tolist()]))
    is_new = _apart(holder, sample.coupons, layout, may_share)
    number = np.zeros(len(sample), dtype=np.int64)
    number[recruits] = np.cumsum(is_new)
    holders = np.append(holder[is_new], _spread(holder[is_new], sample.coupons, len(sample)))
    names = [str(coupon) for coupon in range(1, len(holders) + 1)]
    own = [str(coupon) if coupon else "" for coupon in number.tolist()]
    return Coupons(own, _rows(len(sample), holders, names))


def _apart(
    holder: IntArray, figures: CouponFigures, layout: str, may_share: bool
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which recruits, sorted by recruiter, came with a coupon that the one before had not."""
    is_new = np.ones(len(holder), dtype=bool)
    may_repeat = 1 + np.flatnonzero(holder[1:] == holder[:-1])
    shared = len(holder) - figures.redeemed
    if (
        not 0 <= shared <= (len(may_repeat) if may_share else 0)
        or figures.issued < figures.redeemed
    ):
        raise unwritable(
            layout,
            f"{figures.issued:,} coupons of which {figures.redeemed:,} were redeemed",
            f"it would have to show them on {len(holder):,} recruits",
        )
    is_new[may_repeat[:shared]] = False
    return is_new


def _spread(holder: IntArray, figures: CouponFigures, n: int) -> IntArray:
    """Who holds the coupons that brought nobody: those with the fewest others first."""
    used = np.bincount(holder, minlength=n)
    most = max(int(used.max(initial=0)), -(-figures.issued // n)) if n else 0
    return np.repeat(np.arange(n), most - used)[: figures.issued - figures.redeemed]


def _rows(n: int, holder: IntArray, names: Sequence[str]) -> list[list[str]]:
    given: list[list[str]] = [[] for _ in range(n)]
    for person, name in zip(holder.tolist(), names, strict=True):
        given[person].append(name)
    most = max(map(len, given), default=0)
    return [[*row, *[""] * (most - len(row))] for row in given]
