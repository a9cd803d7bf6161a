"""Pictures as SVG text. The caller passes every word, so they speak any language."""

from analysis.plots.by_group import GroupWords, draw_by_group
from analysis.plots.by_wave import WaveWords, draw_by_wave
from analysis.plots.chain_picture import ChainWords, draw_chain, tidy_tree
from analysis.plots.forest_picture import ForestWords, draw_forest
from analysis.plots.matrix import MatrixWords, draw_matrix
from analysis.plots.over_time import TimeWords, draw_over_time
from analysis.plots.words import Writing

__all__ = [
    "ChainWords",
    "ForestWords",
    "GroupWords",
    "MatrixWords",
    "TimeWords",
    "WaveWords",
    "Writing",
    "draw_by_group",
    "draw_by_wave",
    "draw_chain",
    "draw_forest",
    "draw_matrix",
    "draw_over_time",
    "tidy_tree",
]
