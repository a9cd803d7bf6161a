"""``pdi programme``: open a programme, open a site of it, list what there is."""

import argparse
import sys

from babel.numbers import list_currencies
from sqlalchemy.orm import Session

from app.commands.choosing import add_programme_argument, the_programme
from app.commands.opening import add_data_argument, opened, settings_of
from app.core.clock import utc_now
from app.core.settings import BadSetting
from app.domain.programmes import actions, queries
from app.domain.programmes.errors import UnknownProgramme
from app.domain.programmes.rules import Protocol
from app.printing.design import DesignError, design_names, find_design
from app.printing.wording import telling_words
from app.web.complaints import in_words
from app.web.sheets import WEEKDAYS
from app.web.site_form import CODE, read_site

EXAMPLE = """\
example:
  pdi programme open --code UA1 --name "Neighbours" --currency UAH --languages uk,en --target 900
  pdi programme site --code KYIV --name uk="Центр «Затишок»" --name en="Zatyshok Centre" \\
      --address uk="м. Київ, вул. Садова, 1" --address en="1 Sadova St, Kyiv" \\
      --phone "+380 44 123 45 67" --timezone Europe/Kyiv --hours mon-fri=09:00–18:00 --hours sat=10:00–15:00
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog, parser.formatter_class = EXAMPLE, argparse.RawDescriptionHelpFormatter
    acts = parser.add_subparsers(dest="act", metavar="open | site | list", required=True)
    opening = acts.add_parser("open", help="open a programme", description="Open a programme.")
    opening.add_argument("--code", required=True, help="a short name in capital letters")
    opening.add_argument("--name", required=True, help="a neutral name")
    opening.add_argument("--currency", required=True, help="three letters, such as UAH")
    opening.add_argument("--languages", required=True, metavar="uk,en", help="first the main one")
    opening.add_argument("--target", type=_count, metavar="N", help="people to reach")
    opening.add_argument(
        "--design", choices=design_names(), default="classic", help="of its coupons (classic)"
    )
    site = acts.add_parser("site", help="open a site", description="Open a site of a programme.")
    add_programme_argument(site)
    site.add_argument("--code", required=True, help="a short name in capital letters")
    for words in ("name", "address"):
        site.add_argument(
            f"--{words}",
            action="append",
            required=True,
            metavar="LANGUAGE=TEXT",
            help="one for each language",
        )
    site.add_argument("--phone", required=True)
    site.add_argument("--timezone", required=True, metavar="ZONE", help="such as Europe/Kyiv")
    for hours in ("hours", "women-only-hours"):
        site.add_argument(
            f"--{hours}",
            action="append",
            default=[],
            metavar="DAYS=TEXT",
            help="mon-fri=09:00–18:00",
        )
    site.add_argument("--target", metavar="N", default="", help="people to reach here")
    listing = acts.add_parser("list", help="list programmes and sites")
    for act in (opening, site, listing):
        add_data_argument(act)


def run(arguments: argparse.Namespace) -> int:
    with opened(settings_of(arguments)) as database:
        if arguments.act == "list":
            with database.snapshot() as session:
                sys.stdout.write(_listed(session))
            return 0
        with database.transaction() as session:
            act = open_programme if arguments.act == "open" else open_site
            act(session, arguments)
        sys.stdout.write(f"{arguments.code.upper()} is open\n")
    return 0


def open_programme(session: Session, arguments: argparse.Namespace) -> None:
    """Raises: BadSetting, for what a programme cannot be opened with."""
    code, languages = arguments.code.upper(), _languages(arguments.languages, arguments.design)
    if not CODE.fullmatch(code):
        raise BadSetting("--code: up to twelve Latin capital letters, digits and hyphens")
    if arguments.currency.upper() not in list_currencies():
        raise BadSetting(f"--currency: {arguments.currency} is no currency; write it as UAH")
    if telling := telling_words(arguments.name):
        raise BadSetting(
            f"--name: it may stand on coupons and tells too much: {', '.join(telling)}"
        )
    try:
        queries.programme_by_code(session, code)
    except UnknownProgramme:
        actions.open_programme(
            session,
            code=code,
            name=arguments.name,
            currency=arguments.currency.upper(),
            languages=languages,
            target=arguments.target,
            protocol=Protocol(),
            coupon_design=arguments.design,
            now=utc_now(),
        )
    else:
        raise BadSetting(f"--code: there is a programme {code} already")


def open_site(session: Session, arguments: argparse.Namespace) -> None:
    """Raises: BadSetting, for what a site cannot be opened with; UnknownProgramme."""
    programme = the_programme(session, arguments.programme)
    entered = {
        "code": arguments.code,
        "phone": arguments.phone,
        "timezone": arguments.timezone,
        "target": arguments.target,
        **_by_language("name", arguments.name, programme.languages),
        **_by_language("address", arguments.address, programme.languages),
        **_by_day("hours", "open", arguments.hours),
        **_by_day("women-only-hours", "women", arguments.women_only_hours),
    }
    taken = [each.code for each in queries.sites(session, programme.id)]
    site, complaints = read_site(entered, programme, codes_taken=taken)
    if site is None:
        said = (
            f"--{field.replace('_', ' ')}: {text}"
            for field, text in in_words(complaints, "en").items()
        )
        raise BadSetting("; ".join(said))
    actions.open_site(session, programme_id=programme.id, now=utc_now(), **vars(site))


def _listed(session: Session) -> str:
    lines = []
    for programme in queries.programmes(session):
        target = f", target {programme.target:,}" if programme.target else ""
        lines.append(
            f"{programme.code}  {programme.name} "
            f"({programme.currency}, {'+'.join(programme.languages)}{target})"
        )
        for site in queries.sites(session, programme.id):
            name = site.name.get(programme.languages[0], "")
            lines.append(f"  {site.code:14}{name}  ({site.timezone})")
    return "".join(f"{line}\n" for line in lines or ["no programme yet"])


def _languages(text: str, design: str) -> list[str]:
    languages = [each.strip().lower() for each in text.split(",") if each.strip()]
    try:
        known = find_design(design).languages
    except DesignError as error:
        raise BadSetting(str(error)) from error
    unknown = [each for each in languages if each not in known]
    if unknown or not languages:
        raise BadSetting(f"--languages: the coupons can be printed in {', '.join(known)}")
    return languages


def _by_language(field: str, given: list[str], languages: tuple[str, ...]) -> dict[str, str]:
    entered = {}
    for each in given:
        language, found, words = each.partition("=")
        if not found or language not in languages:
            raise BadSetting(f"--{field}: write it as {languages[0]}=TEXT, one for each language")
        entered[f"{field}_{language}"] = words
    return entered


def _by_day(option: str, field: str, given: list[str]) -> dict[str, str]:
    entered = {}
    for each in given:
        days, found, hours = each.partition("=")
        first, _, last = days.partition("-")
        if not found or first not in WEEKDAYS or (last or first) not in WEEKDAYS:
            raise BadSetting(f"--{option}: write it as mon-fri=09:00–18:00 or sat=10:00–15:00")
        for day in WEEKDAYS[WEEKDAYS.index(first) : WEEKDAYS.index(last or first) + 1]:
            entered[f"{field}_{day}"] = hours
    return entered


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number
