"""What cautions look at: a sample, one trait, and what follows from them, each worked out once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from analysis.arrays import FloatArray, IntArray
from analysis.convergence import Course, course_by_period, waves_to_equilibrium
from analysis.counts import Frame, frame
from analysis.degrees import MissingDegree
from analysis.forest import Chains, chains
from analysis.mixing import recruitment_matrix
from analysis.resemblance import Agreement, chains_agree, doubt_of_level, expected_design_effect
from analysis.sample import Sample, Trait

SITE = "site"
LEVELS_AT_LENGTH = 12
MOST_SITES = 200


@dataclass(frozen=True, eq=False)
class Evidence:
    """A sample seen through one trait.

    Attributes:
        trait_name: ``None`` where no trait is looked at.
        population_size: N in persons, where one is given.
        missing_degree: see ``counts.frame``.
        with_seeds: whether seeds count among the people.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], traits={"sex": ["m", "f"]})
    >>> Evidence(sample, "sex").matrix.tolist(), Evidence(sample, None).levels
    ([[0, 0], [1, 0]], ())
    """

    sample: Sample
    trait_name: str | None
    population_size: float | None = None
    missing_degree: MissingDegree = "drop"
    with_seeds: bool = True

    @cached_property
    def trait(self) -> Trait:
        if self.trait_name is None:
            return Trait((), np.full(len(self.sample), -1))
        return self.sample.trait(self.trait_name)

    @property
    def levels(self) -> tuple[str, ...]:
        return self.trait.levels

    @cached_property
    def frame(self) -> Frame:
        return frame(
            self.sample,
            self.trait,
            missing_degree=self.missing_degree,
            with_seeds=self.with_seeds,
        )

    @property
    def matrix(self) -> IntArray:
        """T (k, k)."""
        matrix: IntArray = self.frame.counts.recruits[0]
        return matrix

    @property
    def people(self) -> IntArray:
        """(k,) people of each group who count."""
        people: IntArray = self.frame.counts.of_group[0]
        return people

    @cached_property
    def chains(self) -> Chains:
        return chains(self.sample.forest)

    @cached_property
    def waves_to_equilibrium(self) -> tuple[int | None, ...]:
        return waves_to_equilibrium(self.matrix)

    @cached_property
    def course(self) -> Course:
        """RDS-II as people came, day after day or wave after wave."""
        return course_by_period(self.sample, self.frame)

    @cached_property
    def told_at_length(self) -> tuple[int, ...]:
        """The groups with most people, largest first; with two, one stands for both."""
        largest = np.argsort(-self.people, kind="stable")[:LEVELS_AT_LENGTH].tolist()
        return tuple(largest[:1] if len(self.levels) == 2 else largest)

    @cached_property
    def _along_chains(self) -> dict[int, tuple[float, Agreement]]:
        """The expected design effect and the chains' agreement of the groups told at length."""
        found = {}
        for level in self.told_at_length:
            doubt = doubt_of_level(self.frame, self.sample.forest, level)
            effect = expected_design_effect(self.frame, self.sample.forest, level, doubt=doubt)
            confidence = 1 - 0.01 / len(self.told_at_length)
            agreement = chains_agree(
                self.frame, self.sample.forest, level, confidence=confidence, doubt=doubt
            )
            found[level] = effect, agreement
        return found

    @cached_property
    def design_effect(self) -> FloatArray:
        """(k,) expected from likeness along chains; nan for groups not told at length."""
        effect = np.full(len(self.levels), np.nan)
        for level, (found, _) in self._along_chains.items():
            effect[level if len(self.levels) != 2 else slice(None)] = found
        return effect

    @cached_property
    def agreements(self) -> dict[int, Agreement]:
        """By group: whether chains agree, each at a limit that chance passes 1 time of 100 in all."""
        return {level: agreement for level, (_, agreement) in self._along_chains.items()}

    @cached_property
    def site_matrix(self) -> IntArray | None:
        """(s, s) recruits by site, s sites; ``None`` without two, or where the trait is them."""
        site = self.sample.traits.get(SITE)
        if site is None or self.trait_name == SITE or not 1 < len(site.levels) <= MOST_SITES:
            return None
        return recruitment_matrix(self.sample.recruiter, site)
