"""How the report writes numbers and tables in a language, the same way as the pages do."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import TypeGuard

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from app.core.i18n import with_minus
from app.printing.report import Table
from app.web.figures.files import Cell
from app.web.figures.reach import Line
from app.web.figures.words import WITHHELD, gettext_of

NOTHING = "–"


def _is_known(value: float | None) -> TypeGuard[float]:
    return value is not None and isfinite(value)


@dataclass(frozen=True)
class Voice:
    """A reader's language; ``None`` is withheld where it is a count, and nothing where it is a share."""

    language: str

    @property
    def gettext(self) -> Callable[[str], str]:
        return gettext_of(self.language)

    def count(self, n: int | None) -> str:
        return WITHHELD if n is None else self.number(n)

    def number(self, n: float) -> str:
        return with_minus(format_decimal(n, locale=self.language))

    def decimal(self, value: float | None) -> str:
        if not _is_known(value):
            return NOTHING
        return with_minus(format_decimal(value, "#,##0.00", locale=self.language))

    def percent(self, share: float | None) -> str:
        if not _is_known(share):
            return NOTHING
        return str(format_percent(share, "#,##0.0 %", locale=self.language))

    def interval(self, low: float | None, high: float | None) -> str:
        if not (_is_known(low) and _is_known(high)):
            return NOTHING
        return f"{self.percent(low)} – {self.percent(high)}".replace(" ", "\N{NO-BREAK SPACE}")

    def day(self, day: date, pattern: str = "long") -> str:
        return str(format_date(day, pattern, locale=self.language))

    def lines(
        self,
        caption: str,
        first: str,
        lines: Iterable[Line],
        *,
        others: str,
        name: Callable[[Line], str],
    ) -> Table:
        """Groups by sex, as the tables of the reach page."""
        _ = self.gettext
        interval = _("95 %% interval") % ()
        columns = (_("people"), _("women"), others, _("not known"), _("share of women"), interval)
        rows = tuple(
            (
                name(line),
                *map(self.count, (line.people, line.women, line.others, line.not_known)),
                self.percent(line.share),
                self.interval(line.low, line.high),
            )
            for line in lines
        )
        return Table(caption, (first, *columns), rows)

    def table(
        self,
        caption: str,
        rows: Sequence[Sequence[Cell]],
        *,
        shares: Sequence[int] = (),
        numbers_from: int = 1,
    ) -> Table:
        """The table behind a picture of a page, its heading first; ``shares`` are columns of shares."""
        columns, *lines = rows
        told = tuple(
            tuple(self.cell(cell, is_share=i in shares) for i, cell in enumerate(line))
            for line in lines
        )
        return Table(caption, tuple(map(str, columns)), told, numbers_from=numbers_from)

    def cell(self, cell: Cell, *, is_share: bool = False) -> str:
        if cell is None or isinstance(cell, str):
            return cell or NOTHING
        if is_share:
            return self.percent(cell)
        return self.number(cell) if isinstance(cell, int) else self.decimal(cell)

    def numbered(
        self, caption: str, columns: tuple[str, str], counts: Sequence[int | None]
    ) -> Table:
        """Counts by 0, 1, 2 and so on."""
        return Table(
            caption, columns, tuple((self.number(i), self.count(n)) for i, n in enumerate(counts))
        )
