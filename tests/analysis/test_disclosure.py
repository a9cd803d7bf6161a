"""No count that is withheld can be worked out from what is shown."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.disclosure import THRESHOLD, Shown, withhold

TABLES = st.integers(1, 4).flatmap(
    lambda columns: st.lists(
        st.lists(st.integers(0, 30), min_size=columns, max_size=columns), min_size=1, max_size=5
    )
)

Range = tuple[int, int]


def attack(shown: Shown, *, most: int) -> dict[tuple[int, int], Range]:
    """The narrowest range of each withheld count that follows from all the totals shown."""
    ranges: dict[tuple[int, int], Range] = {
        (i, j): (0, most) if n is None else (n, n)
        for i, row in enumerate(shown.cells)
        for j, n in enumerate(row)
    }
    rows, columns = len(shown.cells), len(shown.cells[0])
    sums: list[tuple[list[tuple[int, int]], Range]] = [
        ([(i, j) for j in range(columns)], (total, total))
        for i, total in enumerate(shown.row_totals)
        if total is not None
    ]
    sums += [
        ([(i, j) for i in range(rows)], (total, total))
        for j, total in enumerate(shown.column_totals)
        if total is not None
    ]
    if shown.total is not None and shown.total_step is not None:
        low = shown.total - shown.total_step // 2
        sums.append((list(ranges), (low, shown.total + (shown.total_step - 1) // 2)))
    for _ in range(4):
        for cells, (low, high) in sums:
            for cell in cells:
                others = [ranges[other] for other in cells if other != cell]
                least = max(ranges[cell][0], low - sum(b for _, b in others))
                greatest = min(ranges[cell][1], high - sum(a for a, _ in others))
                ranges[cell] = (least, greatest)
    return {(i, j): span for (i, j), span in ranges.items() if shown.cells[i][j] is None}


@given(TABLES)
def test_a_withheld_count_keeps_its_whole_range(table: list[list[int]]) -> None:
    found = attack(withhold(table), most=THRESHOLD - 1)
    assert all(span == (0, THRESHOLD - 1) for span in found.values())


@given(TABLES)
def test_a_withheld_count_keeps_its_range_even_if_the_exact_total_is_known(
    table: list[list[int]],
) -> None:
    shown = withhold(table, total_is_public=True)
    found = attack(shown, most=10_000)
    if shown.total is not None:
        assert all(low == 0 and high >= THRESHOLD - 1 for low, high in found.values())


@given(TABLES)
def test_no_small_count_is_ever_shown_and_what_is_shown_is_true(table: list[list[int]]) -> None:
    shown = withhold(table)
    for row, true_row in zip(shown.cells, table, strict=True):
        assert all(
            n is None or THRESHOLD <= n == true for n, true in zip(row, true_row, strict=True)
        )
    for total, true_row in zip(shown.row_totals, table, strict=True):
        assert total is None or total == sum(true_row)


@pytest.mark.parametrize("hidden", range(THRESHOLD))
def test_how_the_grand_total_is_rounded_does_not_depend_on_what_is_withheld(hidden: int) -> None:
    assert withhold([[6, hidden]]).total_step == withhold([[6, 0]]).total_step


def test_rounding_to_ten_alone_would_give_a_count_back() -> None:
    pinned = Shown(((1, None),), (None,), (1, None), total=10, total_step=10)
    assert attack(pinned, most=4)[0, 1] == (4, 4)


def test_a_table_without_small_counts_is_shown_whole() -> None:
    shown = withhold([[5, 6], [7, 8]])
    assert (shown.cells, shown.row_totals, shown.total) == (((5, 6), (7, 8)), (11, 15), 26)


def test_ten_thousand_small_tables_are_all_proof_against_it() -> None:
    for a, b, c, d in product(range(0, 20, 2), repeat=4):
        found = attack(withhold([[a, b], [c, d]]), most=THRESHOLD - 1)
        assert all(span == (0, THRESHOLD - 1) for span in found.values())
