"""What a report is made of: everything read of a programme in one moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from uuid import UUID

from sqlalchemy.orm import Session

from app.domain.chains.queries import LiveCoupons, LiveSample, live_coupons, load_sample
from app.domain.programmes import queries as programmes
from app.domain.programmes.queries import ProgrammeFacts, SiteFacts
from app.domain.programmes.rules import Protocol
from app.domain.recruitment.queries import load_flow
from app.web.figures.chains import Chains, chains_of
from app.web.figures.estimates import Courses, Mixing, Row
from app.web.figures.flow import Flow, flow_of
from app.web.figures.forecasts import Outlook
from app.web.figures.reach import Reach, reach_of_programme
from app.web.figures.words import name, site_name


@dataclass(frozen=True, eq=False)
class Estimated:
    """What the page of estimates tells when nothing is chosen on it, intervals included."""

    rows: tuple[Row, ...]
    courses: Courses
    mixing: Mixing


@dataclass(frozen=True)
class Facts:
    """One programme on one day, for readers of one language."""

    programme: ProgrammeFacts
    sites: tuple[SiteFacts, ...]
    protocol: Protocol
    live: LiveSample
    coupons: LiveCoupons
    flow: Flow
    today: date
    language: str
    estimated: Estimated | None = None
    outlook: Outlook | None = None

    @cached_property
    def reach(self) -> Reach:
        return reach_of_programme(self.live)

    @cached_property
    def chains(self) -> Chains:
        days = self.protocol.stalled_after_days
        return chains_of(self.live, self.coupons, today=self.today, stalled_after_days=days)

    @property
    def names(self) -> Mapping[str, str]:
        return {site.code: site_name(site, self.language) for site in self.sites}

    @property
    def others(self) -> str:
        return name(self.reach.others_level, self.language)


def read_facts(session: Session, programme_id: UUID, *, today: date, language: str) -> Facts:
    """Everything the report needs, read in the session's one moment."""
    live = load_sample(session, programme_id, today=today)
    loaded = load_flow(session, programme_id, live.sample, today=today)
    return Facts(
        programme=programmes.programme(session, programme_id),
        sites=tuple(programmes.sites(session, programme_id)),
        protocol=programmes.current_protocol(session, programme_id).rules,
        live=live,
        coupons=live_coupons(session, programme_id, today=today),
        flow=flow_of(live.sample, loaded.history, loaded.cascade),
        today=today,
        language=language,
    )
