from itertools import pairwise
from typing import Annotated, Any

from babel import Locale
from fastapi import APIRouter, Depends, Request, Response

from app.domain.programmes import actions
from app.domain.programmes import queries as programmes
from app.domain.staff.queries import Actor, usernames
from app.domain.staff.rules import Permission
from app.web import protocol_form, site_form
from app.web.complaints import Complaints, in_words
from app.web.deps import Db, Now, allowed
from app.web.flash import done
from app.web.forms import Fields
from app.web.sheets import WEEKDAYS
from app.web.templating import language_of, render
from app.web.wording import text_of

router = APIRouter(prefix="/programme", include_in_schema=False)
Editor = Annotated[Actor, Depends(allowed(Permission.EDIT_PROGRAMME))]


@router.get("")
def show_programme(request: Request, db: Db, actor: Editor) -> Response:
    """The rules in force, how they came to be, and the sites."""
    with db.snapshot() as session:
        programme = programmes.programme(session, actor.programme_id)
        versions = programmes.protocol_versions(session, actor.programme_id)
        proposals = programmes.proposals(session, actor.programme_id)
        context = {
            "waiting": [each for each in proposals if each.waits],
            "proposed": {each.adopted: each for each in proposals if each.adopted},
            "programme": programme,
            "sites": programmes.sites(session, actor.programme_id),
            "versions": versions,
            "usernames": usernames(session, programme.id),
            "clock": programmes.clock_of(session, actor.programme_id, actor.site_id),
        }
    context |= {
        "groups": protocol_form.lines(versions[0].rules, programme.currency),
        "changes": {
            newer.version: protocol_form.changes(older.rules, newer.rules, programme.currency)
            for newer, older in pairwise(versions)
        },
        "kinds": protocol_form.KINDS,
        "weekdays": _weekdays(request),
    }
    return render(request, "programme.html", context)


@router.get("/protocol")
def ask_protocol(request: Request, db: Db, actor: Editor) -> Response:
    with db.snapshot() as session:
        programme = programmes.programme(session, actor.programme_id)
        current = programmes.current_protocol(session, actor.programme_id)
    typed = protocol_form.as_typed(current.rules, programme.currency, language_of(request))
    return _protocol_form(request, programme, current, typed)


@router.post("/protocol")
def adopt_protocol(request: Request, db: Db, now: Now, actor: Editor, entered: Fields) -> Response:
    """Make the entered rules the next version, unless someone else made one in the meantime.

    What is paid, and how, has a form of its own: it changes when a second person approves.
    """
    with db.transaction() as session:
        programme = programmes.programme(session, actor.programme_id)
        current = programmes.current_protocol(session, actor.programme_id)
        rules, complaints = protocol_form.read_protocol(
            entered, current.rules, programme.currency, protocol_form.AT_ONCE
        )
        is_outdated = entered.get("version") != str(current.version)
        if rules and not is_outdated:
            version = actions.change_rules(
                session,
                programme.id,
                rules,
                based_on=current.version,
                by=actor.staff_id,
                now=now,
            )
            is_outdated = version is None
    if rules and not is_outdated:
        return _done("protocol_adopted")
    return _protocol_form(request, programme, current, entered, complaints, is_outdated=is_outdated)


@router.get("/site")
def ask_site(request: Request, db: Db, actor: Editor) -> Response:
    with db.snapshot() as session:
        programme = programmes.programme(session, actor.programme_id)
        clock = programmes.clock_of(session, actor.programme_id, actor.site_id)
    return _site_form(request, programme, {"timezone": clock})


@router.post("/site")
def open_site(request: Request, db: Db, now: Now, actor: Editor, entered: Fields) -> Response:
    with db.transaction() as session:
        programme = programmes.programme(session, actor.programme_id)
        taken = [each.code for each in programmes.sites(session, programme.id)]
        site, complaints = site_form.read_site(entered, programme, codes_taken=taken)
        if site:
            actions.open_site(
                session, programme_id=programme.id, now=now, by=actor.staff_id, **vars(site)
            )
    if site:
        return _done("site_opened")
    return _site_form(request, programme, entered, complaints)


def _protocol_form(
    request: Request,
    programme: programmes.ProgrammeFacts,
    current: programmes.CurrentProtocol,
    typed: dict[str, str],
    complaints: Complaints | None = None,
    *,
    is_outdated: bool = False,
) -> Response:
    language = language_of(request)
    context: dict[str, Any] = {
        "programme": programme,
        "version": current.version,
        "groups": protocol_form.AT_ONCE,
        "kinds": protocol_form.KINDS,
        "placeholders": protocol_form.placeholders(current.rules, programme.currency),
        "typed": typed,
        "errors": in_words(complaints or {}, language),
        "outdated": text_of("try_again", language) if is_outdated else "",
        "here": "/programme/protocol",
    }
    return render(
        request, "programme_protocol.html", context, status=_status(complaints, is_outdated)
    )


def _site_form(
    request: Request,
    programme: programmes.ProgrammeFacts,
    typed: dict[str, str],
    complaints: Complaints | None = None,
) -> Response:
    language = language_of(request)
    context = {
        "programme": programme,
        "language_names": {
            code: Locale(code).get_display_name(language) for code in programme.languages
        },
        "zones": site_form.time_zones(),
        "weekdays": _weekdays(request),
        "typed": typed,
        "errors": in_words(complaints or {}, language),
        "here": "/programme/site",
    }
    return render(request, "programme_site.html", context, status=_status(complaints))


def _weekdays(request: Request) -> dict[str, str]:
    names = Locale(language_of(request)).days["stand-alone"]["wide"]
    return {key: names[day][:1].upper() + names[day][1:] for day, key in enumerate(WEEKDAYS)}


def _status(complaints: Complaints | None, is_outdated: bool = False) -> int:
    if is_outdated:
        return 409
    return 422 if complaints else 200


def _done(code: str) -> Response:
    return done("/programme", code)
