"""One table on paper, A4, as many pages as it takes, with its heading on each."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from app.printing.typesetting import TypesettingError, forget, typeset

LAYOUT = Path(__file__).parent / "layouts" / "table.typ"
MOST_UPRIGHT = 5
LONG = 200  # rows, about twenty megabytes that Typst would remember
NARROWEST, WIDEST = 6, 36


@dataclass(frozen=True, slots=True)
class PrintedTable:
    """A table of finished words in the reader's language.

    Attributes:
        notes: what to know of the table, above it.
        running: the line at the head of every page.
        page_of: how pages are counted, with ``{page}`` and ``{pages}``.
        empty: what is said where there is no row.
        numbers: for each column, whether it is set at the right.
    """

    language: str
    title: str
    notes: tuple[str, ...]
    running: str
    page_of: str
    empty: str
    columns: tuple[str, ...]
    numbers: tuple[bool, ...]
    rows: Sequence[tuple[str, ...]]


def table_pdf(table: PrintedTable, *, strict: bool = False) -> bytes:
    """Set a table, lying where it has many columns; the same table gives the same bytes.

    The document is tagged (PDF/UA-1), unless someone typed a letter that our font does not have: the standard forbids
    the box that stands for it, and a table must not be lost for a letter.
    """
    data = asdict(table) | {"lying": len(table.columns) > MOST_UPRIGHT, "widths": _widths(table)}
    inputs = {"data": json.dumps(data, ensure_ascii=False)}
    try:
        return typeset(LAYOUT, inputs=inputs, standard="ua-1", strict=strict)
    except TypesettingError:
        if strict:
            raise
        return typeset(LAYOUT, inputs=inputs)
    finally:
        if len(table.rows) > LONG:
            forget()


def _widths(table: PrintedTable) -> list[int]:
    """How wide each column is beside the others: by its longest word or text, within bounds.

    Left to itself Typst gives the longest text what all the others then lack.
    """
    return [
        max(
            NARROWEST,
            *(len(word) + 1 for word in name.split()),
            *(min(len(row[column]) + 1, WIDEST) for row in table.rows),
        )
        for column, name in enumerate(table.columns)
    ]
