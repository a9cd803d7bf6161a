"""Following what is computed in the background: a bar that asks again and again, and costs next to nothing to answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Request, Response
from pydantic import BaseModel

from app.domain.analyses.queries import RunFacts
from app.web.templating import render


@dataclass(frozen=True)
class Following:
    """The newest runs of what a page was asked. ``words`` say what is being computed, in English."""

    page: str
    words: str
    asked: BaseModel
    runs: Sequence[RunFacts]

    @property
    def address(self) -> str:
        """Of the page that was asked."""
        return f"{self.page}?{self.query}"

    @property
    def query(self) -> str:
        """The question as an address has it."""
        return urlencode(self.asked.model_dump())

    @property
    def is_busy(self) -> bool:
        return any(run.is_under_way for run in self.runs)

    @property
    def progress(self) -> float:
        """Of all that was asked together: a run that has ended is whole."""
        done = [run.progress if run.is_under_way else 1.0 for run in self.runs]
        return sum(done) / max(len(done), 1)


def progress_of(request: Request, following: Following) -> Response:
    """How far it is; when it is done the page is loaded anew."""
    if not following.is_busy:
        return Response(headers={"HX-Redirect": following.address})
    return render(request, "progress.html", {"following": following})
