"""A report on paper: its words, its pages, its headings, and what readers without eyes are told."""

import pypdfium2  # type: ignore[import-untyped]
import pytest

from app.printing.report import (
    Caution,
    Definitions,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Picture,
    Report,
    Section,
    Table,
    report_pdf,
)
from app.printing.typesetting import TypesettingError

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 30" width="90"><text y="20">ґєії</text></svg>'
ROWS = tuple((f"тиждень {week}", str(week), "<5*") for week in range(90))
SECTIONS = (
    Section(
        "Кого охоплено",
        (
            Paragraph("Склад охоплених, а не оцінка."),
            KeyFigures((KeyFigure("Люди", "1 234", "з них 12 сідів"),)),
            Caution("Замало хвиль."),
        ),
        parts=(
            Section("За тижнями", (Table("Тижні", ("тиждень", "люди", "жінки"), ROWS),)),
            Section("За сайтами", (Picture(SVG, "Сайти", "Смужка для кожного сайту"),)),
        ),
    ),
    Section("Означення", (Definitions((("Хвиля", "Скільки кроків від сіда."),)),)),
)


def a_report(sections: tuple[Section, ...] = SECTIONS, *, language: str = "uk") -> Report:
    return Report(
        language=language,
        title="Програма «Ґанок»",
        subtitle="Звіт",
        facts=(("Складено", "22 листопада 2026 р."),),
        remark="Без імен.",
        contents="Зміст",
        page_of="сторінка {page} з {pages}",
        running="Ґанок, 22.11.2026",
        sections=sections,
    )


def pages_of(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    pages = [page.get_textpage().get_text_range() for page in document]
    document.close()
    return pages


def test_everything_that_was_given_is_printed() -> None:
    text = " ".join(" ".join(pages_of(report_pdf(a_report(), strict=True))).split())
    for words in (
        "Програма «Ґанок»",
        "22 листопада 2026 р.",
        "Склад охоплених, а не оцінка.",
        "1 234",
        "Замало хвиль.",
        "тиждень 89",
        "<5*",
        "ґєії",
        "Скільки кроків від сіда.",
    ):
        assert words in text


def test_every_page_tells_its_number_of_all() -> None:
    pages = pages_of(report_pdf(a_report()))
    assert 4 <= len(pages) <= 7
    for number, page in enumerate(pages, start=1):
        assert f"сторінка {number} з {len(pages)}" in page


def test_a_long_table_says_its_columns_on_every_page() -> None:
    pages = [page for page in pages_of(report_pdf(a_report())) if "<5*" in page]
    assert len(pages) > 1
    assert all("жінки" in page for page in pages)


def test_headings_can_be_walked() -> None:
    document = pypdfium2.PdfDocument(report_pdf(a_report()))
    walked = [(mark.level, mark.get_title()) for mark in document.get_toc()]
    document.close()
    assert [level for level, _ in walked] == [0, 1, 1, 0]
    assert "Кого охоплено" in walked[0][1]


def test_it_is_tagged_for_those_who_hear_it() -> None:
    document = pypdfium2.PdfDocument(report_pdf(a_report()))
    assert document.is_tagged()
    assert document.get_metadata_value("Title") == "Програма «Ґанок»"
    document.close()


def test_every_font_is_in_the_file() -> None:
    pdf = report_pdf(a_report())
    assert b"Identity-H" in pdf
    assert pdf.count(b"/FontDescriptor") >= 1
    assert b"/FontFile3" in pdf or b"/FontFile2" in pdf


def test_words_are_never_read_as_source() -> None:
    source = "#panic() *a* _b_ $x$ @c <d> \\ = e"
    words = (Paragraph(source), Table(source, (source,), ((source,),)))
    text = " ".join("".join(pages_of(report_pdf(a_report((Section("T", words),))))).split())
    assert text.count(source) >= 3


def test_the_same_report_gives_the_same_bytes() -> None:
    assert report_pdf(a_report()) == report_pdf(a_report())


def test_a_row_that_has_other_columns_than_its_table_is_refused() -> None:
    with pytest.raises(ValueError, match="other columns"):
        Table("T", ("a", "b"), (("1",),))


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(TypesettingError):
        report_pdf(a_report((Section("T", (Picture("<p/>", "c", "d"),)),)))
