"""A telephone drawn on a page: the menu and the text messages as someone with a simple telephone sees them."""

from typing import Annotated, Literal, cast

from fastapi import APIRouter, Depends, Request, Response

from app.core.codes import group
from app.core.crypto import Keyring
from app.core.i18n import languages
from app.domain.channels.events import Medium
from app.domain.programmes import queries as programmes
from app.domain.programmes.queries import ProgrammeFacts
from app.domain.screens.rules import Setting
from app.domain.staff.queries import Actor
from app.domain.staff.rules import Permission
from app.telephone.facts import grouped, name_of_language
from app.web import simulated
from app.web.deps import Db, Now, allowed
from app.web.forms import Fields
from app.web.simulated import Simulation, dialled, from_text, hung_up, to_text, typed
from app.web.templating import language_of, render

router = APIRouter(prefix="/messages/simulator", include_in_schema=False)
Reader = Annotated[Actor, Depends(allowed(Permission.SEE_MESSAGES))]

KEYS = (*"123456789", "*", "0", "#")
LONGEST_TYPED = 182  # what a USSD turn carries


@router.get("")
def show_telephone(
    request: Request,
    db: Db,
    actor: Reader,
    medium: Literal["ussd", "sms"] = "ussd",
    speaks: str = "",
) -> Response:
    """A telephone that was just taken in the hand; another medium or language starts again."""
    with db.snapshot() as session:
        programme = programmes.programme(session, actor.programme_id)
    setting = _setting(programme, speaks or language_of(request))
    return _page(request, actor, dialled(Medium(medium), setting), setting)


@router.post("")
def use_telephone(request: Request, db: Db, now: Now, actor: Reader, entered: Fields) -> Response:
    """Press a key, send what was typed, or hang up. It only reads, so a form sent twice shows the same twice."""
    with db.snapshot() as session:
        programme = programmes.programme(session, actor.programme_id)
        sites = programmes.sites(session, actor.programme_id)
    setting = _setting(programme, entered.get("speaks", ""))
    medium = Medium.SMS if entered.get("medium") == Medium.SMS else Medium.USSD
    phone = from_text(entered.get("phone", ""), _keyring(request), _holder(actor))
    if phone is None or phone.medium is not medium:
        phone = dialled(medium, setting)
    text = entered.get("typed", "")[:LONGEST_TYPED]
    if key := entered.get("key", ""):
        return _page(request, actor, phone, setting, draft=(text + key)[:LONGEST_TYPED])
    if "hang_up" in entered:
        phone = hung_up(phone)
    elif medium is Medium.USSD or text:
        phone = typed(
            phone, text, setting=setting, sites=sites, currency=programme.currency, now=now
        )
    return _page(request, actor, phone, setting)


def _page(
    request: Request, actor: Actor, phone: Simulation, setting: Setting, draft: str = ""
) -> Response:
    context = {
        "phone": phone,
        "kept": to_text(phone, _keyring(request), _holder(actor)),
        "speaks": setting.default_language,
        "phone_languages": {code: name_of_language(code) for code in setting.languages},
        "keys": KEYS,
        "draft": draft,
        "longest": LONGEST_TYPED,
        "examples": {group(code): about for code, about in simulated.EXAMPLES.items()},
        "own_card": group(simulated.OWN_CARD),
        "pin": simulated.PIN,
        "receipt": grouped(simulated.RECEIPT),
    }
    return render(request, "messages_simulator.html", context)


def _setting(programme: ProgrammeFacts, speaks: str) -> Setting:
    """The languages of the programme that there are words for, beginning with the one that was chosen."""
    spoken = tuple(code for code in programme.languages if code in languages()) or ("en",)
    return Setting(spoken, speaks if speaks in spoken else spoken[0])


def _holder(actor: Actor) -> str:
    return actor.staff_id.hex


def _keyring(request: Request) -> Keyring:
    return cast(Keyring, request.app.state.keyring)
