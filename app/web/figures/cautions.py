"""What to bear in mind with the estimates, in the reader's language: what it is, and what to do.

Facts that could tell of a few people stay out of the words: how chains differ, how many crossed between sites.
"""

from collections.abc import Iterable, Mapping

from babel.numbers import format_decimal

from analysis.cautions import Evidence
from analysis.diagnostics import cautions_of
from analysis.disclosure import THRESHOLD
from analysis.notices import Notice
from analysis.sample import Sample
from app.core.i18n import N_
from app.web.figures.estimates import Question, of_women
from app.web.figures.reach import WOMEN
from app.web.figures.words import gettext_of, name

# Facts that count people; of a small count no more than that is told.
OF_PEOPLE = ("n",)
FEW = N_("fewer than five")

WORDS: Mapping[str, str] = {
    "no_people": N_("Nobody has been enrolled yet. Begin with seeds."),
    "small_sample": N_(
        "People so far: %(n)s. With fewer than a hundred, shares may still change much from week to "
        "week: decide nothing on a few points of difference."
    ),
    "few_waves": N_(
        "The longest chain has reached wave %(waves)s. Before the fifth, people still resemble the "
        "seeds whom staff chose: let the chains grow before you rely on the shares."
    ),
    "short_of_equilibrium": N_(
        "Where a chain begins with %(level)s, it takes about %(needed)s waves until it no longer "
        "matters who began it; the longest chain has reached wave %(waves)s. Keep the chains going, "
        "and until then trust the estimates less."
    ),
    "groups_never_cross": N_(
        "Women have brought only women so far, and others only others: the share of women is that "
        "of the seeds, and no way of estimating can mend that. Look for seeds who know both."
    ),
    "sites_never_cross": N_(
        "The sites fall into %(parts)s parts between which nobody has been brought. Look at each "
        "part by itself, or find seeds who know people in more than one."
    ),
    "site_bottleneck": N_(
        "Fewer than one in twenty came to another site than whoever brought them. Shares over all "
        "sites then depend on how many seeds each had: look at the sites one by one too."
    ),
    "one_chain_dominates": N_(
        "One of %(chains)s chains holds %(share)s %% of all people: the figures are mostly those of "
        "its part of the network. Begin further chains among people who are far from it."
    ),
    "chains_disagree": N_(
        "The share of women differs between chains by more than chance: they seem to run among "
        "people who hardly know each other. Look at the large chains one by one below, and rely on "
        "no single figure for all."
    ),
    "not_settled": N_(
        "The estimate still moved by %(points)s points while the last half of the people came. Wait "
        "until it rests before you judge by it."
    ),
    "wide_intervals": N_(
        "People of one chain are so alike that all together tell about as much as %(worth)s drawn "
        "at random would. Expect wide intervals, and plan nothing on small differences."
    ),
    "missing_network_size": N_(
        "People of whom it is not known how many others they know: %(n)s. The estimates leave them "
        "out; please see that everyone is asked."
    ),
    "implausible_network_size": N_(
        "People who said they know fewer others than have come with them: %(n)s. They weigh too "
        "much in the estimates; the question may be easy to misunderstand, so go through its words "
        "with those who ask it."
    ),
    "differential_activity": N_(
        "%(larger)s know %(times)s times as many people as %(smaller)s do, and so are reached more "
        "easily. Look at the estimates rather than at the composition; they are as good as the "
        "answers to how many people one knows."
    ),
    "uneven_recruitment": N_(
        "%(more)s have brought %(most)s people each on average, %(fewer)s %(least)s. Who comes then "
        "leans towards people whom %(more)s know: ask %(fewer)s what would make it easier for them."
    ),
    "large_part_of_population": N_(
        "Of all people there are, by the size of the population that was given, %(percent)s %% have "
        "come. RDS-I and RDS-II then lean towards people who know few others: look at Gile's method."
    ),
    "population_too_small": N_(
        "More people have come (%(n)s) than there are by the size of the population that was given. "
        "Please correct it."
    ),
    "seeds_in_estimates": N_(
        "Seeds are %(percent)s %% of the people, and staff chose them. Compare with the figures "
        "without seeds."
    ),
    "missing_trait": N_(
        "People whose sex is not known: %(n)s. Shares are of the others; please see that everyone "
        "is asked."
    ),
    "small_level": N_(
        "Fewer than five people: %(levels)s. What is said of so few is of single people: wait until "
        "more have come."
    ),
    "heaped_network_sizes": N_(
        "Among the larger answers to how many people one knows, %(percent)s %% are multiples of "
        "five. That is usual and adds some uncertainty: leave them as they are, and help people to "
        "count."
    ),
    "short_chains": N_(
        "Chains with recruits that have not reached wave %(wave)s: %(short)s of %(chains)s. See that "
        "everyone who comes is given coupons, and told what they are for."
    ),
    "barren_seeds": N_(
        "Seeds who have brought nobody so far: %(n)s. Ask them kindly what would help, or invite "
        "further seeds."
    ),
}


def cautions_in_words(
    sample: Sample, question: Question, *, others_level: str, language: str
) -> list[str]:
    """Everything worth a caution beside the estimates, gravest first.

    Args:
        others_level: those who are not women, as ``reach.others_level`` names them.
    """
    seen = Evidence(
        of_women(sample),
        "sex",
        population_size=question.population_size,
        with_seeds=question.with_seeds,
    )
    return told(cautions_of(seen), others=name(others_level, language), language=language)


def told(notices: Iterable[Notice], *, others: str, language: str) -> list[str]:
    """Cautions in words, in their order. ``others`` is what those are called who are not women."""
    return [_told(notice, others, language) for notice in notices]


def _told(notice: Notice, others: str, language: str) -> str:
    facts = {key: _fact(key, its, others, language) for key, its in notice.facts.items()}
    sentences = gettext_of(language)(WORDS[notice.code]) % facts
    return sentences[:1].upper() + sentences[1:]


def _fact(key: str, its: object, others: str, language: str) -> str:
    _ = gettext_of(language)
    if its is None:
        return _("more than 1,000")
    if isinstance(its, tuple):
        return ", ".join(_fact(key, each, others, language) for each in its)
    if isinstance(its, int | float):
        is_few = key in OF_PEOPLE and 0 < its < THRESHOLD
        return _(FEW) if is_few else str(format_decimal(its, "#,##0.#", locale=language))
    return name(WOMEN, language) if its == WOMEN else others
