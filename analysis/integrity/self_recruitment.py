"""People who may have come twice, or with their own coupon."""

import numpy as np

from analysis.arrays import IntArray
from analysis.integrity.groups import compare
from analysis.integrity.records import People, Records
from analysis.integrity.signal import Signal, Subject, of_groups, strong
from analysis.integrity.tails import binomial_tail

SAME_HOUR_MINUTES = 60
FEWEST_PAIRS = 2


def own_coupon(records: Records) -> tuple[Signal, ...]:
    """Sites that refuse people's own coupons more often than other sites do, among all their scans.

    ``compare`` of sites, one stratum.

    >>> own_coupon(Records.empty())
    ()
    """
    site = np.concatenate([records.redemptions.site, records.refused_at])
    is_own = np.concatenate([np.zeros(len(records.redemptions), dtype=bool), records.refused_own])
    compared = compare(is_own, site, np.zeros(len(site), dtype=np.int64))
    explanations = ("mixed_up_cards", "rule_not_known", "asked_more_often")
    return of_groups("own_coupon", compared, lambda g: Subject(site=g), explanations)


def same_code(records: Records) -> tuple[Signal, ...]:
    """Chains in which people with the same code stand close: recruiter and recruit, two recruits of one, or two steps.

    Were the m pairs with the same code any of the people with codes, a chain's close pairs would hold a
    binomial (m, close pairs of the chain / all pairs) count of them. One pair alone is never a signal.

    >>> same_code(Records.empty())
    ()
    """
    people = records.people
    close = _close_pairs(people, records.chains)
    coded = int(people.has_code.sum())
    share = close / max(coded * (coded - 1) / 2, 1)
    pairs, m = people.same_code, len(people.same_code)
    near = pairs[_is_close(people, pairs)]
    seen = np.bincount(people.chain[near[:, 0]], minlength=records.chains)
    tails = np.full(records.chains, np.nan)
    told = (share > 0) & (share < 1) & (m > 0)
    n = np.full(int(told.sum()), m)
    tails[told] = binomial_tail(seen[told], n, share[told])
    tails[told & (seen < FEWEST_PAIRS)] = 1

    def evidence(g: int) -> tuple[Subject, float, float, int]:
        return Subject(chains=(g,)), float(seen[g]), float(share[g] * m), m

    return strong("same_code", tails, evidence, ("relatives", "codes_collide", "guessed_code"))


def straight_line(records: Records) -> tuple[Signal, ...]:
    """Chains in which, more than in others, each person's only coupon to come does so on its first usable day.

    ``compare`` of chains, strata the sites that gave the coupons out; the event is a redemption on the first day by the
    holder's only recruit.

    >>> straight_line(Records.empty())
    ()
    """
    redemptions = records.redemptions
    brought = np.bincount(redemptions.holder, minlength=len(records.people))
    event = (redemptions.day <= redemptions.first_day) & (brought[redemptions.holder] == 1)
    compared = compare(event, records.chain, redemptions.issued_at)
    return of_groups("straight_line", compared, _chain, ("keen", "live_together", "few_peers"))


def same_hour(records: Records) -> tuple[Signal, ...]:
    """Chains in which, more than in others, one member of staff accepts a person and her recruit within an hour.

    ``compare`` of chains, strata the sites; counted are recruits whose recruiter came with a coupon too. It
    can only be where coupons are usable on the day they are given.

    >>> same_hour(Records.empty())
    ()
    """
    redemptions = records.redemptions
    own = np.full(len(records.people), -1)
    own[redemptions.person] = np.arange(len(redemptions))
    earlier = own[redemptions.holder]
    known = earlier >= 0
    earlier = earlier[known]
    gap = (redemptions.at[known] - redemptions.at[earlier]).astype(np.int64)
    event = (np.abs(gap) <= SAME_HOUR_MINUTES) & (
        redemptions.staff[known] == redemptions.staff[earlier]
    )
    compared = compare(event, records.chain[known], redemptions.site[known])
    return of_groups("same_hour", compared, _chain, ("came_together", "entered_later"))


def _chain(g: int) -> Subject:
    return Subject(chains=(g,))


def _grand(people: People) -> IntArray:
    """(n,) who recruited her recruiter; -1 where nobody did."""
    return np.where(people.recruiter >= 0, people.recruiter[people.recruiter], -1)


def _is_close(people: People, pairs: IntArray) -> IntArray:
    one, other = pairs[:, 0], pairs[:, 1]
    up, grand = people.recruiter, _grand(people)
    close: IntArray = (
        (up[one] == other)
        | (up[other] == one)
        | (grand[one] == other)
        | (grand[other] == one)
        | ((up[one] == up[other]) & (up[one] >= 0))
    )
    return close


def _close_pairs(people: People, chains: int) -> IntArray:
    """(c,) pairs of people with codes at most two steps apart, by chain."""
    coded = people.has_code & (people.chain >= 0)
    count = np.zeros(chains, dtype=np.int64)
    for up in (people.recruiter, _grand(people)):
        linked = coded & (up >= 0)
        linked[linked] = people.has_code[up[linked]]
        count += np.bincount(people.chain[linked], minlength=chains)
    brought = np.bincount(
        people.recruiter[coded & (people.recruiter >= 0)], minlength=len(people.recruiter)
    )
    holders = np.flatnonzero(brought > 1)
    siblings = brought[holders] * (brought[holders] - 1) // 2
    count += np.bincount(people.chain[holders], weights=siblings, minlength=chains).astype(np.int64)
    return count
