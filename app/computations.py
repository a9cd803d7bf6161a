"""Kind of analysis → the function that computes it. One table, read by the worker.

A computation reads the programme's figures in one short snapshot, computes with no transaction open, and tells again
and again how far it is. When it is told to stop it may return anything, ``None`` say: nothing is kept.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from app.core.db import Database
from app.domain.analyses.queries import Result

# Told the share that is done; False means stop.
Advance = Callable[[float], bool]
Computation = Callable[[Database, UUID, Mapping[str, Any], Advance, datetime], Result | None]

KINDS: Mapping[str, Computation] = {}
