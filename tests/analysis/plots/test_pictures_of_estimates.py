"""Curves, fans and bars say what the figures say: where they lie, and what is left out."""

import re
from datetime import date

import numpy as np
import pytest

from analysis import plots
from analysis.arrays import FloatArray
from analysis.forest import grow
from analysis.plots.axes import share_steps
from analysis.plots.lines import spread


def test_every_share_lies_within_its_steps() -> None:
    for low in range(0, 100, 7):
        for high in range(low, 101, 9):
            steps = share_steps(low / 100, high / 100)
            assert steps[0] <= low / 100 + 1e-9
            assert steps[-1] >= high / 100 - 1e-9
            assert 2 <= len(steps) <= 8


def test_names_at_the_ends_of_curves_never_touch_and_stay_in_their_order() -> None:
    wanted = [30.0, 29.0, 31.0, 90.0, 5.0]
    placed = spread(wanted, gap=14, low=0, high=100)
    assert np.diff(np.sort(placed)).min() >= 14 - 1e-9
    assert np.argsort(placed).tolist() == np.argsort(wanted).tolist()
    assert min(placed) >= 0
    assert max(placed) <= 100


def test_a_curve_ends_at_the_height_of_its_last_estimate() -> None:
    share = np.array([0.9, 0.2, 0.3, 0.26, np.nan])
    svg = plots.draw_convergence(np.array([1, 20, 40, 60, 80]), share)
    (curve,) = re.findall(r'<path d="([^"]+)"', svg)
    dashed = re.search(r'<line [^>]*y1="([\d.]+)"[^>]*dasharray', svg)
    assert dashed
    assert curve.split("L")[-1].split()[1] == dashed[1]


def test_the_first_twentieth_of_the_people_does_not_stretch_the_axis() -> None:
    share = np.full(200, 0.3)
    share[:5] = [1.0, 0.0, 1.0, 0.5, 0.4]
    svg = plots.draw_convergence(np.arange(1, 201), share)
    assert "100\xa0%" not in svg
    assert "28\xa0%" in svg


@pytest.mark.parametrize("low", [0.0, 0.04, 0.12, 0.33, 0.6])
@pytest.mark.parametrize("high", [0.07, 0.34, 0.61, 0.97])
def test_every_step_of_an_axis_lies_beside_the_curve(low: float, high: float) -> None:
    share = np.linspace(min(low, high), max(low, high), 60)
    svg = plots.draw_convergence(np.arange(1, 61), share)
    heights = [float(y) for y in re.findall(r'<line [^>]*y1="([\d.]+)"[^>]*#d0d7de', svg)]
    assert len(heights) >= 2
    assert 30 <= min(heights) < max(heights) <= 250


def test_estimates_that_there_are_not_are_said_to_be_none() -> None:
    nothing = np.full(3, np.nan)
    words = plots.ConvergenceWords(nothing="noch nichts")
    assert "noch nichts" in plots.draw_convergence(np.array([1, 2, 3]), nothing, words=words)
    assert "noch nichts" in plots.draw_bottleneck([], words=words)
    svg = plots.draw_estimates(["RDS-I"], share=nothing[:1], low=nothing[:1], high=nothing[:1])
    assert "cannot be estimated" in svg
    assert "<circle" not in svg


@pytest.mark.parametrize(
    ("share", "mark", "axis"),
    [
        (0.30, 0.31, (20, 45)),
        (0.02, None, (0, 20)),
        (0.99, None, (80, 100)),
        (0.10, 0.80, (0, 80)),
    ],
)
def test_estimates_that_differ_little_look_it(
    share: float, mark: float | None, axis: tuple[int, int]
) -> None:
    nothing = np.array([np.nan])
    svg = plots.draw_estimates(
        ["RDS-II"], share=np.array([share]), low=nothing, high=nothing, mark=mark
    )
    steps = [int(step) for step in re.findall(r'text-anchor="middle"[^>]*>(\d+)\xa0%', svg)]
    assert (steps[0], steps[-1]) == axis


def test_a_composition_does_not_look_like_an_estimate() -> None:
    share = np.array([0.3, 0.3])
    svg = plots.draw_estimates(
        ["composition", "RDS-II"],
        share=share,
        low=share - 0.1,
        high=share + 0.1,
        is_estimate=[False, True],
    )
    assert (svg.count("<rect"), svg.count("<circle")) == (1, 1)


def test_a_bar_is_as_long_as_its_count_and_a_withheld_count_has_none() -> None:
    svg = plots.draw_cascade(["a", "b"], [[200, 100], [50, None]], ["women", "others"], width=408)
    bars = re.findall(r'<rect x="4"[^>]* width="([\d.]+)" height="18" fill="#[A4]', svg)
    assert [float(bar) for bar in bars] == [400, 200, 100]
    assert svg.count("&lt;5*") == 1


def test_a_share_without_room_for_its_words_stands_alone_and_the_legend_says_what_it_is() -> None:
    words = plots.CascadeWords(went_on="{share} від попереднього кроку")
    counts = [[336, 678], [118, 247], [90, 200]]
    narrow, wide = (
        plots.draw_cascade(["a", "b", "c"], counts, ["w", "m"], words=words, width=width)
        for width in (320, 900)
    )
    assert narrow.count("попереднього") == 1
    assert wide.count("попереднього") == 4


def test_a_share_goes_on_only_from_a_step_counted_in_the_same_way() -> None:
    svg = plots.draw_cascade(["a", "b", "c"], [[300], [60, 90], [30, None]], ["women", "others"])
    assert re.findall(r">([\d]+)\xa0% of the step before", svg) == ["50"]


def test_parts_of_a_bar_stand_on_each_other_and_what_was_taken_back_has_none() -> None:
    months = [date(2026, 3, 1), date(2026, 4, 1)]
    svg = plots.draw_amounts(months, np.array([[30.0, 10.0], [10.0, -5.0]]), ["a", "b"])
    bars = re.findall(r'<rect x="[\d.]+" y="([\d.]+)" width="48" height="([\d.]+)"', svg)
    (low_y, low), (high_y, high), (_, alone) = [tuple(map(float, bar)) for bar in bars]
    assert [low / high, low / alone] == pytest.approx([3, 3], abs=0.02)
    assert high_y + high == pytest.approx(low_y, abs=0.11)


def test_a_curve_holds_its_value_until_the_next_day_and_the_last_day_is_marked() -> None:
    day, share = np.array([0, 10, 20]), np.array([0.0, 0.4, 0.4])
    svg = plots.draw_survival([plots.Steps("women", day, share, share, share)], last_day=10)
    curve = re.findall(r'<path d="([^"]+)" fill="none"', svg)[0]
    corners = [tuple(map(float, pair.split())) for pair in curve[1:].split("L")]
    assert corners[1][1] == corners[0][1]
    assert corners[2][0] == corners[1][0]
    marked = re.search(r'<line x1="([\d.]+)"[^>]*dasharray', svg)
    assert marked
    assert float(marked[1]) == corners[1][0]


def test_nobody_followed_is_said_and_not_drawn() -> None:
    assert "No coupon" in plots.draw_survival([])


def fan(median: FloatArray) -> plots.Fan:
    weeks = np.arange("2026-06-01", "2026-12-01", 7, dtype="datetime64[D]")
    return plots.Fan(weeks[: len(median)], median, [(0.9, median - 10, median + 10)])


WEEKS = np.array(["2026-05-18", "2026-05-25"], dtype="datetime64[D]")


def test_the_days_on_which_the_target_is_met_are_a_bar_on_its_line() -> None:
    svg = plots.draw_forecast(
        WEEKS,
        np.array([10.0, 20.0]),
        fan(np.linspace(20.0, 60.0, 9)),
        target=40,
        met=(date(2026, 6, 15), date(2026, 7, 6)),
    )
    line = re.search(r'<line [^>]*y1="([\d.]+)"[^>]*dasharray', svg)
    bar = re.search(r'<line x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)"[^>]*stroke-width="5"', svg)
    assert line
    assert bar
    assert bar[2] == line[1]
    assert float(bar[1]) < float(bar[3])


def test_money_is_written_as_the_caller_writes_it() -> None:
    svg = plots.draw_forecast(
        WEEKS, np.array([10.0, 20.0]), fan(np.array([20.0, 30.0])), value=lambda v: f"₴{v:.0f}"
    )
    assert "₴30" in svg


@pytest.mark.parametrize("past", [0, 2])
def test_a_programme_without_a_past_has_a_future(past: int) -> None:
    svg = plots.draw_forecast(WEEKS[:past], np.ones(past), fan(np.array([2.0, 4.0])))
    assert ("today" in svg) == bool(past)


def test_a_future_of_which_nothing_is_known_is_drawn_without_a_line() -> None:
    nothing = np.full(2, np.nan)
    svg = plots.draw_forecast(WEEKS, np.array([1.0, 2.0]), fan(nothing), target=3)
    assert "nan" not in svg
    assert "target 3" in svg
    assert "nan" not in plots.draw_forecast(WEEKS, nothing, fan(nothing), is_share=True)


def test_chains_of_whom_nobody_has_coupons_have_ended() -> None:
    forest = grow(np.array([-1, 0, -1, 2, -1]))
    dots = plots.by_activity(forest, np.array([False, True, False, False, False]))
    assert dots.kind.tolist() == [1, 0, 2, 2, 2]


@pytest.mark.parametrize("deepest", [0, 1, 4, 5, 8, 9, 40])
def test_every_wave_has_a_colour_and_a_name(deepest: int) -> None:
    dots = plots.by_wave(np.arange(deepest + 1))
    assert dots.kind.max() == len(dots.looks) - 1
    assert len({look.colour for look in dots.looks}) == len(dots.looks) <= 5
    assert str(deepest) in dots.looks[-1].name
