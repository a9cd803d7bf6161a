"""What can be computed in the background, and how far a run may go."""

import json
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from app.domain.analyses.errors import BadAnalysis

# A computation tells how far it is much oftener; a worker that was not heard of for so long is gone.
LEASE = timedelta(minutes=5)
MOST_ATTEMPTS = 3
# So many of one programme may wait or run at once: more would keep every programme's next question waiting.
MOST_UNDER_WAY = 12
# Long enough to lay this month's figures beside the last; whoever needs them longer has printed them.
KEPT = timedelta(days=40)
LONGEST_TEXT = 60
MOST_PARAMETERS = 20
# More would say nothing that so many do not, and keep other programmes waiting.
MOST_REPLICATES = 20_000
# All the weeks of all replicates of a forecast: more would fill the memory of a small server.
MOST_WEEKS = 1_000_000


class AnalysisKind(StrEnum):
    """What can be asked for; ``app/computations`` has the function of each."""

    ESTIMATE = "estimate"
    FORECAST = "forecast"
    REPORT = "report"
    PADS = "pads"


class RunState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNDER_WAY = (RunState.WAITING, RunState.RUNNING)
FINISHED = (RunState.DONE, RunState.FAILED, RunState.CANCELLED)

Parameter = str | int | float | bool | None


def canonical(parameters: Mapping[str, Parameter]) -> str:
    """Parameters as the one text that stands for them, in whatever order they were given.

    They stand in clear in the database: only short words and numbers are let in, nothing of a person.

    >>> canonical({"trait": "sex", "replicates": 500})
    '{"replicates":500,"trait":"sex"}'

    Raises:
        BadAnalysis: too many, too long, or of another type.
    """
    if len(parameters) > MOST_PARAMETERS:
        raise BadAnalysis(reason="too_many_parameters")
    for name, value in parameters.items():
        if not (value is None or isinstance(value, str | int | float)):
            raise BadAnalysis(parameter=name, reason="type")
        if max(len(name), len(str(value))) > LONGEST_TEXT:
            raise BadAnalysis(parameter=name[:LONGEST_TEXT], reason="too_long")
    try:
        return json.dumps(dict(parameters), sort_keys=True, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise BadAnalysis(reason="not_a_number") from error
