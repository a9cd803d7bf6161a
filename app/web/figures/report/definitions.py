"""What each figure of the report is, in a sentence, and where the way of reckoning comes from."""

from app.core.i18n import N_
from app.printing.report import Definitions, Section
from app.web.figures.report.voice import Voice

ENTRIES = (
    (
        N_("People reached"),
        N_(
            "Everyone who came with a coupon and was found eligible, and the seeds; walk-ins are "
            "counted apart."
        ),
    ),
    (
        N_("Composition"),
        N_(
            "The plain share of those reached. It tells of them, not of the population, because "
            "people with many acquaintances are reached more easily."
        ),
    ),
    (
        N_("95 % interval of a composition"),
        N_(
            "How far the share may be off by chance: of a hundred such intervals, about 95 hold the "
            "truth. Wilson (1927), Journal of the American Statistical Association 22."
        ),
    ),
    (N_("Seed"), N_("A person with whom a chain begins, chosen by the programme.")),
    (
        N_("Wave"),
        N_("How many recruitments lie between a person and the seed of the chain; seeds are 0."),
    ),
    (
        N_("Matured redemption rate"),
        N_(
            "Of the coupons whose last day is past, the share that was redeemed. Coupons that can "
            "still come are left out of both numbers."
        ),
    ),
    (
        N_("Growing, stalled, ended"),
        N_(
            "A chain has ended when nobody in it has a live coupon; it is stalled when there are "
            "some but nobody has come for as many days as the rules of the programme say."
        ),
    ),
    (
        N_("Who recruits whom"),
        N_(
            "Recruits by the sex of the recruiter and their own: Heckathorn (1997), Social Problems 44."
        ),
    ),
    (
        N_("RDS-I"),
        N_(
            "From who recruits whom and the mean number of people each sex knows: Salganik and "
            "Heckathorn (2004), Sociological Methodology 34."
        ),
    ),
    (
        N_("RDS-II"),
        N_(
            "Each person counts by one over the number of people known: Volz and Heckathorn (2008), "
            "Journal of Official Statistics 24."
        ),
    ),
    (
        N_("Gile's successive sampling"),
        N_(
            "As RDS-II, but nobody can come twice: Gile (2011), Journal of the American Statistical "
            "Association 106."
        ),
    ),
    (
        N_("Tree bootstrap"),
        N_(
            "Intervals from chains drawn anew, person by person, as they grew: Baraff, McCormick "
            "and Raftery (2016), Proceedings of the National Academy of Sciences 113."
        ),
    ),
    (
        N_("Homophily"),
        N_(
            "How much people recruit their own sex beyond its share: Heckathorn (2002), Social "
            "Problems 49."
        ),
    ),
    (
        N_("How the estimate settled"),
        N_(
            "The estimate from the first people who came, as they became more: Gile, Johnston and "
            "Salganik (2015), Journal of the Royal Statistical Society A 178."
        ),
    ),
    (
        N_("Days until a coupon comes back"),
        N_(
            "The share of all coupons redeemed by each day, where coupons that are still out are "
            "followed up to today: Aalen and Johansen (1978), Scandinavian Journal of Statistics 5."
        ),
    ),
    (
        N_("Reproduction number"),
        N_(
            "How many times as large a wave is as the one before in the long run, from how many "
            "women and others each brings, by sex. Below 1, recruitment ends by itself."
        ),
    ),
    (
        N_("What comes next"),
        N_(
            "Two thousand futures, drawn from how soon coupons came back, how many each person "
            "brought and whom; an interval holds so many in ten of them."
        ),
    ),
    (
        N_("Withheld counts"),
        N_(
            "A count below five, and the smallest others that would give it back, are written <5*, "
            "the same as on the pages, so that nobody can be picked out of a small group."
        ),
    ),
    (
        N_("Order of this report"),
        N_(
            "It follows what STROBE-RDS asks of studies: White and others (2015), Journal of "
            "Clinical Epidemiology 68."
        ),
    ),
)


def definitions(voice: Voice) -> Section:
    """The last section."""
    _ = voice.gettext
    entries = tuple((_(term), _(meaning)) for term, meaning in ENTRIES)
    return Section(_("What the figures mean"), (Definitions(entries),))
