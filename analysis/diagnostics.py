"""Whether a sample can bear its figures: diagnostics as plain values, and cautions in words."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.arrays import FloatArray
from analysis.cautions import CAUTIONS, Evidence
from analysis.convergence import TOLERANCE, settling
from analysis.differential_activity import differential_activity, differential_activity_of_rds
from analysis.estimators import ESTIMATORS
from analysis.forest import chains_by_depth
from analysis.homophily import DEFINITIONS, LACKS, Lack, lacks
from analysis.mixing import recruitment_homophily
from analysis.notices import Notice
from analysis.plain import Json, by_level, plain
from analysis.resemblance import counts_by_seed_group, likeness, seed_memory
from analysis.sample import Sample

OVERALL = "overall"
NOBODY = Notice("no_people", "Nobody has been enrolled yet.")


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What ``diagnose`` finds.

    Attributes:
        figures: ``homophily``, ``differential_activity`` and ``diagnostics``, as JSON values.
        notices: cautions, gravest first, then why figures are null.

    >>> from analysis.sample import build_sample
    >>> found = diagnose(Evidence(build_sample([], []), None))
    >>> found.figures["differential_activity"], [notice.code for notice in found.notices]
    (None, ['no_people'])
    """

    figures: dict[str, Json]
    notices: tuple[Notice, ...]


def cautions(sample: Sample, trait_name: str | None) -> tuple[Notice, ...]:
    """Everything worth a caution, gravest first; ``None`` where no trait is looked at.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], traits={"sex": ["m", "f"]})
    >>> [notice.code for notice in cautions(sample, "sex")][:3]
    ['small_sample', 'few_waves', 'missing_network_size']
    """
    return cautions_of(Evidence(sample, trait_name))


def cautions_of(seen: Evidence) -> tuple[Notice, ...]:
    """The same of evidence already gathered.

    >>> from analysis.sample import build_sample
    >>> [notice.code for notice in cautions_of(Evidence(build_sample([], []), None))]
    ['no_people']
    """
    if not len(seen.sample):
        return (NOBODY,)
    return tuple(notice for caution in CAUTIONS if (notice := caution(seen)) is not None)


def diagnose(seen: Evidence) -> Diagnosis:
    """Diagnostics of one trait, with cautions.

    ``homophily`` is Heckathorn's for each level and recruitment homophily for ``overall``;
    ``differential_activity`` is the ratio that the R package RDS gives. All definitions, level by
    level, are in ``diagnostics``. What likeness along chains tells (``expected_design_effect``,
    ``chains_agree``) is worked out for the twelve largest groups. Without a trait, or without
    people, all is null or empty.

    >>> from analysis.sample import build_sample
    >>> sample = build_sample(list("abcde"), ["", "a", "a", "c", "c"], network_size=[2] * 5,
    ...     traits={"sex": ["f", "f", "m", "f", "m"]})
    >>> diagnose(Evidence(sample, "sex")).figures["homophily"]
    {'f': 0.0, 'm': 0.0, 'overall': 1.0}
    """
    found = cautions_of(seen)
    if seen.trait_name is None or not seen.levels:
        nothing: dict[str, Json] = {OVERALL: None}
        figures: dict[str, Json] = {"homophily": nothing, "differential_activity": None}
        return Diagnosis({**figures, "diagnostics": None}, found)
    by_definition = {name: each.of(seen.frame) for name, each in DEFINITIONS.items()}
    activity = differential_activity(seen.frame.counts)[0]
    overall = recruitment_homophily(seen.matrix)
    ratio = plain(differential_activity_of_rds(seen.frame.counts)[0])
    return Diagnosis(
        figures={
            "homophily": {**by_level(seen.levels, by_definition["heckathorn"]), OVERALL: overall},
            "differential_activity": ratio,
            "diagnostics": {
                "homophily": {
                    name: by_level(seen.levels, values) for name, values in by_definition.items()
                },
                "recruitment_homophily": overall,
                "differential_activity": by_level(seen.levels, activity),
                **_of_waves(seen),
                **_of_seeds(seen),
                **_of_chains(seen),
            },
        },
        notices=(*found, *_reasons(seen, by_definition), *_of_activity(seen, ratio)),
    )


def _of_waves(seen: Evidence) -> dict[str, Json]:
    settled = settling(seen.course)
    return {
        "waves_to_equilibrium": by_level(seen.levels, seen.waves_to_equilibrium),
        "tolerance": TOLERANCE,
        "settled": {
            "is_settled": settled.is_settled,
            "since": settled.since,
            "drift": by_level(seen.levels, settled.drift.round(9)),
        },
    }


def _of_seeds(seen: Evidence) -> dict[str, Json]:
    forest = seen.sample.forest
    memory = seed_memory(seen.frame, forest)
    apart = counts_by_seed_group(seen.frame, forest)
    shares = ESTIMATORS["rds_ii"].shares(apart, None)
    rows = [by_level(seen.levels, row) for row in shares]
    people = by_level(seen.levels, apart.of_group.sum(axis=1))
    return {
        "by_group_of_seed": {
            level: {"people": people[level], "rds_ii": row}
            for level, row in zip(seen.levels, rows, strict=True)
        },
        "seed_memory": {
            "people": plain(memory.people),
            "correlation": by_level(seen.levels, memory.correlation.T),
            "expected": by_level(seen.levels, memory.expected.T),
        },
    }


def _of_chains(seen: Evidence) -> dict[str, Json]:
    agreement: dict[str, Json] = {
        seen.levels[level]: {
            "chains": len(found.seed),
            "spread": plain(found.spread),
            "limit": plain(found.limit),
            "agrees": found.agrees,
        }
        for level, found in seen.agreements.items()
    }
    return {
        "chains_by_depth": plain(chains_by_depth(seen.sample.forest)),
        "likeness": by_level(seen.levels, likeness(seen.matrix)),
        "expected_design_effect": by_level(seen.levels, seen.design_effect),
        "chains_agree": agreement,
    }


def _reasons(seen: Evidence, by_definition: dict[str, FloatArray]) -> Iterator[Notice]:
    """One notice for each reason that leaves a homophily null."""
    if OVERALL in seen.levels:
        text = (
            f"A level of {seen.trait_name!r} is called 'overall': under homophily that name is "
            "recruitment homophily of all; the level's own is under diagnostics."
        )
        yield Notice("level_called_overall", text, {"trait": seen.trait_name})
    for name in ("heckathorn", "population"):
        if not np.isnan(by_definition[name]).any():
            continue
        why = lacks(seen.frame, name)
        for lack in dict.fromkeys(each for each in why if each is not None):
            levels = tuple(x for x, each in zip(seen.levels, why, strict=True) if each == lack)
            names = ", ".join(repr(level) for level in levels[:10])
            title = "Heckathorn's homophily" if name == "heckathorn" else "Population homophily"
            facts = {"definition": name, "levels": levels, "reason": lack}
            yield Notice("no_homophily", f"{title} of {names} is null: {LACKS[lack]}.", facts)


def _of_activity(seen: Evidence, ratio: Json) -> Iterator[Notice]:
    if ratio is None:
        lack: Lack = "one_group" if np.count_nonzero(seen.people) < 2 else "no_network_sizes"
        text = f"Differential activity is null: {LACKS[lack]}."
        yield Notice("no_differential_activity", text, {"reason": lack})
