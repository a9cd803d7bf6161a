"""The coupons layout: a row a person, with the coupon she came with and those she was given.

Header row; ``id``, ``own_coupon``, ``coupon_1 … coupon_k``, then as in the csv layout. A person
whose own coupon is empty, or was issued to nobody in the file, is a seed.
"""

from analysis.errors import SampleError
from analysis.files.csv_file import KNOWN, is_issued_column, sample_of
from analysis.files.exchange import recruiters_from_coupons
from analysis.files.table import read_table
from analysis.sample import Sample


def read(text: str) -> Sample:
    """Read the coupons layout.

    >>> sample = read("id,own_coupon,coupon_1,coupon_2\\nann,,A1,A2\\neve,A2,E1,E2\\n")
    >>> sample.recruiter.tolist(), sample.coupons
    ([-1, 0], CouponFigures(issued=4, redeemed=1))
    """
    table = read_table(text, known=KNOWN, needed=("id", "own_coupon"))
    issued = [column for name, column in table.columns.items() if is_issued_column(name)]
    if not issued:
        raise SampleError(
            "missing_column",
            "There is no column 'coupon_1': name the columns of the coupons each person was given "
            "coupon_1, coupon_2 and so on.",
            line=1,
            column="coupon_1",
        )
    exchange = recruiters_from_coupons(
        table.columns["id"],
        table.columns["own_coupon"],
        list(zip(*issued, strict=True)),
        lines=table.lines,
    )
    return sample_of(
        table,
        exchange.recruiter_ids,
        leave_out=("recruiter_id",),
        coupons=exchange.figures,
        notices=exchange.notices,
    )
