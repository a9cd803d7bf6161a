"""The whole report, from its title page to its definitions."""

from app.printing.report import Report
from app.web.figures.report.ahead import what_comes_next
from app.web.figures.report.definitions import definitions
from app.web.figures.report.estimated import estimates
from app.web.figures.report.facts import Facts
from app.web.figures.report.flowing import from_coupon_to_recruiter
from app.web.figures.report.reached import in_short, who_was_reached
from app.web.figures.report.recruitment import (
    chains,
    coupons,
    rules_in_force,
    seeds,
    who_recruits_whom,
)
from app.web.figures.report.voice import Voice


def report_of(facts: Facts) -> Report:
    """What is known of a programme, in the order in which studies of this kind are told.

    Source of the order: White and others (2015), "Strengthening the Reporting of Observational Studies in
    Epidemiology for respondent-driven sampling studies", Journal of Clinical Epidemiology 68.
    """
    voice = Voice(facts.language)
    _, made_on = voice.gettext, voice.day(facts.today)
    sections = (
        in_short(facts, voice),
        rules_in_force(facts, voice),
        who_was_reached(facts, voice),
        seeds(facts, voice),
        coupons(facts, voice),
        chains(facts, voice),
        who_recruits_whom(facts, voice),
        estimates(facts, voice),
        from_coupon_to_recruiter(facts, voice),
        what_comes_next(facts, voice),
        definitions(voice),
    )
    return Report(
        language=facts.language,
        title=facts.programme.name,
        subtitle=_("Report on reach and recruitment"),
        facts=((_("Period"), _period(facts, voice)), (_("Made on"), made_on)),
        remark=_(
            "This report names nobody. Counts below five, and those that would give them back, are "
            "withheld as on the pages. What is called a composition tells of the people reached; "
            "only what is called an estimate tells of the population."
        ),
        contents=_("Contents"),
        page_of=_("Page {page} of {pages}"),
        running=f"{facts.programme.name} · {made_on}",
        sections=sections,
    )


def _period(facts: Facts, voice: Voice) -> str:
    """From the week of the first people who may be told of to today."""
    weeks, today = facts.reach.course.weeks, voice.day(facts.today)
    if not len(weeks):
        return today
    first = voice.day(weeks[0].astype(object))
    return voice.gettext("{first} – {last}").format(first=first, last=today)
