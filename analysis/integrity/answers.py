"""Knowledge tests that are alike beyond what the questions' difficulty and the scores make likely."""

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.integrity.groups import compare
from analysis.integrity.records import KnowledgeTests, Records
from analysis.integrity.signal import Signal, Subject, of_groups, strong
from analysis.integrity.tails import binomial

FEWEST_PAIRS, FEWEST_OF_A_SCORE = 5, 10


def same_answers_in_chain(records: Records) -> tuple[Signal, ...]:
    """Chains in which recruits of one person gave the same answers to every question, mistakes included.

    Pairs are recruits of one person, one after the other, with the same score, not all right. See ``match_chance``.

    >>> same_answers_in_chain(Records.empty())
    ()
    """
    tests, redemptions = records.tests, records.redemptions
    holder = redemptions.holder[tests.redemption]
    order = np.lexsort((redemptions.at[tests.redemption], holder))
    first, second = order[:-1], order[1:]
    together = holder[first] == holder[second]
    group = records.chain[tests.redemption]
    explanations = ("one_teacher", "talked_before", "shared_mistake")
    return _alike(
        "same_answers_in_chain", tests, first[together], second[together], group, explanations
    )


def same_answers_with_staff(records: Records) -> tuple[Signal, ...]:
    """Staff with whom one test after the other was answered the same to every question, mistakes included.

    Pairs are tests taken one after the other with one member of staff, with the same score, not all right.

    >>> same_answers_with_staff(Records.empty())
    ()
    """
    tests = records.tests
    order = np.lexsort((records.redemptions.at[tests.redemption], tests.staff))
    first, second = order[:-1], order[1:]
    together = tests.staff[first] == tests.staff[second]
    explanations = ("explains_alike", "one_teacher", "entered_later")
    return _alike(
        "same_answers_with_staff",
        tests,
        first[together],
        second[together],
        tests.staff,
        explanations,
    )


def perfect_scores(records: Records) -> tuple[Signal, ...]:
    """Chains with more tests without a mistake than others at the same sites.

    ``compare`` of chains, strata the sites. A good teacher is the first explanation; φ allows for teachers who differ.

    >>> perfect_scores(Records.empty())
    ()
    """
    began = records.tests.redemption
    compared = compare(
        records.tests.is_perfect, records.chain[began], records.redemptions.site[began]
    )
    explanations = ("good_teacher", "talked_before", "easy_questions")
    return of_groups("perfect_scores", compared, lambda g: Subject(chains=(g,)), explanations)


def match_chance(tests: KnowledgeTests) -> FloatArray:
    """(i + 1,) for each score, how often two tests with it are the same in every answer; nan for fewer than ten tests.

    Σ_v c_v (c_v − 1) / N (N − 1) over the vectors v of answers that the N tests of the score have. Given the
    score, which items are right does not depend on how much a person knows, so people of one teacher match no more
    often than others: this is what makes a match evidence. Assumes the Rasch model.

    Source: Rasch (1960), "Probabilistic Models for Some Intelligence and Attainment Tests", for the
    sufficiency of the score.

    >>> answers = np.array([[1, 2]] * 6 + [[2, 1]] * 4)
    >>> tests = KnowledgeTests(np.arange(10), np.zeros(10, int), answers, answers == 1)
    >>> match_chance(tests).round(4).tolist()
    [nan, 0.4667, nan]
    """
    vector, score = _vectors(tests), tests.score
    chance = np.full(tests.answers.shape[1] + 1, np.nan)
    for each in np.unique(score).tolist():
        alike = np.bincount(vector[score == each]).astype(float)
        n = alike.sum()
        if n >= FEWEST_OF_A_SCORE:
            chance[each] = (alike * (alike - 1)).sum() / (n * (n - 1))
    return chance


def _vectors(tests: KnowledgeTests) -> IntArray:
    """(t,) a number for each different set of answers."""
    vector: IntArray = np.unique(tests.answers, axis=0, return_inverse=True)[1].reshape(-1)
    return vector


def _alike(
    kind: str,
    tests: KnowledgeTests,
    first: IntArray,
    second: IntArray,
    group: IntArray,
    explanations: tuple[str, ...],
) -> tuple[Signal, ...]:
    score = tests.score
    chance = match_chance(tests)[score[first]]
    kept = (score[first] == score[second]) & ~tests.is_perfect[first] & ~np.isnan(chance)
    first, second, chance = first[kept], second[kept], chance[kept]
    vector = _vectors(tests)
    same, of = vector[first] == vector[second], group[first]
    n = np.bincount(of)
    seen, expected = np.bincount(of, weights=same), np.bincount(of, weights=chance)
    tails = np.full(len(n), np.nan)
    for g in np.flatnonzero(n >= FEWEST_PAIRS).tolist():
        tails[g] = _tail(int(seen[g]), chance[of == g])

    def evidence(g: int) -> tuple[Subject, float, float, int]:
        subject = Subject(staff=g) if kind.endswith("staff") else Subject(chains=(g,))
        return subject, float(seen[g]), float(expected[g]), int(n[g])

    return strong(kind, tails, evidence, explanations)


def _tail(seen: int, chance: FloatArray) -> float:
    """The chance of as many matches or more, each pair with its own: a sum of binomial counts."""
    chances = np.ones(1)
    for share, n in zip(*np.unique(chance, return_counts=True), strict=True):
        chances = np.convolve(chances, binomial(int(n), float(share)))
    return min(float(chances[seen:].sum()), 1.0)
