"""A pattern that chance seldom makes, with its evidence. It says what was seen, never why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from analysis.arrays import FloatArray
from analysis.integrity.groups import Compared
from analysis.integrity.tails import false_discovery

LEVEL = 0.01


@dataclass(frozen=True)
class Subject:
    """What a signal is about, by the caller's indices; a part that plays no role is left out.

    Attributes:
        holders: two people whose coupons came side by side.
        start: the minute a short while began, or the first minute of a day; ``minutes`` is how long it was.

    >>> Subject(site=0, start=datetime(2026, 3, 2, 9, 5), minutes=30).chains
    ()
    """

    site: int | None = None
    staff: int | None = None
    chains: tuple[int, ...] = ()
    holders: tuple[int, ...] = ()
    start: datetime | None = None
    minutes: int | None = None


@dataclass(frozen=True)
class Signal:
    """One pattern.

    Attributes:
        kind: a stable code.
        p: how often chance alone makes as much or more, in this place.
        q: the share of false findings to expect among all of this kind as strong; 0.01 at most is shown.
        observed, expected: how many were seen, and how many the comparison leads one to expect.
        of: out of how many.
        explanations: codes of innocent explanations, the likeliest first.

    >>> Signal("other_site", Subject(chains=(3,)), 1e-6, 1e-4, 9, 1.5, 20, ("moved",)).excess
    7.5
    """

    kind: str
    subject: Subject
    p: float
    q: float
    observed: float
    expected: float
    of: int
    explanations: tuple[str, ...]

    @property
    def excess(self) -> float:
        """How many more, or fewer, than expected: what grows when the pattern goes on."""
        return abs(self.observed - self.expected)


def strong(
    kind: str,
    tails: FloatArray,
    evidence: Callable[[int], tuple[Subject, float, float, int]],
    explanations: Sequence[str],
    *,
    tests: int | None = None,
) -> tuple[Signal, ...]:
    """Those whose q is at most ``LEVEL``, strongest first; ``evidence`` tells of the i-th.

    Args:
        tails: (m,) chances of what was seen or more, one for each that was looked at.
        tests: how many were looked at, where that is more than m.

    >>> tell = lambda i: (Subject(site=i), 5, 1.0, 9)
    >>> [each.subject.site for each in strong("busy_day", np.array([0.5, 1e-6]), tell, ())]
    [1]
    """
    q = false_discovery(tails, tests=tests)
    found = np.flatnonzero(q <= LEVEL)
    order = found[np.argsort(tails[found], kind="stable")]
    return tuple(_signal(kind, tails, q, i, evidence, explanations) for i in order.tolist())


def of_groups(
    kind: str,
    compared: Compared,
    subject: Callable[[int], Subject],
    explanations: Sequence[str],
    *,
    either_way: bool = False,
) -> tuple[Signal, ...]:
    """Signals of the groups that stand out: by more than the others, or either way.

    >>> from analysis.integrity.groups import compare
    >>> compared = compare(np.repeat([True, False], 20), np.repeat([0, 1], 20), np.zeros(40, int))
    >>> [each.subject.site for each in of_groups("x", compared, lambda g: Subject(site=g), ())]
    [0]
    """
    tails = compared.high
    if either_way:
        tails = np.minimum(2 * np.minimum(compared.high, compared.low), 1)

    def evidence(g: int) -> tuple[Subject, float, float, int]:
        return (
            subject(g),
            float(compared.observed[g]),
            float(compared.expected[g]),
            int(compared.of[g]),
        )

    return strong(kind, tails, evidence, explanations)


def _signal(
    kind: str,
    tails: FloatArray,
    q: FloatArray,
    i: int,
    evidence: Callable[[int], tuple[Subject, float, float, int]],
    explanations: Sequence[str],
) -> Signal:
    subject, observed, expected, of = evidence(i)
    return Signal(
        kind, subject, float(tails[i]), float(q[i]), observed, expected, of, tuple(explanations)
    )
