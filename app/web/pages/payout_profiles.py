"""How the files of a programme's providers look: a list, a form, a preview with made-up numbers."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from app.core.money import Money
from app.domain.payout_profiles import actions, queries
from app.domain.payout_profiles.errors import ProfileChanged, UnknownProfile
from app.domain.payout_profiles.queries import ProfileVersion
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor, usernames
from app.domain.staff.rules import Permission
from app.web.complaints import Complaints, in_words
from app.web.deps import Db, Now, allowed
from app.web.flash import done
from app.web.forms import Fields
from app.web.payout_files import form
from app.web.payout_files.in_use import profile_by_slug, profiles
from app.web.payout_files.profile import (
    LONGEST_NAME,
    LONGEST_NARRATION,
    LONGEST_TEXT,
    NAMES,
    BadProfile,
    Numbers,
    Profile,
    read_profile,
)
from app.web.payout_files.profile import Form as FileForm
from app.web.payout_files.write import OutFile, PaymentLine, cells_of, payment_file
from app.web.problems import STATUS
from app.web.site_form import time_zones
from app.web.templating import language_of, render
from app.web.wording import text_of

router = APIRouter(prefix="/stipends/profiles", include_in_schema=False)
Editor = Annotated[Actor, Depends(allowed(Permission.PREPARE_PAYOUT, Permission.APPROVE_SCHEDULE))]

NOWHERE = "999"  # a country code that no country has
EXAMPLE = UUID("00000000-0000-7000-8000-000000000000")
EXAMPLE_MAJORS = (15, 120, 7)


@dataclass(frozen=True)
class Listed:
    """A layout as the list shows it."""

    profile: Profile
    version: ProfileVersion | None
    by: str

    @property
    def is_ours(self) -> bool:
        return self.profile.slug in NAMES


@router.get("")
def show_profiles(request: Request, db: Db, actor: Editor) -> Response:
    """What can be chosen when a batch is prepared."""
    return _list(request, db, actor)


@router.post("")
def add_profile(
    request: Request,
    db: Db,
    now: Now,
    actor: Editor,
    slug: Annotated[str, Form(max_length=20, pattern="own-[a-z0-9]{8}")],
    like: Annotated[str, Form(max_length=40)],
    name: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Begin a layout of the programme's own with one that is there; the form's own slug keeps a second press from doing it twice."""
    language = language_of(request)
    try:
        with db.transaction() as session:
            model = profile_by_slug(session, actor.programme_id, like)
            layout = {**form.whole(model), "name": name.strip()}
            read_profile(layout, key=slug, slug=slug)
            if slug not in queries.current_versions(session, actor.programme_id):
                actions.keep_profile(session, slug, layout, after=0, by=actor, now=now)
    except BadProfile as refusal:
        errors = in_words(refusal.complaints, language)
        typed = {"name": name, "like": like}
        return _list(request, db, actor, typed=typed, errors=errors, status=422)
    return RedirectResponse(f"/stipends/profiles/{slug}", status_code=303)


@router.get("/{slug}")
def show_profile(request: Request, db: Db, actor: Editor, slug: str) -> Response:
    """The form of a layout, and what a file of it looks like."""
    with db.snapshot() as session:
        profile = profile_by_slug(session, actor.programme_id, slug)
    return _form(request, db, actor, slug, profile.data, preview=profile)


@router.post("/{slug}")
def change_profile(
    request: Request,
    db: Db,
    now: Now,
    actor: Editor,
    slug: str,
    entered: Fields,
) -> Response:
    """Keep what was entered, or only look at it."""
    with db.snapshot() as session:
        before = profile_by_slug(session, actor.programme_id, slug)
    data = form.data_of(entered, slug=slug, language=language_of(request))
    try:
        profile = read_profile(data, key=slug, slug=slug)
    except BadProfile as refusal:
        return _form(request, db, actor, slug, data, typed=entered, complaints=refusal.complaints)
    if entered.get("act") == "preview":
        return _form(
            request, db, actor, slug, data, typed=entered, preview=profile, looks_only=True
        )
    try:
        with db.transaction() as session:
            if data != form.whole(before):
                after = _number(entered)
                actions.keep_profile(session, slug, data, after=after, by=actor, now=now)
    except ProfileChanged as refusal:
        outdated = text_of(refusal.code, language_of(request))
        return _form(request, db, actor, slug, data, typed=entered, outdated=outdated)
    return _done("profile_kept")


@router.post("/{slug}/reset")
def reset_profile(
    request: Request, db: Db, now: Now, actor: Editor, slug: str, entered: Fields
) -> Response:
    """Go back to the layout that comes with the program, or take an own one off the list."""
    try:
        with db.transaction() as session:
            actions.reset_profile(session, slug, after=_number(entered), by=actor, now=now)
    except ProfileChanged as refusal:
        with db.snapshot() as session:
            profile = profile_by_slug(session, actor.programme_id, slug)
        outdated = text_of(refusal.code, language_of(request))
        return _form(request, db, actor, slug, profile.data, outdated=outdated)
    return _done("profile_reset" if slug in NAMES else "profile_removed")


@router.get("/{slug}/example.{kind}")
def take_example(db: Db, actor: Editor, slug: str, kind: FileForm) -> Response:
    """A file with made-up numbers, to be shown to the provider."""
    with db.snapshot() as session:
        profile = profile_by_slug(session, actor.programme_id, slug)
        currency = programmes.programme(session, actor.programme_id).currency
    if profile.out.form is not kind:
        raise UnknownProfile
    file = example_of(profile, currency)
    return Response(
        file.content,
        media_type=file.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="example-{profile.slug}.{profile.out.form}"'
        },
    )


def example_lines(profile: Profile, currency: str) -> list[PaymentLine]:
    """Payments to numbers that nobody has."""
    is_national = profile.out.numbers is Numbers.NATIONAL
    country = profile.out.country_code if is_national else NOWHERE
    return [
        PaymentLine(
            n, f"EXAMPLE{n:04}", f"+{country}00000{n:04}", Money.parse(str(major), currency)
        )
        for n, major in enumerate(EXAMPLE_MAJORS, start=1)
    ]


def example_of(profile: Profile, currency: str) -> OutFile:
    return payment_file(profile, EXAMPLE, example_lines(profile, currency))


def _list(request: Request, db: Db, actor: Actor, *, status: int = 200, **given: Any) -> Response:
    with db.snapshot() as session:
        versions = queries.current_versions(session, actor.programme_id)
        names = usernames(session, actor.programme_id)
        listed = [
            Listed(
                profile,
                (version := versions.get(profile.slug)) if profile.is_own else None,
                names.get(version.made_by, "") if profile.is_own and version else "",
            )
            for profile in profiles(session, actor.programme_id)
        ]
        zone = programmes.clock_of(session, actor.programme_id, actor.site_id)
    context = {
        "listed": listed,
        "forms": form.FORMS,
        "fields": form.FIELDS,
        "zone": zone,
        "longest": LONGEST_NAME,
        "new_slug": f"own-{secrets.token_hex(4)}",
        "typed": {},
        "errors": {},
        "here": "/stipends/profiles",
    }
    return render(request, "payout_profiles.html", context | given, status=status)


def _form(
    request: Request,
    db: Db,
    actor: Actor,
    slug: str,
    data: Mapping[str, Any],
    *,
    typed: Mapping[str, str] | None = None,
    complaints: Complaints | None = None,
    preview: Profile | None = None,
    looks_only: bool = False,
    outdated: str = "",
) -> Response:
    language = language_of(request)
    with db.snapshot() as session:
        current = profile_by_slug(session, actor.programme_id, slug)
        version = queries.current_versions(session, actor.programme_id).get(slug)
        currency = programmes.programme(session, actor.programme_id).currency
    complaints = dict(complaints or {})
    context = {
        "profile": current,
        "is_ours": slug in NAMES,
        "number": _number(typed) if typed else (version.number if version else 0),
        "typed": dict(typed) if typed else form.as_typed(data, language),
        "rows": form.rows_of(data),
        "errors": in_words(complaints, language),
        "preview": _preview(preview, currency) if preview else None,
        "looks_only": looks_only,
        "outdated": outdated,
        "choices": form,
        "zones": ("UTC", *time_zones()),
        "longest": (LONGEST_NAME, LONGEST_TEXT, LONGEST_NARRATION),
        "here": f"/stipends/profiles/{slug}",
    }
    status = STATUS[ProfileChanged.kind] if outdated else 422 if complaints else 200
    return render(request, "payout_profile.html", context, status=status)


def _preview(profile: Profile, currency: str) -> tuple[list[str], list[list[str]]]:
    """The heading and the lines of a file of this layout."""
    heads = [column.name for column in profile.out.columns]
    lines = example_lines(profile, currency)
    return heads, [cells_of(profile, EXAMPLE, line) for line in lines]


def _number(entered: Mapping[str, str]) -> int:
    text = entered.get("number", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _done(code: str) -> Response:
    return done("/stipends/profiles", code)
