"""Small cells: which counts of a table may be shown so that none withheld can be worked out.

A count below the threshold, zero too, is withheld. A line's total is withheld where the line holds
a withheld count, for the total less what is shown would give it back. The grand total is rounded,
so coarsely that whatever it turns out to be tells nothing about any one withheld count; how
coarsely depends on nothing but what is shown anyway. Where the grand total is known from elsewhere,
so many more of the smallest counts are withheld that it gives nothing back either.

So each withheld count could still be anything from 0 to the threshold less one. Figures published
elsewhere or on other days can undo this: publish on fixed dates, and let only one table tell a
thing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

THRESHOLD = 5
STEPS = (10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)


@dataclass(frozen=True)
class Shown:
    """What may be shown of a table; ``None`` is withheld.

    Attributes:
        cells: rows of counts.
        row_totals, column_totals: exact.
        total: the grand total, to the nearest ``total_step`` (1 means exact).

    >>> shown = withhold([[7, 2], [9, 12]])
    >>> shown.cells[0], shown.row_totals[0], shown.total, shown.total_step
    ((7, None), None, 30, 10)
    """

    cells: tuple[tuple[int | None, ...], ...]
    row_totals: tuple[int | None, ...]
    column_totals: tuple[int | None, ...]
    total: int | None
    total_step: int | None


def withhold(
    counts: Sequence[Sequence[int]], *, threshold: int = THRESHOLD, total_is_public: bool = False
) -> Shown:
    """Withhold small counts, and whatever would give them back.

    A row whose own total is public elsewhere can be treated as a table of its own.

    Args:
        counts: rows of equal length, none negative.
        total_is_public: the reader knows the exact grand total anyway.

    >>> withhold([[7, 2], [9, 12]]).cells
    ((7, None), (9, 12))
    >>> withhold([[7, 2], [9, 12]]).row_totals, withhold([[7, 2], [9, 12]]).column_totals
    ((None, 21), (16, None))
    >>> withhold([[7, 2], [9, 12]], total_is_public=True).cells
    ((None, None), (9, 12))
    """
    hidden = {(i, j) for i, row in enumerate(counts) for j, n in enumerate(row) if n < threshold}
    total = sum(map(sum, counts))
    if hidden and total_is_public:
        hidden |= _companions(counts, hidden, threshold)
    cells = tuple(
        tuple(None if (i, j) in hidden else n for j, n in enumerate(row))
        for i, row in enumerate(counts)
    )
    shown = sum(n for row in cells for n in row if n is not None)
    step = _step(shown, len(hidden), threshold)
    if total_is_public:
        step = 1 if total >= threshold or not hidden else None
    return Shown(
        cells=cells,
        row_totals=tuple(map(_exact, cells)),
        column_totals=tuple(map(_exact, zip(*cells, strict=True))),
        total=None if step is None else (total + step // 2) // step * step,
        total_step=step,
    )


def _exact(line: Sequence[int | None]) -> int | None:
    return None if None in line else sum(n for n in line if n is not None)


def _companions(
    counts: Sequence[Sequence[int]], hidden: set[tuple[int, int]], threshold: int
) -> set[tuple[int, int]]:
    """The smallest counts shown, until those withheld are two or more and sum to the threshold."""
    rest = sorted(
        (n, i, j) for i, row in enumerate(counts) for j, n in enumerate(row) if (i, j) not in hidden
    )
    chosen: set[tuple[int, int]] = set()
    withheld = sum(counts[i][j] for i, j in hidden)
    for n, i, j in rest:
        if len(hidden) + len(chosen) >= 2 and withheld >= threshold:
            break
        chosen.add((i, j))
        withheld += n
    return chosen


def _step(shown: int, hidden: int, threshold: int) -> int | None:
    """The finest rounding of the grand total that tells nothing, whatever the hidden counts are."""
    if not hidden:
        return 1
    return next((step for step in STEPS if _tells_nothing(shown, hidden, threshold, step)), None)


def _tells_nothing(shown: int, hidden: int, threshold: int, step: int) -> bool:
    """Whether every total that may be printed leaves each hidden count its whole range."""
    most = threshold - 1
    for printed in {(shown + h + step // 2) // step for h in range(hidden * most + 1)}:
        least_sum = max(0, printed * step - step // 2 - shown)
        most_sum = min(hidden * most, printed * step + (step - 1) // 2 - shown)
        if least_sum > (hidden - 1) * most or most_sum < most:
            return False
    return True
