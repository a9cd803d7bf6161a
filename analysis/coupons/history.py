"""What became of every coupon, as arrays, on the day of a look."""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import BoolArray, DateArray, IntArray
from analysis.errors import SampleError


@dataclass(frozen=True, eq=False)
class CouponHistory:
    """Coupons of a programme: arrays of shape (c,), in one order, whole days at the site.

    Make one with ``build_history``, which refuses what cannot have happened.

    Attributes:
        as_of: the day of the look; nothing after it is known.
        people: how many people the sample has that ``holder`` and ``recruit`` point into.
        issued_on: the day it was handed out.
        usable_from: the first day on which it is taken.
        usable_until: the last day on which it is taken, that day included.
        redeemed_on: the day it was redeemed, NaT if it was not.
        ended_on: the day it was reported void, lost or refused, NaT if it was not.
        holder: index of the person it was given to, -1 if she is not in the sample.
        recruit: index of the person it brought in, -1 if none is in the sample.

    >>> history = build_history(as_of="2026-03-20", people=2, issued_on=["2026-03-01"] * 3,
    ...     usable_from=["2026-03-02"] * 3, usable_until=["2026-03-19", "2026-03-31", "2026-03-31"],
    ...     redeemed_on=["", "2026-03-09", ""], holder=[0, 0, 0], recruit=[-1, 1, -1])
    >>> history.matured.tolist(), history.redeemed.tolist(), history.live.tolist()
    ([True, False, False], [False, True, False], [False, False, True])
    """

    as_of: np.datetime64
    people: int
    issued_on: DateArray
    usable_from: DateArray
    usable_until: DateArray
    redeemed_on: DateArray
    ended_on: DateArray
    holder: IntArray
    recruit: IntArray

    def __len__(self) -> int:
        return len(self.issued_on)

    @property
    def redeemed(self) -> BoolArray:
        """(c,) it brought someone to a desk."""
        return ~np.isnat(self.redeemed_on)

    @property
    def ended(self) -> BoolArray:
        """(c,) it was reported void, lost or refused, and will never be redeemed."""
        return ~np.isnat(self.ended_on)

    @property
    def matured(self) -> BoolArray:
        """(c,) its last day is over, whatever became of it.

        A coupon redeemed early is *not* matured until then: to count it at once, and those that are
        still out later, would count the quick successes twice as well as the rest.
        """
        return self.usable_until < self.as_of

    @property
    def live(self) -> BoolArray:
        """(c,) it may still be redeemed: neither redeemed nor ended, its last day not over."""
        return np.isnat(self.redeemed_on) & np.isnat(self.ended_on) & ~self.matured

    @property
    def age(self) -> IntArray:
        """(c,) days from issue to the look."""
        return _days(self.as_of - self.issued_on)

    @property
    def days_to_redemption(self) -> IntArray:
        """(c,) days from issue to redemption, -1 where it was not redeemed."""
        return np.where(self.redeemed, _days(self.redeemed_on - self.issued_on), -1)

    def at(self, day: np.datetime64) -> "CouponHistory":
        """What was known on an earlier day: later coupons are gone, later events not yet there.

        >>> history = build_history(as_of="2026-03-20", people=2, issued_on=["2026-03-01"],
        ...     usable_from=["2026-03-02"], usable_until=["2026-03-31"],
        ...     redeemed_on=["2026-03-09"], holder=[0], recruit=[1])
        >>> history.at(np.datetime64("2026-03-08")).live.tolist()
        [True]
        """
        known = self.issued_on <= day
        redeemed_on = _until(self.redeemed_on[known], day)
        return CouponHistory(
            as_of=day,
            people=self.people,
            issued_on=self.issued_on[known],
            usable_from=self.usable_from[known],
            usable_until=self.usable_until[known],
            redeemed_on=redeemed_on,
            ended_on=_until(self.ended_on[known], day),
            holder=self.holder[known],
            recruit=np.where(np.isnat(redeemed_on), -1, self.recruit[known]),
        )


def build_history(
    *,
    as_of: object,
    people: int,
    issued_on: object,
    usable_from: object,
    usable_until: object,
    holder: object,
    redeemed_on: object = None,
    ended_on: object = None,
    recruit: object = None,
) -> CouponHistory:
    """Check the columns against each other and keep them as arrays.

    A coupon may be redeemed after its last day: a supervisor may accept it late. One that was
    redeemed may bring nobody into the sample: the person was not eligible, or did not consent.

    Args:
        as_of: the day of the look.
        people: n of the sample.
        issued_on, usable_from, usable_until: (c,) days, none missing.
        redeemed_on, ended_on: (c,) days, NaT or ``""`` where it did not happen; ``None`` for none.
        holder, recruit: (c,) indices into the sample, -1 for nobody in it.

    Raises:
        SampleError: ``unequal_columns``, ``bad_date``, ``coupon_undated``, ``usable_before_issue``,
            ``coupon_never_usable``, ``redeemed_before_usable``, ``ended_before_issue``,
            ``redeemed_and_ended``, ``after_the_look``, ``unknown_holder``, ``unknown_recruit``,
            ``recruit_without_redemption``, ``recruit_of_two_coupons`` or ``own_coupon``.

    Source: the rules of coupons are those of the protocol, Broadhead et al. (1998), Public Health
    Rep. 113 (the peer-driven intervention).

    >>> build_history(as_of="2026-03-20", people=1, issued_on=["2026-03-01"],
    ...     usable_from=["2026-03-02"], usable_until=["2026-03-01"], holder=[0])
    Traceback (most recent call last):
    ...
    analysis.errors.SampleError: 1 coupon has a last day before the first (first at row 0). (coupon_never_usable)
    """
    days = {"issued_on": _dates(issued_on)}
    c = len(days["issued_on"])
    for name, column in [
        ("usable_from", usable_from),
        ("usable_until", usable_until),
        ("redeemed_on", redeemed_on),
        ("ended_on", ended_on),
    ]:
        days[name] = _undated(c) if column is None else _dates(column)
    history = CouponHistory(
        as_of=_dates([as_of])[0],
        people=people,
        holder=np.asarray(holder),
        recruit=np.full(c, -1) if recruit is None else np.asarray(recruit),
        **days,
    )
    _refuse_unequal(history)
    _refuse_impossible_days(history)
    _refuse_impossible_people(history)
    return history


def _dates(column: object) -> DateArray:
    try:
        return np.asarray(column, dtype="datetime64[D]")
    except (TypeError, ValueError):
        message = "A day of a coupon is no date. Write it as 2026-03-31 (year, month, day)."
        raise SampleError("bad_date", message) from None


def _undated(c: int) -> DateArray:
    return np.full(c, np.datetime64("NaT", "D"))


def _days(span: np.typing.NDArray[np.timedelta64]) -> IntArray:
    return span.astype(np.int64)


def _until(days: DateArray, day: np.datetime64) -> DateArray:
    return np.where(days <= day, days, np.datetime64("NaT", "D"))


def _refuse_unequal(history: CouponHistory) -> None:
    c = len(history)
    for name in (
        "usable_from",
        "usable_until",
        "redeemed_on",
        "ended_on",
        "holder",
        "recruit",
    ):
        length = len(getattr(history, name))
        if length != c:
            raise SampleError(
                "unequal_columns",
                f"Column {name!r} has {length} values for {c} coupons.",
                column=name,
            )


def _refuse_impossible_days(history: CouponHistory) -> None:
    issued, first, last = history.issued_on, history.usable_from, history.usable_until
    undated = np.isnat(issued) | np.isnat(first) | np.isnat(last)
    _refuse(undated, "coupon_undated", "{} no day of issue, first day or last day")
    if np.isnat(history.as_of):
        raise SampleError("bad_date", "The day of the look is missing.")
    _refuse(first < issued, "usable_before_issue", "{} a first day before issue")
    _refuse(last < first, "coupon_never_usable", "{} a last day before the first")
    redeemed, ended = history.redeemed_on, history.ended_on
    _refuse(redeemed < first, "redeemed_before_usable", "{} a redemption before the first day")
    _refuse(ended < issued, "ended_before_issue", "{} an end before issue")
    _refuse(history.redeemed & history.ended, "redeemed_and_ended", "{} a redemption and an end")
    for days in (issued, redeemed, ended):
        _refuse(days > history.as_of, "after_the_look", "{} a day after the day of the look")


def _refuse_impossible_people(history: CouponHistory) -> None:
    holder, recruit, people = history.holder, history.recruit, history.people
    _refuse((holder < -1) | (holder >= people), "unknown_holder", "{} a holder out of range")
    _refuse((recruit < -1) | (recruit >= people), "unknown_recruit", "{} a recruit out of range")
    brought = recruit >= 0
    _refuse(
        brought & ~history.redeemed,
        "recruit_without_redemption",
        "{} a recruit but no redemption",
    )
    _refuse(brought & (recruit == holder), "own_coupon", "{} its own holder as recruit")
    twice = np.bincount(recruit[brought], minlength=people) > 1
    _refuse(
        brought & np.append(twice, False)[recruit],
        "recruit_of_two_coupons",
        "{} a recruit whom another coupon brought too",
    )


def _refuse(wrong: BoolArray, code: str, fact: str) -> None:
    if wrong.any():
        count, row = int(np.count_nonzero(wrong)), int(np.argmax(wrong))
        coupons = "1 coupon has" if count == 1 else f"{count:,} coupons have"
        said = fact.format(coupons)
        raise SampleError(code, f"{said} (first at row {row}).", count=count, row=row)
