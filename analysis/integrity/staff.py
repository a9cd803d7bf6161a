"""One member of staff beside colleagues of the same role at the same site."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analysis.arrays import BoolArray, FloatArray, IntArray
from analysis.integrity.groups import Compared, compare, compare_totals
from analysis.integrity.records import NOT_KNOWN, Records
from analysis.integrity.signal import Signal, Subject, of_groups
from analysis.integrity.trading import close_siblings

FEWEST, FEWEST_COLLEAGUES = 20, 3


@dataclass(frozen=True, eq=False)
class Deeds:
    """What staff did: d deeds, with the site, who did it, and a value for each (an event is 0 or 1); arrays of
    shape (d,).

    >>> Deeds(np.array([0]), np.array([2]), np.array([1.0])).value.tolist()
    [1.0]
    """

    site: IntArray
    staff: IntArray
    value: FloatArray


@dataclass(frozen=True)
class Measure:
    """A figure in which colleagues are compared. ``is_event`` where each deed either is one or is not.

    >>> Measure("staff_late", _late, ("manager",)).is_event
    True
    """

    kind: str
    deeds: Callable[[Records], Deeds]
    explanations: tuple[str, ...]
    is_event: bool = True


@dataclass(frozen=True)
class NotCompared:
    """Someone with too few colleagues of her role at a site for any comparison.

    >>> NotCompared(staff=4, site=0, colleagues=1).colleagues
    1
    """

    staff: int
    site: int
    colleagues: int


def outliers(records: Records) -> tuple[Signal, ...]:
    """Staff whose share of something lies outside the funnel of their colleagues, either way.

    ``compare``, or ``compare_totals`` for scores, strata site and role. Only who has 20 deeds at a site
    is compared, and only where three colleagues have as many.

    Source: Spiegelhalter (2005), "Funnel plots for comparing institutional performance", Statistics in
    Medicine 24.

    >>> outliers(Records.empty())
    ()
    """
    return tuple(signal for measure in MEASURES for signal in _outliers(records, measure))


def not_compared(records: Records) -> tuple[NotCompared, ...]:
    """Those with 20 scans at a site who have fewer than three such colleagues there.

    >>> not_compared(Records.empty())
    ()
    """
    deeds = _refused(records)
    stratum = _strata(records, deeds)
    found = []
    for each in np.unique(stratum).tolist():
        n = np.bincount(deeds.staff[stratum == each])
        enough = np.flatnonzero(n >= FEWEST)
        if len(enough) <= FEWEST_COLLEAGUES:
            site = int(deeds.site[stratum == each][0])
            found += [NotCompared(staff, site, len(enough) - 1) for staff in enough.tolist()]
    return tuple(sorted(found, key=lambda each: (each.site, each.staff)))


def _outliers(records: Records, measure: Measure) -> list[Signal]:
    """The strongest, then the strongest of the rest without it: nobody is measured by an odd colleague."""
    deeds, found = measure.deeds(records), list[Signal]()
    while signals := _beyond_the_funnel(records, deeds, measure):
        found.append(signals[0])
        rest = deeds.staff != signals[0].subject.staff
        deeds = Deeds(deeds.site[rest], deeds.staff[rest], deeds.value[rest])
    return found


def _beyond_the_funnel(records: Records, deeds: Deeds, measure: Measure) -> tuple[Signal, ...]:
    stratum = _strata(records, deeds)
    kept = _comparable(deeds.staff, stratum)
    value, staff, stratum = deeds.value[kept], deeds.staff[kept], stratum[kept]
    compared: Compared
    if measure.is_event:
        compared = compare(value > 0, staff, stratum, least=FEWEST)
    else:
        compared = compare_totals(value, staff, stratum, least=FEWEST)
    return of_groups(
        measure.kind,
        compared,
        lambda g: Subject(staff=g),
        measure.explanations,
        either_way=True,
    )


def _strata(records: Records, deeds: Deeds) -> IntArray:
    return deeds.site * (int(records.role.max(initial=0)) + 1) + records.role[deeds.staff]


def _comparable(staff: IntArray, stratum: IntArray) -> BoolArray:
    """(d,) whether it was done by someone with enough deeds where enough colleagues have as many."""
    groups, strata = int(staff.max(initial=-1)) + 1, int(stratum.max(initial=-1)) + 1
    cell = stratum * groups + staff
    enough = np.bincount(cell, minlength=strata * groups).reshape(strata, groups) >= FEWEST
    enough &= (enough.sum(axis=1) > FEWEST_COLLEAGUES)[:, np.newaxis]
    comparable: BoolArray = enough[stratum, staff]
    return comparable


def _of_redemptions(
    records: Records, value: IntArray | BoolArray, among: BoolArray | None = None
) -> Deeds:
    r = records.redemptions
    chosen = np.ones(len(r), dtype=bool) if among is None else among
    return Deeds(r.site[chosen], r.staff[chosen], value[chosen].astype(float))


def _eligible(records: Records) -> Deeds:
    eligible = records.redemptions.eligible
    return _of_redemptions(records, eligible, eligible != NOT_KNOWN)


def _complete(records: Records) -> Deeds:
    return _of_redemptions(records, records.redemptions.is_complete)


def _late(records: Records) -> Deeds:
    return _of_redemptions(records, records.redemptions.is_late)


def _outside_hours(records: Records) -> Deeds:
    return _of_redemptions(records, records.redemptions.is_outside_hours)


def _siblings(records: Records) -> Deeds:
    return _of_redemptions(records, close_siblings(records)[1])


def _refused(records: Records) -> Deeds:
    return _beside(records, records.refused_at, records.refused_by)


def _walk_ins(records: Records) -> Deeds:
    return _beside(records, records.walked_in_at, records.walked_in_by)


def _beside(records: Records, site: IntArray, staff: IntArray) -> Deeds:
    """Others, as events, beside the redemptions."""
    r = records.redemptions
    return Deeds(
        np.concatenate([r.site, site]),
        np.concatenate([r.staff, staff]),
        np.repeat([0.0, 1.0], [len(r), len(site)]),
    )


def _scores(records: Records) -> Deeds:
    site = records.redemptions.site[records.tests.redemption]
    return Deeds(site, records.tests.staff, records.tests.score.astype(float))


def _perfect(records: Records) -> Deeds:
    site = records.redemptions.site[records.tests.redemption]
    return Deeds(site, records.tests.staff, records.tests.is_perfect.astype(float))


_SHIFTS = ("other_shifts", "other_visitors")
MEASURES: tuple[Measure, ...] = (
    Measure("staff_eligible", _eligible, (*_SHIFTS, "asks_otherwise")),
    Measure("staff_complete", _complete, (*_SHIFTS, "hands_over")),
    Measure("staff_late", _late, ("decides_for_others", *_SHIFTS)),
    Measure("staff_refused", _refused, (*_SHIFTS, "helps_colleagues")),
    Measure("staff_walk_ins", _walk_ins, (*_SHIFTS, "outreach")),
    Measure("staff_outside_hours", _outside_hours, ("other_shifts", "opening_hours")),
    Measure("staff_siblings", _siblings, ("other_shifts", "came_together")),
    Measure("staff_scores", _scores, ("explains_alike", *_SHIFTS), is_event=False),
    Measure("staff_perfect", _perfect, ("explains_alike", *_SHIFTS)),
)
