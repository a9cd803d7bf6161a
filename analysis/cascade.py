"""From a coupon handed out to a recruit who recruits: how many pass each step, by sex."""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.reach import wilson

COUPON_STEPS = ("issued", "redeemed")
PEOPLE_STEPS = ("came", "eligible", "consented", "enrolled", "given_a_bundle", "recruited")


@dataclass(frozen=True, eq=False)
class Steps:
    """How many pass each step: k levels of a trait, s steps, each a part of the one before.

    Attributes:
        steps: the name of each column.
        levels: what each row is.
        n: (k, s) counts.
        missing: (s,) those whose level is not known.

    >>> steps = Steps(("came", "eligible"), ("f", "m"), np.array([[4, 3], [6, 6]]), np.array([1, 0]))
    >>> steps.total.tolist(), steps.of_previous[:, 1].tolist(), steps.of_first[0].tolist()
    ([11, 9], [0.75, 1.0], [1.0, 0.75])
    """

    steps: tuple[str, ...]
    levels: tuple[str, ...]
    n: IntArray
    missing: IntArray

    @property
    def total(self) -> IntArray:
        """(s,) everyone at each step, whatever her level."""
        total: IntArray = self.n.sum(axis=0) + self.missing
        return total

    @property
    def of_previous(self) -> FloatArray:
        """(k, s) share of the step before that passed this one; nan at the first and from 0."""
        return _share(self.n, self._previous)

    @property
    def of_first(self) -> FloatArray:
        """(k, s) share of the first step that got so far; nan where that is 0."""
        return _share(self.n, self._first)

    @property
    def interval_of_previous(self) -> tuple[FloatArray, FloatArray]:
        """(k, s) and (k, s): Wilson's 95 % interval of ``of_previous``."""
        return wilson(self.n, self._previous)

    @property
    def interval_of_first(self) -> tuple[FloatArray, FloatArray]:
        """(k, s) and (k, s): Wilson's 95 % interval of ``of_first``."""
        return wilson(self.n, self._first)

    @property
    def _previous(self) -> IntArray:
        return np.hstack([np.zeros_like(self.n[:, :1]), self.n[:, :-1]])

    @property
    def _first(self) -> IntArray:
        return np.broadcast_to(self.n[:, :1], self.n.shape)


@dataclass(frozen=True, eq=False)
class Cascade:
    """Two stretches of one way, for a coupon has no sex of its own.

    Before it is redeemed a coupon can only be counted by the sex of the person who *holds* it; from
    the desk on, people are counted by *their own*. ``coupons.total[-1] == people.total[0]``: those
    whom a redeemed coupon brought.

    Attributes:
        coupons: issued, redeemed; by level of the holder.
        people: came, eligible, consented, enrolled, given_a_bundle, recruited; by own level.
            Seeds are not in it: no coupon brought them.
    """

    coupons: Steps
    people: Steps


def _share(n: IntArray, of: IntArray) -> FloatArray:
    return np.where(of > 0, n / np.maximum(of, 1), np.nan)
