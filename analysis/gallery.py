"""Every picture of a sample for one level of a trait, in English: for files on a disk."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from analysis import plots
from analysis.convergence import chain_courses, course, enrolment_order
from analysis.counts import frame
from analysis.forest import chains
from analysis.mixing import recruitment_matrix
from analysis.reach import by_trait, by_wave, over_time
from analysis.sample import Sample, Trait, to_networkx

FEMALE = frozenset({"female", "f", "woman", "women", "ж", "жінка", "жінки"})
LARGEST_CHAIN_DRAWN = 400
MOST_POINTS, MOST_NAMED = 400, 5


def focus_level(levels: tuple[str, ...]) -> str:
    """The level that the pictures follow: women where the trait tells them, else the first.

    >>> focus_level(("male", "female")), focus_level(("1", "2"))
    ('female', '1')
    """
    return next((level for level in levels if level.casefold() in FEMALE), levels[0])


def pictures(sample: Sample, trait_name: str) -> Mapping[str, str]:
    """SVG text by a name for its file. What has nothing to show (no dates, no sites) is left out.

    >>> from analysis.simulate import simulate
    >>> drawn = pictures(simulate(60), "sex")
    >>> {"by-site", "by-wave", "convergence", "forest", "over-time"} <= set(drawn)
    True
    """
    trait = sample.trait(trait_name)
    if not trait.levels:
        return {}
    level = focus_level(trait.levels)
    at = trait.levels.index(level)
    share = f"Share of {trait_name} = {level}"
    waves = by_wave(sample, trait)
    drawn = {
        "by-wave": plots.draw_by_wave(
            waves.n[:, at],
            waves.of,
            mark=None,
            words=plots.WaveWords(
                title=f"{share} by wave",
                description=f"{share} in each wave of recruitment, with its 95 % interval.",
                share=f"{share}, 95 % interval",
            ),
        ),
        "who-recruits-whom": plots.draw_matrix(
            recruitment_matrix(sample.recruiter, trait), trait.levels
        ),
        "forest": plots.draw_forest(
            sample.forest,
            plots.by_level(
                trait.codes == at, trait.codes < 0, names=(level, "others", "not known")
            ),
        ),
    }
    drawn["forest-by-wave"] = plots.draw_forest(sample.forest, plots.by_wave(sample.forest.wave))
    drawn["chain-sizes"] = plots.draw_chain_sizes(chains(sample.forest).size)
    drawn |= _settling(sample, trait, at, share)
    growth = over_time(sample, trait)
    if len(growth.weeks):
        drawn["over-time"] = plots.draw_over_time(
            growth.weeks,
            people=growth.total.people,
            n=growth.total.n[:, at],
            of=growth.total.of,
            mark=None,
            words=plots.TimeWords(
                description=f"People reached in all, and the {share.lower()}, week by week.",
                share=f"{share} among them, 95 % interval",
            ),
        )
    if site := sample.traits.get("site"):
        places = by_trait(trait, site)
        drawn["by-site"] = plots.draw_by_group(
            places.groups,
            n=places.n[:, at],
            of=places.of,
            people=places.people,
            mark=None,
            words=replace(plots.GroupWords(), focus=level, description=f"{share} at each site."),
        )
    if picture := _largest_chain(sample, trait_name, level):
        drawn["largest-chain"] = picture
    return drawn


def _settling(sample: Sample, trait: Trait, at: int, share: str) -> dict[str, str]:
    """The course of the estimate, of everyone and chain by chain, where network sizes are known."""
    counted = frame(sample, trait)
    whole = course(counted, enrolment_order(sample), points=MOST_POINTS)
    if not np.isfinite(whole.share[-1:, at]).any():
        return {}
    words = plots.ConvergenceWords(share=f"{share}: RDS-II from the first who came")
    chains_apart = [
        plots.Trace(sample.ids[each.seed], each.course.people, each.course.share[:, at])
        for each in chain_courses(sample, counted, points=MOST_POINTS)
    ]
    named = [
        replace(each, name="") if i >= MOST_NAMED else each for i, each in enumerate(chains_apart)
    ]
    drawn = {"convergence": plots.draw_convergence(whole.people, whole.share[:, at], words=words)}
    if len(named) > 1:
        title = "The estimate chain by chain"
        drawn["bottleneck"] = plots.draw_bottleneck(named, words=replace(words, title=title))
    return drawn


def _largest_chain(sample: Sample, trait_name: str, level: str) -> str | None:
    """The largest chain that a person can still take in."""
    found = chains(sample.forest)
    fitting = [i for i, size in enumerate(found.size.tolist()) if size <= LARGEST_CHAIN_DRAWN]
    if not fitting:
        return None
    chain = to_networkx(sample, seed=int(found.seed[fitting[0]]))
    value = {person: facts.get(trait_name) for person, facts in chain.nodes(data=True)}
    return plots.draw_chain(
        chain,
        focus={person for person, its in value.items() if its == level},
        unknown={person for person, its in value.items() if its is None},
        active=set(chain),
        describe=lambda person: f"{person}: {value[person] or 'not known'}",
        words=plots.ChainWords(focus=level, active="", inactive=""),
    )
