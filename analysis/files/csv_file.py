"""The csv layout: a row a person, with the id of her recruiter.

Header row; ``id``, ``recruiter_id`` (empty for a seed), then any of ``network_size``,
``enrolled_at`` (ISO 8601), ``site``, and traits: every other column. An empty cell is missing.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from analysis.arrays import DateArray, FloatArray
from analysis.files.table import Table, known_name, read_header, read_table
from analysis.notices import Notice
from analysis.sample import CouponFigures, Sample, build_sample

DATE_NAMES = ("enrolled_at", "enrolled_on")
KNOWN = frozenset({"id", "recruiter_id", "network_size", "site", "own_coupon", *DATE_NAMES})


def header_of(text: str) -> frozenset[str]:
    """The names in the header, as the layouts know them."""
    return frozenset(map(known_name, read_header(text)))


def read(text: str) -> Sample:
    """Read the csv layout.

    >>> sample = read("id,recruiter_id,network_size,sex\\n1,,20,m\\n2,1,,f\\n")
    >>> sample.recruiter.tolist(), sample.network_size.tolist(), list(sample.traits)
    ([-1, 0], [20.0, nan], ['sex'])
    """
    table = read_table(text, known=KNOWN, needed=("id", "recruiter_id"))
    return sample_of(table, table.columns["recruiter_id"], leave_out=("recruiter_id",))


def sample_of(
    table: Table,
    recruiter_ids: Sequence[str],
    *,
    leave_out: Sequence[str],
    coupons: CouponFigures | None = None,
    notices: tuple[Notice, ...] = (),
) -> Sample:
    """A sample of a table's columns, once it is known who recruited whom."""
    columns = dict(table.columns)
    ids = columns.pop("id")
    network_size = columns.pop("network_size", None)
    dates = [columns.pop(name) for name in DATE_NAMES if name in columns]
    coupon_columns = {"own_coupon"} | {name for name in columns if is_issued_column(name)}
    traits = {
        name: values
        for name, values in columns.items()
        if name not in coupon_columns and name not in leave_out
    }
    return build_sample(
        ids,
        recruiter_ids,
        network_size=network_size,
        enrolled_on=dates[0] if dates else None,
        traits=traits,
        coupons=coupons,
        notices=(*table.notices, *notices, *suspect_levels(traits)),
        lines=table.lines,
    )


def is_issued_column(name: str) -> bool:
    """Whether a column holds a coupon that was issued: ``coupon_1``, ``Coupon.2``, …

    >>> is_issued_column("Coupon 3"), is_issued_column("coupon_use")
    (True, False)
    """
    return known_name(name).removeprefix("coupon_").isdecimal() and known_name(name)[0] == "c"


def suspect_levels(traits: Mapping[str, Iterable[str]]) -> tuple[Notice, ...]:
    """Values that look as if they meant "missing", or one thing in two spellings.

    >>> [notice.code for notice in suspect_levels({"sex": ["f", "F", "m", ""]})]
    ['similar_levels']
    """
    found = []
    for name, values in traits.items():
        levels = set(values) - {""}
        marks = sorted(levels & {"NA", "N/A", "NULL", "null", "nan", "NaN", "None", "."})
        if marks:
            text = (
                f"Column {name!r} has the value {marks[0]!r}, which is read as a value like any "
                "other. If it means missing, leave those cells empty."
            )
            found.append(Notice("looks_missing", text, {"column": name, "value": marks[0]}))
        if len({level.casefold() for level in levels}) < len(levels):
            text = f"Column {name!r} has values that differ in nothing but capital letters."
            found.append(Notice("similar_levels", text, {"column": name}))
    return tuple(found)


def write_csv(sample: Sample, path: Path) -> None:
    """Write a sample in the csv layout; what is missing becomes an empty cell."""
    rows = zip(
        sample.ids,
        (sample.ids[i] if i >= 0 else "" for i in sample.recruiter.tolist()),
        _sizes(sample.network_size),
        _days(sample.enrolled_on),
        *(_texts(trait.levels, trait.codes.tolist()) for trait in sample.traits.values()),
        strict=True,
    )
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "recruiter_id", "network_size", "enrolled_at", *sample.traits])
        writer.writerows(rows)


def _sizes(sizes: FloatArray) -> list[str]:
    return ["" if np.isnan(size) else f"{size:.12g}" for size in sizes.tolist()]


def _days(days: DateArray) -> list[str]:
    return ["" if day == "NaT" else day for day in days.astype(str).tolist()]


def _texts(levels: Sequence[str], codes: Sequence[int]) -> list[str]:
    with_missing = [*levels, ""]
    return [with_missing[code] for code in codes]
