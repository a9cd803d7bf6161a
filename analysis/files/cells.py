"""The columns of a sample as text, for every layout that is a table."""

from collections.abc import Sequence

import numpy as np

from analysis.arrays import DateArray, FloatArray
from analysis.sample import Sample, Trait


def recruiter_cells(sample: Sample, *, seed: str = "") -> list[str]:
    """(n,) the id of each person's recruiter, and what stands there for a seed.

    >>> from analysis.sample import build_sample
    >>> recruiter_cells(build_sample(["a", "b"], ["", "a"]), seed="-")
    ['-', 'a']
    """
    return [sample.ids[i] if i >= 0 else seed for i in sample.recruiter.tolist()]


def size_cells(sizes: FloatArray, *, missing: str = "") -> list[str]:
    """(n,) network sizes written in full, so that they are read back to the last digit.

    >>> size_cells(np.array([12, 0.1, np.nan, 1e22]))
    ['12', '0.1', '', '10000000000000000000000']
    """
    known = {size: _in_full(size) for size in set(sizes[~np.isnan(sizes)].tolist())}
    return [known.get(size, missing) for size in sizes.tolist()]


def _in_full(size: float) -> str:
    return str(int(size)) if size.is_integer() else np.format_float_positional(size, trim="-")


def day_cells(days: DateArray, *, missing: str = "") -> list[str]:
    """(n,) days as ISO 8601 writes them.

    >>> day_cells(np.array(["2026-03-01", "NaT"], dtype="datetime64[D]"))
    ['2026-03-01', '']
    """
    return [missing if day == "NaT" else day for day in days.astype(str).tolist()]


def trait_cells(trait: Trait, *, missing: str = "") -> list[str]:
    """(n,) each person's level.

    >>> trait_cells(Trait.of(["f", None]), missing="NA")
    ['f', 'NA']
    """
    with_missing: Sequence[str] = [*trait.levels, missing]
    return [with_missing[code] for code in trait.codes.tolist()]
