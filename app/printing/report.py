"""A report on paper: sections of words, figures, pictures and tables become an A4 document.

It knows nothing of what it prints. Everything comes in as finished words in the reader's language, so a number on paper
is the number on the page it was taken from. The document is tagged (PDF/UA-1): headings can be walked, and pictures
are told to those who cannot see them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.printing.picture import in_our_font
from app.printing.typesetting import typeset

LAYOUT = Path(__file__).parent / "layouts" / "report.typ"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Words; soft ones are a remark below a table or picture."""

    text: str
    is_soft: bool = False


@dataclass(frozen=True, slots=True)
class Caution:
    """What to bear in mind with the figures round it."""

    text: str


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One number, what it is, and what to know of it."""

    name: str
    value: str
    remark: str = ""


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """Numbers to be seen first, side by side."""

    figures: tuple[KeyFigure, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG, what it is called (nothing where its section says so), and what it tells those who cannot see it.

    ``share`` is how much of the text's width it takes at most.
    """

    svg: str
    caption: str
    description: str
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of finished words under their columns; the first column is what a row is about.

    Columns from ``numbers_from`` on are numbers, set at the right.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers_from: int = 1

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"a row of {self.caption!r} has other columns than the table")


@dataclass(frozen=True, slots=True)
class Definitions:
    """Words and what they mean."""

    entries: tuple[tuple[str, str], ...]


Block = Paragraph | Caution | KeyFigures | Picture | Table | Definitions


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it, with smaller sections at its end."""

    title: str
    blocks: tuple[Block, ...]
    parts: tuple["Section", ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A whole document.

    Attributes:
        language: a code, such as ``uk``.
        facts: what the title page says below the title: a name and a value each.
        page_of: how pages are counted, with ``{page}`` and ``{pages}``.
        running: the line at the foot of every page, beside its number.
    """

    language: str
    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    remark: str
    contents: str
    page_of: str
    running: str
    sections: tuple[Section, ...]


def report_pdf(report: Report, *, strict: bool = False) -> bytes:
    """Set a report; the same report gives the same bytes.

    Raises:
        TypesettingError: a picture is none.
    """
    data = {
        "language": report.language,
        "title": report.title,
        "subtitle": report.subtitle,
        "facts": report.facts,
        "remark": report.remark,
        "contents": report.contents,
        "page_of": report.page_of,
        "running": report.running,
        "sections": _sections(report.sections, level=1),
    }
    text = json.dumps(data, ensure_ascii=False)
    return typeset(LAYOUT, inputs={"data": text}, standard="ua-1", strict=strict)


def _sections(sections: Sequence[Section], *, level: int) -> list[dict[str, Any]]:
    """Sections and their parts one after another, each with the level of its heading."""
    flat: list[dict[str, Any]] = []
    for section in sections:
        blocks = [_block(block) for block in section.blocks]
        flat.append({"title": section.title, "level": level, "blocks": blocks})
        flat += _sections(section.parts, level=level + 1)
    return flat


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Paragraph(text, is_soft):
            return {"kind": "remark" if is_soft else "paragraph", "text": text}
        case Caution(text):
            return {"kind": "warning", "text": text}
        case KeyFigures(figures):
            cells = [{"name": f.name, "value": f.value, "remark": f.remark} for f in figures]
            return {"kind": "figures", "figures": cells}
        case Picture(svg, caption, description, share):
            return {
                "kind": "picture",
                "svg": in_our_font(svg),
                "caption": caption,
                "description": description,
                "share": share,
            }
        case Table(caption, columns, rows, numbers_from):
            return {
                "kind": "table",
                "caption": caption,
                "columns": columns,
                "rows": rows,
                "numbers_from": numbers_from,
            }
        case Definitions(entries):
            return {"kind": "definitions", "entries": entries}
