"""The layouts a programme uses: those that come with the program, and its own in their place or beside them."""

import re
from uuid import UUID

from sqlalchemy.orm import Session

from app.domain.payout_profiles import queries
from app.domain.payout_profiles.errors import UnknownProfile
from app.domain.payout_profiles.queries import ProfileVersion
from app.web.payout_files.profile import Profile, built_in, read_profile

_OWN = re.compile(r"own-([0-9a-f]{32})", re.ASCII)


def profiles(session: Session, programme_id: UUID) -> list[Profile]:
    """What can be chosen now, ours first, each in the programme's own version where there is one."""
    own = {
        slug: own_profile(version)
        for slug, version in queries.current_versions(session, programme_id).items()
        if version.layout
    }
    ours = [own.pop(slug, profile) for slug, profile in built_in().items()]
    return [*ours, *sorted(own.values(), key=lambda profile: (profile.name, profile.slug))]


def profile_by_slug(session: Session, programme_id: UUID, slug: str) -> Profile:
    """What can be chosen now, by what it is called in addresses. Raises: UnknownProfile."""
    for profile in profiles(session, programme_id):
        if profile.slug == slug:
            return profile
    raise UnknownProfile


def profile_of(session: Session, programme_id: UUID, key: str) -> Profile:
    """The very version that a batch remembers by its key, replaced or not. Raises: UnknownProfile."""
    if key in built_in():
        return built_in()[key]
    found = _OWN.fullmatch(key)
    version = queries.version(session, programme_id, UUID(found[1])) if found else None
    if version is None or not version.layout:
        raise UnknownProfile
    return own_profile(version)


def own_profile(version: ProfileVersion) -> Profile:
    return read_profile(version.layout, key=f"own-{version.id.hex}", slug=version.slug)
