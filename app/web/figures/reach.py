"""The numbers of the reach page: who was reached, told so that nobody can be picked out.

Who is reached is told once in each table, and every table adds up to the same totals; ``analysis.splits`` says
which rows may be split by sex beside them. Whose sex is not known is always counted: it tells nothing of her.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.arrays import BoolArray, DateArray, IntArray
from analysis.disclosure import withhold
from analysis.reach import Tally, over_time, tally, wilson
from analysis.sample import Sample, Trait
from analysis.splits import Splits, periods, split
from app.domain.chains.queries import CouponTotals, LiveSample
from app.domain.participants.rules import AGE_BANDS, Sex

WOMEN = Sex.FEMALE.value
NOT_KNOWN = ""
OLDEST_LAST = (*(name for _, _, name in AGE_BANDS), "45 and over")


@dataclass(frozen=True)
class Line:
    """One group of people by sex; ``None`` is withheld. Shares are of those whose sex is known."""

    group: str
    people: int | None
    women: int | None
    others: int | None
    not_known: int | None
    share: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, eq=False)
class Grouping:
    """A table: its lines, and the same as arrays for its picture."""

    lines: tuple[Line, ...]
    splits: Splits

    @property
    def has_gaps(self) -> bool:
        return not bool(self.splits.is_split.all())


@dataclass(frozen=True, eq=False)
class Course:
    """The programme week by week; ``lines`` are the weeks whose running totals may be read.

    Attributes:
        people: (w,) people reached up to each week, on a straight line between those that may be read.
        n, of: (w,) women, and people whose sex is known; 0 where they may not be read.
    """

    lines: tuple[Line, ...]
    weeks: DateArray
    people: IntArray
    n: IntArray
    of: IntArray


@dataclass(frozen=True, eq=False)
class Reach:
    """What the page, the files and the API tell of a programme, or of one of its sites.

    ``range_without_seeds`` stands in for the share without seeds where the exact one would tell who the seeds are:
    it holds the share whatever their sex. A site has no groupings: with those of the other sites they
    would give back what the programme's own withhold.
    """

    participants: int | None
    seeds: int
    everyone: Line
    without_seeds: Line
    range_without_seeds: tuple[float, float] | None
    first_time: int | None
    walk_ins: int | None
    coupons: CouponTotals
    course: Course
    groupings: Mapping[str, Grouping]
    others_level: str


def reach_of_programme(live: LiveSample) -> Reach:
    """Everything there is to tell."""
    sample = live.sample
    sex, wave = sample.trait("sex"), sample.forest.wave
    deepest = sample.forest.max_wave + 1 if len(sample) else 0
    route = sample.trait("entry_route")
    from_route = route.codes[sample.forest.seed] if len(sample) else route.codes
    by = {
        "site": _by_level(sex, sample.trait("site")),
        "wave": _grouping(tally(sex, wave, [str(each) for each in range(deepest)])),
        "age_band": _by_level(sex, sample.trait("age_band"), OLDEST_LAST),
        "entry_route": _by_level(sex, replace(route, codes=from_route)),
        "reached_before": _by_level(sex, sample.trait("reached_before"), ("no", "yes")),
    }
    seeds = _grouping(tally(sex, (sample.recruiter >= 0).astype(np.int64), ["seeds", "recruits"]))
    everyone = _grouping(tally(sex, np.zeros(len(sample), dtype=np.int64), ["all"]))
    firsts = {line.group: line.people for line in by["reached_before"].lines}
    return Reach(
        participants=len(sample),
        seeds=len(sample.forest.seeds),
        everyone=everyone.lines[0],
        without_seeds=seeds.lines[1],
        range_without_seeds=_range_without(everyone, seeds),
        first_time=firsts.get("no"),
        walk_ins=sum(live.walk_ins.values()),
        coupons=live.coupons,
        course=_course(sample, is_split=True),
        groupings=by,
        others_level=others_level(sex),
    )


def reach_of_site(live: LiveSample, site: str, coupons: CouponTotals) -> Reach:
    """What can be told of one site without giving back what is withheld of it elsewhere."""
    sample, programme = live.sample, reach_of_programme(live)
    place = sample.trait("site")
    at = place.levels.index(site) if site in place.levels else -1
    is_here = place.codes == at if at >= 0 else np.zeros(len(sample), dtype=bool)
    nobody = Line(site, 0, None, None, 0, None, None, None)
    found = {line.group: line for line in programme.groupings["site"].lines}.get(site, nobody)
    walk_ins = withhold([[0, *live.walk_ins.values()]], total_is_public=True).cells[0][1:]
    is_dated = found.people is not None
    return Reach(
        participants=found.people,
        seeds=int(np.count_nonzero(is_here & (sample.recruiter < 0))),
        everyone=found,
        without_seeds=replace(nobody, people=None, not_known=None),
        range_without_seeds=None,
        first_time=first_time_by_site(sample).get(site),
        walk_ins=dict(zip(live.walk_ins, walk_ins, strict=True)).get(site),
        coupons=coupons,
        course=_course(_only(sample, is_here & is_dated), is_split=False),
        groupings={},
        others_level=programme.others_level,
    )


def first_time_by_site(sample: Sample) -> dict[str, int | None]:
    """How many were reached for the first time at each site where anyone was; ``None`` is withheld."""
    place = sample.trait("site")
    firsts = split(tally(sample.trait("reached_before"), place.codes, place.levels), "no")
    return {
        site: int(firsts.n[i]) if firsts.is_split[i] else None
        for i, site in enumerate(place.levels)
    }


def _by_level(sex: Trait, trait: Trait, order: Sequence[str] = ()) -> Grouping:
    """By the levels of another trait in their order, those without one last."""
    levels = [level for level in order if level in trait.levels]
    levels += [level for level in trait.levels if level not in levels]
    place = np.array([levels.index(level) for level in trait.levels] + [len(levels)])
    names = [*levels, NOT_KNOWN] if trait.missing else levels
    return _grouping(tally(sex, place[trait.codes], names))


def _grouping(counts: Tally) -> Grouping:
    splits = split(counts, WOMEN)
    low, high = wilson(splits.n, splits.of)
    lines = tuple(
        Line(
            group,
            people=int(splits.people[i]) if splits.is_counted[i] else None,
            women=int(splits.n[i]) if splits.is_split[i] else None,
            others=int(splits.of[i] - splits.n[i]) if splits.is_split[i] else None,
            not_known=int(counts.missing[i]) if splits.is_counted[i] else None,
            share=float(splits.n[i] / splits.of[i]) if splits.is_split[i] else None,
            low=float(low[i]) if splits.is_split[i] else None,
            high=float(high[i]) if splits.is_split[i] else None,
        )
        for i, group in enumerate(counts.groups)
    )
    return Grouping(lines, splits)


def _range_without(everyone: Grouping, seeds: Grouping) -> tuple[float, float] | None:
    """The share of women without seeds for every sex the seeds could be of."""
    if seeds.lines[1].share is not None or everyone.lines[0].share is None:
        return None
    women = int(everyone.splits.n[0])
    chosen, recruits = seeds.splits.of.tolist()
    if not recruits:
        return None
    return max(0, women - chosen) / recruits, min(women, recruits) / recruits


def _course(sample: Sample, *, is_split: bool) -> Course:
    growth = over_time(sample, sample.trait("sex"))
    new, total = growth.new, growth.total
    at = new.levels.index(WOMEN) if WOMEN in new.levels else None
    more = np.zeros_like(new.of) if at is None else new.n[:, at]
    nowhere = np.array([], dtype=np.int64)
    read = periods(np.stack([more, new.of - more], axis=1)) if is_split else nowhere
    ends = _finer(new.people, read)
    n, of, is_told = more.cumsum(), total.of, bool(len(read))
    low, high = wilson(n, of)
    lines = tuple(
        Line(
            new.groups[i],
            people=int(total.people[i]),
            women=int(n[i]) if is_told else None,
            others=int(of[i] - n[i]) if is_told else None,
            not_known=int(total.missing[i]) if is_split else None,
            share=float(n[i] / of[i]) if is_told else None,
            low=float(low[i]) if is_told else None,
            high=float(high[i]) if is_told else None,
        )
        for i in (read if is_told else ends).tolist()
    )
    weeks = len(n) if len(ends) else 0
    between = np.interp(np.arange(weeks), [-1, *ends], [0, *total.people[ends]])
    is_read = np.isin(np.arange(weeks), read)
    return Course(
        lines,
        growth.weeks[:weeks],
        np.rint(between).astype(np.int64),
        np.where(is_read, n[:weeks], 0),
        np.where(is_read, of[:weeks], 0),
    )


def _finer(people: IntArray, coarse: IntArray) -> IntArray:
    """Periods of enough people, each within one of the coarse periods."""
    starts = [0, *(coarse[:-1] + 1).tolist()] if len(coarse) else [0]
    stops = (coarse + 1).tolist() if len(coarse) else [len(people)]
    found = [
        start + periods(people[start:stop, np.newaxis])
        for start, stop in zip(starts, stops, strict=True)
    ]
    return np.concatenate(found).astype(np.int64)


def _only(sample: Sample, chosen: BoolArray) -> Sample:
    """Some of the people, without their links."""
    at = np.flatnonzero(chosen)
    return Sample(
        ids=[sample.ids[i] for i in at.tolist()],
        recruiter=np.full(len(at), -1, dtype=np.int32),
        network_size=sample.network_size[at],
        enrolled_on=sample.enrolled_on[at],
        traits={name: Trait(each.levels, each.codes[at]) for name, each in sample.traits.items()},
    )


def others_level(sex: Trait) -> str:
    """What those are called who are not women: men, if there is nobody of another sex."""
    return "male_or_other" if Sex.OTHER.value in sex.levels else Sex.MALE.value
