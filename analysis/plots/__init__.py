"""Pictures as SVG text. The caller passes every word, so they speak any language."""

from analysis.plots.ages import AgeWords, draw_ages
from analysis.plots.amounts import AmountWords, draw_amounts
from analysis.plots.by_group import GroupWords, draw_by_group
from analysis.plots.by_wave import WaveWords, draw_by_wave
from analysis.plots.cascade import CascadeWords, draw_cascade
from analysis.plots.chain_picture import ChainWords, draw_chain, tidy_tree
from analysis.plots.chain_sizes import SizeWords, draw_chain_sizes
from analysis.plots.convergence import (
    ConvergenceWords,
    Trace,
    draw_bottleneck,
    draw_convergence,
)
from analysis.plots.dots import Dots, Look, by_activity, by_level, by_wave
from analysis.plots.estimates import EstimateWords, draw_estimates
from analysis.plots.forecast import Fan, ForecastWords, draw_forecast
from analysis.plots.forest_picture import ForestWords, draw_forest
from analysis.plots.level import LevelWords, draw_level
from analysis.plots.matrix import MatrixWords, MeansWords, draw_matrix, draw_means
from analysis.plots.over_time import TimeWords, draw_over_time
from analysis.plots.survival import Steps, SurvivalWords, draw_survival
from analysis.plots.words import Writing

__all__ = [
    "AgeWords",
    "AmountWords",
    "CascadeWords",
    "ChainWords",
    "ConvergenceWords",
    "Dots",
    "EstimateWords",
    "Fan",
    "ForecastWords",
    "ForestWords",
    "GroupWords",
    "LevelWords",
    "Look",
    "MatrixWords",
    "MeansWords",
    "SizeWords",
    "Steps",
    "SurvivalWords",
    "TimeWords",
    "Trace",
    "WaveWords",
    "Writing",
    "by_activity",
    "by_level",
    "by_wave",
    "draw_ages",
    "draw_amounts",
    "draw_bottleneck",
    "draw_by_group",
    "draw_by_wave",
    "draw_cascade",
    "draw_chain",
    "draw_chain_sizes",
    "draw_convergence",
    "draw_estimates",
    "draw_forecast",
    "draw_forest",
    "draw_level",
    "draw_matrix",
    "draw_means",
    "draw_over_time",
    "draw_survival",
    "tidy_tree",
]
