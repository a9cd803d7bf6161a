"""Pictures and chains to take away; tables for spreadsheets are ``app.web.csv_file``'s."""

import csv
import io
from collections.abc import Iterable, Sequence
from enum import StrEnum

from fastapi import Response

from app.printing.picture import svg_to_png

PNG_WIDTH = 1600

Cell = str | int | float | None


class Form(StrEnum):
    CSV = "csv"
    SVG = "svg"
    PNG = "png"
    GRAPHML = "graphml"


MEDIA = {
    Form.CSV: "text/csv; charset=utf-8",
    Form.SVG: "image/svg+xml",
    Form.PNG: "image/png",
    Form.GRAPHML: "application/graphml+xml",
}


def plain_csv(rows: Iterable[Sequence[Cell]]) -> str:
    """Comma-separated text for programs."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def download(content: str | bytes, form: Form, *, name: str) -> Response:
    """A file with its name; ``name`` is ASCII, without the ending."""
    return Response(
        content,
        media_type=MEDIA[form],
        headers={"Content-Disposition": f'attachment; filename="{name}.{form.value}"'},
    )


def picture(svg: str, form: Form, *, name: str) -> Response:
    """A picture as it is, or drawn as PNG."""
    return download(svg if form is Form.SVG else svg_to_png(svg, PNG_WIDTH), form, name=name)
