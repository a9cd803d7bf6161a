"""Pictures are whole SVG, say what they show, obey a strict page, and speak any language."""

import gzip
import re
from collections.abc import Callable
from datetime import date, timedelta
from xml.etree import ElementTree

import networkx as nx
import numpy as np
import pytest

from analysis import plots
from analysis.forest import chains, grow
from analysis.mixing import recruitment_matrix
from analysis.plots.layout import fan_out, pack
from analysis.reach import by_trait, by_wave, over_time
from analysis.sample import to_networkx
from analysis.simulate import simulate

SVG = "{http://www.w3.org/2000/svg}"
SAMPLE = simulate(400, seed=11)
SEX = SAMPLE.traits["sex"]
TITLE, DESCRIPTION = "Охоплення <жінок> & «інших»", "Скільки людей, з них жінок"


def draw_time(width: int) -> str:
    growth = over_time(SAMPLE, SEX)
    words = plots.TimeWords(title=TITLE, description=DESCRIPTION)
    people, n, of = growth.total.people, growth.total.n[:, 0], growth.total.of
    return plots.draw_over_time(growth.weeks, people=people, n=n, of=of, words=words, width=width)


def draw_wave(width: int) -> str:
    waves = by_wave(SAMPLE, SEX)
    words = plots.WaveWords(title=TITLE, description=DESCRIPTION)
    return plots.draw_by_wave(waves.n[:, 0], waves.of, words=words, width=width)


def draw_sites(width: int) -> str:
    sites = by_trait(SEX, SAMPLE.traits["site"])
    words = plots.GroupWords(title=TITLE, description=DESCRIPTION)
    n, of, people = sites.n[:, 0], sites.of, sites.people
    return plots.draw_by_group(sites.groups, n=n, of=of, people=people, words=words, width=width)


def draw_matrix(width: int) -> str:
    words = plots.MatrixWords(title=TITLE, description=DESCRIPTION)
    matrix = recruitment_matrix(SAMPLE.recruiter, SEX)
    return plots.draw_matrix(matrix, ["жінки", "чоловіки"], words=words, width=width)


def draw_forest(width: int) -> str:
    words = plots.ForestWords(title=TITLE, description=DESCRIPTION)
    return plots.draw_forest(
        SAMPLE.forest, plots.by_level(SEX.codes == 0), words=words, width=width
    )


def draw_chain(width: int) -> str:
    words = plots.ChainWords(title=TITLE, description=DESCRIPTION)
    chain = to_networkx(SAMPLE, seed=int(chains(SAMPLE.forest).seed[0]))
    women = {node for node, facts in chain.nodes(data=True) if facts["sex"] == "female"}
    return plots.draw_chain(chain, focus=women, words=words, width=width)


def draw_waves_of_forest(width: int) -> str:
    words = plots.ForestWords(title=TITLE, description=DESCRIPTION)
    return plots.draw_forest(
        SAMPLE.forest, plots.by_wave(SAMPLE.forest.wave), words=words, width=width
    )


def draw_activity_of_forest(width: int) -> str:
    words = plots.ForestWords(title=TITLE, description=DESCRIPTION)
    dots = plots.by_activity(SAMPLE.forest, SAMPLE.forest.recruits == 0)
    return plots.draw_forest(SAMPLE.forest, dots, words=words, width=width)


def draw_means(width: int) -> str:
    words = plots.MeansWords(title=TITLE, description=DESCRIPTION)
    means = np.array([[0.5, 0.31], [0.2, np.nan]])
    return plots.draw_means(means, ["жінки", "чоловіки"], words=words, width=width)


def draw_sizes(width: int) -> str:
    words = plots.SizeWords(title=TITLE, description=DESCRIPTION)
    return plots.draw_chain_sizes(chains(SAMPLE.forest).size, words=words, width=width)


def draw_convergence(width: int) -> str:
    words = plots.ConvergenceWords(title=TITLE, description=DESCRIPTION)
    return plots.draw_convergence(COUNT, RUNNING, words=words, width=width)


def draw_bottleneck(width: int) -> str:
    words = plots.ConvergenceWords(title=TITLE, description=DESCRIPTION)
    grown = [plots.Trace("KLMN", COUNT[:40], RUNNING[:40]), plots.Trace("", COUNT, RUNNING)]
    return plots.draw_bottleneck(grown, words=words, width=width)


def draw_cascade(width: int) -> str:
    words = plots.CascadeWords(title=TITLE, description=DESCRIPTION)
    counts: list[list[int | None]] = [[900], [120, 300], [90, None]]
    names = ["видано", "використано", "запрошено"]
    return plots.draw_cascade(names, counts, ["жінки", "інші"], words=words, width=width)


def draw_survival(width: int) -> str:
    words = plots.SurvivalWords(title=TITLE, description=DESCRIPTION)
    day, share = np.array([0, 2, 9, 20]), np.array([0.0, 0.2, 0.5, np.nan])
    group = plots.Steps("жінки", day, share, share - 0.1, share + 0.1, at_risk=[40, 9, None])
    return plots.draw_survival([group], ticks=[0, 7, 14], last_day=14, words=words, width=width)


def draw_estimates(width: int) -> str:
    words = plots.EstimateWords(title=TITLE, description=DESCRIPTION)
    share = np.array([0.27, 0.31, np.nan])
    names = ["Склад охоплених", "RDS-II (Volz–Heckathorn)", "RDS-I"]
    return plots.draw_estimates(
        names, share=share, low=share - 0.05, high=share + 0.06, words=words, width=width
    )


def draw_forecast(width: int) -> str:
    words = plots.ForecastWords(title=TITLE, description=DESCRIPTION, met="У травні або червні")
    return plots.draw_forecast(
        WEEKS,
        PEOPLE,
        FAN,
        target=90,
        met=(date(2026, 5, 4), date(2026, 6, 1)),
        words=words,
        width=width,
    )


def draw_forecast_of_share(width: int) -> str:
    words = plots.ForecastWords(title=TITLE, description=DESCRIPTION)
    past = np.array([np.nan, 0.21, 0.24, 0.26])
    ahead = plots.Fan(FAN.weeks, FAN.median / 400, [(0.9, FAN.median / 500, FAN.median / 300)])
    return plots.draw_forecast(
        WEEKS, past, ahead, what_if=ahead, is_share=True, words=words, width=width
    )


def draw_amounts(width: int) -> str:
    words = plots.AmountWords(title=TITLE, description=DESCRIPTION, standing="борг на кінець тижня")
    weeks = [date(2026, 1, 5) + timedelta(weeks=week) for week in range(20)]
    parts = np.array([np.arange(20.0) * 90, np.full(20, 400.0), np.full(20, -3.0)])
    names = ["виплачено за участь", "за запрошених", "за навчання"]
    return plots.draw_amounts(
        weeks, parts, names, standing=np.linspace(100, 4000, 20), words=words, width=width
    )


def draw_ages(width: int) -> str:
    names = ("до 30 днів", "від 30 до 59 днів", "від 365 днів")
    words = plots.AgeWords(title=TITLE, description=DESCRIPTION, ages=names)
    return plots.draw_ages([1250.0, 0.0, 300.0], words=words, width=width)


COUNT = np.arange(1, len(SAMPLE) + 1)
RUNNING = np.cumsum(SEX.codes == 0) / COUNT
WEEKS = np.arange("2026-03-02", "2026-03-30", 7, dtype="datetime64[D]")
PEOPLE = np.array([8.0, 20.0, 41.0, 60.0])
MEDIAN = np.linspace(60.0, 114.0, 10)
FAN = plots.Fan(
    np.arange("2026-03-23", "2026-06-01", 7, dtype="datetime64[D]"),
    MEDIAN,
    [(0.9, MEDIAN * 0.8, MEDIAN * 1.3), (0.5, MEDIAN * 0.9, MEDIAN * 1.1)],
)
ALL = pytest.mark.parametrize(
    "draw",
    [
        draw_amounts,
        draw_ages,
        draw_time,
        draw_wave,
        draw_sites,
        draw_matrix,
        draw_forest,
        draw_chain,
        draw_waves_of_forest,
        draw_activity_of_forest,
        draw_means,
        draw_sizes,
        draw_convergence,
        draw_bottleneck,
        draw_cascade,
        draw_survival,
        draw_estimates,
        draw_forecast,
        draw_forecast_of_share,
    ],
)


@ALL
@pytest.mark.parametrize("width", [320, 1000])
def test_a_picture_says_what_it_shows_in_any_language(
    draw: Callable[[int], str], width: int
) -> None:
    root = ElementTree.fromstring(draw(width))
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert (title.text, description.text) == (TITLE, DESCRIPTION)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"


@ALL
def test_a_picture_needs_no_script_style_or_fetching(draw: Callable[[int], str]) -> None:
    svg = draw(640)
    for forbidden in ("<script", "<style", " style=", " on", "<image", "<use", "url("):
        assert forbidden not in svg
    assert svg.count("http") == 1


@ALL
def test_every_coordinate_is_a_number(draw: Callable[[int], str]) -> None:
    svg = draw(640)
    assert not re.search(r'"[^"]*\b(nan|inf)\b[^"]*"', svg)


@ALL
def test_the_same_figures_give_the_same_picture(draw: Callable[[int], str]) -> None:
    assert draw(640) == draw(640)


@ALL
def test_nothing_is_written_outside_the_picture(draw: Callable[[int], str]) -> None:
    root = ElementTree.fromstring(draw(360))
    width = float(root.attrib["viewBox"].split()[2])
    for text in root.iterfind(f"{SVG}text"):
        assert 0 <= float(text.attrib["x"]) <= width
        assert 0 < float(text.attrib["y"]) < float(root.attrib["viewBox"].split()[3])


@pytest.mark.parametrize("of", ["level", "wave", "activity"])
def test_a_programme_of_6000_takes_less_than_60_kilobytes_and_few_elements(of: str) -> None:
    sample = simulate(6_000, seed=5)
    wave = sample.forest.wave
    dots = {
        "level": lambda: plots.by_level(sample.traits["sex"].codes == 0),
        "wave": lambda: plots.by_wave(wave),
        "activity": lambda: plots.by_activity(sample.forest, wave > wave.max() - 3),
    }[of]()
    svg = plots.draw_forest(
        sample.forest,
        dots,
        link=lambda seed: f"/chains/{seed}",
        width=1000,
    )
    assert len(gzip.compress(svg.encode(), 6)) <= 60_000
    assert svg.count("<path") <= (1 + len(dots.looks)) * len(sample.forest.seeds)


def test_every_person_of_the_forest_is_drawn_once() -> None:
    assert draw_forest(640).count("h0") == len(SAMPLE)


def test_the_ends_of_the_lines_of_a_forest_are_its_people() -> None:
    svg = plots.draw_forest(grow(np.array([-1, 0, 0, 1])), plots.by_level(np.array([True] * 4)))
    edges, dots = re.findall(r' d="([^"]+)"', svg)
    assert {*_stops(edges)} == {*_stops(dots)}
    assert len(_stops(dots)) == 4


def test_chains_beyond_what_a_page_can_bear_are_counted_not_drawn() -> None:
    forest = grow(np.array([-1, 0, 0, -1, 3, -1]))
    svg = plots.draw_forest(forest, plots.by_level(np.ones(6, dtype=bool)), most_people=4)
    assert svg.count("h0") == 3
    assert "smaller chains not drawn: 2" in svg


def test_people_whose_level_is_not_known_are_crosses() -> None:
    unknown = np.array([False, True])
    svg = plots.draw_forest(grow(np.array([-1, 0])), plots.by_level(~unknown, unknown))
    assert "not known" in svg
    assert svg.count("h0") == 1


def test_each_chain_can_be_opened_and_says_its_size() -> None:
    forest = grow(np.array([-1, 0, -1]))
    svg = plots.draw_forest(
        forest, plots.by_level(np.ones(3, dtype=bool)), link=lambda seed: f"/c?s={seed}&x"
    )
    links = ElementTree.fromstring(svg).findall(f".//{SVG}a")
    assert [link.get("href") for link in links] == ["/c?s=0&x", "/c?s=2&x"]
    assert links[0].findtext(f"{SVG}title") == "Chain of 2, waves: 1"


def test_an_empty_programme_is_drawn_too() -> None:
    nobody = np.array([], dtype=np.int64)
    forest = grow(nobody)
    assert "<svg" in plots.draw_forest(forest, plots.by_level(nobody.astype(bool)))
    assert "<svg" in plots.draw_by_wave(nobody, nobody)
    assert "<svg" in plots.draw_by_group([], n=nobody, of=nobody, people=nobody)
    assert "<svg" in plots.draw_matrix(np.zeros((0, 0), dtype=np.int64), [])
    days = np.array([], dtype="datetime64[D]")
    assert "Nobody" in plots.draw_over_time(days, people=nobody, n=nobody, of=nobody)


def test_the_first_week_alone_is_drawn_too() -> None:
    one = np.array([1])
    days = np.array(["2026-03-02"], dtype="datetime64[D]")
    assert "<svg" in plots.draw_over_time(days, people=one, n=one, of=one)
    assert "<svg" in plots.draw_over_time(days, people=one, n=one * 0, of=one * 0)


def test_leaves_share_out_their_recruiters_part_of_the_circle() -> None:
    fans = fan_out(SAMPLE.forest)
    for parent in np.flatnonzero(SAMPLE.forest.recruits).tolist():
        recruits = np.flatnonzero(SAMPLE.recruiter == parent)
        starts = np.sort(fans.start[recruits])
        assert starts[0] == fans.start[parent]
        assert fans.leaves[recruits].sum() == fans.leaves[parent]


def test_no_two_discs_overlap() -> None:
    radius = np.sort(np.random.default_rng(3).uniform(3, 60, 80))[::-1]
    discs = pack(radius, width=600, gap=4)
    for i in range(80):
        for j in range(i):
            apart = np.hypot(discs.x[i] - discs.x[j], discs.y[i] - discs.y[j])
            assert apart >= radius[i] + radius[j]
    assert (discs.x + radius).max() <= 600


def test_recruits_of_a_chain_stand_below_one_another_and_she_midway() -> None:
    placed = plots.tidy_tree(nx.DiGraph([("a", "b"), ("a", "c"), ("c", "d"), ("c", "e")]))
    assert placed["c"][1] == (placed["d"][1] + placed["e"][1]) / 2
    assert placed["a"][1] == (placed["b"][1] + placed["c"][1]) / 2


def test_no_two_people_of_a_wave_are_less_than_a_row_apart() -> None:
    for seed in chains(SAMPLE.forest).seed[:5].tolist():
        rows: dict[int, list[float]] = {}
        for wave, row in plots.tidy_tree(to_networkx(SAMPLE, seed=seed)).values():
            rows.setdefault(wave, []).append(row)
        for of_wave in rows.values():
            assert min(of_wave) >= 0
            assert (np.diff(np.sort(of_wave)) >= 1 - 1e-9).all()


def test_a_short_branch_lies_in_the_bay_of_a_long_one() -> None:
    edges = [("a", "b"), ("a", "c"), ("b", "d"), ("d", "e"), ("d", "f"), ("d", "g")]
    placed = plots.tidy_tree(nx.DiGraph(edges))
    assert max(row for _, row in placed.values()) == 2


def _stops(path: str) -> list[tuple[int, int]]:
    """Where the pen goes: the end of each line and of each move."""
    x = y = 0
    stops = []
    for command, numbers in re.findall(r"([MmLlh])([-0-9 ]*)", path):
        values = [int(n) for n in re.findall(r"-?\d+", numbers)]
        if command == "M":
            x, y = values
            stops.append((x, y))
        elif command in "ml":
            x, y = x + values[0], y + values[1]
            stops.append((x, y))
    return list(dict.fromkeys(stops))
