"""What a programme's desks have written down, as plain arrays."""

from dataclasses import dataclass

import numpy as np

from analysis.arrays import BoolArray, DateArray, IntArray

NOT_KNOWN = -1


@dataclass(frozen=True, eq=False)
class People:
    """Everyone who came: n people.

    Attributes:
        recruiter: (n,) index of who recruited her; -1 for seeds and walk-ins.
        chain: (n,) index of her chain; -1 for walk-ins.
        has_code: (n,) whether she gave a unique identifier code.
        same_code: (m, 2) pairs of people whose codes are the same, though the desk told them apart.

    >>> nobody = People(np.array([-1]), np.array([0]), np.array([True]), np.empty((0, 2), int))
    >>> len(nobody)
    1
    """

    recruiter: IntArray
    chain: IntArray
    has_code: BoolArray
    same_code: IntArray

    def __len__(self) -> int:
        return len(self.recruiter)


@dataclass(frozen=True, eq=False)
class Redemptions:
    """Coupons accepted: v of them. Indices point into the people, and into the caller's lists of sites and staff.

    Attributes:
        at: (v,) the minute, on the wall clock of the site.
        site, issued_at: (v,) where the coupon was handed in, and where it had been given out.
        staff: (v,) who accepted it.
        person, holder: (v,) the recruit who brought it, and whose coupon it was.
        first_day, last_day: (v,) the days within which it could be used.
        is_late: (v,) accepted after its last day.
        is_outside_hours: (v,) outside the hours the site has written down.
        is_complete: (v,) whether the visit went on to its end.
        eligible: (v,) 1 yes, 0 no, -1 not screened.
        from_stranger: (v,) 1 where she said she had not known who gave her the coupon, 0 where she had, -1 not asked.

    >>> redemptions = Redemptions.none()
    >>> len(redemptions), redemptions.day.dtype
    (0, dtype('<M8[D]'))
    """

    at: DateArray
    site: IntArray
    issued_at: IntArray
    staff: IntArray
    person: IntArray
    holder: IntArray
    first_day: DateArray
    last_day: DateArray
    is_late: BoolArray
    is_outside_hours: BoolArray
    is_complete: BoolArray
    eligible: IntArray
    from_stranger: IntArray

    def __len__(self) -> int:
        return len(self.at)

    @property
    def day(self) -> DateArray:
        """(v,) the day of each at its site."""
        return self.at.astype("datetime64[D]")

    @classmethod
    def none(cls) -> "Redemptions":
        """No redemption yet."""
        number, yes = np.empty(0, dtype=np.int64), np.empty(0, dtype=bool)
        day, minute = np.empty(0, dtype="datetime64[D]"), np.empty(0, dtype="datetime64[m]")
        numbers = (number,) * 5
        return cls(minute, *numbers, day, day, yes, yes, yes, number, number)


@dataclass(frozen=True, eq=False)
class KnowledgeTests:
    """Tests taken: t tests of i items.

    Attributes:
        redemption: (t,) index of the redemption that began the visit.
        staff: (t,) with whom it was taken.
        answers: (t, i) the option chosen, any whole number for each.
        is_right: (t, i) whether it was the right one.

    >>> tests = KnowledgeTests(np.array([0]), np.array([0]), np.array([[1, 2]]), np.array([[True, False]]))
    >>> tests.score.tolist(), tests.is_perfect.tolist()
    ([1], [False])
    """

    redemption: IntArray
    staff: IntArray
    answers: IntArray
    is_right: BoolArray

    def __len__(self) -> int:
        return len(self.redemption)

    @property
    def score(self) -> IntArray:
        """(t,) items answered rightly."""
        score: IntArray = self.is_right.sum(axis=1)
        return score

    @property
    def is_perfect(self) -> BoolArray:
        """(t,) whether every item was."""
        perfect: BoolArray = self.score == self.is_right.shape[1]
        return perfect


@dataclass(frozen=True, eq=False)
class Records:
    """All that the signals look at.

    Attributes:
        sites, chains: how many there are of each.
        role: (s,) a number for the role of each member of staff; only those of one role are compared.
        refused_at, refused_by: (r,) site and staff of each scan that was refused.
        refused_own: (r,) whether it was because the holder had brought her own coupon.
        walked_in_at, walked_in_by: (w,) site and staff for each person who came without a coupon.

    >>> Records.empty().sites
    0
    """

    sites: int
    chains: int
    role: IntArray
    people: People
    redemptions: Redemptions
    tests: KnowledgeTests
    refused_at: IntArray
    refused_by: IntArray
    refused_own: BoolArray
    walked_in_at: IntArray
    walked_in_by: IntArray

    @property
    def chain(self) -> IntArray:
        """(v,) the chain of each redemption: that of the holder."""
        return self.people.chain[self.redemptions.holder]

    @classmethod
    def empty(cls) -> "Records":
        """A programme that has not begun."""
        number, yes = np.empty(0, dtype=np.int64), np.empty(0, dtype=bool)
        pairs = np.empty((0, 2), dtype=np.int64)
        return cls(
            sites=0,
            chains=0,
            role=number,
            people=People(number, number, yes, pairs),
            redemptions=Redemptions.none(),
            tests=KnowledgeTests(number, number, pairs, pairs.astype(bool)),
            refused_at=number,
            refused_by=number,
            refused_own=yes,
            walked_in_at=number,
            walked_in_by=number,
        )
