"""A bundle as a printable sheet: what goes on it, and nothing else."""

from babel import Locale

from app.domain.coupons.queries import Bundle, PrintedCoupon
from app.domain.programmes.queries import ProgrammeFacts, SiteFacts
from app.printing.sheet import CouponFace, Sheet

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def sheet_of(bundle: Bundle, programme: ProgrammeFacts, site: SiteFacts) -> Sheet:
    """The sheet of a bundle in the programme's languages, its first language setting name and address."""
    first = programme.languages[0]
    return Sheet(
        organisation=site.name.get(first, programme.name),
        address=site.address.get(first, ""),
        hours=hours_lines(site.opening_hours, first),
        phone=site.phone,
        languages=programme.languages,
        coupons=tuple(
            CouponFace(
                qr_text=qr_text(coupon, programme),
                digits=coupon.code,
                usable_from=coupon.state.usable_from,
                usable_until=coupon.state.usable_until,
            )
            for coupon in bundle.coupons
        ),
    )


def qr_text(coupon: PrintedCoupon, programme: ProgrammeFacts) -> str:
    """What the QR holds: the token, behind the programme's neutral address where it has one."""
    return f"{programme.coupon_url}{coupon.token}" if programme.coupon_url else coupon.token


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


def _days(start: str, end: str) -> str:
    start, end = start[:1].upper() + start[1:], end[:1].upper() + end[1:]
    return start if start == end else f"{start}–{end}"
