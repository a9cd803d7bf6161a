"""The ``pdi`` command: one line a command here, one file each in ``app/commands``."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from sqlalchemy.exc import OperationalError

from app.core.crypto import KeyProblem
from app.core.errors import DomainError
from app.core.settings import ABOUT, PREFIX, BadSetting
from app.web.wording import text_of

# name → module of app.commands and what it does; modules are imported only when asked for, so that each starts fast
COMMANDS = {
    "demo": ("demo", "fill a folder with a simulated programme and serve it"),
    "serve": ("serve", "serve the pages and the API"),
    "worker": ("worker", "deliver events and chain the audit record until stopped"),
    "migrate": ("migrate", "bring the database up to date; makes the key file of a new one"),
    "restored": ("restored", "after a backup was put back: have devices send again what it lacks"),
    "verify": ("verify", "check every invariant the database must hold"),
    "programme": ("programme", "open a programme or a site, list them"),
    "staff": ("staff", "add, list and remove people who log in"),
    "gateway": ("gateway", "connect SMS and USSD providers"),
    "key": ("key", "make, list and end API keys"),
    "analyse": ("analyse", "analyse a recruitment file, without a server"),
    "convert": ("convert", "write a recruitment file in another layout"),
    "simulate": ("simulate", "write a synthetic recruitment forest"),
    "preview-design": ("preview_design", "print a sample sheet of a coupon design"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. A refusal is told in one line, with what to do."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser(given[0] if given else "")
    parsed = parser.parse_args(given)
    if not parsed.command:
        parser.print_help()
        return 2
    try:
        return int(parsed.run(parsed))
    except (BadSetting, KeyProblem) as problem:
        return _complain(str(problem))
    except DomainError as refusal:
        facts = "".join(f", {name}: {value}" for name, value in refusal.facts.items())
        return _complain(f"{text_of(refusal.code, 'en')} ({refusal.code}{facts})")
    except OperationalError as problem:
        return _complain(f"the database cannot be used: {str(problem.orig).splitlines()[0]}")
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as problem:
        return _complain(f"{problem.filename or 'error'}: {problem.strerror}")
    except KeyboardInterrupt:
        return 130


def _parser(wanted: str) -> argparse.ArgumentParser:
    width = max(map(len, ABOUT)) + len(PREFIX) + 2
    settings = "\n".join(f"  {PREFIX + name.upper():{width}}{text}" for name, text in ABOUT.items())
    parser = argparse.ArgumentParser(
        prog="pdi",
        description="Runs peer-driven interventions: coupons, the intake desk, stipends and chains.",
        epilog=f"settings, from the environment:\n{settings}\n\n./pdi test [ARGS] runs the test suite.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, (module, about) in COMMANDS.items():
        command = commands.add_parser(name, help=about, description=about)
        if name == wanted:
            loaded = importlib.import_module(f"app.commands.{module}")
            loaded.add_arguments(command)
            command.set_defaults(run=loaded.run)
    return parser


def _complain(problem: str) -> int:
    print(f"pdi: {problem}", file=sys.stderr)  # noqa: T201 - a command speaks to its terminal
    return 1


if __name__ == "__main__":
    sys.exit(main())
