"""Many redemptions at a site in a short while, beside the site's own rhythm."""

from datetime import datetime

import numpy as np

from analysis.arrays import BoolArray, FloatArray, IntArray
from analysis.integrity.records import Records
from analysis.integrity.signal import Signal, Subject, strong
from analysis.integrity.tails import (
    beta_binomial_tail,
    binomial_tail,
    dispersion,
    scattered_tail,
)

WINDOW_MINUTES = 30
AROUND_DAYS = 14
FEWEST_IN_A_DAY, FEWEST_ELSEWHERE = 3, 15
EXPLANATIONS = ("event", "outreach", "came_together", "opening_hours", "entered_later")


def busy_days(records: Records) -> tuple[Signal, ...]:
    """Days with more redemptions at a site than the two weeks before and after, and the weekday, lead one to expect.

    Of the N redemptions of a day and its 28 neighbours, the day's are binomial with the share
    w_d / Σ w of the days' weekday weights, w being the weekday's share of all the site's redemptions. Exact
    given N, so a programme that grows evenly is no surprise. Where the site's days scatter wider than that, by
    their ``dispersion``, the larger ``scattered_tail`` stands.

    Source: Przyborowski & Wilenski (1940), "Homogeneity of results in testing samples from Poisson
    series", Biometrika 31, for the conditional comparison of counts.

    >>> busy_days(Records.empty())
    ()
    """
    tails, told = [np.empty(0)], [np.empty((0, 4))]
    for site in range(records.sites):
        counts, first = _counts(records, site)
        expected, n, tail = _against_neighbours(counts)
        tails.append(tail)
        told.append(
            np.column_stack([np.full(len(n), site), first + np.arange(len(n)), expected, n])
        )
    place, p = np.concatenate(told), np.concatenate(tails)

    def evidence(i: int) -> tuple[Subject, float, float, int]:
        site, day, expected, n = place[i].tolist()
        start = np.datetime64(int(day), "D").astype("datetime64[m]")
        seen = np.count_nonzero(
            (records.redemptions.site == site) & (records.redemptions.day == start)
        )
        subject = Subject(site=int(site), start=_plain(start), minutes=24 * 60)
        return subject, float(seen), expected, int(n)

    return strong("busy_day", p, evidence, EXPLANATIONS)


def bursts(records: Records) -> tuple[Signal, ...]:
    """Half an hour of a day with more of the day's redemptions than that time of the weekday usually has.

    Given that one came at t, each of the N − 1 others of the day comes within half an hour after t with
    the share seen at the site on other such weekdays, in the half hour after t or, if fuller, before it (so that
    people who are used to come on the hour make no gap behind it); with m of M there, the count is
    beta-binomial (m + 1, M − m + 1). The day's p is N times the smallest of its N starts (Bonferroni), so a scan over all
    windows costs what it should. Days with fewer than three, or with M < 15, are not judged. Assumes that people
    come one by one; friends who come together are the first explanation.

    Source: Naus (1965), "The distribution of the size of the maximum cluster of points on a line", J. Am.
    Stat. Assoc. 60, for the scan; the bound is Bonferroni's.

    >>> bursts(Records.empty())
    ()
    """
    redemptions = records.redemptions
    day = redemptions.day.astype(np.int64)
    minute = (redemptions.at - redemptions.day.astype("datetime64[m]")).astype(np.int64)
    tails, rows = [np.empty(0)], [np.empty((0, 5))]
    for site in range(records.sites):
        for weekday in range(7):
            chosen = (redemptions.site == site) & ((day + 3) % 7 == weekday)
            found, tail = _scanned(day[chosen], minute[chosen])
            tails.append(tail)
            rows.append(np.column_stack([np.full(len(tail), site), found]))
    place, p = np.concatenate(rows), np.concatenate(tails)

    def evidence(i: int) -> tuple[Subject, float, float, int]:
        site, start, within, share, others = place[i].tolist()
        when = _plain(np.datetime64(int(start), "m"))
        subject = Subject(site=int(site), start=when, minutes=WINDOW_MINUTES)
        return subject, within + 1, 1 + share * others, int(others) + 1

    return strong("burst", p, evidence, EXPLANATIONS)


def _counts(records: Records, site: int) -> tuple[IntArray, int]:
    """Redemptions of each day from the site's first to its last, and the number of the first."""
    days = records.redemptions.day[records.redemptions.site == site].astype(np.int64)
    if not len(days):
        return np.empty(0, dtype=np.int64), 0
    first = int(days.min())
    return np.bincount(days - first), first


def _against_neighbours(counts: IntArray) -> tuple[FloatArray, IntArray, FloatArray]:
    """(d,) expected on each day, redemptions of its four weeks, and its p."""
    weekday = np.arange(len(counts)) % 7
    weight = np.bincount(weekday, weights=counts, minlength=7)[weekday]
    near = np.ones(2 * AROUND_DAYS + 1)
    total, all_weight = (_around(each.astype(float), near) for each in (counts, weight))
    n = total.astype(np.int64)
    share = np.divide(weight, all_weight, out=np.zeros(len(n)), where=all_weight > 0)
    tail = np.full(len(n), np.nan)
    told = (share > 0) & (share < 1) & (n > 0)
    tail[told] = binomial_tail(counts[told], n[told], share[told])
    expected: FloatArray = share * n
    return expected, n, _widened(tail, counts, n, share, told & (expected >= 1))


def _around(values: FloatArray, near: FloatArray) -> FloatArray:
    if len(values) == 0:
        return values
    half = len(near) // 2
    return np.convolve(values, near)[half : half + len(values)].round()


def _widened(
    tail: FloatArray, counts: IntArray, n: IntArray, share: FloatArray, known: BoolArray
) -> FloatArray:
    deviation = np.sqrt(n[known] * share[known] * (1 - share[known]))
    spread = dispersion((counts[known] - n[known] * share[known]) / deviation)
    if spread <= 1:
        return tail
    return np.maximum(tail, scattered_tail(counts, n * share, spread=spread))


def _scanned(day: IntArray, minute: IntArray) -> tuple[FloatArray, FloatArray]:
    """For each day of one weekday: its densest start, how many follow, the usual share and N − 1; and its p."""
    order = np.lexsort((minute, day))
    day, minute = day[order], minute[order]
    when, usual = day * 1440 + minute, np.sort(minute)
    of_day = np.searchsorted(day, day, "right") - np.searchsorted(day, day, "left")
    within = np.searchsorted(when, when + WINDOW_MINUTES, "right") - np.arange(len(when)) - 1
    elsewhere = len(day) - of_day
    there = np.maximum(
        _between(usual, minute, minute + WINDOW_MINUTES)
        - _between(when, when, when + WINDOW_MINUTES),
        _between(usual, minute - WINDOW_MINUTES, minute)
        - _between(when, when - WINDOW_MINUTES, when),
    )
    told = (of_day >= FEWEST_IN_A_DAY) & (elsewhere >= FEWEST_ELSEWHERE)
    tail = np.full(len(day), np.nan)
    tail[told] = of_day[told] * beta_binomial_tail(
        within[told], of_day[told] - 1, a=there[told] + 1, b=(elsewhere - there)[told] + 1
    )
    share = (there + 1) / (elsewhere + 2)
    best = np.lexsort((when, np.where(told, tail, np.inf), day))
    best = best[np.unique(day[best], return_index=True)[1]]
    best = best[told[best]]
    rows = np.column_stack([when[best], within[best], share[best], of_day[best] - 1])
    return rows, np.minimum(tail[best], 1)


def _between(moments: IntArray, first: IntArray, last: IntArray) -> IntArray:
    """How many of the sorted moments lie from each first to each last, both included."""
    return np.searchsorted(moments, last, "right") - np.searchsorted(moments, first, "left")


def _plain(moment: np.datetime64) -> datetime:
    plain = moment.astype("datetime64[s]").item()
    assert isinstance(plain, datetime)
    return plain
