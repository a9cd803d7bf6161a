"""What makes a page of the desk an app: the worker that opens it without a network, the app's page, its name and icons."""

import json
import re
from functools import cache
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from app.core.i18n import languages, translations
from app.printing.picture import svg_to_png
from app.web import desk_files
from app.web.deps import Db, Now
from app.web.desk_app import shell_context
from app.web.desk_auth import DeskDevice
from app.web.pages.desk import Looker, show_desk
from app.web.templating import RIGHT_TO_LEFT, language_of, render

router = APIRouter(prefix="/desk", include_in_schema=False)

BRAND = "#17605a"
PAPER = "#faf6ef"
# Phones cut an icon to a shape of their own: what matters has to lie in the middle four fifths.
MASKABLE = 0.8
A_DAY = "public, max-age=86400"

Language = Annotated[str, Query(max_length=10)]


@router.get("/worker.js")
def worker() -> Response:
    """The service worker, with the files it has to keep."""
    build = {
        "version": desk_files.version(),
        "files": desk_files.first_files(),
        "later": desk_files.later_files(),
    }
    script = (desk_files.STATIC / desk_files.WORKER).read_text("utf-8")
    return Response(
        f"const BUILD = {json.dumps(build)};\n{script}",
        media_type="text/javascript",
        headers={"Service-Worker-Allowed": "/desk"},
    )


@router.get("/manifest.webmanifest")
def manifest(request: Request, language: Language = "") -> Response:
    """How the app is called on a home screen, where others look too: by a word that tells nothing."""
    if language not in languages():
        language = language_of(request)
    name = translations(language).gettext("Desk")
    sizes = [(size, purpose) for size in (192, 512) for purpose in ("any", "maskable")]
    told = {
        "id": "/desk",
        "start_url": "/desk",
        "scope": "/desk",
        "name": name,
        "short_name": name,
        "lang": language,
        "dir": "rtl" if language in RIGHT_TO_LEFT else "ltr",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": BRAND,
        "icons": [
            {
                "src": f"/desk/icons/{size}.png" + ("?maskable=1" if purpose == "maskable" else ""),
                "sizes": f"{size}x{size}",
                "type": "image/png",
                "purpose": purpose,
            }
            for size, purpose in sizes
        ],
    }
    return Response(
        json.dumps(told, ensure_ascii=False),
        media_type="application/manifest+json",
        headers={"Vary": "Cookie, Accept-Language"},
    )


@router.get("/icons/{size}.png")
def icon(size: Literal["192", "512"], maskable: bool = False) -> Response:
    return Response(
        _icon(int(size), maskable), media_type="image/png", headers={"Cache-Control": A_DAY}
    )


@router.get("/app")
def app(request: Request, db: Db, device: DeskDevice, language: Language) -> Response:
    """The app's page in one language, for the browser to keep. Nobody's name is on it."""
    if language not in languages():
        language = language_of(request)
    with db.snapshot() as session:
        context = shell_context(session, device.programme_id, language)
    version = desk_files.version()
    return render(
        request,
        "desk_app.html",
        {**context, "version": version, "modules": desk_files.modules()},
        headers={"X-Desk-Version": version},
        language=language,
    )


@router.get("/online")
def show_online(request: Request, db: Db, now: Now, actor: Looker) -> Response:
    """The desk of a log-in, on a browser where ``/desk`` is the app."""
    return show_desk(request, db, now, actor)


@router.get("/enrol")
def enrol(request: Request) -> Response:
    """Where a browser becomes a device. The secret stands after the #, which no browser sends."""
    return render(request, "desk_enrol.html")


@cache
def _icon(size: int, maskable: bool) -> bytes:
    """The icon on a ground without corners: systems cut it to shapes of their own."""
    drawing = (desk_files.STATIC / "icon.svg").read_text("utf-8")
    inner = re.sub(r"^.*?<svg[^>]*>|</svg>\s*$", "", drawing, flags=re.DOTALL)
    scale = MASKABLE if maskable else 1
    edge = 64 * (1 - scale) / 2
    return svg_to_png(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64">'
        f'<rect width="64" height="64" fill="{BRAND}"/>'
        f'<g transform="translate({edge} {edge}) scale({scale})">{inner}</g></svg>',
        size,
    )
