"""``pdi demo``: a folder with a simulated programme, filled on first use, and served."""

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from app.commands.migrate import migrate
from app.commands.opening import add_data_argument, opened
from app.commands.serve import refuse_taken_port, serve
from app.core.clock import utc_now
from app.core.codes import group
from app.core.settings import PREFIX, Settings
from app.demo.credentials import FILE, Credentials
from app.demo.filling import fill
from app.demo.folder import UNFINISHED, finish, held, is_finished
from app.demo.scene import CODE
from app.demo.usable import usable_coupons

FOLDER, PARTICIPANTS = Path("demo"), 480
FEWEST, MOST = 30, 20_000
LOOK_AT = {
    "intake": "the desk: scan a coupon, take someone in, print her coupons",
    "coupon_manager": "seeds, lost coupons, the conflict that waits, printed cards",
    "lead": "reach, chains and patterns to look at",
    "finance": "what is owed and paid",
    "finance2": "the second pair of eyes",
    "admin": "people, sites and rules",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_data_argument(parser)
    parser.add_argument("--port", type=int, metavar="N", help="port to listen on")
    parser.add_argument(
        "--participants",
        type=_people,
        metavar="N",
        help=f"how many people, in a new demonstration ({PARTICIPANTS})",
    )
    parser.add_argument("--no-serve", action="store_true", help="stop after filling")


def run(arguments: argparse.Namespace) -> int:
    folder = Path(arguments.data or os.environ.get(f"{PREFIX}DATA_DIR") or FOLDER)
    settings = settings_in(folder, port=arguments.port)
    if not arguments.no_serve:
        refuse_taken_port(settings)
    with held(folder):
        if is_finished(folder):
            if arguments.participants:
                _say(f"{folder} holds a demonstration already; --participants is for a new one")
        else:
            _fill(folder, arguments.participants or PARTICIPANTS)
        credentials = _refresh(folder, settings)
    print(_welcome(credentials, folder, settings))  # noqa: T201
    if not arguments.no_serve:
        serve(settings)
    return 0


def settings_in(folder: Path, **overrides: object) -> Settings:
    """Settings of the embedded database in a folder, whatever database the environment names."""
    return Settings.from_env(
        os.environ,
        data_dir=folder,
        database_url=f"sqlite:///{folder.absolute()}/pdi.sqlite3",
        key_file=folder / "master.key",
        **overrides,
    )


def _fill(folder: Path, participants: int) -> None:
    half = folder / UNFINISHED
    settings, progress = settings_in(half), Progress()
    migrate(settings)
    with opened(settings) as database:
        scene = fill(database, participants=participants, now=utc_now(), tell=progress)
    progress.end()
    sites = tuple(site.code for site in scene.sites)
    Credentials(scene.log_ins, CODE, sites, (), scene.claim_cards, scene.gateways).write(half)
    finish(folder)


def _refresh(folder: Path, settings: Settings) -> Credentials:
    """Make what an earlier demonstration says true again: the schema, and coupons that are usable today."""
    migrate(settings)
    credentials = Credentials.read(folder)
    with opened(settings) as database, database.transaction() as session:
        codes = usable_coupons(
            session,
            credentials.programme,
            known=credentials.usable_coupons,
            manager_key=credentials.log_ins["coupon_manager"].api_key,
            now=utc_now(),
        )
    if codes != credentials.usable_coupons:
        credentials = replace(credentials, usable_coupons=codes)
        credentials.write(folder)
    return credentials


def _welcome(credentials: Credentials, folder: Path, settings: Settings) -> str:
    address = settings.public_url or f"http://{settings.host}:{settings.port}"
    lines = [
        f"{address}/login",
        "",
        *(
            f"  {log_in.username:16}{log_in.password:22}{LOOK_AT[name]}"
            for name, log_in in credentials.log_ins.items()
        ),
        "",
        f"coupons that can be redeemed now: {', '.join(map(group, credentials.usable_coupons[:3]))}",
        *(
            f"a card to claim money with at /desk/rewards: {group(code)}, PIN {pin}"
            for code, pin in credentials.claim_cards[:1]
        ),
        f"a desk that needs no network: enrol a browser at {address}/devices as the coupon manager",
        f"all of this, with API keys: {folder / FILE}",
    ]
    return "\n".join(lines)


class Progress:
    """How far the filling is, on the error stream: one line that changes on a terminal, a few elsewhere."""

    def __init__(self) -> None:
        self._said = time.monotonic()
        self._is_terminal = sys.stderr.isatty()
        _say("making a demonstration: six months of a programme in three cities")

    def __call__(self, came: int, participants: int) -> None:
        if self._is_terminal:
            sys.stderr.write(f"\rpdi: {came:,} of {participants:,} people have come")
            sys.stderr.flush()
        elif time.monotonic() - self._said > 2:
            self._said = time.monotonic()
            _say(f"{came:,} of {participants:,} people have come")

    def end(self) -> None:
        if self._is_terminal:
            sys.stderr.write("\r\033[K")


def _people(text: str) -> int:
    number = int(text)
    if not FEWEST <= number <= MOST:
        raise argparse.ArgumentTypeError(f"must be between {FEWEST} and {MOST:,}")
    return number


def _say(text: str) -> None:
    sys.stderr.write(f"pdi: {text}\n")
