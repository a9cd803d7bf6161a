"""The forest bootstrap draws people anew along the forest as it grew."""

import numpy as np
import pytest

from analysis.arrays import FloatArray
from analysis.bootstraps.forest import forest
from analysis.counts import Counts, Frame, frame
from analysis.estimators import ESTIMATORS
from analysis.mixing import transition
from analysis.networks import Society, populate
from analysis.sample import Sample, build_sample
from analysis.surveys import Survey, recruit


def a_survey(society: Society, survey: Survey, seed: int = 1) -> Sample:
    random = np.random.default_rng(seed)
    return recruit(populate(society, random), survey, random, trait="sex")


def ready(sample: Sample, *, with_seeds: bool = True) -> Frame:
    return frame(sample, sample.trait("sex"), with_seeds=with_seeds)


def drawn(sample: Frame, replicates: int) -> Counts:
    parts = list(forest(sample, replicates, np.random.default_rng(5)))
    return Counts(
        degree=sample.degree,
        people=np.concatenate([part.people for part in parts]),
        recruits=np.concatenate([part.recruits for part in parts]),
    )


def same_chain_sum(sample: Sample, likeness: float) -> float:
    """Σ over ordered pairs of one chain of likeness to the power of their distance, by counting."""
    n = len(sample)
    paths = [[i] for i in range(n)]
    for i, path in enumerate(paths):
        while sample.recruiter[path[-1]] >= 0:
            path.append(int(sample.recruiter[path[-1]]))
        assert path[0] == i
    total = 0.0
    for one in paths:
        for other in paths:
            if one[-1] == other[-1]:
                shared = len(set(one) & set(other))
                total += likeness ** (len(one) + len(other) - 2 * shared)
    return total


@pytest.mark.parametrize("homophily", [1.0, 2.0])
def test_its_variance_is_that_of_a_markov_chain_along_the_forest(homophily: float) -> None:
    sample = a_survey(Society(4_000, homophily=homophily), Survey(200, seeds=5))
    counts = ready(sample).counts
    likeness = float(np.trace(transition(counts.recruits)[0])) - 1
    share = counts.of_group[0, 0] / 200
    expected = share * (1 - share) * same_chain_sum(sample, likeness) / 200**2
    found = (drawn(ready(sample), 8_000).of_group[:, 0] / 200).var()
    assert found == pytest.approx(expected, rel=0.1)


def test_people_follow_their_recruiters_by_the_transition_between_groups() -> None:
    sample = ready(a_survey(Society(4_000, homophily=2.0), Survey(300)))
    recruits = drawn(sample, 2_000).recruits.sum(axis=0)
    observed = transition(sample.counts.recruits)[0]
    assert transition(recruits[np.newaxis])[0] == pytest.approx(observed, abs=0.01)


def test_the_forest_keeps_its_size_and_every_recruit_her_recruiter() -> None:
    sample = a_survey(Society(4_000), Survey(300, seeds=7))
    counts = drawn(ready(sample), 50)
    assert (counts.people.sum(axis=(1, 2)) == 300).all()
    assert (counts.recruits.sum(axis=(1, 2)) == 293).all()
    assert (drawn(ready(sample, with_seeds=False), 50).people.sum(axis=(1, 2)) == 293).all()


def test_waves_take_turns_where_each_group_recruits_only_the_other() -> None:
    ids = [str(i) for i in range(31)]
    recruiters = [""] + [str((i - 1) // 2) for i in range(1, 31)]
    wave = [(i + 1).bit_length() - 1 for i in range(31)]
    sample = build_sample(
        ids, recruiters, network_size=[1] * 31, traits={"sex": ["fm"[w % 2] for w in wave]}
    )
    women = drawn(ready(sample), 200).of_group[:, 0]
    even = sum(w % 2 == 0 for w in wave)
    assert set(women.tolist()) == {even, 31 - even}


def test_after_a_group_that_recruited_nobody_anyone_follows_and_it_is_no_recruitment() -> None:
    sample = build_sample(
        list("abcd"), ["", "a", "b", ""], network_size=[1] * 4, traits={"sex": list("ffmm")}
    )
    counts = drawn(ready(sample), 400)
    assert (counts.of_group.sum(axis=1) == 4).all()
    assert (counts.recruits[:, 1] == 0).all()
    assert set(counts.recruits.sum(axis=(1, 2)).tolist()) == {0, 1, 2}


def test_the_mean_of_its_replicates_lies_on_the_estimate() -> None:
    sample = ready(a_survey(Society(4_000, homophily=1.5), Survey(400)))
    for name in ("composition", "rds_i", "rds_ii"):
        shares: FloatArray = ESTIMATORS[name].shares(drawn(sample, 3_000), None)
        own = ESTIMATORS[name].shares(sample.counts, None)[0]
        assert shares.mean(axis=0) == pytest.approx(own, abs=0.25 * shares[:, 0].std())


def test_communities_that_are_known_are_kept_together() -> None:
    """Two sites that never recruit across: within them nobody of the other site ever follows."""
    random = np.random.default_rng(3)
    recruiters = [""] + [str(int(random.integers(0, i))) for i in range(1, 60)]
    sites = ["north" if i < 60 else "south" for i in range(120)]
    sexes = ["f" if random.random() < (0.2 if i < 60 else 0.8) else "m" for i in range(120)]
    sample = build_sample(
        [str(i) for i in range(120)],
        recruiters + [str(int(each) + 60) if each else "" for each in recruiters],
        network_size=[2 if i < 60 else 3 for i in range(120)],
        traits={"sex": sexes, "site": sites},
    )
    apart = frame(sample, sample.trait("sex"), within=sample.trait("site"))
    from_the_north = drawn(apart, 500).of_degree[:, 0]
    assert set(from_the_north.tolist()) <= {0, 60, 120}
    assert len(set(drawn(ready(sample), 500).of_degree[:, 0].tolist())) > 3
    spread, too_sure = (drawn(each, 2_000).of_group[:, 0].std() for each in (apart, ready(sample)))
    assert spread > 1.5 * too_sure


def test_neither_rows_nor_names_of_sites_matter() -> None:
    random = np.random.default_rng(4)
    recruiters = [-1, -1] + [int(random.integers(0, i)) for i in range(2, 80)]
    sex, site = random.integers(0, 2, 80), random.integers(0, 3, 80)

    def counted(order: list[int], names: str) -> Counts:
        sample = build_sample(
            [str(i) for i in order],
            [str(recruiters[i]) if recruiters[i] >= 0 else "" for i in order],
            network_size=[1 + i % 2 for i in order],
            traits={"sex": ["fm"[sex[i]] for i in order], "site": [names[site[i]] for i in order]},
        )
        return drawn(frame(sample, sample.trait("sex"), within=sample.trait("site")), 40)

    first = counted(list(range(80)), "abc")
    second = counted(random.permutation(80).tolist(), "zxy")
    assert np.array_equal(first.people, second.people)
    assert np.array_equal(first.recruits, second.recruits)
