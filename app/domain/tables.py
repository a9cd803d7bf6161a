"""Every table of the program, for the migrations and for tests that build a schema."""

from sqlalchemy import MetaData

from app.core import installation, outbox, turns
from app.core.db import Base
from app.domain.alerts import models as alerts
from app.domain.analyses import models as analyses
from app.domain.announcements import models as announcements
from app.domain.answers import models as answers
from app.domain.appointments import models as appointments
from app.domain.audit import models as audit
from app.domain.batches import models as batches
from app.domain.cash_days import models as cash_days
from app.domain.channels import models as channels
from app.domain.claims import models as claims
from app.domain.conflicts import models as conflicts
from app.domain.contacts import models as contacts
from app.domain.counts import models as counts
from app.domain.coupons import models as coupons
from app.domain.deliveries import models as deliveries
from app.domain.devices import models as devices
from app.domain.expiry import models as expiry
from app.domain.feedback import models as feedback
from app.domain.floats import models as floats
from app.domain.intake import models as intake
from app.domain.limits import models as limits
from app.domain.lottery import models as lottery
from app.domain.messages import models as messages
from app.domain.messaging import models as messaging
from app.domain.opt_outs import models as opt_outs
from app.domain.pads import models as pads
from app.domain.participants import models as participants
from app.domain.payout_profiles import models as payout_profiles
from app.domain.programmes import models as programmes
from app.domain.rewards import models as rewards
from app.domain.services import models as services
from app.domain.shortages import models as shortages
from app.domain.signals import models as signals
from app.domain.staff import models as staff
from app.domain.stipends import models as stipends
from app.domain.traffic import models as traffic
from app.domain.unclaimed import models as unclaimed
from app.domain.visits import models as visits
from app.domain.webhooks import models as webhooks
from app.domain.wordings import models as wordings

MODULES = (
    installation,
    outbox,
    turns,
    audit,
    programmes,
    staff,
    webhooks,
    channels,
    limits,
    opt_outs,
    participants,
    coupons,
    pads,
    payout_profiles,
    stipends,
    expiry,
    lottery,
    counts,
    floats,
    shortages,
    cash_days,
    contacts,
    claims,
    unclaimed,
    batches,
    answers,
    services,
    feedback,
    announcements,
    appointments,
    alerts,
    rewards,
    visits,
    intake,
    conflicts,
    devices,
    deliveries,
    traffic,
    wordings,
    messages,
    analyses,
    signals,
    messaging,
)

METADATA: MetaData = Base.metadata
