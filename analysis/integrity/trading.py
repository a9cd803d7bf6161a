"""Coupons that seem to have changed hands before they came, or that came side by side."""

import numpy as np

from analysis.arrays import BoolArray, FloatArray, IntArray
from analysis.integrity.groups import compare
from analysis.integrity.records import NOT_KNOWN, Records
from analysis.integrity.signal import Signal, Subject, of_groups, strong
from analysis.integrity.tails import binomial_tail

TOGETHER_MINUTES, SIDE_MINUTES = 15, 10


def other_site(records: Records) -> tuple[Signal, ...]:
    """Chains whose coupons come to another site than the one that gave them out, more than others' do.

    ``compare`` of chains, strata the sites that gave the coupons out.

    >>> other_site(Records.empty())
    ()
    """
    redemptions = records.redemptions
    moved = redemptions.site != redemptions.issued_at
    compared = compare(moved, records.chain, redemptions.issued_at)
    return of_groups("other_site", compared, _chain, ("moved", "nearer", "opening_hours"))


def strangers(records: Records) -> tuple[Signal, ...]:
    """Chains whose recruits say more often that they did not know who gave them the coupon.

    ``compare`` of chains among those who answered, strata the sites. Some coupons pass through a friend's hands
    in every honest programme.

    >>> strangers(Records.empty())
    ()
    """
    redemptions = records.redemptions
    asked = redemptions.from_stranger != NOT_KNOWN
    compared = compare(
        redemptions.from_stranger[asked] == 1, records.chain[asked], redemptions.site[asked]
    )
    return of_groups(
        "strangers", compared, _chain, ("passed_on", "meeting_place", "asked_otherwise")
    )


def siblings_together(records: Records) -> tuple[Signal, ...]:
    """Chains in which coupons of one person come within a quarter of an hour of each other, more than in others.

    Counted are holders of whose coupons two or more came to one site; ``compare`` of chains, strata the sites.

    >>> siblings_together(Records.empty())
    ()
    """
    redemptions = records.redemptions
    last, is_close = close_siblings(records)
    # One line a holder and site: its last redemption there, and whether any two were close.
    key = redemptions.holder * (records.sites + 1) + redemptions.site
    _, line = np.unique(key, return_inverse=True)
    some = np.bincount(line, weights=is_close) > 0
    many = np.bincount(line) > 1
    shown = last & many[line]
    compared = compare(some[line][shown], records.chain[shown], redemptions.site[shown])
    return of_groups("siblings_together", compared, _chain, ("came_together", "live_together"))


def close_siblings(records: Records) -> tuple[BoolArray, BoolArray]:
    """(v,) and (v,): the last of its holder's at its site; and one that came within 15 minutes of the one before.

    >>> [each.tolist() for each in close_siblings(Records.empty())]
    [[], []]
    """
    redemptions = records.redemptions
    order = np.lexsort((redemptions.at, redemptions.site, redemptions.holder))
    holder, site = redemptions.holder[order], redemptions.site[order]
    same = (holder[1:] == holder[:-1]) & (site[1:] == site[:-1])
    gap = np.diff(redemptions.at[order]).astype(np.int64)
    last, is_close = np.ones(len(order), dtype=bool), np.zeros(len(order), dtype=bool)
    last[order[:-1]] = ~same
    is_close[order[1:]] = same & (gap <= TOGETHER_MINUTES)
    return last, is_close


def side_by_side(records: Records) -> tuple[Signal, ...]:
    """Two people whose coupons come within ten minutes of each other on two days or more.

    Each of B's b coupons that came is near one of A's with the share q of the site's other redemptions, in
    the days B's coupons could come, that were near one of A's: the days they met are then at most a binomial (b, q)
    count. The larger of A's and B's p stands. Tests are all pairs of people with two coupons back
    whose coupons could come on the same days.

    Assumes that the two come independently; people who live together do not.

    >>> side_by_side(Records.empty())
    ()
    """
    tails, rows, tests = [np.empty(0)], [np.empty((0, 6))], 0
    for site in range(records.sites):
        found, tail, made = _pairs_of_site(records, site)
        tails.append(tail)
        rows.append(np.column_stack([np.full(len(tail), site), found]))
        tests += made
    place, p = np.concatenate(rows), np.concatenate(tails)

    def evidence(i: int) -> tuple[Subject, float, float, int]:
        site, one, other, days, expected, of = place[i].tolist()
        holders = (int(one), int(other))
        chains = tuple(sorted({int(records.people.chain[each]) for each in holders}))
        return Subject(site=int(site), chains=chains, holders=holders), days, expected, int(of)

    explanations = ("live_together", "came_together", "opening_hours")
    return strong("side_by_side", p, evidence, explanations, tests=max(tests, len(p)))


def _chain(g: int) -> Subject:
    return Subject(chains=(g,))


def _pairs_of_site(records: Records, site: int) -> tuple[FloatArray, FloatArray, int]:
    chosen = np.flatnonzero(records.redemptions.site == site)
    chosen = chosen[np.argsort(records.redemptions.at[chosen], kind="stable")]
    at = records.redemptions.at[chosen].astype(np.int64)
    holder = records.redemptions.holder[chosen]
    opens = records.redemptions.first_day[chosen].astype(np.int64) * 1440
    closes = (records.redemptions.last_day[chosen].astype(np.int64) + 1) * 1440
    rows = []
    for one, other, days in _met(at, holder):
        sides = [
            _near(at, holder, opens, closes, a=a, b=b) for a, b in ((one, other), (other, one))
        ]
        rows.append((one, other, days, *max(sides, key=lambda side: side[1])))
    found = np.array(rows).reshape(-1, 5)
    met, n = found[:, 2].astype(np.int64), found[:, 4].astype(np.int64)
    tail = binomial_tail(np.minimum(met, n), n, found[:, 3])
    found[:, 3] *= n
    return found, tail, _overlapping(holder, opens, closes)


def _met(at: IntArray, holder: IntArray) -> list[tuple[int, int, int]]:
    """Pairs of holders, the smaller first, whose coupons came close on two days or more, and on how many."""
    pairs = [np.empty((0, 3), dtype=np.int64)]
    for lag in range(1, len(at)):
        close = np.flatnonzero(at[lag:] - at[:-lag] <= SIDE_MINUTES)
        if not len(close):
            break
        one, other = holder[close], holder[close + lag]
        met = np.column_stack([np.minimum(one, other), np.maximum(one, other), at[close] // 1440])
        pairs.append(met[one != other])
    days = np.unique(np.concatenate(pairs), axis=0)[:, :2]
    who, times = np.unique(days, axis=0, return_counts=True)
    return [(a, b, n) for (a, b), n in zip(who.tolist(), times.tolist(), strict=True) if n > 1]


def _near(
    at: IntArray, holder: IntArray, opens: IntArray, closes: IntArray, *, a: int, b: int
) -> tuple[float, int]:
    """The share of others that came near one of A's while B's coupons could come, and how many of B's came."""
    hers, mine = holder == a, holder == b
    possible = (at >= opens[mine].min()) & (at < closes[mine].max()) & ~hers & ~mine
    gap = np.abs(at[possible][:, np.newaxis] - at[hers][np.newaxis]).min(
        axis=1, initial=SIDE_MINUTES + 1
    )
    near = int(np.count_nonzero(gap <= SIDE_MINUTES))
    return (near + 1) / (int(np.count_nonzero(possible)) + 2), int(np.count_nonzero(mine))


def _overlapping(holder: IntArray, opens: IntArray, closes: IntArray) -> int:
    """How many pairs of holders with two coupons back could have coupons come on the same days."""
    who, line, times = np.unique(holder, return_inverse=True, return_counts=True)
    start, end = np.full(len(who), np.iinfo(np.int64).max), np.zeros(len(who), dtype=np.int64)
    np.minimum.at(start, line, opens)
    np.maximum.at(end, line, closes)
    start, end = start[times > 1], end[times > 1]
    order = np.argsort(start)
    later = np.searchsorted(start[order], end[order], "left") - np.arange(len(order)) - 1
    return int(later.sum())
