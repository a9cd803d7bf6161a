"""How fast coupons are printed: ``python -m benchmarks.printing [--sheets N] [--rounds N]``.

Measures QR symbols a second of one core, beside the library's own default in the same run; A4 sheets of three
coupons a second; bytes a coupon, in blocks of many sheets and on a sheet printed alone; sheets printed in advance as one
file, read back; and the peak memory of the whole run. The peer's figures are pretix's: 11.9 tickets a second, 61 KB each, measured on a machine
of two cores. Exits with 1 where a target is missed.
"""

import argparse
import resource
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from statistics import median
from time import perf_counter, process_time

import numpy as np
import pypdfium2  # type: ignore[import-untyped]
import zxingcpp
from qrcode.image.svg import SvgPathImage
from qrcode.main import QRCode

from app.computations.pads import SET_AT_ONCE
from app.core.codes import new_code, new_token
from app.printing.design import design_names, find_design
from app.printing.joining import joined
from app.printing.qr import QUIET_ZONE, qr_modules, qr_svg
from app.printing.sheet import CouponFace, Sheet, sheet_pdf, sheet_pdfs

PEER_TICKETS_A_SECOND = 11.9
PEER_BYTES_A_TICKET = 61_000
SYMBOLS = 300

SITES = (
    ("Центр «Затишок»", "м. Полтава, вул. Соборності, буд. 24", "+380 53 200 00 00"),
    (
        "Центр «Поруч»",
        "м. Дніпро, просп. Науки, буд. 9, 2-й поверх, вхід із двору",
        "+380 56 200 00 00",
    ),
    ("Центр «Крок»", "м. Кривий Ріг, вул. Поштова, буд. 31", "+380 56 400 00 00"),
)


def main() -> int:
    """Measure, print a line a figure, and tell whether every target is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sheets", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    met = [_symbols(arguments.rounds)]
    met += [_sheets(name, arguments.sheets, arguments.rounds) for name in design_names()]
    met += [_pads(name, arguments.sheets) for name in design_names()]
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    met.append(_say("peak memory", f"{megabytes:.0f} MB", "≤ 300 MB", megabytes <= 300))
    return 0 if all(met) else 1


def _symbols(rounds: int) -> bool:
    tokens = [new_token().text for _ in range(SYMBOLS)]
    ours, default = [], []
    for _ in range(rounds):
        ours.append(SYMBOLS / _cpu_seconds(lambda: [qr_svg(token) for token in tokens]))
        default.append(30 / _cpu_seconds(lambda: [_default_svg(token) for token in tokens[:30]]))
    rate, default_rate = median(ours), median(default)
    read = sum(_decoded(token) == [token] for token in tokens)
    fast = _say("QR symbols", f"{rate:.0f}/s a core", "≥ 800/s", rate >= 800)
    _say(
        "  the library's default",
        f"{default_rate:.0f}/s",
        f"ours is {rate / default_rate:.1f} ×",
        None,
    )
    return _say("  decoded", f"{read} of {SYMBOLS}", "all", read == SYMBOLS) and fast


def _sheets(name: str, count: int, rounds: int) -> bool:
    design = find_design(name)
    rates, cpu, sizes = [], [], []
    for _ in range(rounds):
        sheets = [_sheet(number) for number in range(count)]
        wall, processor = perf_counter(), process_time()
        sizes = [len(pdf) for pdf in sheet_pdfs(sheets, design)]
        rates.append(3 * count / (perf_counter() - wall))
        cpu.append((process_time() - processor) / count)
    rate, size = median(rates), sum(sizes) / (3 * count)
    alone = len(sheet_pdf([_sheet(0)], design)) / 3
    times, part = rate / PEER_TICKETS_A_SECOND, PEER_BYTES_A_TICKET / size
    fast = _say(
        f"{name}: coupons on {count} sheets",
        f"{rate:.0f}/s, {1000 * median(cpu):.1f} ms CPU a sheet",
        f"≥ 20 × the peer: {times:.0f} ×",
        times >= 20,
    )
    small = _say(
        f"{name}: bytes a coupon", f"{size:.0f}", f"≤ 1/15 of the peer: 1/{part:.0f}", part >= 15
    )
    _say("  on a sheet printed alone", f"{alone:.0f}", f"1/{PEER_BYTES_A_TICKET / alone:.0f}", None)
    return fast and small


def _pads(name: str, count: int) -> bool:
    """A batch printed in advance: one file, every QR of it read again."""
    design = find_design(name)
    sheets = [_in_advance(_sheet(number)) for number in range(count)]
    wall, processor = perf_counter(), process_time()
    file = joined(sheet_pdfs(sheets, design, block=SET_AT_ONCE))
    wall, processor = perf_counter() - wall, process_time() - processor
    wanted = {face.qr_text for sheet in sheets for face in sheet.coupons}
    read = len(wanted & _read_back(file))
    _say(
        f"{name}: {count} sheets in one file",
        f"{wall:.0f} s, {processor:.0f} s CPU, {len(file) / 1e6:.1f} MB",
        "",
        None,
    )
    return _say("  decoded", f"{read} of {len(wanted)}", "all", read == len(wanted))


def _in_advance(sheet: Sheet) -> Sheet:
    faces = tuple(replace(each, usable_from=None, usable_until=None) for each in sheet.coupons)
    return replace(sheet, coupons=faces)


def _read_back(file: bytes) -> set[str]:
    document = pypdfium2.PdfDocument(file)
    found: set[str] = set()
    for page in document:
        dots = page.render(scale=120 / 72, grayscale=True).to_numpy()
        found |= {symbol.text for symbol in zxingcpp.read_barcodes(dots.reshape(dots.shape[:2]))}
        page.close()
    document.close()
    return found


def _sheet(number: int) -> Sheet:
    organisation, address, phone = SITES[number % len(SITES)]
    return Sheet(
        organisation=organisation,
        address=address,
        hours=("Пн–Пт 9:00–18:00", "Сб 10:00–15:00"),
        phone=phone,
        languages=("uk", "en"),
        coupons=tuple(
            CouponFace(new_token().text, new_code().digits, date(2026, 3, 12), date(2026, 4, 10))
            for _ in range(3)
        ),
    )


def _default_svg(token: str) -> str:
    symbol = QRCode(image_factory=SvgPathImage)
    symbol.add_data(token)
    return str(symbol.make_image().to_string())


def _decoded(token: str) -> list[str]:
    dark = np.pad(np.array(qr_modules(token)), QUIET_ZONE)
    image = np.where(np.kron(dark, np.ones((3, 3), dtype=bool)), 0, 255).astype(np.uint8)
    return [symbol.text for symbol in zxingcpp.read_barcodes(image)]


def _cpu_seconds(work: Callable[[], object]) -> float:
    start = process_time()
    work()
    return process_time() - start


def _say(what: str, figure: str, target: str, met: bool | None) -> bool:
    mark = {True: "met", False: "MISSED", None: ""}[met]
    sys.stdout.write(f"{what:34} {figure:>28}   {target:30} {mark}\n")
    return met is not False


if __name__ == "__main__":
    sys.exit(main())
