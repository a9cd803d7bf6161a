"""What a computation is given, and the JSON it comes to."""

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from typing import Any

import numpy as np

from app.domain.analyses.errors import BadAnalysis
from app.domain.analyses.queries import Result
from app.domain.analyses.rules import MOST_REPLICATES

JSON = "application/json"


def plain(value: object) -> Any:
    """A frozen result of ``analysis`` as JSON values: fields by name, arrays as lists, nan and NaT as null.

    >>> plain({"share": np.array([0.25, np.nan]), "day": np.datetime64("2026-03-02")})
    {'share': [0.25, None], 'day': '2026-03-02'}
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.astype(str).tolist() if value.dtype.kind == "M" else value.tolist())
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    is_missing = value == "NaT" or (isinstance(value, float) and math.isnan(value))
    return None if is_missing else value


def given(parameters: Mapping[str, Any], **defaults: Any) -> dict[str, Any]:
    """The parameters with what was left out. Raises: BadAnalysis, for one that means nothing or asks too much."""
    unknown = sorted(set(parameters) - set(defaults))
    if unknown:
        raise BadAnalysis(parameter=unknown[0], reason="unknown")
    used = defaults | dict(parameters)
    replicates = used.get("replicates", 0)
    if not isinstance(replicates, int) or replicates > MOST_REPLICATES:
        raise BadAnalysis(parameter="replicates", reason="out_of_range")
    return used


def as_json(told: Mapping[str, object]) -> Result:
    """A result that is read by pages and programs."""
    return Result(JSON, json.dumps(plain(told), ensure_ascii=False, allow_nan=False).encode())
