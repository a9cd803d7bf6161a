"""A programme fits a provider's files to what its provider asks for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.core.db import put
from app.core.ids import uuid7
from app.domain.audit.actions import record
from app.domain.payout_profiles import queries
from app.domain.payout_profiles.errors import ProfileChanged
from app.domain.payout_profiles.models import PayoutProfile
from app.domain.staff.queries import Actor


def keep_profile(
    session: Session,
    slug: str,
    layout: Mapping[str, Any],
    *,
    after: int,
    by: Actor,
    now: datetime,
) -> None:
    """Make a version of a profile from now on; batches that were prepared with an earlier one keep that.

    ``after`` is the number of the version that was looked at, 0 for none. The same layout again changes nothing.

    Raises:
        ProfileChanged: someone else was quicker.
    """
    found = queries.current_versions(session, by.programme_id).get(slug)
    if found and dict(found.layout) == dict(layout):
        return
    number = found.number if found else 0
    if number != after:
        raise ProfileChanged(number=number)
    profile_id = uuid7()
    row = {
        "id": profile_id,
        "programme_id": by.programme_id,
        "slug": slug,
        "number": number + 1,
        "layout": dict(layout),
        "made_by": by.staff_id,
        "made_at": now,
    }
    try:
        with session.begin_nested():
            put(session, PayoutProfile, row)
    except IntegrityError:
        raise ProfileChanged(number=number + 1) from None
    record(
        session,
        "payout_profile.changed" if layout else "payout_profile.reset",
        subject=profile_id,
        staff_id=by.staff_id,
        programme_id=by.programme_id,
        at=now,
        facts={"profile": slug, "number": number + 1},
    )


def reset_profile(session: Session, slug: str, *, after: int, by: Actor, now: datetime) -> None:
    """Go back to the layout that comes with the program, or take an own profile off the list. Raises: ProfileChanged."""
    if slug in queries.current_versions(session, by.programme_id):
        keep_profile(session, slug, {}, after=after, by=by, now=now)
