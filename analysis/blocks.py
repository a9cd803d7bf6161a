"""Going over millions of people a block at a time.

A block and what is worked out for it stay in the processor's cache, and memory that one block has
used serves the next, so the same work takes half the time and a fraction of the memory.
"""

from collections.abc import Iterator

import numpy as np

from analysis.arrays import IntArray

BLOCK = 1 << 16


def blocks(n: int, *, cells: int = 0) -> Iterator[slice]:
    """Slices that cover n people in their order.

    Args:
        cells: of the table that each block is counted into; blocks are never shorter than that.

    >>> list(blocks(70_000))
    [slice(0, 65536, None), slice(65536, 70000, None)]
    """
    length = max(BLOCK, cells)
    return (slice(start, min(start + length, n)) for start in range(0, n, length))


def tabulate(row: IntArray, column: IntArray, *, rows: int, columns: int) -> IntArray:
    """(rows, columns) how many people have each pair; those with a -1 in either are left out.

    Args:
        row: (n,) index below ``rows``, or -1.
        column: (n,) index below ``columns``, or -1.

    >>> tabulate(np.array([0, 1, 1, -1]), np.array([1, 0, 0, 0]), rows=2, columns=2).tolist()
    [[0, 1], [2, 0]]
    """
    known = (row >= 0) & (column >= 0)
    cells = row[known].astype(np.intp) * columns + column[known]
    return np.bincount(cells, minlength=rows * columns).reshape(rows, columns)


def count_cells(cell: IntArray, cells: int) -> IntArray:
    """(cells,) how many people are in each cell; those at -1 are left out.

    Args:
        cell: (n,) each person's, or -1.

    >>> count_cells(np.array([1, 1, -1, 0]), 3).tolist()
    [1, 2, 0]
    """
    counts = np.zeros(cells, dtype=np.int64)
    for some in blocks(len(cell), cells=cells):
        counts += np.bincount(cell[some][cell[some] >= 0], minlength=cells)
    return counts
