"""The pictures and tables of the page of estimates, in the reader's language."""

from collections.abc import Mapping, Sequence
from math import isfinite

from analysis import plots
from analysis.arrays import FloatArray
from analysis.convergence import Course
from app.web.figures.estimate_words import BOOTSTRAPS, NAMES
from app.web.figures.estimates import Courses, Row, shares
from app.web.figures.files import Cell
from app.web.figures.words import WITHHELD, gettext_of, writing

WIDE, NARROW = 760, 320


def draw_estimates(rows: Sequence[Row], *, mark: float, language: str, width: int) -> str:
    """A point for each estimator, with its interval where it has been computed."""
    _ = gettext_of(language)
    return plots.draw_estimates(
        [_(NAMES[row.estimator]) for row in rows],
        share=shares(rows, "share"),
        low=shares(rows, "low"),
        high=shares(rows, "high"),
        is_estimate=[row.is_estimate for row in rows],
        mark=mark,
        words=plots.EstimateWords(
            title=_("Share of women, by each way of estimating"),
            description=_("A point for each way of estimating, with its 95 % interval."),
            mark=_("mark"),
            none=_("cannot be estimated"),
        ),
        writing=writing(language),
        width=width,
    )


def draw_convergence(courses: Courses, *, language: str, width: int) -> str:
    """How the estimate settled as people came."""
    return plots.draw_convergence(
        courses.whole.people,
        _women(courses.whole),
        words=_course_words(language, gettext_of(language)("How the estimate settled")),
        writing=writing(language),
        width=width,
    )


def draw_chains(courses: Courses, labels: Mapping[int, str], *, language: str, width: int) -> str:
    """The same within each large chain."""
    return plots.draw_bottleneck(
        [plots.Trace(labels[seed], each.people, _women(each)) for seed, each in courses.chains],
        words=_course_words(language, gettext_of(language)("The estimate within each large chain")),
        writing=writing(language),
        width=width,
    )


def estimates_table(rows: Sequence[Row], language: str) -> list[list[Cell]]:
    """Its first row is the heading."""
    _ = gettext_of(language)
    heading: list[Cell] = [
        _("way of estimating"),
        _("share of women"),
        _("interval from"),
        _("interval to"),
        _("standard error"),
        _("design effect"),
        _("interval by"),
        _("replicates"),
        _("people counted"),
        _("left out"),
    ]
    return [heading, *(_cells(row, language) for row in rows)]


def course_table(course: Course, language: str) -> list[list[Cell]]:
    """Its first row is the heading."""
    _ = gettext_of(language)
    told = zip(course.people.tolist(), _women(course).tolist(), strict=True)
    return [
        [_("people who had come"), _("share of women")],
        *([people, round(share, 3)] for people, share in told if isfinite(share)),
    ]


def chains_table(courses: Courses, labels: Mapping[int, str], language: str) -> list[list[Cell]]:
    """All chains that are drawn, one below the other; its first row is the heading."""
    _ = gettext_of(language)
    heading = course_table(courses.whole, language)[0]
    return [
        [_("chain"), *heading],
        *(
            [labels[seed], *row]
            for seed, each in courses.chains
            for row in course_table(each, language)[1:]
        ),
    ]


def _cells(row: Row, language: str) -> list[Cell]:
    _ = gettext_of(language)
    return [
        _(NAMES[row.estimator]),
        *(
            None if value is None else round(value, 4)
            for value in (row.share, row.low, row.high, row.se, row.design_effect)
        ),
        _(BOOTSTRAPS[row.bootstrap]) if row.bootstrap else None,
        row.replicates,
        *(WITHHELD if n is None else n for n in (row.used, row.left_out)),
    ]


def _women(course: Course) -> FloatArray:
    return course.share[:, 0]


def _course_words(language: str, title: str) -> plots.ConvergenceWords:
    _ = gettext_of(language)
    return plots.ConvergenceWords(
        title=title,
        description=_(
            "RDS-II from the first people who came, as they became more, and a band round what it "
            "is for all of them."
        ),
        share=_("Estimate from the first people who came"),
        people=_("People, in the order they came"),
        nothing=_("Too few people for this picture yet."),
    )
