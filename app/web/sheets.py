"""Bundles and pads as printable sheets: what goes on them, and nothing else."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TypeVar

from babel import Locale

from app.core.training import LESSONS, training_digits, training_token
from app.domain.coupons.queries import Bundle, PrintedCoupon
from app.domain.pads.queries import Name
from app.domain.programmes.queries import ProgrammeFacts, SiteFacts
from app.printing.sheet import CouponFace, Sheet

# Enough good training cards to go through a visit more than once.
GOOD_CARDS = 3
# By how many days the first day of a training card lies from today.
SHIFTED = {"expired": -40, "not_yet": 7}

Card = TypeVar("Card")

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def sheet_of(bundle: Bundle, programme: ProgrammeFacts, site: SiteFacts) -> Sheet:
    """The sheet of a bundle in the programme's languages, its first language setting name and address."""
    faces = [
        CouponFace(
            qr_text=qr_text(coupon, programme),
            digits=coupon.code,
            usable_from=coupon.state.usable_from,
            usable_until=coupon.state.usable_until,
        )
        for coupon in bundle.coupons
    ]
    return _sheet(faces, programme, site)


def pad_sheets(
    pads: Iterable[Sequence[Name]], programme: ProgrammeFacts, site: SiteFacts, *, room: int
) -> Iterator[Sheet]:
    """The sheets of pads, with a place for the last day; a pad of more cards than a page has room for goes on.

    A bundle's cards stay in their order from the top of the page.
    """
    for pad in pads:
        for some in _pages(pad, room):
            faces = [
                CouponFace(_in_address(token.text, programme), code.digits, None, None)
                for code, token in some
            ]
            yield _sheet(faces, programme, site)


def training_sheets(
    programme: ProgrammeFacts,
    site: SiteFacts,
    lessons: Mapping[str, str],
    *,
    today: date,
    room: int,
) -> list[Sheet]:
    """Cards to practise with: some good ones and one for each other lesson, by its name in words."""
    wanted = [("good", number) for number in range(GOOD_CARDS)]
    wanted += [(lesson, 0) for lesson in LESSONS if lesson != "good"]
    faces = [
        CouponFace(
            qr_text=training_token(lesson, number),
            digits=training_digits(lesson, number),
            usable_from=today + timedelta(days=SHIFTED.get(lesson, 0)),
            usable_until=today + timedelta(days=SHIFTED.get(lesson, 0) + 29),
            training=True,
            lesson=lessons[lesson],
        )
        for lesson, number in wanted
    ]
    return [_sheet(some, programme, site) for some in _pages(faces, room)]


def qr_text(coupon: PrintedCoupon, programme: ProgrammeFacts) -> str:
    """What the QR holds: the token, behind the programme's neutral address where it has one."""
    return _in_address(coupon.token, programme)


def hours_lines(hours: dict[str, str], language: str) -> tuple[str, ...]:
    """Opening hours, days with the same hours in a row joined.

    >>> hours_lines({"mon": "9–17", "tue": "9–17", "thu": "12–20"}, "en")
    ('Mon–Tue 9–17', 'Thu 12–20')
    """
    names = Locale(language).days["format"]["abbreviated"]
    runs: list[tuple[int, int, str]] = []
    for day, key in enumerate(WEEKDAYS):
        if key not in hours:
            continue
        if runs and runs[-1][1] == day - 1 and runs[-1][2] == hours[key]:
            runs[-1] = (runs[-1][0], day, hours[key])
        else:
            runs.append((day, day, hours[key]))
    return tuple(f"{_days(names[start], names[end])} {text}".strip() for start, end, text in runs)


def _sheet(faces: Sequence[CouponFace], programme: ProgrammeFacts, site: SiteFacts) -> Sheet:
    first = programme.languages[0]
    return Sheet(
        organisation=site.name.get(first, programme.name),
        address=site.address.get(first, ""),
        hours=hours_lines(site.opening_hours, first),
        phone=site.phone,
        languages=programme.languages,
        coupons=tuple(faces),
    )


def _pages(cards: Sequence[Card], room: int) -> list[Sequence[Card]]:
    return [cards[start : start + room] for start in range(0, len(cards), room)]


def _in_address(token: str, programme: ProgrammeFacts) -> str:
    return f"{programme.coupon_url}{token}" if programme.coupon_url else token


def _days(start: str, end: str) -> str:
    start, end = start[:1].upper() + start[1:], end[:1].upper() + end[1:]
    return start if start == end else f"{start}–{end}"
