"""Tables to take away: CSV that a spreadsheet opens as text and numbers, never as formulas."""

import csv
from collections.abc import Iterable, Sequence
from decimal import Decimal
from io import StringIO

from fastapi import Response

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def csv_file(
    name: str, columns: Sequence[str], rows: Iterable[Sequence[str | float | Decimal | None]]
) -> Response:
    """A download in UTF-8, with the mark that tells a spreadsheet so. Numbers stay numbers."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return Response(
        out.getvalue().encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


def safe(cell: str | float | Decimal | None) -> str:
    """A cell that no spreadsheet takes for a formula.

    >>> safe("=1+1"), safe(-5), safe("Kyiv"), safe(None)
    ("'=1+1", '-5', 'Kyiv', '')
    """
    if cell is None:
        return ""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else str(cell)
