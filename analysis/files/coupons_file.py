"""The coupons layout: a row a person, with the coupon she came with and those she was given.

Header row; ``id``, ``own_coupon``, ``coupon_1 … coupon_k``, then as in the csv layout. A person
whose own coupon is empty, or was issued to nobody in the file, is a seed.
"""

from pathlib import Path

from analysis.errors import SampleError
from analysis.files.cells import day_cells, size_cells, trait_cells
from analysis.files.csv_file import (
    KNOWN,
    LOSES,
    is_issued_column,
    keeps,
    reserves,
    sample_of,
    write_table,
)
from analysis.files.exchange import recruiters_from_coupons
from analysis.files.issuing import coupons_of
from analysis.files.losses import Limits, refuse_losses
from analysis.files.table import read_table
from analysis.sample import Sample

LIMITS = Limits("coupons", keeps, LOSES, reserves)


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


def write_coupons(sample: Sample, path: Path) -> None:
    """Write a sample in the coupons layout, its figures of coupons included.

    A sample has no numbers of coupons: they are given anew, see ``issuing.coupons_of``.

    Raises:
        SampleError: ``unwritable`` for what would not be read back the same.
        OSError: if the file cannot be written.

    >>> from tempfile import TemporaryDirectory
    >>> from analysis.sample import build_sample
    >>> sample = build_sample(["a", "b"], ["", "a"], network_size=[12, None])
    >>> with TemporaryDirectory() as folder:
    ...     write_coupons(sample, Path(folder, "people.csv"))
    ...     Path(folder, "people.csv").read_text()
    'id,own_coupon,coupon_1,network_size,enrolled_at\\na,a,b,12,\\nb,b,,,\\n'
    """
    refuse_losses(sample, LIMITS)
    coupons = coupons_of(sample, "coupons")
    given = list(zip(*coupons.given, strict=True)) or [("",) * len(sample)]
    names = [f"coupon_{i}" for i in range(1, len(given) + 1)]
    write_table(
        path,
        ["id", "own_coupon", *names, "network_size", "enrolled_at", *sample.traits],
        [
            sample.ids,
            coupons.own,
            *given,
            size_cells(sample.network_size),
            day_cells(sample.enrolled_on),
            *map(trait_cells, sample.traits.values()),
        ],
    )
