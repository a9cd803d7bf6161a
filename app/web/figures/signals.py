"""What patterns are called by people: what was seen, what may explain it, and what one could do. Never who did what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_date

from analysis.disclosure import THRESHOLD
from app.core.i18n import N_
from app.domain.signals.queries import LiveSignal
from app.web.figures.words import gettext_of, site_name

RAREST = 1_000_000


@dataclass(frozen=True)
class Words:
    """A kind of pattern. ``title`` is said where there is more than expected, ``fewer`` where there is less.

    ``tells_of_people`` where the count tells what people answered or are: then small counts, and those that would give
    them back, are withheld. ``is_mean`` where the figures are averages.
    """

    title: str
    counted: str
    advice: tuple[str, ...]
    fewer: str = ""
    tells_of_people: bool = False
    is_mean: bool = False


@dataclass(frozen=True)
class Line:
    """A pattern as a page tells it. ``None`` is withheld, ``of`` also where it would say nothing."""

    key: str
    title: str
    counted: str
    observed: float | None
    expected: float
    of: int | None
    once_in: int | None
    explanations: tuple[str, ...]
    advice: tuple[str, ...]
    found: LiveSignal
    is_mean: bool


ASK = N_("Ask at the desk what happened that day. There is usually a good reason.")
CHAIN = N_("Look at the chain, and ask how its people hear of the programme.")
CARDS = N_("Explain once more at the next training what the cards are for.")
TESTS = N_("Sit in on a few tests, and read the questions aloud together.")
LEARN = N_("Ask what goes well here: others may learn from it.")
TALK = N_("Talk with the colleague as you would about any figure, and ask how the day goes.")
ROSTER = N_("Look at the roster: who worked when, and who came then.")
HOURS = N_("Check the opening hours that are written down for the site.")

KINDS: Mapping[str, Words] = {
    "busy_day": Words(
        N_("%(site)s: more people than usual on %(day)s"),
        N_("coupons accepted that day"),
        (ASK, HOURS),
    ),
    "burst": Words(
        N_("%(site)s: many people within half an hour on %(day)s, from %(time)s"),
        N_("coupons accepted in that half hour, of the day's"),
        (ASK, HOURS),
    ),
    "siblings_together": Words(
        N_("Chain %(chains)s: coupons of one person often come together"),
        N_("people of whose coupons some came within a quarter of an hour"),
        (CHAIN,),
    ),
    "other_site": Words(
        N_("Chain %(chains)s: coupons often come to another site"),
        N_("coupons that came to another site than the one that gave them out"),
        (CHAIN, HOURS),
    ),
    "strangers": Words(
        N_("Chain %(chains)s: the giver of the card was often not known"),
        N_("people who said they had not known who gave them the card"),
        (CARDS, CHAIN),
        tells_of_people=True,
    ),
    "side_by_side": Words(
        N_("Chains of two people, %(chains)s: their coupons come side by side"),
        N_("days on which their coupons came within ten minutes of each other"),
        (ASK, CHAIN),
    ),
    "own_coupon": Words(
        N_("%(site)s: people often bring a card that is their own"),
        N_("scans that showed a person's own card"),
        (CARDS, ASK),
        tells_of_people=True,
    ),
    "same_code": Words(
        N_("Chain %(chains)s: people with the same code stand close together"),
        N_("pairs with the same code whom the desk told apart"),
        (ASK,),
        tells_of_people=True,
    ),
    "straight_line": Words(
        N_("Chain %(chains)s: one coupon of each person comes, on its first day"),
        N_("coupons that came on their first day as the only one of their holder"),
        (CHAIN, CARDS),
    ),
    "same_hour": Words(
        N_("Chain %(chains)s: people and those who invited them come within an hour"),
        N_("people taken in by the same colleague within an hour of who invited them"),
        (ASK, CHAIN),
    ),
    "same_answers_in_chain": Words(
        N_("Chain %(chains)s: people invited by one person often answer exactly alike"),
        N_("pairs of tests that are the same in every answer"),
        (TESTS, CHAIN),
        tells_of_people=True,
    ),
    "same_answers_with_staff": Words(
        N_("%(staff)s: tests one after the other are often answered exactly alike"),
        N_("pairs of tests that are the same in every answer"),
        (TESTS, TALK),
        tells_of_people=True,
    ),
    "perfect_scores": Words(
        N_("Chain %(chains)s: many tests without a mistake"),
        N_("tests with every answer right"),
        (LEARN, TESTS),
        tells_of_people=True,
    ),
    "staff_eligible": Words(
        N_("%(staff)s: more people are found eligible than with colleagues"),
        N_("people found eligible"),
        (TALK, ROSTER),
        N_("%(staff)s: fewer people are found eligible than with colleagues"),
        tells_of_people=True,
    ),
    "staff_complete": Words(
        N_("%(staff)s: more visits come to their end than with colleagues"),
        N_("visits that came to their end"),
        (LEARN, ROSTER),
        N_("%(staff)s: fewer visits come to their end than with colleagues"),
    ),
    "staff_late": Words(
        N_("%(staff)s: more cards are accepted after their last day than by colleagues"),
        N_("cards accepted after their last day"),
        (TALK, ROSTER),
        N_("%(staff)s: fewer cards are accepted after their last day than by colleagues"),
    ),
    "staff_refused": Words(
        N_("%(staff)s: more cards are refused than by colleagues"),
        N_("cards refused"),
        (TALK, ROSTER),
        N_("%(staff)s: fewer cards are refused than by colleagues"),
    ),
    "staff_walk_ins": Words(
        N_("%(staff)s: more people come without a card than to colleagues"),
        N_("people who came without a card"),
        (TALK, ROSTER),
        N_("%(staff)s: fewer people come without a card than to colleagues"),
    ),
    "staff_outside_hours": Words(
        N_("%(staff)s: more cards are accepted outside opening hours than by colleagues"),
        N_("cards accepted outside opening hours"),
        (HOURS, ROSTER),
        N_("%(staff)s: fewer cards are accepted outside opening hours than by colleagues"),
    ),
    "staff_siblings": Words(
        N_("%(staff)s: cards of one person come together more often than with colleagues"),
        N_("cards that came within a quarter of an hour of another of the same person"),
        (TALK, ROSTER),
        N_("%(staff)s: cards of one person come together less often than with colleagues"),
    ),
    "staff_scores": Words(
        N_("%(staff)s: more right answers in tests than with colleagues"),
        N_("right answers in a test, on average"),
        (TESTS, LEARN),
        N_("%(staff)s: fewer right answers in tests than with colleagues"),
        is_mean=True,
    ),
    "staff_perfect": Words(
        N_("%(staff)s: more tests without a mistake than with colleagues"),
        N_("tests with every answer right"),
        (TESTS, LEARN),
        N_("%(staff)s: fewer tests without a mistake than with colleagues"),
        tells_of_people=True,
    ),
}

EXPLANATIONS: Mapping[str, str] = {
    "asked_more_often": N_("This desk asks for the code more often, and so notices more often."),
    "asked_otherwise": N_("The question is asked in another way here."),
    "asks_otherwise": N_("The questions of eligibility are understood in more than one way."),
    "came_together": N_("Friends or a family came together."),
    "codes_collide": N_("Different people can have the same code by chance."),
    "decides_for_others": N_("Colleagues send such cases here for a decision."),
    "easy_questions": N_("The questions are easy for these people."),
    "entered_later": N_("There was no network, and the visits were entered later in one go."),
    "event": N_("It was a holiday, an action day or a payday."),
    "explains_alike": N_("The questions are always read out or explained in the same way."),
    "few_peers": N_("They know few others who could come."),
    "good_teacher": N_("Whoever invited them teaches well."),
    "guessed_code": N_("People did not remember their code and made one up."),
    "hands_over": N_("Visits are handed over, and finished by a colleague."),
    "helps_colleagues": N_("Difficult cases are sent here."),
    "keen": N_("They teach at once, and their friends are glad to come."),
    "live_together": N_("They are friends, a couple, or live together."),
    "meeting_place": N_("People know each other by sight from a place where they meet."),
    "mixed_up_cards": N_("People mixed up their own card and one for a friend."),
    "moved": N_("People moved, or live between two sites."),
    "nearer": N_("The other site is nearer to where they live or work."),
    "one_teacher": N_("One person taught them all, the right and the wrong alike."),
    "opening_hours": N_("The opening hours changed, or the site was closed before."),
    "other_shifts": N_("Other shifts bring other people."),
    "other_visitors": N_("Some people prefer to be seen by this colleague."),
    "outreach": N_("Outreach workers invited many people for that time."),
    "passed_on": N_("A friend passed the card on because they could not come."),
    "relatives": N_("Relatives can have much the same code."),
    "rule_not_known": N_("Nobody had said that the cards are for others."),
    "shared_mistake": N_("A mistaken belief is common among these friends."),
    "talked_before": N_("They talked about the questions beforehand."),
}


def line_of(found: LiveSignal, language: str) -> Line:
    """A pattern in the reader's language, with what must be withheld left out."""
    gettext, signal = gettext_of(language), found.signal
    words = KINDS[signal.kind]
    scale = max(signal.of, 1) if words.is_mean else 1
    is_hidden = words.tells_of_people and _gives_somebody_away(signal.observed, signal.of)
    is_less = signal.observed < signal.expected and bool(words.fewer)
    return Line(
        key=found.key,
        title=gettext(words.fewer if is_less else words.title) % _places(found, language),
        counted=gettext(words.counted),
        observed=None if is_hidden else round(signal.observed / scale, 1),
        expected=round(signal.expected / scale, 1),
        of=None if words.is_mean or signal.kind == "busy_day" else signal.of,
        once_in=None if is_hidden else _once_in(signal.p),
        explanations=tuple(gettext(EXPLANATIONS[each]) for each in signal.explanations),
        advice=tuple(map(gettext, words.advice)),
        found=found,
        is_mean=words.is_mean,
    )


def _gives_somebody_away(observed: float, of: int) -> bool:
    """Whether those counted, or the rest, are so few that a person could be picked out."""
    return observed < THRESHOLD or of - observed < THRESHOLD


def _once_in(p: float) -> int:
    """How seldom chance alone does this, to one digit.

    >>> _once_in(0.00042), _once_in(0.0)
    (2000, 1000000)
    """
    seldom = min(RAREST, round(1 / p) if p > 1 / RAREST else RAREST)
    return round(seldom, 1 - len(str(seldom)))


def _places(found: LiveSignal, language: str) -> dict[str, str]:
    start: datetime | None = found.signal.subject.start
    return {
        "site": site_name(found.site, language) if found.site else "",
        "staff": found.staff.username if found.staff else "",
        "chains": " + ".join(found.chains),
        "day": format_date(start, "long", locale=language) if start else "",
        "time": f"{start:%H:%M}" if start else "",
    }
