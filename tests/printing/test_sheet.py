"""Sheets as they come out of the printer: read by a person, scanned by a desk, cut with scissors."""

from dataclasses import replace
from datetime import date
from functools import reduce
from itertools import permutations
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from app.core.codes import group
from app.printing.design import Design, DesignError, design_names, find_design
from app.printing.sheet import Sheet, sheet_pdf, sheet_pdfs
from app.printing.wording import telling_words
from tests.printing.sheets import a_coupon, a_sheet, folded, look_at, rasterised

CARD_EDGES = {"classic": (99, 198), "card": (84, 138)}

LONG_ADDRESS = (
    "Дніпропетровська область, Кам'янський район, місто Кам'янське, проспект Свободи, будинок 147-Б, корпус 3, "
    "2-й поверх, кабінет 214, вхід із двору через арку поруч із аптекою, домофон 36"
)
HOSTILE = {
    "source": '#panic("x") #read("design.toml") #import "@preview/x:1.0.0": *',
    "markup": "*bold* _em_ $x^2$ <label> @reference = head // comment /* more",
    "quotes": "\"double\" 'single' \\\\ \\u{41} `raw` [block] {code}",
    "markup of pictures": "</svg><script>alert(1)</script>&lt;",
    "right to left": "مركز المساعدة، شارع الحرية ١٢",
    "reversed": "\N{RIGHT-TO-LEFT OVERRIDE}вул. Соборності\N{POP DIRECTIONAL FORMATTING}",
    "control": "a\x00b\x07c\u2028d\nfull\ttab",
    "emoji": "🏠 вул. Нова 👩🏽‍⚕️",
    "no blanks": "Ж" * 3000,
    "endless": "слово " * 3000,
    "nothing": "",
}


@pytest.fixture(params=design_names())
def design(request: pytest.FixtureRequest) -> Design:
    return find_design(str(request.param))


def languages_of_every_design() -> list[tuple[str, tuple[str, ...]]]:
    return [
        (name, languages)
        for name in design_names()
        for languages in [
            *permutations(find_design(name).languages),
            *((it,) for it in find_design(name).languages),
        ]
    ]


def printed(sheet: Sheet, design: Design) -> bytes:
    return sheet_pdf([sheet], design, strict=True)


def a_crowded_sheet() -> Sheet:
    return a_sheet(
        organisation="Громадська організація «Дніпровський центр підтримки громад і взаємодопомоги»",
        address=LONG_ADDRESS,
        hours=("Понеділок – п'ятниця 9:00–18:00", "Субота 10:00–15:00", "Неділя: зачинено"),
        phone="+380 56 200 00 00, +380 67 200 00 00",
    )


def ink_beside_the_cuts(pdf: bytes, design: Design) -> bool:
    """Tell whether there is ink 1.5 to 3 mm above and below each cut between cards, but for lines that cross it."""
    image = rasterised(pdf, dots_an_inch=127)
    bands = [
        image[round((edge + offset) * 5) : round((edge + offset + 1.5) * 5), 60:]
        for edge in CARD_EDGES[design.folder.name]
        for offset in (-3, 1.5)
    ]
    crossing = np.logical_and.reduce([(band < 250).any(axis=0) for band in bands])
    return any((band < 250)[:, ~crossing].any() for band in bands)


@pytest.mark.parametrize(("name", "languages"), languages_of_every_design())
@pytest.mark.parametrize("coupons", [1, 2, 3])
def test_every_qr_is_read_by_another_decoder_and_every_word_is_there(
    name: str, languages: tuple[str, ...], coupons: int
) -> None:
    design, sheet = find_design(name), a_sheet(coupons=coupons, languages=languages)
    (page,) = look_at(printed(sheet, design))
    assert [symbol.text for symbol in page.symbols] == [coupon.qr_text for coupon in sheet.coupons]
    expected = [sheet.organisation, sheet.address, sheet.phone, *sheet.hours]
    expected += [design.texts[language]["promise"] for language in languages]
    for text in expected:
        assert folded(page.text).count(folded(text)) == coupons
    for coupon in sheet.coupons:
        assert folded(group(coupon.digits)) in folded(page.text)


def test_the_dates_stand_in_words_of_both_languages(design: Design) -> None:
    (page,) = look_at(printed(a_sheet(), design))
    text = folded(page.text).casefold()
    assert folded("from 12 march to 10 april 2026") in text
    assert folded("з 12 березня до 10 квітня 2026 р.") in text


def test_a_page_is_a4_and_its_codes_are_large_enough_to_scan(design: Design) -> None:
    (page,) = look_at(printed(a_sheet(), design))
    assert page.size == pytest.approx((210, 297), abs=0.1)
    assert all(symbol.side >= 22 and symbol.quiet for symbol in page.symbols)


def test_nothing_printed_tells_what_the_programme_is_about(design: Design) -> None:
    (page,) = look_at(printed(a_sheet(languages=design.languages), design))
    assert telling_words(page.text) == ()


def test_a_long_ukrainian_address_stays_whole_and_on_its_card(design: Design) -> None:
    sheet = a_crowded_sheet()
    pdf = printed(sheet, design)
    (page,) = look_at(pdf)
    for text in (sheet.organisation, sheet.address, *sheet.hours):
        assert folded(page.text).count(folded(text)) == 3
    assert not ink_beside_the_cuts(pdf, design)
    assert len(page.symbols) == 3


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_printed_as_text_or_cut_off_and_never_run(
    text: str, design: Design
) -> None:
    sheet = a_sheet(organisation=text, address=text, hours=(text,) * 12, phone=text)
    pdf = printed(sheet, design)
    (page,) = look_at(pdf)
    assert [symbol.text for symbol in page.symbols] == [coupon.qr_text for coupon in sheet.coupons]
    assert all(symbol.quiet for symbol in page.symbols)
    assert not ink_beside_the_cuts(pdf, design)


@pytest.mark.parametrize("key", ["source", "markup", "quotes", "markup of pictures"])
def test_what_looks_like_source_is_seen_on_paper_as_it_was_typed(key: str, design: Design) -> None:
    (page,) = look_at(printed(a_sheet(address=HOSTILE[key]), design))
    assert folded(HOSTILE[key]) in folded(page.text)


def test_a_training_coupon_is_marked_and_the_others_are_not(design: Design) -> None:
    sheet = a_sheet(coupons=(a_coupon(training=True), a_coupon(), a_coupon()))
    (page,) = look_at(printed(sheet, design))
    assert page.text.count("ЗРАЗОК") == 1
    assert len(page.symbols) == 3


def test_every_sheet_is_one_page_in_the_order_given(design: Design) -> None:
    sheets = [
        a_crowded_sheet(),
        a_sheet(coupons=1),
        a_sheet(address=HOSTILE["endless"]),
        a_sheet(coupons=2),
    ]
    pages = look_at(sheet_pdf(sheets, design))
    assert [[symbol.text for symbol in page.symbols] for page in pages] == [
        [coupon.qr_text for coupon in sheet.coupons] for sheet in sheets
    ]


def test_many_sheets_come_in_blocks_and_none_is_lost() -> None:
    sheets = [a_sheet(coupons=1) for _ in range(5)]
    blocks = [look_at(pdf) for pdf in sheet_pdfs(iter(sheets), find_design("card"), block=2)]
    assert [len(block) for block in blocks] == [2, 2, 1]
    read = [page.symbols[0].text for block in blocks for page in block]
    assert read == [sheet.coupons[0].qr_text for sheet in sheets]


def test_the_same_sheet_gives_the_same_bytes_and_no_date_of_printing(design: Design) -> None:
    sheet = a_sheet()
    pdf = printed(sheet, design)
    assert pdf == printed(sheet, design)
    assert b"CreationDate" not in pdf


def test_a_year_is_said_twice_when_the_days_lie_in_two(design: Design) -> None:
    over_new_year = a_coupon(usable_from=date(2026, 12, 20), usable_until=date(2027, 1, 18))
    (page,) = look_at(printed(a_sheet(coupons=(over_new_year,)), design))
    assert folded("20 December 2026 to 18 January 2027") in folded(page.text)
    assert folded("20 грудня 2026 р. до 18 січня 2027 р.") in folded(page.text)


def test_a_language_without_words_is_refused_by_name(design: Design) -> None:
    with pytest.raises(DesignError, match=r"texts\.toml: has no words in 'ka'; add a part \[ka\]"):
        sheet_pdf([a_sheet(languages=("uk", "ka"))], design)


def test_more_coupons_than_a_design_has_room_for_are_refused(design: Design) -> None:
    with pytest.raises(DesignError, match="has room for 3 coupons on a page, not 4"):
        sheet_pdf([a_sheet(coupons=4)], design)


def test_a_sheet_without_coupons_or_languages_is_no_sheet() -> None:
    with pytest.raises(ValueError, match="at least one"):
        a_sheet(coupons=())
    with pytest.raises(ValueError, match="at least one"):
        a_sheet(languages=())


def test_nothing_to_print_is_refused_and_no_blocks_come_of_it(design: Design) -> None:
    assert list(sheet_pdfs([], design)) == []
    with pytest.raises(ValueError, match="nothing to print"):
        sheet_pdf([], design)


def undated(sheet: Sheet) -> Sheet:
    faces = tuple(replace(each, usable_from=None, usable_until=None) for each in sheet.coupons)
    return replace(sheet, coupons=faces)


@pytest.mark.parametrize("languages", [("uk", "en"), ("en", "uk"), ("en",), ("uk",)])
def test_a_card_printed_in_advance_says_in_every_language_where_the_last_day_goes(
    design: Design, languages: tuple[str, ...]
) -> None:
    sheet = undated(a_sheet(languages=languages))
    (page,) = look_at(printed(sheet, design))

    text = folded(page.text)
    for language in languages:
        assert text.count(folded(design.words(language)["last_day"])) == 3
    without_codes = reduce(lambda left, each: left.replace(each.digits, ""), sheet.coupons, text)
    assert len(without_codes) < len(text)
    assert "2026" not in without_codes
    assert [symbol.text for symbol in page.symbols] == [each.qr_text for each in sheet.coupons]
    assert all(symbol.quiet for symbol in page.symbols)


def test_a_training_card_carries_its_lesson_beside_the_mark(design: Design) -> None:
    faces = tuple(
        a_coupon(training=True, lesson=lesson) for lesson in ("used before", "expired", "good")
    )
    (page,) = look_at(printed(a_sheet(coupons=faces), design))

    assert page.text.count("SAMPLE") == 3
    assert all(face.lesson in page.text for face in faces)


def test_a_design_without_the_words_for_the_last_day_says_so(tmp_path: Path) -> None:
    folder = Path(copytree(find_design("card").folder, tmp_path / "ours"))
    texts = folder / "texts.toml"
    lines = texts.read_text("utf-8").splitlines(keepends=True)
    texts.write_text("".join(line for line in lines if not line.startswith("last_day")), "utf-8")
    ours = Design.load(folder)

    sheet_pdf([a_sheet()], ours)
    with pytest.raises(DesignError, match=r"\[uk\] has no text 'last_day'"):
        sheet_pdf([undated(a_sheet())], ours)
