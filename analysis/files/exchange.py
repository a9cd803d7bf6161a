"""From coupons to recruiters: whoever was given the coupon a person came with recruited her."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.errors import SampleError
from analysis.notices import Notice, counted
from analysis.sample import CouponFigures


@dataclass(frozen=True)
class Exchange:
    """Who recruited whom, by the coupons that changed hands.

    Attributes:
        figures: ``None`` where the coupons are nothing but another way to write the recruiters.

    >>> found = recruiters_from_coupons(["a", "b"], ["", "7"], [["7", "8"], []], lines=[2, 3])
    >>> found.figures, found.notices
    (CouponFigures(issued=2, redeemed=1), ())
    """

    recruiter_ids: Sequence[str]
    figures: CouponFigures | None
    notices: tuple[Notice, ...]


def recruiters_from_coupons(
    ids: Sequence[str],
    own: Sequence[str],
    issued: Sequence[Sequence[str]],
    *,
    lines: Sequence[int],
    harmless_reuse: bool = False,
) -> Exchange:
    """Find each person's recruiter by her own coupon.

    A coupon listed twice for one person counts once, with a notice. A person whose own coupon
    nobody in the file was given is a seed, with a notice: a slip in a coupon number looks the same.
    Where everybody, seeds too, came with a coupon of her own id, coupons are not known: so our
    writers say it, and R's ``write.rdsat``.

    Args:
        own: (n,) the coupon each person came with, ``""`` for none.
        issued: (n,) the coupons each person was given, ``""`` for none.
        harmless_reuse: accept, with a notice, a number used again where the recruiter is certain
            all the same: given to two people and never redeemed, or redeemed by two people. Old
            programmes on paper did both; the files they left are still worth reading.

    Raises:
        SampleError: ``coupon_issued_twice`` or ``coupon_redeemed_twice``.

    >>> recruiters_from_coupons(["a", "b"], ["", "7"], [["7", "8"], []], lines=[2, 3]).recruiter_ids
    ['', 'a']
    """
    brought = set(own) - {""}
    holder: dict[str, int] = {}
    repeated, issued_twice, redeemed_twice = 0, 0, 0
    for i, coupons in enumerate(issued):
        given = sorted(set(coupons) - {""})
        repeated += len(given) < sum(1 for coupon in coupons if coupon)
        for coupon in given:
            if holder.setdefault(coupon, i) != i:
                if not harmless_reuse or coupon in brought:
                    raise _issued_twice(coupon, holder[coupon], i, lines)
                issued_twice += 1
    redeemer: dict[str, int] = {}
    for i, coupon in enumerate(own):
        if coupon in holder and redeemer.setdefault(coupon, i) != i:
            if not harmless_reuse:
                raise _redeemed_twice(coupon, redeemer[coupon], i, lines)
            redeemed_twice += 1
    is_made_up = bool(ids) and list(own) == list(ids)
    notices = (
        _repeated(repeated),
        _reissued(issued_twice),
        _reused(redeemed_twice),
        _strangers(sum(1 for coupon in own if coupon and coupon not in holder and not is_made_up)),
    )
    return Exchange(
        recruiter_ids=[ids[holder[coupon]] if coupon in holder else "" for coupon in own],
        figures=None if is_made_up else CouponFigures(issued=len(holder), redeemed=len(redeemer)),
        notices=tuple(notice for notice in notices if notice),
    )


def _issued_twice(coupon: str, first: int, i: int, lines: Sequence[int]) -> SampleError:
    return SampleError(
        "coupon_issued_twice",
        f"The coupon {coupon!r} was given to two people (first on line {lines[first]}). Correct it "
        "for one of them, or nobody can tell who recruited its bearer.",
        line=lines[i],
        coupon=coupon,
        first_line=lines[first],
    )


def _redeemed_twice(coupon: str, first: int, i: int, lines: Sequence[int]) -> SampleError:
    return SampleError(
        "coupon_redeemed_twice",
        f"The coupon {coupon!r} brought two people in (first on line {lines[first]}). A coupon "
        "works once: correct the own coupon of one of them.",
        line=lines[i],
        coupon=coupon,
        first_line=lines[first],
    )


def _repeated(n: int) -> Notice | None:
    people = counted(n, "person has", "people have")
    text = f"{people} the same coupon listed twice among those given to them; it counts once."
    return Notice("coupon_repeated_in_row", text, {"n": n}) if n else None


def _reissued(n: int) -> Notice | None:
    coupons = counted(n, "coupon was", "coupons were")
    text = f"{coupons} given to two people but never redeemed; each counts once."
    return Notice("coupon_reissued", text, {"n": n}) if n else None


def _reused(n: int) -> Notice | None:
    people = counted(n, "person", "people")
    text = f"{people} came with a coupon that had been redeemed before; its holder recruited both."
    return Notice("coupon_reused", text, {"n": n}) if n else None


def _strangers(n: int) -> Notice | None:
    people = counted(n, "person", "people")
    text = (
        f"{people} came with a coupon that nobody in the file was given: counted as seeds. Check "
        "those coupons if they were not."
    )
    return Notice("unknown_coupon", text, {"n": n}) if n else None
