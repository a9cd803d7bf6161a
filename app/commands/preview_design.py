"""``pdi preview-design NAME FILE``: print a sheet of samples, to see what a change to a design does."""

import argparse
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from app.core.clock import utc_now
from app.core.training import training_digits, training_token
from app.printing.design import DESIGNS, Design, DesignError, design_names, find_design
from app.printing.sheet import CouponFace, Sheet, sheet_pdf

LONG_ADDRESS = (
    "Дніпропетровська область, місто Кам'янське, проспект Свободи, будинок 147-Б, корпус 3, 2-й поверх, "
    "кабінет 214, вхід із двору через арку поруч із аптекою"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.description = "Print a sheet of samples of a coupon design as a PDF."
    parser.add_argument("name", help=f"the design's folder: {', '.join(design_names())}")
    parser.add_argument("file", type=Path, help="the PDF to write")
    parser.add_argument(
        "--designs", type=Path, default=DESIGNS, help="where the design folders are"
    )
    parser.add_argument("--language", action="append", help="print this one only; may be repeated")


def run(arguments: argparse.Namespace) -> int:
    """Write the samples and say where; 1 when the design is wrong, with its file and line."""
    try:
        design = find_design(arguments.name, arguments.designs)
        languages = tuple(arguments.language or design.languages)
        pdf = sheet_pdf(sample_sheets(design, languages), design, strict=True)
    except DesignError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    arguments.file.write_bytes(pdf)
    sys.stdout.write(f"{design.name}: {', '.join(languages)}: {arguments.file}\n")
    return 0


def sample_sheets(design: Design, languages: tuple[str, ...]) -> list[Sheet]:
    """Give a full sheet, one with a long address and fewer coupons, and one that is printed in advance."""
    usual = Sheet(
        organisation="Центр «Затишок»",
        address="м. Полтава, вул. Соборності, 24",
        hours=("Пн–Пт 9:00–18:00", "Сб 10:00–15:00"),
        phone="+380 53 200 00 00",
        languages=languages,
        coupons=_sample_coupons(design.coupons),
    )
    crowded = Sheet(
        organisation="Громадська організація «Дніпровський центр взаємодопомоги»",
        address=LONG_ADDRESS,
        hours=("Понеділок – п'ятниця 9:00–18:00", "Субота 10:00–15:00", "Неділя: зачинено"),
        phone="+380 56 200 00 00, +380 67 200 00 00",
        languages=languages,
        coupons=_sample_coupons(max(1, design.coupons - 1)),
    )
    in_advance = _sample_coupons(design.coupons, in_advance=True)
    return [usual, crowded, replace(usual, coupons=in_advance)]


def _sample_coupons(count: int, *, in_advance: bool = False) -> tuple[CouponFace, ...]:
    first = utc_now().date() + timedelta(days=1)
    return tuple(
        CouponFace(
            qr_text=training_token("good", number),
            digits=training_digits("good", number),
            usable_from=None if in_advance else first,
            usable_until=None if in_advance else first + timedelta(days=29),
            training=True,
        )
        for number in range(count)
    )
