"""Each planted pattern is found; an honest programme shows hardly any."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from analysis.arrays import BoolArray, IntArray
from analysis.integrity import LEVEL, SIGNALS, Records, Signal, Subject, find_signals, not_compared
from analysis.integrity.bursts import bursts, busy_days
from analysis.integrity.staff import MEASURES
from tests.analysis.integrity.desks import ITEMS, STAFF_OF_A_SITE, honest, shuffled

HONEST_RUNS = 60
DAY = np.datetime64("2026-05-12", "D")
NINE = np.timedelta64(9 * 60, "m")


def largest_chain(records: Records) -> int:
    return int(np.bincount(records.chain).argmax())


def of_chain(records: Records, chain: int, *, part: float = 1.0) -> BoolArray:
    """The redemptions of a chain, or each with such a chance."""
    random = np.random.default_rng(7)
    chosen: BoolArray = (records.chain == chain) & (random.random(len(records.chain)) < part)
    return chosen


def changed(records: Records, **columns: object) -> Records:
    return replace(records, redemptions=replace(records.redemptions, **columns))  # type: ignore[arg-type]


def a_rush(records: Records) -> tuple[Records, Subject]:
    """Seven of one site within twenty minutes, on the day they came anyway."""
    r, at = records.redemptions, records.redemptions.at.copy()
    days, n = np.unique(r.day[r.site == 0], return_counts=True)
    day = days[n.argmax()]
    chosen = np.flatnonzero((r.site == 0) & (r.day == day))
    at[chosen] = day.astype("datetime64[m]") + NINE + np.arange(len(chosen)) * 2
    start = (day.astype("datetime64[m]") + NINE).astype("datetime64[s]").item()
    return changed(records, at=at), Subject(site=0, start=start, minutes=30)


def a_full_day(records: Records) -> tuple[Records, Subject]:
    r, at = records.redemptions, records.redemptions.at.copy()
    chosen = np.flatnonzero((r.site == 1) & (np.abs((r.day - DAY).astype(int)) < 12))
    moved = chosen[:: max(1, len(chosen) // 25)]
    at[moved] = DAY.astype("datetime64[m]") + (at[moved] - r.day[moved].astype("datetime64[m]"))
    start = DAY.astype("datetime64[s]").item()
    return changed(records, at=at), Subject(site=1, start=start, minutes=1440)


def friends_come_together(records: Records) -> tuple[Records, Subject]:
    r, chain, at = records.redemptions, largest_chain(records), records.redemptions.at.copy()
    for holder in np.unique(r.holder[records.chain == chain]).tolist():
        hers = np.flatnonzero((r.holder == holder) & (r.site == r.issued_at))
        at[hers] = at[hers[:1]] + np.arange(len(hers)) * 4 if len(hers) else at[hers]
    return changed(records, at=at), Subject(chains=(chain,))


def coupons_wander(records: Records) -> tuple[Records, Subject]:
    chain = largest_chain(records)
    moved = of_chain(records, chain, part=0.4)
    site = np.where(moved, (records.redemptions.issued_at + 1) % 3, records.redemptions.site)
    return changed(records, site=site), Subject(chains=(chain,))


def from_strangers(records: Records) -> tuple[Records, Subject]:
    chain = largest_chain(records)
    told = np.where(of_chain(records, chain, part=0.4), 1, records.redemptions.from_stranger)
    return changed(records, from_stranger=told), Subject(chains=(chain,))


def two_come_side_by_side(records: Records) -> tuple[Records, Subject]:
    r, at = records.redemptions, records.redemptions.at.copy()
    holders, n = np.unique(r.holder[r.site == 0], return_counts=True)
    one, other = holders[n == 3][5:7].tolist()
    hers = np.flatnonzero((r.holder == one) & (r.site == 0))
    mine = np.flatnonzero((r.holder == other) & (r.site == 0))
    at[hers] = at[hers[0]] + np.array([0, 3, 7]) * 1440
    at[mine] = at[hers] + 4
    opens, closes = r.first_day.copy(), r.last_day.copy()
    opens[mine], closes[mine] = opens[hers], closes[hers]
    chains = {int(records.people.chain[each]) for each in (one, other)}
    subject = Subject(site=0, holders=(one, other), chains=tuple(sorted(chains)))
    return changed(records, at=at, first_day=opens, last_day=closes), subject


def own_coupons(records: Records) -> tuple[Records, Subject]:
    is_own = np.where(records.refused_at == 1, True, records.refused_own)
    return replace(records, refused_own=is_own), Subject(site=1)


def codes_that_meet(records: Records) -> tuple[Records, Subject]:
    r, chain = records.redemptions, largest_chain(records)
    chosen = np.flatnonzero((records.chain == chain) & (r.holder >= 20))[:4]
    pairs = np.column_stack([r.person[chosen], r.holder[chosen]])
    has_code = records.people.has_code.copy()
    has_code[pairs] = True
    pairs = np.concatenate([records.people.same_code, pairs])
    people = replace(records.people, same_code=pairs, has_code=has_code)
    return replace(records, people=people), Subject(chains=(chain,))


def a_line(records: Records) -> tuple[Records, Subject]:
    r, chain = records.redemptions, largest_chain(records)
    day = np.where(of_chain(records, chain, part=0.7), r.first_day, r.day)
    at = day.astype("datetime64[m]") + (r.at - r.day.astype("datetime64[m]"))
    return changed(records, at=at), Subject(chains=(chain,))


def one_after_the_other(records: Records) -> tuple[Records, Subject]:
    r, chain = records.redemptions, largest_chain(records)
    at, staff = r.at.copy(), r.staff.copy()
    own = {person: place for place, person in enumerate(r.person.tolist())}
    for i in np.flatnonzero(of_chain(records, chain, part=0.3)).tolist():
        if (up := own.get(int(r.holder[i]))) is not None:
            at[i], staff[i] = at[up] + 20, staff[up]
    return changed(records, at=at, staff=staff), Subject(chains=(chain,))


def answered_alike(records: Records, group: IntArray, chosen: int, order: IntArray) -> Records:
    """Whoever comes after another of the group answers as that other did, mistakes included."""
    answers, right = records.tests.answers.copy(), records.tests.is_right.copy()
    theirs = order[group[order] == chosen]
    for first, second in zip(theirs[::2].tolist(), theirs[1::2].tolist(), strict=False):
        answers[second], right[second] = answers[first], right[first]
    return replace(records, tests=replace(records.tests, answers=answers, is_right=right))


def siblings_answer_alike(records: Records) -> tuple[Records, Subject]:
    r, chain = records.redemptions, largest_chain(records)
    order = np.lexsort((r.at, r.holder))
    return answered_alike(records, records.chain, chain, order), Subject(chains=(chain,))


def one_desk_writes_alike(records: Records) -> tuple[Records, Subject]:
    order = np.argsort(records.redemptions.at, kind="stable")
    return answered_alike(records, records.tests.staff, 6, order), Subject(staff=6)


def all_right(records: Records, chosen: BoolArray) -> Records:
    right = records.tests.is_right | chosen[:, np.newaxis]
    answers = np.where(right, 0, records.tests.answers)
    return replace(records, tests=replace(records.tests, answers=answers, is_right=right))


def a_perfect_chain(records: Records) -> tuple[Records, Subject]:
    chain = largest_chain(records)
    return all_right(records, of_chain(records, chain, part=0.8)), Subject(chains=(chain,))


PLANTED: dict[str, Callable[[Records], tuple[Records, Subject]]] = {
    "burst": a_rush,
    "busy_day": a_full_day,
    "siblings_together": friends_come_together,
    "other_site": coupons_wander,
    "strangers": from_strangers,
    "side_by_side": two_come_side_by_side,
    "own_coupon": own_coupons,
    "same_code": codes_that_meet,
    "straight_line": a_line,
    "same_hour": one_after_the_other,
    "same_answers_in_chain": siblings_answer_alike,
    "same_answers_with_staff": one_desk_writes_alike,
    "perfect_scores": a_perfect_chain,
}


def by_one(records: Records, measure: str) -> Records:
    """Let the first of the staff differ from colleagues in one measure."""
    r = records.redemptions
    mine = r.staff == 0
    often = mine & (np.random.default_rng(2).random(len(r)) < 0.6)
    columns: dict[str, dict[str, object]] = {
        "staff_eligible": {"eligible": np.where(often, 0, r.eligible)},
        "staff_complete": {"is_complete": r.is_complete & ~often},
        "staff_late": {"is_late": r.is_late | often},
        "staff_outside_hours": {"is_outside_hours": r.is_outside_hours | often},
    }
    if measure in columns:
        return changed(records, **columns[measure])
    if measure in ("staff_scores", "staff_perfect"):
        return all_right(records, often)
    if measure == "staff_siblings":
        at = r.at.copy()
        order = np.lexsort((at, r.site, r.holder))
        pairs = np.flatnonzero(
            mine[order[1:]]
            & (r.holder[order[1:]] == r.holder[order[:-1]])
            & (r.site[order[1:]] == r.site[order[:-1]])
        )
        at[order[pairs + 1]] = at[order[pairs]] + 3
        return changed(records, at=at)
    more, by = np.zeros(40, dtype=int), np.zeros(40, dtype=int)
    if measure == "staff_refused":
        return replace(
            records,
            refused_at=np.concatenate([records.refused_at, more]),
            refused_by=np.concatenate([records.refused_by, by]),
            refused_own=np.concatenate([records.refused_own, more > 0]),
        )
    return replace(
        records,
        walked_in_at=np.concatenate([records.walked_in_at, more]),
        walked_in_by=np.concatenate([records.walked_in_by, by]),
    )


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_pattern_is_found_where_it_was_planted(kind: str) -> None:
    untouched = honest(seed=4)
    records, subject = PLANTED[kind](untouched)

    found = [each for each in find_signals(records) if each.kind == kind]

    assert not [each for each in find_signals(untouched) if each.kind == kind]
    assert found
    assert found[0].subject == subject
    assert found[0].observed > found[0].expected
    assert found[0].p <= found[0].q <= LEVEL
    assert found[0].explanations


@pytest.mark.parametrize("measure", [each.kind for each in MEASURES])
def test_someone_who_differs_from_colleagues_is_found_in_that_measure(measure: str) -> None:
    untouched = honest(seed=4)

    found = [each for each in find_signals(by_one(untouched, measure)) if each.kind == measure]

    assert not [each for each in find_signals(untouched) if each.kind == measure]
    assert [each.subject for each in found] == [Subject(staff=0)]


def test_an_honest_programme_shows_no_more_than_it_should() -> None:
    shown: dict[str, int] = {}
    for seed in range(HONEST_RUNS):
        for kind in {each.kind for each in find_signals(honest(600, seed=1_000 + seed))}:
            shown[kind] = shown.get(kind, 0) + 1
    kinds = len(PLANTED) + len(MEASURES)

    # Each kind shows something in one honest programme of a hundred; four deviations are allowed.
    expected = kinds * HONEST_RUNS * LEVEL
    assert sum(shown.values()) <= expected + 4 * expected**0.5, shown
    assert max(shown.values(), default=0) <= 5, shown


def strong(records: Records) -> list[tuple[str, Subject, float, float]]:
    return [
        (each.kind, each.subject, round(each.observed, 6), round(each.expected, 6))
        for each in find_signals(records)
    ]


@pytest.mark.parametrize("kind", PLANTED)
def test_the_order_of_the_lines_changes_nothing(kind: str) -> None:
    records, _ = PLANTED[kind](honest(seed=4))

    assert strong(shuffled(records, seed=3)) == strong(records)


def test_what_is_found_does_not_hang_on_the_numbers_of_the_staff() -> None:
    records = by_one(honest(seed=4), "staff_late")
    r, last = records.redemptions, len(records.role) - 1
    turned = replace(
        changed(records, staff=last - r.staff),
        tests=replace(records.tests, staff=last - records.tests.staff),
        refused_by=last - records.refused_by,
        walked_in_by=last - records.walked_in_by,
        role=records.role[::-1],
    )

    assert [each.subject.staff for each in find_signals(turned)] == [last]


def test_with_fewer_than_three_colleagues_nobody_is_compared() -> None:
    records = by_one(honest(seed=4), "staff_late")
    r = records.redemptions
    # Two of the first site's five do all the work there.
    two = np.where(r.site == 0, r.staff % 2, r.staff)
    few = changed(records, staff=two, is_late=r.is_late | (two == 0))
    few = replace(few, refused_by=np.where(few.refused_at == 0, 0, few.refused_by))

    assert not [each for each in find_signals(few) if each.kind == "staff_late"]
    assert [(each.staff, each.colleagues) for each in not_compared(few) if each.site == 0] == [
        (0, 1),
        (1, 1),
    ]


def test_roles_are_not_compared_with_each_other() -> None:
    records = by_one(honest(seed=4), "staff_late")
    role = records.role.copy()
    role[0] = 1

    assert not find_signals(replace(records, role=role))
    assert [each.staff for each in not_compared(replace(records, role=role))] == [0]
    assert STAFF_OF_A_SITE - 1 > 3  # so that the others are still compared


def test_an_even_growth_is_no_busy_day() -> None:
    random = np.random.default_rng(1)
    found: list[Signal] = []
    for _ in range(10):
        day = np.repeat(np.arange(200), random.poisson(1 + np.arange(200) / 12))
        r = honest(len(day), seed=2).redemptions
        at = (np.datetime64("2026-03-02") + day).astype("datetime64[m]") + 600
        minute = random.integers(0, 400, len(day)).astype("timedelta64[m]")
        records = replace(
            honest(len(day), seed=2), redemptions=replace(r, at=at + minute, site=0 * r.site)
        )
        found.extend((*busy_days(records), *bursts(records)))
    assert len(found) <= 1


def test_a_programme_too_young_to_have_a_rhythm_shows_nothing() -> None:
    assert find_signals(honest(12, seed=1)) == ()
    assert find_signals(Records.empty()) == ()


def test_every_signal_has_its_plant_here() -> None:
    assert len(PLANTED) == len(SIGNALS) - 1  # the last is the staff's, one for each measure


def test_pairs_are_of_one_score_and_never_of_tests_without_a_mistake() -> None:
    records, subject = siblings_answer_alike(honest(seed=4))
    r, tests = records.redemptions, records.tests
    found = next(s for s in find_signals(records) if s.kind == "same_answers_in_chain")

    pairs = same = 0
    for holder in np.unique(r.holder[records.chain == subject.chains[0]]).tolist():
        hers = np.flatnonzero(r.holder == holder)
        hers = hers[np.argsort(r.at[hers], kind="stable")]
        for one, other in zip(hers[:-1].tolist(), hers[1:].tolist(), strict=True):
            if tests.score[one] == tests.score[other] < ITEMS:
                pairs += 1
                same += tests.answers[one].tolist() == tests.answers[other].tolist()
    assert (found.observed, found.of) == (same, pairs)
