"""Figures as strict JSON values: nan and what is not known become ``None``."""

import math
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np

Json: TypeAlias = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


def plain(value: object) -> Json:
    """A number, text, verdict or array as JSON values.

    >>> plain(np.array([[1.5, np.nan]])), plain(np.int64(3)), plain(None)
    ([[1.5, None]], 3, None)
    """
    if value is None or isinstance(value, str | bool | np.bool_):
        return bool(value) if isinstance(value, np.bool_) else value
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, int | np.integer):
        return int(value)
    number = float(value)  # type: ignore[arg-type]
    return number if math.isfinite(number) else None


def by_level(levels: Sequence[str], values: Iterable[object]) -> dict[str, Json]:
    """A figure for each level, under the level's name.

    >>> by_level(["f", "m"], np.array([0.25, np.nan]))
    {'f': 0.25, 'm': None}
    """
    return {level: plain(value) for level, value in zip(levels, values, strict=True)}
