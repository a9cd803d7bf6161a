"""From a coupon handed out to a recruit who recruits: how many pass each step, by sex.

Coupons handed out lately have not had time to come back, nor have people who came lately to recruit:
to compare groups or weeks, hand in those alone whose time is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.arrays import BoolArray, FloatArray, IntArray
from analysis.errors import SampleError
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

    >>> found = cascade(levels=("f", "m"), holder=np.array([1, 1, 1, 0]),
    ...     redeemed=np.array([True, True, False, False]), person=np.array([0, -1]),
    ...     eligible=np.array([True, False]), consented=np.array([True, False]),
    ...     enrolled=np.array([True, False]), given_a_bundle=np.array([True, False]),
    ...     recruited=np.array([False, False]))
    >>> found.coupons.n.tolist(), found.people.n[0].tolist(), found.people.total.tolist()
    ([[1, 0], [3, 2]], [1, 1, 1, 1, 1, 0], [2, 1, 1, 1, 1, 0])
    """

    coupons: Steps
    people: Steps


def cascade(
    *,
    levels: Sequence[str],
    holder: IntArray,
    redeemed: BoolArray,
    person: IntArray,
    eligible: BoolArray,
    consented: BoolArray,
    enrolled: BoolArray,
    given_a_bundle: BoolArray,
    recruited: BoolArray,
) -> Cascade:
    """Count c coupons and the m people they brought, step by step and level by level.

    Args:
        levels: of the trait, such as the two sexes.
        holder: (c,) index into ``levels`` of the person the coupon was given to, -1 if not known.
        redeemed: (c,) it was redeemed.
        person: (m,) index into ``levels`` of each person whom a redeemed coupon brought, -1 if not
            known, as of somebody who left before she was asked.
        eligible, consented, enrolled, given_a_bundle, recruited: (m,) she got so far.

    Raises:
        SampleError: ``unequal_columns``; ``unknown_level``; ``step_skipped`` where somebody passed a
            step without the one before; ``came_without_coupon`` where m is not the number of
            coupons redeemed.

    Source: shares have the interval of Wilson (1927), as in ``reach.wilson``.

    >>> nobody, none = np.zeros(0, dtype=int), np.zeros(0, dtype=bool)
    >>> empty = cascade(levels=("f",), holder=nobody, redeemed=none, person=nobody, eligible=none,
    ...     consented=none, enrolled=none, given_a_bundle=none, recruited=none)
    >>> empty.people.n.tolist()
    [[0, 0, 0, 0, 0, 0]]
    """
    came = np.ones(len(person), dtype=bool)
    coupons = _count(levels, COUPON_STEPS, holder, [np.ones(len(holder), dtype=bool), redeemed])
    passed = [came, eligible, consented, enrolled, given_a_bundle, recruited]
    people = _count(levels, PEOPLE_STEPS, person, passed)
    if coupons.total[-1] != people.total[0]:
        raise SampleError(
            "came_without_coupon",
            f"{coupons.total[-1]:,} coupons were redeemed, but {people.total[0]:,} people came with "
            "one.",
            redeemed=int(coupons.total[-1]),
            came=int(people.total[0]),
        )
    return Cascade(coupons, people)


def _count(
    levels: Sequence[str], names: tuple[str, ...], level: IntArray, passed: Sequence[BoolArray]
) -> Steps:
    if any(len(step) != len(level) for step in passed):
        raise SampleError("unequal_columns", "Steps and levels have different lengths.")
    if level.min(initial=0) < -1 or level.max(initial=-1) >= len(levels):
        raise SampleError("unknown_level", "A level is not one of those named.")
    for name, earlier, later in zip(names[1:], passed[:-1], passed[1:], strict=True):
        skipped = int(np.count_nonzero(later & ~earlier))
        if skipped:
            message = f"{skipped:,} passed the step {name!r} without the one before."
            raise SampleError("step_skipped", message, step=name, count=skipped)
    k = len(levels)
    counts = np.array([np.bincount(level[step] + 1, minlength=k + 1) for step in passed])
    return Steps(names, tuple(levels), n=counts[:, 1:].T, missing=counts[:, 0])


def _share(n: IntArray, of: IntArray) -> FloatArray:
    return np.where(of > 0, n / np.maximum(of, 1), np.nan)
